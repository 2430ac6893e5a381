"""Stubs of a host's API: what they declare, whether a fake keeps to it, and a fake's own stub.

A fake may offer no name, parameter or order that the published stub of the real API lacks, except
what an overlay, a stub of our own that names its sources, adds or corrects.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Function = ast.FunctionDef
Members = dict[str, list[Function]]
"""Functions by name, one for each overload; attributes have none."""


@dataclass
class Stub:
    """What a package declares.

    Attributes:
        functions: of the module, with its constants.
        classes: the members of each class, inherited ones included.
    """

    functions: Members = field(default_factory=dict)
    classes: dict[str, Members] = field(default_factory=dict)
    bases: dict[str, list[str]] = field(default_factory=dict)

    def members(self, name: str) -> Members:
        """Return what a class has, with what it inherits."""
        found: Members = {}
        for base in self.bases.get(name, []):
            found.update(self.members(base))
        return {**found, **self.classes.get(name, {})}

    def without(self, names: Collection[str]) -> Stub:
        """Return what is left when *names*, of members as `Class.member`, are not there."""
        classes = {
            owner: {name: found for name, found in held.items() if f"{owner}.{name}" not in names}
            for owner, held in self.classes.items()
        }
        kept = {name: found for name, found in self.functions.items() if name not in names}
        return Stub(kept, classes, self.bases)

    def common(self, other: Stub) -> Stub:
        """Return what both declare, as this one does."""
        classes = {
            name: {member: held[member] for member in held if member in other.members(name)}
            for name, held in ((name, self.members(name)) for name in self.classes)
        }
        kept = {name: found for name, found in self.functions.items() if name in other.functions}
        return Stub(kept, classes)

    def has(self, name: str) -> bool:
        """Return whether *name*, of a member as `Class.member`, is declared."""
        owner, _, member = name.rpartition(".")
        return member in self.members(owner) if owner else name in self.functions


def load_stub(folder: Path, module: str = "__init__") -> Stub:
    """Read a package of stubs, following its imports of its own modules."""
    stub = Stub()
    _read(folder, module, stub)
    return stub


def _read(folder: Path, module: str, stub: Stub) -> None:
    path = folder / f"{module}.pyi"
    if not path.is_file():
        return
    for node in ast.parse(path.read_text(encoding="utf-8-sig")).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            _follow(folder, node, stub)
        elif isinstance(node, ast.ClassDef):
            _add_class(node, stub)
        else:
            _add_member(node, stub.functions)


def _follow(folder: Path, node: ast.ImportFrom, stub: Stub) -> None:
    if node.names[0].name == "*":
        _read(folder, str(node.module), stub)
        return
    whole = load_stub(folder, node.module) if node.module else Stub()
    for alias in node.names:
        known = alias.asname or alias.name
        stub.functions[known] = whole.functions.get(alias.name, [])


def _add_class(node: ast.ClassDef, stub: Stub) -> None:
    members = stub.classes.setdefault(node.name, {})
    stub.bases[node.name] = [ast.unparse(base).partition("[")[0] for base in node.bases]
    stub.functions.setdefault(node.name, [])
    for member in node.body:
        _add_member(member, members)


def _add_member(node: ast.stmt, members: Members) -> None:
    if isinstance(node, ast.FunctionDef):
        found = members.setdefault(node.name, [])
        if not _is_property(node):
            found.append(node)
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        members.setdefault(node.target.id, [])
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                members.setdefault(target.id, [])


def _is_property(node: ast.FunctionDef) -> bool:
    """Return whether a function is read, or set, as an attribute."""
    said = [ast.unparse(each) for each in node.decorator_list]
    return any(each == "property" or each.endswith(".setter") for each in said)


def load_fake(folder: Path, public: Mapping[str, str]) -> Stub:
    """Read a fake's package: the names in *public*, each with the module that defines it."""
    stub = Stub()
    for module, tree in _modules(folder).items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                _add_class(node, stub)
            elif module in ("__init__", public.get(getattr(node, "name", ""))):
                _add_member(node, stub.functions)
    offered = {name: stub.functions.get(name, []) for name in public}
    own = {name: found for name, found in stub.functions.items() if name not in stub.classes}
    return Stub({**own, **offered}, stub.classes, stub.bases)


