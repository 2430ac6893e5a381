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
_TO_VOLUME, _TO_VDB = "volume", "vdb"


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
        dense = [found[name] for name in bound.names]
        for name, grid in zip(bound.names, dense):
            if not grids.same_place(dense[0], grid):
                text = f"The volume {name} is of another size or place than {bound.names[0]}."
                return Mismatch(bound.name, text, "Resample it with VDB Resample or Volume Merge.")
        return None

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
        count = spec.shape[-1]
        for place, name in enumerate(bound.names):
            _write(geometry, main, name, spec, plane(data, place, count, _FLOAT))


def _write(geometry: hou.Geometry, main: Binding, name: str, spec: TensorSpec, data: bytes) -> None:
    found = _grids(geometry)
    old = found.get(name)
    model = found[main.names[0]] if old is None else old
    dense, resolution = _volume(geometry, model), spec.shape[2::-1]
    same = tuple(dense.resolution()) == resolution
    if isinstance(old, hou.Volume) and same:
        old.setAllVoxelsFromString(data)
        return
    if not isinstance(model, hou.Volume):
        _write_vdb(geometry, model, old, name, (dense, resolution, data))
        return
    made = grids.make_like(geometry, dense, resolution, name)
    made.setAllVoxelsFromString(data)
    if old is not None:
        geometry.deletePrims([old])


def _write_vdb(
    geometry: hou.Geometry,
    model: hou.VDB,
    old: Optional[grids.Grid],
    name: str,
    content: tuple[hou.Volume, tuple[int, ...], bytes],
) -> None:
    """Make a VDB of a dense result, in place of the one that it was read from."""
    dense, resolution, data = content
    scratch = hou.Geometry()
    _name_attribute(scratch)
    made = grids.make_like(scratch, dense, resolution, name)
    made.setAllVoxelsFromString(data)
    converted = _converted(scratch, _TO_VDB)
    vdb = next(iter(converted.iterPrims()))
    grids.keep_class(model, vdb)
    if old is not None:
        geometry.deletePrims([old])
    geometry.merge(converted)


def _grids(geometry: hou.Geometry) -> dict[str, grids.Grid]:
    return grids.grids(geometry, (hou.primType.Volume, hou.primType.VDB))


def _dense(geometry: hou.Geometry, name: str) -> hou.Volume:
    return _volume(geometry, _grids(geometry)[name])


def _volume(geometry: hou.Geometry, grid: grids.Grid) -> hou.Volume:
    """Return a volume itself, or a VDB's active voxels as one."""
    if isinstance(grid, hou.Volume):
        return grid
    alone = hou.Geometry()
    alone.merge(geometry)
    number = grid.number()
    alone.deletePrims([each for each in alone.iterPrims() if each.number() != number])
    converted = _converted(alone, _TO_VOLUME)
    found = [each for each in converted.iterPrims() if each.type() == hou.primType.Volume]
    if not found:
        text = f"The VDB {grids.name_of(grid)} has no active voxels, or holds vectors."
        raise InputError(text, "Connect a VDB of floats that is not empty.")
    return found[0]


def _converted(geometry: hou.Geometry, kind: str) -> hou.Geometry:
    verb = hou.sopNodeTypeCategory().nodeVerb(_VERB)
    if verb is None:
        raise InputError("This Houdini has no Convert VDB.", "Connect volumes instead of VDBs.")
    verb.setParms({"conversion": kind})
    converted = hou.Geometry()
    verb.execute(converted, [geometry])
    return converted


def _name_attribute(geometry: hou.Geometry) -> None:
    geometry.addAttrib(hou.attribType.Prim, grids.NAME, "")


def _missing(bound: Binding, name: str, found: dict[str, grids.Grid]) -> Mismatch:
    volumes = ", ".join(sorted(filter(None, found))) or "none"
    return Mismatch(
        bound.name,
        f"There is no volume {name}; the input has {volumes}.",
        f"Name one of them under Input {bound.name}, or rename it with a Name node.",
    )
