"""Expressions in knobs, and what brackets and %04d in a path become.

Of Nuke's language this understands numbers, `frame`, knobs (`parent.x`, `Node.x`, `this.x`,
`root.x`, a component as `box.r` or `translate.0`), the ends of a node's range
(`Node.first_frame`), the usual operators and functions, and of Tcl `[value knob]`, `[knob name]`,
`[exists path]`, `[getenv NAME]`, `[topnode]`, `[file dirname/tail/rootname path]` and
`[python expression]`. Everything else is an error, never a guess.
"""

from __future__ import annotations

import math
import os
import re
from typing import TYPE_CHECKING, Any, Optional

from nuke import _words, _world

if TYPE_CHECKING:
    from nuke._knobs import Knob

_FUNCTIONS: dict[str, Any] = {
    "abs": abs, "ceil": math.ceil, "cos": math.cos, "exp": math.exp, "floor": math.floor,
    "int": int, "log": math.log, "max": max, "min": min, "pow": pow, "rint": round,
    "sin": math.sin, "sqrt": math.sqrt, "pi": math.pi,
    "clamp": lambda x, low=0.0, high=1.0: min(max(x, low), high),
    "trunc": math.trunc, "fmod": math.fmod,
}  # fmt: skip
ENDS = ("first_frame", "last_frame")
_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:\.\w+)*")


class ExpressionError(RuntimeError):
    """An expression that cannot be evaluated."""


def evaluate(text: str, knob: Knob, frame: float, view: str) -> float:
    """Return what *text* is for *knob* at *frame*."""
    text = substitute(text, knob, frame, view)
    names: dict[str, Any] = {}

    def replace(found: re.Match[str]) -> str:
        name = found[0]
        if name in _FUNCTIONS:
            return name
        key = f"_{len(names)}"
        names[key] = _number(name, knob, frame, view)
        return key

    python = _NAME.sub(replace, _to_python(text))
    try:
        return float(eval(python, {"__builtins__": {}}, {**_FUNCTIONS, **names}))
    except (SyntaxError, NameError, TypeError, ZeroDivisionError) as error:
        raise ExpressionError(f"{text}: {error}") from error


def _to_python(text: str) -> str:
    text = text.replace("&&", " and ").replace("||", " or ")
    text = re.sub(r"!(?!=)", " not ", text)
    text = re.sub(r"(?<![=!<>])=(?!=)", "==", text)
    found = re.match(r"^(.*?)\?(.*):(.*)$", text)
    if not found:
        return re.sub(r"\b(and|or|not)\b", lambda word: _KEYWORDS[word[0]], text)
    condition, yes, no = (_to_python(part.strip()) for part in found.groups())
    return f"(({no}),({yes}))[({condition})!=0]"


_KEYWORDS = {"and": "&1&", "or": "|", "not": "1-"}
"""Words would be taken for knobs; conditions are 0 or 1 here."""


def _number(name: str, knob: Knob, frame: float, view: str) -> float:
    if name in ("frame", "x", "t") and _local(name, knob) is None:
        return frame
    if name == "$gui":
        return float(_world.current().gui)
    path, _, last = name.rpartition(".")
    node = _find_node(path, knob) if path and last in ENDS else None
    if node is not None and last not in node._knobs:
        return _end_of(node, ENDS.index(last), frame, view)
    found, rest = find_knob(name, knob)
    numbers = _numbers_of(found, frame, view)
    return float(numbers[_component(rest, len(numbers), getattr(found, "_letters", ""))])


def _find_node(path: str, knob: Knob) -> Any:
    """Return the node that *path* names as seen from *knob*; None where there is none."""
    node: Any = knob._node
    for place, word in enumerate(path.split(".")):
        node = None if node is None else _step(node, word, place == 0)
    return node


def nodes_named(text: str, knob: Knob) -> list[Any]:
    """Return the nodes whose knobs or ranges an expression of *knob* reads, in its order."""
    found: list[Any] = []
    for name in _NAME.findall(text):
        path, _, last = name.rpartition(".")
        node = _find_node(path, knob) if path and last in ENDS else _owner(name, knob)
        if node is not None and node is not knob._node:
            found.append(node)
    return found


def _owner(name: str, knob: Knob) -> Any:
    try:
        return find_knob(name, knob)[0]._node
    except ExpressionError:
        return None