def _modules(folder: Path) -> dict[str, ast.Module]:
    paths = sorted(folder.glob("*.py"))
    return {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def public_names(folder: Path) -> dict[str, str]:
    """Return what a fake's `__init__` offers by ``from package.module import name as name``."""
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    return {
        alias.asname: str(node.module).rpartition(".")[2]
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }


def differences(fake: Stub, stub: Stub, overlay: Stub | None = None) -> Iterator[str]:
    """Yield what *fake* offers and neither *stub* nor *overlay* allows."""
    more = overlay or Stub()
    for name, found in sorted(fake.functions.items()):
        if name.startswith("_"):
            continue
        if name not in stub.functions and name not in more.functions:
            yield f"{name} is not in the stub"
        elif name in fake.classes:
            yield from _class_differences(name, fake, stub, more)
        else:
            allowed = more.functions.get(name) or stub.functions.get(name, [])
            yield from _unfit(name, found, allowed)


def _class_differences(name: str, fake: Stub, stub: Stub, more: Stub) -> Iterator[str]:
    real, corrected = stub.members(name), more.members(name)
    for member, found in sorted(_offered(name, fake).items()):
        if member.startswith("_"):
            continue
        if member not in real and member not in corrected:
            yield f"{name}.{member} is not in the stub"
        else:
            yield from _unfit(f"{name}.{member}", found, corrected.get(member) or real[member])


def _offered(name: str, fake: Stub) -> Members:
    """Return a fake's own members and those of bases that are not public themselves."""
    found: Members = {}
    for base in fake.bases.get(name, []):
        if base in fake.classes:
            found.update(_offered(base, fake))
    return {**found, **fake.classes.get(name, {})}


def _unfit(where: str, found: list[Function], allowed: list[Function]) -> Iterator[str]:
    if not allowed or any(_says_nothing(each) for each in allowed):
        return
    for each in _told(found):
        names, required = _parameters(each)
        same = any(names == _parameters(other)[0] for other in allowed)
        least = min(_parameters(other)[1] for other in allowed)
        if not same or required < least:
            yield f"{where}({', '.join(names)}), {required} of them required, is not in the stub"


def _told(found: list[Function]) -> list[Function]:
    """Return the overloads; where there are some the last definition only implements them."""
    return [each for each in found if "overload" in map(ast.unparse, each.decorator_list)] or found


def _says_nothing(function: Function) -> bool:
    return function.args.vararg is not None and function.args.kwarg is not None


def _parameters(function: Function) -> tuple[list[str], int]:
    """Return the names of a function's parameters and how many a caller must give."""
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args)]
    names = names[1:] if names[:1] in (["self"], ["cls"]) else names
    if given.vararg is not None:
        names.append(f"*{given.vararg.arg}")
    return names, max(len(names) - len(given.defaults) - (given.vararg is not None), 0)


# ---- a fake's own stub ----------------------------------------------------------------------

_HEAD = '''"""{title}

Written from the stand-in of the tests by `python -m fakes.stub_check`; do not edit.
"""

# ruff: noqa: {unruly} - a program wrote it
# fmt: off

from collections.abc import Callable as _Callable
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable, Optional, Union

_Call = _Callable[..., Any]
'''

_KEPT = ("staticmethod", "classmethod", "property", "overload")
_OWN_BASES = ("Guarded", "Enumeration")
"""Bases by which a fake does its work, and which declare nothing."""


def to_stub(
    folder: Path, title: str, modules: Mapping[str, str] | None = None, unruly: str = "E501"
) -> str:
    """Return the stub of what a fake offers: signatures with their types, no bodies."""
    public = public_names(folder) if modules is None else dict(modules)
    trees = _modules(folder)
    lines = [_HEAD.format(title=title, unruly=unruly)]
    classes = _with_bases(public, trees)
    known = {node.name for node in classes}
    for node in _bases_first(classes):
        lines += _class_lines(node, known)
    for module in [*sorted(trees.keys() - {"__init__"}), "__init__"]:
        lines += _loose_lines(trees[module], module, public)
    return "\n".join(lines) + "\n"


def _with_bases(public: Mapping[str, str], trees: Mapping[str, ast.Module]) -> list[ast.ClassDef]:
    """Return the public classes and, of those that are not, the ones that they inherit from."""
    nodes = [node for tree in trees.values() for node in tree.body]
    held = {node.name: node for node in nodes if isinstance(node, ast.ClassDef)}
    wanted = {name for name in public if name in held}
    while True:
        bases = {ast.unparse(base) for name in wanted for base in held[name].bases}
        more = {name for name in bases & held.keys() if name not in {*wanted, *_OWN_BASES}}
        if not more:
            return [held[name] for name in sorted(wanted)]
        wanted |= more


def _bases_first(nodes: list[ast.ClassDef]) -> list[ast.ClassDef]:
    order: list[ast.ClassDef] = []
    while nodes:
        missing = {node.name for node in nodes}
        ready = [node for node in nodes if not set(map(ast.unparse, node.bases)) & missing]
        order += sorted(ready, key=lambda node: node.name)
        nodes = [node for node in nodes if node not in ready]
    return order


