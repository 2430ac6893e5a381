"""Heightfields: 2-D volumes of one size and place, whose layers are a tensor's channels."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Sequence
from typing import Optional

import hou

from filmgate.errors import InputError
from filmgate.tensor import TensorSpec
from filmgate_houdini import grids
from filmgate_houdini.geometry import Binding, data_ids, interleaved, plane
from filmgate_houdini.source import Mismatch

_FLOAT = "f"


class Heightfield:
    """The form of inputs whose axes are y, x and c. Row 0 is the host's first."""

    def mismatch(self, geometry: hou.Geometry, bound: Binding) -> Optional[Mismatch]:
        """Return which layer is missing or lies elsewhere."""
        found = _flat_grids(geometry)
        for name in bound.names:
            if name not in found:
                return _missing(bound, name, found)
        repeated = grids.repeated(_flat(geometry), bound.names)
        if repeated is not None:
            return _several(bound, *repeated)
        return _strangers(bound, [found[name] for name in bound.names])

    def is_there(self, geometry: hou.Geometry, bound: Binding) -> bool:
        """Say whether every layer is there."""
        found = _flat_grids(geometry)
        return all(name in found for name in bound.names)

    def size(self, geometry: hou.Geometry, bound: Binding) -> tuple[int, ...]:
        """Return rows and columns."""
        return _shape(_flat_grids(geometry)[bound.names[0]])

    def mark(self, geometry: hou.Geometry, bound: Binding) -> Hashable:
        """Return what changes with voxels, places and names."""
        return volume_mark(geometry)

    def spacing_m(self, geometry: hou.Geometry, bound: Binding) -> tuple[float, ...]:
        """Return metres per sample along x and y of the tensor."""
        layer = _flat_grids(geometry)[bound.names[0]]
        found = grids.spacing_m(layer)
        return tuple(found[axis] for axis in _axes(layer))

    def read(self, geometry: hou.Geometry, bound: Binding) -> tuple[TensorSpec, bytes]:
        """Return the layers, interleaved, as (rows, columns, layers)."""
        found = _flat_grids(geometry)
        layers = [found[name] for name in bound.names]
        data = interleaved([grids.voxels(layer) for layer in layers], _FLOAT)
        return TensorSpec("F32", (*_shape(layers[0]), len(layers)), bound.axes), data

    def write(
        self, geometry: hou.Geometry, main: Binding, bound: Binding, spec: TensorSpec, data: bytes
    ) -> None:
        """Set the layers' voxels; a larger result makes every layer of the terrain larger."""
        found = _flat_grids(geometry)
        model, rows_columns = found[main.names[0]], (spec.shape[0], spec.shape[1])
        if rows_columns != _shape(model):
            _enlarge(geometry, model, rows_columns)
            found = _flat_grids(geometry)
            model = found[main.names[0]]
        for place, name in enumerate(bound.names):
            layer = found.get(name)
            if layer is None:
                layer = grids.make_like(geometry, model, model.resolution(), name)
            layer.setAllVoxelsFromString(plane(data, place, spec.shape[-1], _FLOAT))


def volume_mark(geometry: hou.Geometry) -> Hashable:
    """Return what changes within this session with the volumes of a geometry."""
    ids = [geometry.primitiveIntrinsicsDataId(), geometry.topologyDataId()]
    attribs = (geometry.findPointAttrib("P"), geometry.findPrimAttrib(grids.NAME))
    return data_ids(*ids, *(attrib.dataId() for attrib in attribs if attrib is not None))


def _flat_grids(geometry: hou.Geometry) -> dict[str, hou.Volume]:
    """Return the volumes that are one voxel thick, by name, the first of each."""
    found: dict[str, hou.Volume] = {}
    for layer in _flat(geometry):
        found.setdefault(grids.own_name(layer), layer)
    return found


def _flat(geometry: hou.Geometry) -> list[hou.Volume]:
    """Return all the volumes that are one voxel thick."""
    found = grids.every_grid(geometry, (hou.primType.Volume,))
    return [each for each in found if isinstance(each, hou.Volume) and 1 in each.resolution()]


def _axes(layer: hou.Volume) -> tuple[int, int]:
    """Return which axes of a flat volume are the tensor's x and y."""
    resolution = tuple(layer.resolution())
    flat = 2 if resolution[2] == 1 else resolution.index(1)
    inner, outer = (axis for axis in range(3) if axis != flat)
    return inner, outer


def _shape(layer: hou.Volume) -> tuple[int, int]:
    resolution, (inner, outer) = tuple(layer.resolution()), _axes(layer)
    return resolution[outer], resolution[inner]


def _missing(bound: Binding, name: str, found: dict[str, hou.Volume]) -> Mismatch:
    layers = ", ".join(sorted(filter(None, found))) or "none"
    return Mismatch(
        bound.name,
        f"There is no heightfield layer {name}; the input has {layers}.",
        f"Make it, or name another one under Input {bound.name}.",
    )


def _several(bound: Binding, name: str, count: int) -> Mismatch:
    return Mismatch(
        bound.name,
        f"There are {count} heightfield layers {name}.",
        "Cook them one at a time in a For-Each loop, or tell them apart with a Name node.",
    )


def _strangers(bound: Binding, layers: Sequence[hou.Volume]) -> Optional[Mismatch]:
    for name, layer in zip(bound.names, layers):
        if not grids.same_place(layers[0], layer):
            return Mismatch(
                bound.name,
                f"The layer {name} is of another size or place than {bound.names[0]}.",
                "Resample it, for example with HeightField Copy Layer.",
            )
    return None


def _enlarge(geometry: hou.Geometry, model: hou.Volume, shape: tuple[int, int]) -> None:
    """Make every layer that lies where *model* does larger, by repeated samples.

    A filter would make values of masks and ids that nobody has set.

    Raises:
        InputError: the result is no whole number of times larger.
    """
    rows, columns = _shape(model)
    scale = shape[0] // rows
    if (rows * scale, columns * scale) != shape or scale < 1:
        text = f"The result has {shape[0]} × {shape[1]} samples, the input {rows} × {columns}."
        raise InputError(text, "Run the node again.")
    old = [layer for layer in _flat(geometry) if grids.same_place(model, layer)]
    for layer in old:
        resolution = [count * scale for count in layer.resolution()]
        resolution[3 - sum(_axes(layer))] = 1
        made = grids.make_like(geometry, layer, resolution)
        made.setAllVoxelsFromString(_repeated(grids.voxels(layer), columns, scale))
    geometry.deletePrims(old)


def _repeated(data: bytes, columns: int, scale: int) -> bytes:
    """Return a plane of floats with each sample *scale* times along both sides."""
    samples = array(_FLOAT, data)
    wide = array(_FLOAT, bytes(len(data) * scale))
    for place in range(scale):
        wide[place::scale] = samples
    row_bytes, whole = columns * scale * samples.itemsize, wide.tobytes()
    rows = (whole[start : start + row_bytes] for start in range(0, len(whole), row_bytes))
    return b"".join(row * scale for row in rows)