def _end_of(node: Any, end: int, frame: float, view: str) -> float:
    """Return the first or last frame of what a node makes, which is no knob of it."""
    from nuke import _context, _ops

    found = _ops.Evaluation().info(node, _context.now()._replace(frame=frame, view=view))
    return float((found.first, found.last)[end])


def _local(name: str, knob: Knob) -> Optional[Knob]:
    node = knob._node
    found = node._knobs.get(name) if node else None
    return None if found is knob else found


def _numbers_of(knob: Any, frame: float, view: str) -> list[float]:
    if hasattr(knob, "_numbers"):
        return list(knob._numbers(frame, view))
    linked = knob.getLinkedKnob() if hasattr(knob, "getLinkedKnob") else None
    if linked is not None:
        return _numbers_of(linked, frame, view)
    if hasattr(knob, "_format"):
        form = knob._format()
        return [form.width(), form.height()]
    raise ExpressionError(f"{knob.name()} holds no number")


def _component(rest: list[str], count: int, letters: str) -> int:
    if not rest:
        return 0
    index = int(rest[0]) if rest[0].isdigit() else letters.find(rest[0])
    if not 0 <= index < count:
        raise ExpressionError(f"there is no component {rest[0]}")
    return index


def find_knob(path: str, knob: Knob) -> tuple[Knob, list[str]]:
    """Return the knob that *path* names as seen from *knob*, and what follows its name."""
    node: Any = knob._node
    words = path.split(".")
    while words and node is not None:
        word = words[0]
        if word in node._knobs and not (word == knob._name and node is knob._node):
            return node._knobs[word], words[1:]
        node = _step(node, word, node is knob._node)
        words = words[1:]
    raise ExpressionError(f"there is no knob {path}")


def _step(node: Any, word: str, first: bool) -> Any:
    if word == "this":
        return node
    if word == "root":
        return _world.current().root
    if word == "parent":
        return node._parent
    if word.startswith("input") and word[5:].isdigit() | (word == "input"):
        return node._input(int(word[5:] or 0))
    beside = node._parent if first else node
    inside = node._find(word) if hasattr(node, "_find") else None
    return inside or (beside._find(word) if hasattr(beside, "_find") else None)


def substitute(text: str, knob: Knob, frame: float, view: str) -> str:
    """Return *text* with what is in brackets evaluated, the innermost first."""
    while True:
        found = re.search(r"(?<!\\)\[([^\[\]]*)\]", text)
        if not found:
            return text.replace("\\[", "[").replace("\\]", "]")
        text = text[: found.start()] + _call(found[1], knob, frame, view) + text[found.end() :]


def _call(command: str, knob: Knob, frame: float, view: str) -> str:
    words = list(_words.split(command))
    name = words[0] if words else ""
    if name in ("value", "knob"):
        found, _ = find_knob(words[1], knob)
        return (
            str(found._evaluated(frame, view))
            if hasattr(found, "_evaluated")
            else str(found.value())
        )
    if name == "exists":
        return str(int(_exists(words[1], knob)))
    if name == "getenv":
        return os.environ.get(words[1], "")
    if name == "file":
        return _FILE[words[1]](words[2])
    if name == "frame":
        return str(int(frame))
    if name == "python":
        return _python(words[1:], knob)
    raise ExpressionError(f"this stand-in knows no [{command}]")


_FILE = {
    "dirname": os.path.dirname,
    "tail": os.path.basename,
    "rootname": lambda path: os.path.splitext(path)[0],
}


def _exists(path: str, knob: Knob) -> bool:
    """Return whether *path* leads to a knob or a node, `parent.input2` to one that is connected."""
    node: Any = knob._node
    *words, last = path.split(".")
    for place, word in enumerate(words):
        node = None if node is None else _step(node, word, place == 0)
    return node is not None and (last in node._knobs or _step(node, last, not words) is not None)


def _python(words: list[str], knob: Knob) -> str:
    code = " ".join(word for word in words if not word.startswith("-"))
    with _world.current().about(knob._node, knob):
        return str(eval(code, _world.current().names))


def expand_path(path: str, frame: Optional[float], view: str) -> str:
    """Return *path* with %V and %v as the view, %04d and #### as the frame."""
    at = _world.current().root._frame() if frame is None else frame
    whole = math.floor(at + 0.5)
    path = path.replace("%V", view).replace("%v", view[:1])
    path = re.sub(r"%0?(\d*)d", lambda found: str(whole).zfill(int(found[1] or 0)), path)
    return re.sub(r"#+", lambda found: str(whole).zfill(len(found[0])), path)