def _class_lines(node: ast.ClassDef, known: set[str]) -> list[str]:
    bases = [ast.unparse(base) for base in node.bases]
    kept = [base for base in bases if base in known or base == "Exception"]
    lines = [f"class {node.name}({', '.join(kept)}):" if kept else f"class {node.name}:"]
    for member in node.body:
        if isinstance(member, ast.FunctionDef) and _is_public(member.name):
            lines += [f"    {line}" for line in _function_lines(member)]
        elif isinstance(member, ast.AnnAssign) and _is_public(ast.unparse(member.target)):
            lines.append(f"    {ast.unparse(member.target)}: {ast.unparse(member.annotation)}")
    return [*lines, *(["    pass"] if len(lines) == 1 else [])]


def _is_public(name: str) -> bool:
    special = name.startswith("__") and name not in ("__del__", "__repr__")
    return special or not name.startswith("_")


def _function_lines(node: ast.FunctionDef) -> list[str]:
    kept = [each for each in node.decorator_list if ast.unparse(each) in _KEPT]
    given = node.args
    given.defaults = [ast.Constant(...) for _ in given.defaults]
    given.kw_defaults = [None if each is None else ast.Constant(...) for each in given.kw_defaults]
    returns = ast.unparse(node.returns) if node.returns else "Any"
    head = [f"@{ast.unparse(each)}" for each in kept]
    return [*head, f"def {node.name}({ast.unparse(given)}) -> {returns}: ..."]


def _loose_lines(tree: ast.Module, module: str, public: Mapping[str, str]) -> list[str]:
    lines: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and public.get(node.name) == module:
            lines += _function_lines(node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            lines += _constant_lines(node, module, public)
    return lines


def _constant_lines(
    node: ast.Assign | ast.AnnAssign, module: str, public: Mapping[str, str]
) -> list[str]:
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    name = ast.unparse(target)
    if name.startswith("_") or (module != "__init__" and name not in public):
        return []
    if isinstance(node, ast.AnnAssign):
        return [f"{name}: {ast.unparse(node.annotation)}"]
    if isinstance(node.value, ast.Name):
        return [f"{name} = {ast.unparse(node.value)}"]
    if isinstance(node.value, ast.Call):
        return [f"{name}: {ast.unparse(node.value.func)}"]
    kind = (
        "str"
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        else "int"
    )
    return [f"{name}: {kind}"]


NUKE = (
    "What of Nuke's Python API is in use, with types; tests hold it to types-nuke and an overlay."
)
PANELS = "What of Nuke's own `nukescripts` is in use, with types; see tests/fakes/nuke/overlay."


def nuke_stubs(repository: Path) -> dict[Path, str]:
    """Return the text of each stub that is made from the stand-in for Nuke."""
    fake, typings = repository / "tests" / "fakes" / "nuke", repository / "typings"
    scripts = fake / "nukescripts"
    names = {name: "panels" for name in public_names(scripts) if name != "panels"}
    whole = "import nuke\n\n" + to_stub(
        scripts, PANELS, {**names, "WidgetKnob": "panels"}, "E501, F401, UP045"
    )
    head, _, body = whole.partition('"""')
    panels = f'"""{body}'.replace("_Call = _Callable", f"{head.strip()}\n\n_Call = _Callable", 1)
    listed = "".join(f"from nukescripts.panels import {name} as {name}\n" for name in sorted(names))
    return {
        typings / "nuke" / "__init__.pyi": to_stub(
            fake / "nuke", NUKE, unruly="E501, UP007, UP045"
        ),
        typings / "nukescripts" / "panels.pyi": panels,
        typings / "nukescripts" / "__init__.pyi": (
            f'"""{PANELS}"""\n\n# ruff: noqa: I001, TID252 - a program wrote it\n'
            f"from . import panels as panels\n{listed}"
        ),
    }


HOUDINI = "What of Houdini's Python API is in use, with types; tests hold it to types-houdini."


TASKS = "What of PDG's Python API is in use, with types; its source is SideFX's documentation."


def houdini_stubs(repository: Path) -> dict[Path, str]:
    """Return the text of each stub that is made from the stand-in for Houdini."""
    fake = repository / "tests" / "fakes" / "houdini"
    typings = repository / "typings"
    hou, pdg = fake / "hou", fake / "pdg"
    processor = to_stub(pdg, TASKS, {"PyProcessor": "processor"}, "F401")
    return {
        typings / "hou" / "__init__.pyi": to_stub(hou, HOUDINI, unruly="E501, UP007, UP045"),
        typings / "pdg" / "__init__.pyi": to_stub(pdg, TASKS, unruly="E501, F401, UP045"),
        typings / "pdg" / "processor.pyi": processor,
    }


if __name__ == "__main__":
    root = Path(__file__).resolve().parents[2]
    for stub_path, text in {**nuke_stubs(root), **houdini_stubs(root)}.items():
        stub_path.parent.mkdir(parents=True, exist_ok=True)
        stub_path.write_text(text, encoding="utf-8")
