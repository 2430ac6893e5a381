"""The part of Unreal's published stub that is in use, cut at test time.

The stub is one module of 26 MB with 8,600 classes: to parse it takes 13 s, and one signature of
it is no Python. Classes
are found in its text by their first lines, and only those that are wanted are parsed. What is cut
lies in a temporary folder for as long as the tests run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_TOP = re.compile(r"^(class|def) (\w+)", re.MULTILINE)
_SIGNATURE = re.compile(r"^(\s+)def (\w+)\(.*$", re.MULTILINE)
_PROPERTIES = "**Editor Properties:**"
_PROPERTY = re.compile(
    r"^- ``(\w+)`` \((.+)\):\s+\[(Read-Write|Read-Only|Write-Only)\]", re.MULTILINE
)
_TEXTS = ("Name", "Text")

_HEAD = '''"""What the tests need of the published stub of Unreal's Python API; cut, not kept."""

from types import TracebackType
from typing import (
    Any, Callable, Dict, Generic, ItemsView, Iterable, Iterator, KeysView, List, Mapping,
    MutableMapping, MutableSequence, MutableSet, Optional, Set, Tuple, Type, TypeVar, Union,
    ValuesView,
)

_T = TypeVar("_T")
_ElemType = TypeVar("_ElemType")
_KeyType = TypeVar("_KeyType")
_ValueType = TypeVar("_ValueType")
_EngineSubsystemTypeVar = TypeVar("_EngineSubsystemTypeVar")
_EditorSubsystemTypeVar = TypeVar("_EditorSubsystemTypeVar")
'''


class Published:
    """The published stub: its classes and functions, each parsed when it is asked for.

    Args:
        text: of the module.
    """

    def __init__(self, text: str) -> None:
        self._places = dict(_places(text))
        self._text = text

    @property
    def names(self) -> frozenset[str]:
        """The names of all classes and functions."""
        return frozenset(self._places)

    def node(self, name: str) -> ast.ClassDef | ast.FunctionDef:
        """Return the syntax tree of a class or a function of the module."""
        begin, end = self._places[name]
        return _parse(self._text[begin:end])

    def bases(self, name: str) -> list[str]:
        """Return the classes that a class inherits from directly, those of the stub only."""
        node = self.node(name)
        found = node.bases if isinstance(node, ast.ClassDef) else []
        names = [ast.unparse(each).partition("[")[0] for each in found]
        return [each for each in names if each in self._places]

    def with_bases(self, names: Iterable[str]) -> set[str]:
        """Return *names*, as far as the stub has them, and all that they inherit from."""
        kept: set[str] = set()
        wanted = [name for name in names if name in self._places]
        while wanted:
            name = wanted.pop()
            if name not in kept:
                kept.add(name)
                wanted += self.bases(name)
        return kept

    def editor_properties(self, name: str) -> dict[str, str]:
        """Return how each editor property of a class may be used, by the class's own docstring."""
        text = ast.get_docstring(self.node(name)) or ""
        return {found[0]: found[2] for found in _PROPERTY.findall(text.partition(_PROPERTIES)[2])}


def load_published(folder: Path) -> Published:
    """Read the stub in *folder*, the package `unreal` of unreal-stub."""
    return Published((folder / "unreal.py").read_text(encoding="utf-8-sig"))


def _places(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield where each class and function stands; one ends where the next or its own text ends."""
    found = list(_TOP.finditer(text))
    for at, following in zip(found, [*found[1:], None], strict=True):
        end = following.start() if following else len(text)
        yield at[2], (at.start(), end)


def _parse(text: str) -> ast.ClassDef | ast.FunctionDef:
    node = _parsed(text).body[0]
    if not isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        raise TypeError(f"not a class, not a function: {text[:80]}")
    return node


def _parsed(text: str) -> ast.Module:
    """Parse, and where a signature is no Python let it take anything."""
    lines = text.split("\n")
    while True:
        try:
            return ast.parse("\n".join(lines))
        except SyntaxError as error:
            number = (error.lineno or 1) - 1
            mended = _SIGNATURE.sub(r"\1def \2(*args: Any, **kwargs: Any) -> Any:", lines[number])
            if mended == lines[number]:
                raise
            lines[number] = mended


# ---- cutting --------------------------------------------------------------------------------


def cut(published: Published, names: Iterable[str], more: str = "") -> str:
    """Return a stub of *names* with what they inherit from; other classes are opaque.

    Unreal takes a text for a Name or a Text, and any iterable for an Array: so does the slice.

    Args:
        published: what to cut from.
        names: classes and functions; those that the stub lacks are left out.
        more: the classes of an overlay, which come last.
    """
    kept = published.with_bases(names)
    bodies = [
        ast.unparse(_loosened(published.node(name))) for name in _bases_first(published, kept)
    ]
    text = "\n\n".join(bodies)
    mentioned = set(re.findall(r"\b[A-Z]\w+\b", text + more))
    added = set(re.findall(r"^class (\w+)", more, re.MULTILINE))
    opaque = sorted((mentioned & published.names) - kept - added - {"Any"})
    hollow = "\n".join(f"class {name}: ..." for name in opaque)
    return f"{_HEAD}\n{hollow}\n\n{text}\n\n{more}\n"


def load_overlay(folder: Path) -> str:
    """Return the classes of a stub of our own, without its imports."""
    tree = ast.parse((folder / "__init__.pyi").read_text(encoding="utf-8"))
    return "\n\n".join(ast.unparse(node) for node in tree.body if isinstance(node, ast.ClassDef))


def _bases_first(published: Published, names: set[str]) -> list[str]:
    depth = {name: len(published.with_bases([name])) for name in names}
    return sorted(names, key=lambda name: (depth[name], name))


class _Loose(ast.NodeTransformer):
    """What a caller may give in place of what is declared."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Let a text stand for a Name or a Text, a type of Python for its Class."""
        if node.id == "Class":
            return _expression("Union[Class, type]")
        return _expression(f"Union[{node.id}, str]") if node.id in _TEXTS else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Let any iterable stand for an Array, any mapping for a Map."""
        loose = self.generic_visit(node)
        wider = {"Array": "Iterable", "Map": "Mapping"}.get(ast.unparse(node.value))
        whole = ast.unparse(loose)
        inner = whole[whole.index("[") :]
        return _expression(f"Union[{whole}, {wider}{inner}]") if wider else loose


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _loosened(node: ast.ClassDef | ast.FunctionDef) -> ast.ClassDef | ast.FunctionDef:
    """Return signatures alone, with parameters that take what Unreal takes."""
    if isinstance(node, ast.FunctionDef):
        return _signature(node)
    members = [
        _signature(each) if isinstance(each, ast.FunctionDef) else each for each in node.body
    ]
    kept = [each for each in members if not _is_text(each)]
    node.body = kept or [ast.Pass()]
    return node


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _signature(node: ast.FunctionDef) -> ast.FunctionDef:
    """Return a function without its body; what may be anything, the stub calls an object."""
    if node.returns is not None and ast.unparse(node.returns) == "object":
        node.returns = ast.Name("Any")
    node.body = [ast.Expr(ast.Constant(...))]
    given = node.args
    for each in (*given.posonlyargs, *given.args, *given.kwonlyargs):
        if each.annotation is not None:
            each.annotation = _Loose().visit(each.annotation)
    given.defaults = [ast.Constant(...) for _ in given.defaults]
    given.kw_defaults = [None if each is None else ast.Constant(...) for each in given.kw_defaults]
    return ast.fix_missing_locations(node)


# ---- what code uses -------------------------------------------------------------------------


def used_names(paths: Iterable[Path]) -> set[str]:
    """Return every X of the `unreal.X` that files say."""
    found: set[str] = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "unreal":
                found.add(node.attr)
    return found


def used_properties(paths: Iterable[Path]) -> Mapping[str, set[str]]:
    """Return every name given to `get_editor_property` and its kin, with the files that say it.

    A name that is no literal is a difference of its own: `<expression>`.
    """
    found: dict[str, set[str]] = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name in _named_properties(node):
                found.setdefault(name, set()).add(path.name)
    return found


def _named_properties(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    if node.func.attr in ("get_editor_property", "set_editor_property"):
        yield _literal(node.args[0])
    elif node.func.attr == "set_editor_properties" and isinstance(node.args[0], ast.Dict):
        yield from (_literal(key) for key in node.args[0].keys if key is not None)


def _literal(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else f"<{ast.unparse(node)}>"
