"""When a parameter is greyed or hidden: `{ a == 1 b != "x" } { c == 2 }`, a brace is an or."""

from __future__ import annotations

import re
from typing import Any

from hou._errors import OperationFailed

BLOCK = re.compile(r"\{([^{}]*)\}")
TERM = re.compile(r'\s*([\w()/.]+)\s*(==|!=|<=|>=|<|>|=~|!~)\s*("(?:[^"\\]|\\.)*"|[^\s{}]+)')


def check(text: str) -> None:
    """Refuse what is no condition.

    Raises:
        OperationFailed: for it; the real one draws nothing and says so in the shell.
    """
    if text and (BLOCK.sub("", text).strip() or not all(_terms(b) for b in BLOCK.findall(text))):
        raise OperationFailed(f"Bad condition: {text}")


def holds(text: str, node: Any) -> bool:
    """Return whether a condition is met by *node*'s parameters."""
    return any(all(_met(*term, node) for term in _terms(block)) for block in BLOCK.findall(text))


def _terms(block: str) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    at = 0
    while block[at:].strip():
        term = TERM.match(block, at)
        if term is None:
            return []
        found.append(term.groups())  # type: ignore[arg-type]
        at = term.end()
    return found


def _met(name: str, sign: str, wanted: str, node: Any) -> bool:
    has: Any = _value(name, node)
    want: Any = wanted.strip('"')
    try:
        has, want = float(has), float(want)
    except ValueError:
        has = str(has)
    checks = {
        "==": has == want, "!=": has != want,
        "=~": str(want) in str(has), "!~": str(want) not in str(has),
    }  # fmt: skip
    if sign in checks:
        return checks[sign]
    return {"<": has < want, ">": has > want, "<=": has <= want, ">=": has >= want}[sign]


def _value(name: str, node: Any) -> Any:
    if name == "ninputs()":
        return sum(each is not None for each in node.inputs())
    if name.startswith("hasinput("):
        return int(node.input(int(name[9:-1])) is not None)
    parm = node.parm(name)
    if parm is None:
        return 0
    return parm.evalAsString() if parm._texts() else parm.eval()
