"""What the JSON of an exported program may say: sizes, names, and operators without effects.

`torch.export.load` evaluates the expressions in it as Python, writes its names into Python that it
compiles, and finds its operators by ``getattr``. So everything in it is held against what honest
exports consist of, and what is not known is refused.
"""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXPRESSION_CHARACTERS_MAX = 1 << 14

_PLAIN = re.compile(r"-?[\w.]*\Z", re.ASCII)
_VERSION = re.compile(r"[\w.+]*\Z", re.ASCII)

_OPERATOR = re.compile(
    r"torch\.ops\.(aten|prims)\."
    r"(?!from_file\b|save\b|load\b)([a-z0-9]\w*|_[a-z]\w*|__[a-z]+shift__|__(and|or|xor)__)"
    r"\.[A-Za-z][A-Za-z_0-9]*"
    r"|torch\.ops\.higher_order\.wrap_with_(set_grad_enabled|autocast)"
    r"|_operator\.(abs|add|and_|eq|floordiv|ge|getitem|gt|le|lshift|lt|mod|mul|ne|neg|not_|or_|pos"
    r"|pow|rshift|sub|truediv|xor)"
    r"|math\.(ceil|floor|sqrt|trunc)"
    r"|torch\._?sym_\w+",
    re.ASCII,
)

_CALLS = {
    *("Symbol", "Integer", "Float", "Rational", "Add", "Mul", "Pow", "Max", "Min", "Abs"),
    *("And", "Or", "Not", "Equality", "Unequality", "Eq", "Ne", "Piecewise", "ExprCondPair"),
    *("StrictLessThan", "LessThan", "StrictGreaterThan", "GreaterThan", "Tuple"),
    *("floor", "ceiling", "max", "min", "abs", "FloorDiv", "ModularIndexing", "Where"),
    *("PythonMod", "Mod", "CleanDiv", "CeilToInt", "FloorToInt", "CeilDiv", "LShift", "RShift"),
    *("PowByNatural", "FloatPow", "FloatTrueDiv", "IntTrueDiv", "Identity", "ToFloat"),
    *("IsNonOverlappingAndDenseIndicator", "TruncToFloat", "TruncToInt", "RoundToInt"),
    "RoundDecimal",
}
"""What expressions of sizes are built of, as torch writes them."""

_MODULE_CALL = re.compile(r"math\.(ceil|floor|sqrt|trunc)|torch\._?sym_\w+", re.ASCII)
_METHODS = {"size", "stride", "storage_offset", "dim"}
_NAME = re.compile(r"[a-z]+\d+|L|true|false|oo|int_oo|nan", re.ASCII)
_TEXT = re.compile(r"[\w.+-]+", re.ASCII)
_NODES = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Load),
    *(ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.keyword),
)

_CONTAINERS = (
    None,
    "builtins.tuple",
    "builtins.list",
    "builtins.dict",
    "collections.OrderedDict",
)
"""Of arguments and results; others import modules by name."""


def find_foreign(program: Any) -> str:
    """Say what in a program's JSON no honest export needs; empty if there is nothing.

    Args:
        program: the content of ``models/*.json`` or of a ``*_config.json``, parsed.
    """
    return next((f"{text[:80]!r} as {key}" for key, text in _foreign(program, "")), "")


def _foreign(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Yield each text that is refused, with the key it stands under."""
    if isinstance(value, dict):
        for name, inner in cast("dict[str, Any]", value).items():
            if not (_PLAIN.match(name) or (key == "range_constraints" and is_arithmetic(name))):
                yield "a name", name
            yield from _foreign(inner, name)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _foreign(inner, key)
    elif isinstance(value, str) and not _is_known(key, value):
        yield key, value


def _is_known(key: str, text: str) -> bool:
    if key in ("expr_str", "guards_code"):
        return is_arithmetic(text)
    if key in ("target", "as_operator"):
        return _OPERATOR.fullmatch(text) is not None
    if key in ("in_spec", "out_spec"):
        return text == "" or _is_plain_tree(text)
    if key == "torch_version":
        return _VERSION.match(text) is not None
    return _PLAIN.match(text) is not None or _is_remark(key, text)


_REMARKS = ("stack_trace", "nn_module_stack", "torch_fn", "source_fn_stack", "from_node", "custom")


def _is_remark(key: str, text: str) -> bool:
    """Tell whether it is where a node comes from: at most a comment in what torch compiles."""
    lines = text.replace("\t", " ").split("\n")
    return key in _REMARKS and all(line.isprintable() for line in lines)


def is_arithmetic(expression: str) -> bool:
    """Tell whether *expression* only computes with sizes."""
    if len(expression) > _EXPRESSION_CHARACTERS_MAX or not expression.isascii():
        return False
    if not expression.isprintable():
        return False
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return _is_computed(tree)


def _is_computed(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=bool() | int() | float()):
            return True
        case ast.Name(id=name):
            return _NAME.fullmatch(name) is not None
        case ast.Call(func=ast.Name(id="Symbol" | "Float"), args=[first], keywords=keywords):
            return _is_quoted(first) and all(map(_is_computed, keywords))
        case ast.Call(func=function, args=given, keywords=keywords):
            return _is_callable(function) and all(map(_is_computed, [*given, *keywords]))
        case ast.Subscript(value=value, slice=place):
            return _is_computed(value) and (_is_quoted(place) or _is_computed(place))
        case _ if isinstance(node, _NODES):
            return all(map(_is_computed, ast.iter_child_nodes(node)))
        case _:
            return False


def _is_quoted(node: ast.AST) -> bool:
    """Tell whether it is a name in quotes; only as such it is not evaluated once more."""
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _TEXT.fullmatch(node.value) is not None
    )


def _is_callable(function: ast.AST) -> bool:
    match function:
        case ast.Name(id=name):
            return name in _CALLS
        case ast.Attribute(value=ast.Name(id="math" | "torch" as module), attr=name):
            return _MODULE_CALL.fullmatch(f"{module}.{name}") is not None
        case ast.Attribute(value=value, attr=name):
            return name in _METHODS and _is_computed(value)
        case _:
            return False


def _is_plain_tree(text: str) -> bool:
    """Tell whether a treespec is made of plain containers with names as keys."""
    try:
        _, tree = json.loads(text)
        return _is_plain_branch(tree)
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def _is_plain_branch(branch: Any) -> bool:
    context = branch["context"]
    keys = json.loads(context) if context else None
    named = keys is None or (
        isinstance(keys, list)
        and all(
            isinstance(key, int) or (isinstance(key, str) and _PLAIN.match(key))
            for key in cast("list[Any]", keys)
        )
    )
    return (
        bool(named)
        and branch["type"] in _CONTAINERS
        and all(map(_is_plain_branch, branch["children_spec"]))
    )
