"""The inputs and outputs of a new package that works on geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from filmgate_server.commands.toml import toml_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from filmgate_server.commands.signature import Argument

_SPACING = "spacing"
_KINDS = {
    "heightfield": ("volume", ["y", "x", "c"]),
    "volume": ("volume", ["z", "y", "x", "c"]),
    "points": ("attribute", ["n", "c"]),
}
_VECTORS = ("P", "N", "v")
"""What hosts call attributes of three components."""


def geometry_tables(arguments: Sequence[Argument], kind: str) -> list[str]:
    """Return the manifest's tables for the inputs, and for an output like the first of them.

    Args:
        arguments: the inputs among those of ``forward``.
        kind: ``heightfield``, ``volume`` or ``points``.
    """
    inputs = [_rows(argument, kind) for argument in arguments]
    output = {**inputs[0], "replaces": arguments[0].name}
    parts = [f"[[inputs]]\n{toml_lines(rows)}" for rows in inputs]
    return [*parts, f"[[outputs]]\n{toml_lines(output)}"]


def geometry_words(argument: Argument, kind: str) -> str:
    """Return what the author should know of an input."""
    rows = _rows(argument, kind)
    channels = " ".join(rows["channels"]) or "any"
    axes = " ".join(rows["axes"])
    return f"Input {argument.name}: {rows['kind']} of axes {axes}, F32; channels: {channels}."


def _rows(argument: Argument, kind: str) -> dict[str, Any]:
    of_kind, axes = _KINDS[kind]
    channels = [argument.name]
    if argument.name == _SPACING:
        of_kind, axes, channels = "attribute", ["axis"], []
    elif kind == "points":
        channels = ["x", "y", "z"] if argument.name in _VECTORS else []
    rows: dict[str, Any] = {"name": argument.name, "kind": of_kind, "axes": axes}
    rows["channels"] = channels
    return {**rows, **({"optional": True} if argument.is_optional else {})}
