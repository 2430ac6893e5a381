"""Running the Python that nodes and parameters hold."""

from __future__ import annotations

import ast
import builtins
import sys
import textwrap
from typing import Any

from hou import _world


def names(**more: Any) -> dict[str, Any]:
    """Return what a script sees: Houdini's `__main__`, where `hou` is imported."""
    return {"__name__": "__main__", "__builtins__": builtins, "hou": sys.modules["hou"], **more}


def run(text: str, given: dict[str, Any], node: Any, title: str = "<script>") -> dict[str, Any]:
    """Run *text* with *node* as `hou.pwd()`; return its names."""
    scope = names(**given)
    with _world.current().inside(node):
        exec(compile(text, title, "exec"), scope)
    return scope


def returned(text: str, given: dict[str, Any], node: Any) -> Any:
    """Run *text* as Houdini runs a menu's script: by its `return`, or its last expression."""
    tree = ast.parse(f"def script():\n{textwrap.indent(text, '    ')}\n")
    body = tree.body[0].body  # type: ignore[attr-defined]
    if isinstance(body[-1], ast.Expr):
        body[-1] = ast.copy_location(ast.Return(body[-1].value), body[-1])
    scope = names(**given)
    exec(compile(ast.fix_missing_locations(tree), "<menu>", "exec"), scope)
    with _world.current().inside(node):
        return scope["script"]()
