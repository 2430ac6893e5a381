"""The types that the Unreal plugin is checked against, written from the stand-in.

Unreal's classes are made of properties, enum entries and class methods, which the stub of another
host has none of; `fakes.stub_check` compares both kinds with what is published.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from fakes.stub_check import public_names

_HEAD = '''"""What of Unreal's Python API is in use, with types.

Written from the stand-in of the tests by `python -m fakes.unreal_stub`; do not edit. Tests hold it
to unreal-stub and to an overlay.
"""

# ruff: noqa: E501, UP007, UP045 - a program wrote it
# fmt: off

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from typing import Any, Callable, Literal, Optional, TypeVar, Union

_T = TypeVar("_T")
_K = TypeVar("_K")
_V = TypeVar("_V")
_F = TypeVar("_F", bound=Callable[..., Any])
'''
_NOT_REAL = ("Guarded", "_Holder", "_Word")
"""Bases that are the stand-in's own; what they define is told of the classes that have them."""

_KEPT = ("classmethod", "staticmethod", "property")
_SPECIAL = ("__init__", "__getitem__", "__setitem__", "__delitem__", "__len__", "__iter__")
_WITH = ("__enter__", "__exit__", "__eq__")


def to_stub(folder: Path) -> str:
    """Return the stub of what the stand-in in *folder* offers."""
    nodes = [node for path in sorted(folder.glob("*.py")) for node in _parsed(path).body]
    classes = {node.name: node for node in nodes if isinstance(node, ast.ClassDef)}
    public = public_names(folder)
    calls = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name in public]
    lines = [_HEAD]
    for name in _bases_first(public, classes):
        lines += _class_lines(classes[name], classes)
    for node in sorted(calls, key=lambda each: each.name):
        lines += _function_lines(node)
    return "\n".join(lines) + "\n"


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _bases_of(node: ast.ClassDef) -> list[str]:
    return [ast.unparse(base) for base in node.bases if ast.unparse(base) not in _NOT_REAL]


def _bases_first(public: Iterable[str], classes: dict[str, ast.ClassDef]) -> list[str]:
    order: list[str] = []

    def visit(name: str) -> None:
        if name in classes and name not in order:
            for base in _bases_of(classes[name]):
                visit(base)
            order.append(name)

    for name in sorted(public):
        visit(name)
    return order


def _class_lines(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> list[str]:
    bases = ", ".join(_bases_of(node))
    body = [line for member in _members(node, classes) for line in _member_lines(member)]
    head = f"class {node.name}({bases}):" if bases else f"class {node.name}:"
    return [head, *(f"    {line}" for line in body)] if body else [f"{head} ..."]


def _members(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> Iterator[ast.stmt]:
    for base in node.bases:
        if ast.unparse(base) in _NOT_REAL and ast.unparse(base) in classes:
            yield from _members(classes[ast.unparse(base)], classes)
    yield from node.body


def _member_lines(member: ast.stmt) -> list[str]:
    if isinstance(member, ast.AnnAssign) and not ast.unparse(member.target).startswith("_"):
        return [f"{ast.unparse(member.target)}: {ast.unparse(member.annotation)}"]
    if isinstance(member, ast.FunctionDef) and _is_told(member.name):
        return _function_lines(member)
    return []


def _is_told(name: str) -> bool:
    return not name.startswith("_") or name in (*_SPECIAL, *_WITH)


def _function_lines(node: ast.FunctionDef) -> list[str]:
    kept = [f"@{text}" for text in map(ast.unparse, node.decorator_list) if text in _KEPT]
    given = node.args
    given.defaults = [ast.Constant(...) for _ in given.defaults]
    given.kw_defaults = [None if each is None else ast.Constant(...) for each in given.kw_defaults]
    returns = ast.unparse(node.returns) if node.returns else "Any"
    return [*kept, f"def {node.name}({ast.unparse(given)}) -> {returns}: ..."]


def unreal_stub(repository: Path) -> tuple[Path, str]:
    """Return where the types stand, and what they are."""
    folder = repository / "tests" / "fakes" / "unreal" / "unreal"
    return repository / "typings" / "unreal" / "__init__.pyi", to_stub(folder)


if __name__ == "__main__":
    stub_path, text = unreal_stub(Path(__file__).resolve().parents[2])
    stub_path.parent.mkdir(parents=True, exist_ok=True)
    stub_path.write_text(text, encoding="utf-8")
