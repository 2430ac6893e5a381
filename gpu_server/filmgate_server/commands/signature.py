"""What a module's ``forward`` takes, read from its source: nothing of it is run."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from filmgate.errors import ManifestError

if TYPE_CHECKING:
    from pathlib import Path

_ROLES = {
    "color": ("color", "colour", "image", "img", "rgb", "x", "frame", "input", "plate", "beauty"),
    "albedo": ("albedo", "diffuse"),
    "normal": ("normal", "normals"),
    "depth": ("depth", "z"),
    "motion": ("motion", "flow", "vector", "vectors"),
    "matte": ("matte", "mask", "alpha"),
}
_TYPES: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "text"}
_REMEDY = "Name a file and a class in it, for example net.py:Net."


@dataclass(frozen=True)
class Argument:
    """One argument of ``forward``.

    Attributes:
        name: its name.
        default: its default; None stands for an input that may be absent.
        is_required: whether it has no default.
    """

    name: str
    default: Any = None
    is_required: bool = False

    @property
    def is_input(self) -> bool:
        """Whether it is an image: a value by default makes it a parameter."""
        return self.is_required or self.default is None

    @property
    def is_optional(self) -> bool:
        """Whether it is an image that may be absent."""
        return not self.is_required

    @property
    def role(self) -> str:
        """What its name says it holds."""
        found = (role for role, names in _ROLES.items() if self.name.lower() in names)
        return next(found, "any")

    @property
    def type(self) -> str:
        """The type of a parameter."""
        return _TYPES[type(self.default)]


def parse_signature(path: Path, name: str) -> list[Argument]:
    """Return the arguments of ``forward`` of the class *name* in the file *path*.

    Raises:
        ManifestError: there is no such file, class or method, or it takes what no host could give.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError) as error:
        raise ManifestError(f"{path} cannot be read: {error}.", _REMEDY) from error
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _arguments(_forward(node), name)
    raise ManifestError(f"{path} has no class {name!r}.", _REMEDY)


def _forward(node: ast.ClassDef) -> ast.FunctionDef:
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name == "forward":
            return each
    raise ManifestError(f"The class {node.name} has no method forward.", _REMEDY)


def _arguments(node: ast.FunctionDef, name: str) -> list[Argument]:
    names = [each.arg for each in (*node.args.posonlyargs, *node.args.args)][1:]
    first = len(names) - len(node.args.defaults)
    found = [Argument(each, is_required=True) for each in names[:first]]
    defaults = zip(names[max(first, 0) :], node.args.defaults, strict=False)
    keywords = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    given = [*defaults, *((each.arg, value) for each, value in keywords)]
    found += [_with_default(each, value) for each, value in given]
    if not found or not found[0].is_required:
        text = f"{name}.forward takes no image: its first argument is the main input."
        raise ManifestError(text, "Let it be def forward(self, color, ...).")
    return found


def _with_default(name: str, value: ast.expr | None) -> Argument:
    if value is None:
        return Argument(name, is_required=True)
    try:
        default = ast.literal_eval(value)
    except ValueError:
        default = ...
    if default is not None and type(default) not in _TYPES:
        text = f"The default of {name} is neither a number, nor a text, true or false, or None."
        raise ManifestError(text, "Give it one of these, or leave the argument out.")
    return Argument(name, default)
