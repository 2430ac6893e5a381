"""Volumes: dense ones as they are, VDBs within their active bounds; their class and place stay."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Optional

import hou

from filmgate.errors import InputError
from filmgate.tensor import TensorSpec
from filmgate_houdini import grids
from filmgate_houdini.geometry import Binding, interleaved, plane
from filmgate_houdini.heightfield import volume_mark
from filmgate_houdini.source import Mismatch

_FLOAT = "f"
_VERB = "convertvdb"
_TO_VOLUME, _TO_VDB = 0, 1
"""Entries of Convert VDB's menu for what it makes."""
_KINDS = (hou.primType.Volume, hou.primType.VDB)


class Volumes:
    """The form of inputs whose axes are z, y, x and c.

    A VDB becomes a dense volume over its active voxels, by Houdini's own Convert VDB.
    """

    def mismatch(self, geometry: hou.Geometry, bound: Binding) -> Optional[Mismatch]:
        """Return which volume is missing or lies elsewhere."""
        found = _grids(geometry)
        for name in bound.names:
            if name not in found:
                return _missing(bound, name, found)
        repeated = grids.repeated(_every_grid(geometry), bound.names)
        if repeated is not None:
            return _several(bound, *repeated)
        for name in bound.names:
            unfit = _unfit(found[name])
            if unfit is not None:
                return Mismatch(bound.name, *unfit)
        return _strangers(geometry, bound)

    def is_there(self, geometry: hou.Geometry, bound: Binding) -> bool:
        """Say whether every volume is there."""
        found = _grids(geometry)
        return all(name in found for name in bound.names)

    def size(self, geometry: hou.Geometry, bound: Binding) -> tuple[int, ...]:
        """Return how many voxels there are along z, y and x."""
        return tuple(_dense(geometry, bound.names[0]).resolution())[::-1]

    def mark(self, geometry: hou.Geometry, bound: Binding) -> Hashable:
        """Return what changes with voxels, places and names."""
        return volume_mark(geometry)

    def spacing_m(self, geometry: hou.Geometry, bound: Binding) -> tuple[float, ...]:
        """Return metres per voxel along x, y and z."""
        return grids.spacing_m(_dense(geometry, bound.names[0]))

    def read(self, geometry: hou.Geometry, bound: Binding) -> tuple[TensorSpec, bytes]:
        """Return the volumes, interleaved, as (z, y, x, volumes)."""
        dense = [_dense(geometry, name) for name in bound.names]
        data = interleaved([grids.voxels(each) for each in dense], _FLOAT)
        shape = tuple(dense[0].resolution())[::-1]
        return TensorSpec("F32", (*shape, len(dense)), bound.axes), data

    def write(
        self, geometry: hou.Geometry, main: Binding, bound: Binding, spec: TensorSpec, data: bytes
    ) -> None:
        """Set the voxels; VDBs become VDBs again, of the class that they had."""
        model = _alone(geometry, _grids(geometry)[main.names[0]])
        dense, count = _volume(model), spec.shape[-1]
        for place, name in enumerate(bound.names):
            content = (dense, spec.shape[2::-1], plane(data, place, count, _FLOAT))
            _write(geometry, model, name, content)


Content = tuple[hou.Volume, tuple[int, ...], bytes]
"""What a result is: the dense volume whose place it has, its resolution and its voxels."""


def _write(geometry: hou.Geometry, model: grids.Grid, name: str, content: Content) -> None:
    dense, resolution, data = content
    old = _grids(geometry).get(name)
    if isinstance(old, hou.Volume) and tuple(old.resolution()) == resolution:
        old.setAllVoxelsFromString(data)
        return
    if isinstance(model, hou.Volume):
        made = grids.make_like(geometry, dense, resolution, name)
        made.setAllVoxelsFromString(data)
    else:
        _add_vdb(geometry, old if isinstance(old, hou.VDB) else model, name, content)
    if old is not None:
        geometry.deletePrims([old])


