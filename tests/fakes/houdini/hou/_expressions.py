"""Texts with variables, and the expressions of parameters, as far as plugins' nodes have them."""

from __future__ import annotations

import os
import re
from typing import Any

from hou import _scripts, _world
from hou._constants import exprLanguage
from hou._errors import OperationFailed

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(F{1,2})(\d*)|(\w+))")
BACKTICK = re.compile(r"`([^`]*)`")
TIMES = re.compile(r"\$(F|FF|T|SF|ST)\b|\$F\d")
CALLED = re.compile(r"hou\.(frame|intFrame|time)\(")


def expand(text: str, frame: float, node: Any = None) -> str:
    """Return *text* with its variables and backticks replaced."""
    text = BACKTICK.sub(lambda found: str(_hscript(found.group(1), frame, node)), text)
    return VARIABLE.sub(lambda found: _variable(found, frame, node), text)


def _variable(found: re.Match[str], frame: float, node: Any) -> str:
    braced, frames, padding, name = found.groups()
    if frames == "FF":
        return f"{frame:g}"
    if frames:
        return f"{int(frame):0{int(padding or 1)}d}"
    value = value_of(braced or name, frame, node)
    return found.group(0) if value is None else value


def value_of(name: str, frame: float, node: Any = None) -> Any:
    """Return a variable's text; None for one that is not set."""
    world = _world.current()
    folder, _, base = world.hip_name.rpartition("/")
    known = {
        "F": str(int(frame)), "FF": f"{frame:g}", "T": f"{(frame - 1) / 24:g}",
        "HIP": folder or os.getcwd().replace("\\", "/"), "HIPFILE": world.hip_name,
        "HIPNAME": base.rpartition(".")[0] or base, "JOB": folder or os.getcwd(),
        "OS": node.name() if node is not None else None,
    }  # fmt: skip
    if known.get(name) is not None:
        return known[name]
    return world.variables.get(name, os.environ.get(name))


def varies(slot: Any) -> bool:
    """Return whether a value depends on time: by a variable, or by what an expression calls.

    That a node's code asks for the frame makes no node depend on it. Nothing says so of the real
    one, and a plugin that relies on either is wrong in one of them.
    """
    if slot.expression:
        return bool(TIMES.search(slot.expression) or CALLED.search(slot.expression))
    return isinstance(slot.value, str) and bool(TIMES.search(slot.value))


def evaluate(parm: Any, text: str, language: Any, frame: float) -> Any:
    """Return what an expression gives at *frame*."""
    if language is exprLanguage.Python:
        world = _world.current()
        before, world.frame = world.frame, frame
        try:
            return _scripts.returned(text, {}, parm.node())
        finally:
            world.frame = before
    return _hscript(text, frame, parm.node())


def _hscript(text: str, frame: float, node: Any) -> Any:
    """Evaluate numbers, `$F`, `ch` and `chs`: no other function is guessed."""
    if re.fullmatch(r"@\w+", text):
        # an attribute of a work item: PDG has one, and nothing else does
        return f"`{text}`" if _world.current().tasks else ""
    reference = re.fullmatch(r"""\s*(chs?)\(\s*["']([^"']+)["']\s*\)\s*""", text)
    if reference and node is not None:
        found = node.parm(reference.group(2))
        if found is None:
            raise OperationFailed(f"Bad parameter reference: {reference.group(2)}")
        return found.evalAtFrame(frame) if reference.group(1) == "ch" else found.evalAsString()
    called = re.fullmatch(r"""\s*(\w+)\(\s*"((?:[^"\\]|\\.)*)"\s*\)\s*""", text, re.S)
    if called and called[1] in CALLS:
        return CALLS[called[1]](re.sub(r"\\(.)", r"\1", called[2]), node)
    plain = expand(text, frame, node) if "`" not in text else text
    if not re.fullmatch(r"[\d\s.+*/()%-]+", plain):
        raise OperationFailed(f"The stand-in knows no expression {text!r}")
    return eval(plain, {"__builtins__": {}})


def _full_path(path: str, node: Any) -> str:
    found = node.node(path) if node is not None else None
    return found.path() if found is not None else ""


def _python(text: str, node: Any) -> Any:
    return _scripts.returned(text, {}, node)


CALLS = {"opfullpath": _full_path, "pythonexprs": lambda *given: str(_python(*given)),
         "pythonexpr": _python}  # fmt: skip
