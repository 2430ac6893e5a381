"""Hashes of operators: a hint that something above changed, never a key of pixels."""

from __future__ import annotations

import hashlib
from typing import Optional

from nuke import _context, _ops
from nuke._nodes import Group, Node

UNSEEN = {"name", "xpos", "ypos", "selected", "label", "tile_color", "note_font", "note_font_size",
          "note_font_color", "gl_color", "help", "bookmark", "icon", "indicators", "autolabel",
          "knobChanged", "onCreate", "onDestroy", "updateUI", "postage_stamp", "hide_input",
          "cached"}  # fmt: skip
"""Knobs that no pixel depends on."""


def of(node: Node, frame: Optional[float] = None) -> list[int]:
    """Return the hash of a node's operators, as they are now."""
    at = _context.now()
    at = at if frame is None else at._replace(frame=frame)
    return [int.from_bytes(_digest(node, at, {}), "little")]


def _digest(node: Node, at: _context.Context, known: dict[Node, bytes]) -> bytes:
    if node not in known:
        known[node] = b""
        digest = hashlib.blake2b(node._class.encode(), digest_size=8)
        digest.update(repr(at).encode())
        for name, knob in node._knobs.items():
            # What an artist adds to a node counts only through the expressions that read it.
            if name not in UNSEEN and name not in node._user:
                digest.update(f"{name}={_key(knob, at)}".encode())
        for above in _above(node):
            digest.update(_digest(above, at, known) if above is not None else b"-")
        known[node] = digest.digest()
    return known[node]


def _key(knob: object, at: _context.Context) -> str:
    try:
        return str(knob._key(at.frame, at.view))  # type: ignore[attr-defined]
    except RuntimeError as error:
        return str(error)


def _above(node: Node) -> list[Optional[Node]]:
    above: list[Optional[Node]] = list(node._inputs)
    if node._class == "Input":
        above.append(_ops.source(node, 0))
    if isinstance(node, Group):
        above.append(node._output_node())
    return above