def _add_vdb(geometry: hou.Geometry, like: hou.VDB, name: str, content: Content) -> None:
    """Make a VDB of a dense result, of the class and background of another."""
    dense, resolution, data = content
    scratch = hou.Geometry()
    scratch.addAttrib(hou.attribType.Prim, grids.NAME, "")
    made = grids.make_like(scratch, dense, resolution, name)
    made.setAllVoxelsFromString(data)
    # The border of a distance field would make its largest value the VDB's background.
    grids.set_outside(made, like.intrinsicValue("background"))
    geometry.merge(_converted(scratch, _TO_VDB))
    vdb = _every_grid(geometry)[-1]
    grids.copy_attributes(geometry, like, vdb)
    if geometry.findPrimAttrib(grids.NAME) is not None:
        vdb.setAttribValue(grids.NAME, name)
    grids.keep_class(like, vdb)


def _every_grid(geometry: hou.Geometry) -> list[grids.Grid]:
    return grids.every_grid(geometry, _KINDS)


def _grids(geometry: hou.Geometry) -> dict[str, grids.Grid]:
    return grids.grids(geometry, _KINDS)


def _dense(geometry: hou.Geometry, name: str) -> hou.Volume:
    grid = _grids(geometry)[name]
    return grid if isinstance(grid, hou.Volume) else _volume(_alone(geometry, grid))


def _alone(geometry: hou.Geometry, grid: grids.Grid) -> grids.Grid:
    """Return a copy of a volume in a geometry of its own."""
    alone, number = hou.Geometry(), grid.number()
    alone.merge(geometry)
    alone.deletePrims([each for each in alone.iterPrims() if each.number() != number])
    return grids.every_grid(alone, _KINDS)[0]


def _volume(grid: grids.Grid) -> hou.Volume:
    """Return a volume itself; of a VDB that is alone, its active bounds as one."""
    if isinstance(grid, hou.Volume):
        return grid
    unfit = _unfit(grid)
    if unfit is not None:
        raise InputError(*unfit)
    converted = _converted(grid.geometry(), _TO_VOLUME)
    return next(each for each in converted.iterPrims() if isinstance(each, hou.Volume))


def _unfit(grid: grids.Grid) -> Optional[tuple[str, str]]:
    """Return what keeps a VDB from becoming a volume of floats, and what helps."""
    if isinstance(grid, hou.Volume):
        return None
    if grid.dataType() != hou.vdbData.Float:
        fix = "Split vectors with VDB Vector Split, convert whole numbers with Convert VDB."
        return f"The VDB {grids.name_of(grid)} does not hold floats.", fix
    if grid.isEmpty():
        fix = "Connect one that is not empty, or switch the node off in these frames."
        return f"The VDB {grids.name_of(grid)} has no active voxels.", fix
    return None


def _converted(geometry: hou.Geometry, kind: int) -> hou.Geometry:
    verb = hou.sopNodeTypeCategory().nodeVerb(_VERB)
    if verb is None:
        raise InputError("This Houdini has no Convert VDB.", "Connect volumes instead of VDBs.")
    verb.setParms({"conversion": kind})
    converted = hou.Geometry()
    verb.execute(converted, [geometry])
    return converted


def _strangers(geometry: hou.Geometry, bound: Binding) -> Optional[Mismatch]:
    if len(bound.names) == 1:
        return None
    dense = [_dense(geometry, name) for name in bound.names]
    for name, volume in zip(bound.names, dense):
        if not grids.same_place(dense[0], volume):
            text = f"The volume {name} is of another size or place than {bound.names[0]}."
            fix = "Give them the same voxels: Volume Resample, or VDB Activate for VDBs."
            return Mismatch(bound.name, text, fix)
    return None


def _several(bound: Binding, name: str, count: int) -> Mismatch:
    return Mismatch(
        bound.name,
        f"There are {count} volumes {name}.",
        "Cook them one at a time in a For-Each loop, or tell them apart with a Name node.",
    )


def _missing(bound: Binding, name: str, found: dict[str, grids.Grid]) -> Mismatch:
    volumes = ", ".join(sorted(filter(None, found))) or "none"
    return Mismatch(
        bound.name,
        f"There is no volume {name}; the input has {volumes}.",
        f"Name one of them under Input {bound.name}, or rename it with a Name node.",
    )
