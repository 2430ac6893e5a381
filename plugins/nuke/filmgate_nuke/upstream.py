"""What lies above a node, and a text that changes when somebody edits it.

Nuke's own hashes say more, but only of the current frame; a range that was made while the artist
looked at another frame could never be found stale by them. What the nodes above hold is the same
text at every frame, in every session and on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Optional

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


_ROOT_KNOBS = (
    "OCIO_config",
    "colorManagement",
    "customOCIOConfigPath",
    "floatLut",
    "format",
    "gsv",
    "int16Lut",
    "int8Lut",
    "logLut",
    "workingSpaceLUT",
)
"""Settings of the script that change pixels though no node is edited; versions differ in them."""

_FILES = ("file", "vfield_file")
"""Knobs that name what a node reads: pictures, geometry, LUTs."""

_WRITE = re.compile(r"(?:Deep)?Write")
"""Classes of nodes whose file is no source of theirs."""

_EXPRESSIONS = (
    nuke.EXPRESSIONS
    | int(getattr(nuke, "LINKINPUTS", 0))
    | int(getattr(nuke, "LINKNODE_INPUTS", 0))  # Nuke 14 and later
)


class Table:
    """What was read of the script, for as long as nobody can edit it.

    Attributes:
        knobs: what nodes say of themselves, by full name.
        marks: by the full names of the ends.
        files: the knobs above that name files that are read, likewise.
    """

    def __init__(self) -> None:
        self.knobs: dict[str, str] = {}
        self.marks: dict[tuple[str, ...], str] = {}
        self.files: dict[tuple[str, ...], list[nuke.File_Knob]] = {}


_tables: list[Table] = []
_stamps: dict[str, str] = {}
"""Time and size of files, by path, since the last run began."""


def keep() -> None:
    """Read each node once from now on, until `drop`: nobody edits the script meanwhile."""
    _tables[:] = [Table()]


def drop() -> None:
    """Read the script anew from now on."""
    _tables.clear()


def forget_files() -> None:
    """Look at the files of Reads anew: a run or a render begins."""
    drop()
    _stamps.clear()


def nodes_above(ends: Iterable[nuke.Node]) -> list[nuke.Node]:
    """Return *ends* and every node that they depend on, by pipes and by expressions, each once.

    Groups are looked into, and left through their Inputs. Of a Group around one of the *ends*
    only the knobs count, where an expression reads them.
    """
    waiting = list(ends)
    around = _around(waiting)
    found: dict[str, nuke.Node] = {}
    while waiting:
        node = waiting.pop()
        name = node.fullName()
        if node.Class() != "Root" and name not in found:  # expressions lead in circles
            found[name] = node
            waiting.extend(reversed(_sources(node, name in around)))
    return list(found.values())


def edit_mark(ends: Sequence[nuke.Node]) -> str:
    """Return a short text that changes when a node among *ends* or above them is edited."""
    names, table = tuple(node.fullName() for node in ends), _table()
    if names not in table.marks:
        nodes = nodes_above(ends)
        table.marks[names] = _mark(names, nodes, table)
        table.files[names] = list(_files(nodes))
    return table.marks[names]


def file_mark(ends: Sequence[nuke.Node], frame: int) -> str:
    """Return a text that changes when a file that is read above at *frame* was written anew.

    Each file is looked at once after `forget_files`; empty where nothing is read.
    """
    names, table = tuple(node.fullName() for node in ends), _table()
    if names not in table.files:
        table.files[names] = list(_files(nodes_above(ends)))
    paths = [each.evaluate(frame) for each in table.files[names]]
    return ",".join(_stamp(str(path or "")) for path in paths)


def _table() -> Table:
    return _tables[0] if _tables else Table()


def _files(nodes: Iterable[nuke.Node]) -> Iterator[nuke.File_Knob]:
    for node in nodes:
        if not _WRITE.match(node.Class()):
            knobs = (node.knob(name) for name in _FILES)
            yield from (knob for knob in knobs if isinstance(knob, nuke.File_Knob))


def _stamp(path: str) -> str:
    if path not in _stamps:
        try:
            found = Path(path).stat()
        except (OSError, ValueError):
            _stamps[path] = "-"
        else:
            _stamps[path] = f"{found.st_mtime_ns:x}.{found.st_size:x}"
    return _stamps[path]


def _mark(names: tuple[str, ...], nodes: Sequence[nuke.Node], table: Table) -> str:
    places = {node.fullName(): place for place, node in enumerate(nodes)}
    heads = ",".join(str(places[name]) for name in names)
    told = (_told(node, places, table) for node in nodes)
    return digest_bytes("\0".join((heads, _root(), *told)).encode()).hex()


def _around(ends: Iterable[nuke.Node]) -> set[str]:
    """Name the Groups that *ends* are in."""
    parts = [node.fullName().split(".") for node in ends]
    return {".".join(each[:count]) for each in parts for count in range(1, len(each))}


def _sources(node: nuke.Node, is_around: bool) -> list[nuke.Node]:
    if is_around:
        return node.dependencies(_EXPRESSIONS)
    inside = node.nodes() if isinstance(node, nuke.Group) else []
    outputs = [each for each in inside if each.Class() == "Output"]
    above = node.dependencies(nuke.INPUTS | nuke.HIDDEN_INPUTS | _EXPRESSIONS)
    outside = _outside(node)
    return [*outputs, *above, *([] if outside is None else [outside])]


def _outside(node: nuke.Node) -> Optional[nuke.Node]:
    """Return what feeds an Input from outside its Group: its own pipes end there."""
    if node.Class() != "Input":
        return None
    group = nuke.root().node(node.fullName().rpartition(".")[0])
    return None if group is None else group.input(int(node["number"].value()))


def _told(node: nuke.Node, places: Mapping[str, int], table: Table) -> str:
    """Return a node's class, what it is connected to, and its knobs."""
    pipes = [_outside(node), *(node.input(place) for place in range(node.inputs()))]
    wires = ",".join("-" if each is None else str(places.get(each.fullName())) for each in pipes)
    name = node.fullName()
    if name not in table.knobs:
        table.knobs[name] = _knobs(node)
    return f"{node.Class()} {wires}\n{table.knobs[name]}"


def _root() -> str:
    root = nuke.root()
    found = ((name, root.knob(name)) for name in _ROOT_KNOBS)
    return "\n".join(f"{name} {knob.toScript()}" for name, knob in found if knob is not None)


def _knobs(node: nuke.Node) -> str:
    lines = node.writeKnobs(nuke.TO_SCRIPT | nuke.WRITE_NON_DEFAULT_ONLY).splitlines()
    return "\n".join(line for line in lines if line.partition(" ")[0] not in _LOOKS)
