"""What lies above a node, and a text that changes when somebody edits it.

Nuke's own hashes say more, but only of the current frame; a range that was made while the artist
looked at another frame could never be found stale by them. What the nodes above hold is the same
text at every frame, in every session and on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import nuke

from filmgate.digest import digest_bytes

_LOOKS = frozenset(
    (
        "bookmark",
        "cached",
        "dope_sheet",
        "filmgate_status",
        "gl_color",
        "help",
        "hide_input",
        "icon",
        "indicators",
        "label",
        "name",
        "note_font",
        "note_font_color",
        "note_font_size",
        "postage_stamp",
        "selected",
        "tile_color",
        "xpos",
        "ypos",
    )
)
"""Knobs that change no pixel."""


def nodes_above(ends: Iterable[nuke.Node]) -> list[nuke.Node]:
    """Return *ends* and every node that they depend on, by pipes and by expressions, each once."""
    found: dict[str, nuke.Node] = {}
    waiting = list(ends)
    while waiting:
        node = waiting.pop()
        if found.setdefault(node.fullName(), node) is node:
            waiting.extend(reversed(_sources(node)))
    return list(found.values())


def edit_mark(ends: Sequence[nuke.Node]) -> str:
    """Return a short text that changes when a node among *ends* or above them is edited."""
    nodes = nodes_above(ends)
    places = {node.fullName(): place for place, node in enumerate(nodes)}
    heads = ",".join(str(places[node.fullName()]) for node in ends)
    return digest_bytes("\0".join((heads, *(_told(node, places) for node in nodes))).encode()).hex()


def _sources(node: nuke.Node) -> list[nuke.Node]:
    return node.dependencies(nuke.INPUTS | nuke.HIDDEN_INPUTS | nuke.EXPRESSIONS)


def _told(node: nuke.Node, places: dict[str, int]) -> str:
    """Return a node's class, what it is connected to, and its knobs; of a Group the inside too."""
    pipes = [node.input(place) for place in range(node.inputs())]
    wires = ",".join("-" if each is None else str(places.get(each.fullName())) for each in pipes)
    inside = _inside(node) if isinstance(node, nuke.Group) else ""
    return f"{node.Class()} {wires}\n{_knobs(node)}\n{inside}"


def _inside(group: nuke.Group) -> str:
    nodes = group.nodes()
    places = {node.fullName(): place for place, node in enumerate(nodes)}
    return "\0".join(_told(node, places) for node in nodes)


def _knobs(node: nuke.Node) -> str:
    lines = node.writeKnobs(nuke.TO_SCRIPT | nuke.WRITE_NON_DEFAULT_ONLY).splitlines()
    return "\n".join(line for line in lines if line.partition(" ")[0] not in _LOOKS)
