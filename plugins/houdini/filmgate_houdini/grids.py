"""Volume primitives: found by name, measured, read whole, and made like others of another size."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Optional, Union

import hou

from filmgate.errors import InputError

NAME = "name"
"""The primitive attribute that volumes are called by."""

FLOAT_BYTES = 4

_KEPT = (
    "volumevisualmode",
    "volumevisualiso",
    "volumevisualdensity",
    "volumebordertype",
    "volumebordervalue",
    "vdb_class",
    "vdb_is_saved_as_half_float",
)
"""What makes a volume a heightfield, a fog or a distance field, and says how it goes on outside."""

Grid = Union[hou.Volume, hou.VDB]


def grids(geometry: hou.Geometry, kinds: Iterable[hou.EnumValue]) -> dict[str, Grid]:
    """Return the volumes of a geometry by name, the first of each; `""` where it has none."""
    found: dict[str, Grid] = {}
    for grid in every_grid(geometry, kinds):
        found.setdefault(own_name(grid), grid)
    return found


def every_grid(geometry: hou.Geometry, kinds: Iterable[hou.EnumValue]) -> list[Grid]:
    """Return the volumes of a geometry, those of one name too."""
    wanted = set(kinds)
    return [prim for prim in geometry.iterPrims() if prim.type() in wanted]


def repeated(grids: Iterable[Grid], names: Sequence[str]) -> Optional[tuple[str, int]]:
    """Return the first of *names* that several volumes have, and how many."""
    counts = Counter(own_name(grid) for grid in grids)
    return next(((name, counts[name]) for name in names if counts[name] > 1), None)


def voxels(volume: hou.Volume) -> bytes:
    """Return every voxel as float32, x fastest.

    Raises:
        InputError: it holds vectors or whole numbers.
    """
    data = volume.allVoxelsAsString()
    if len(data) != FLOAT_BYTES * math.prod(volume.resolution()):
        text = f"The volume {name_of(volume)} does not hold one float in each voxel."
        raise InputError(text, "Split vectors with Volume from Attrib or Volume Unpack first.")
    return data


def name_of(prim: hou.Prim) -> str:
    """Return what a primitive is called, or its number."""
    return own_name(prim) or f"number {prim.number()}"


def own_name(prim: hou.Prim) -> str:
    """Return what a primitive is called; empty where it has no name."""
    named = prim.geometry().findPrimAttrib(NAME) is not None
    return prim.stringAttribValue(NAME) if named else ""


def spacing_m(grid: hou.Volume) -> tuple[float, float, float]:
    """Return the metres between two voxels along x, y and z.

    A volume is the cube from -1 to 1 under its transform, whose rows are where the axes go.
    """
    rows = grid.transform().asTuple()
    sides = [2.0 * math.hypot(*rows[start : start + 3]) for start in (0, 3, 6)]
    found = [side / count for side, count in zip(sides, grid.resolution())]
    return found[0], found[1], found[2]


def full_transform(grid: hou.Volume) -> hou.Matrix4:
    """Return where a volume lies, its position included."""
    place = grid.vertex(0).point().position()
    return hou.Matrix4(grid.transform()) * hou.hmath.buildTranslate(place)


def same_place(one: hou.Volume, other: hou.Volume) -> bool:
    """Say whether two volumes have the same voxels at the same places."""
    if tuple(one.resolution()) != tuple(other.resolution()):
        return False
    return full_transform(one).asTuple() == full_transform(other).asTuple()


def make_like(
    geometry: hou.Geometry,
    model: hou.Volume,
    resolution: Sequence[int],
    name: Optional[str] = None,
) -> hou.Volume:
    """Make a volume of another resolution that fills the same space and is of the same class.

    Args:
        geometry: where; writable.
        model: the volume to resemble.
        resolution: the number of voxels along x, y and z.
        name: what to call it; by default, like the other.
    """
    made = geometry.createVolume(resolution[0], resolution[1], resolution[2])
    made.setTransform(full_transform(model))
    copy_attributes(geometry, model, made)
    if name is not None and geometry.findPrimAttrib(NAME) is not None:
        made.setAttribValue(NAME, name)
    keep_class(model, made)
    return made


def copy_attributes(geometry: hou.Geometry, source: hou.Prim, target: hou.Prim) -> None:
    """Give a primitive the attributes of another of the same names."""
    has = {attrib.name() for attrib in source.geometry().primAttribs()}
    for attrib in geometry.primAttribs():
        if attrib.name() in has:
            target.setAttribValue(attrib.name(), source.attribValue(attrib.name()))


def keep_class(source: hou.Prim, target: hou.Prim) -> None:
    """Give a volume what makes it a heightfield, a fog or a distance field."""
    has, takes = set(source.intrinsicNames()), set(target.intrinsicNames())
    for name in _KEPT:
        if name in has and name in takes and not target.intrinsicReadOnly(name):
            target.setIntrinsicValue(name, source.intrinsicValue(name))


def set_outside(volume: hou.Volume, value: float) -> None:
    """Let a volume have *value* wherever it has no voxels."""
    volume.setIntrinsicValue("volumebordertype", "constant")
    volume.setIntrinsicValue("volumebordervalue", value)
