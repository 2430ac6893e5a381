"""What every kind of geometry data has in common: how a form of it is asked for and answered."""

from __future__ import annotations

import math
from array import array
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Optional, Protocol

import hou

from filmgate.manifest import ModelInput, ModelOutput
from filmgate.tensor import TensorSpec
from filmgate_houdini.source import Mismatch

TYPES = {"F32": "f", "I32": "i"}
"""Numbers that geometry holds, by the array type that they are spread and gathered with."""


@dataclass(frozen=True)
class Binding:
    """An input or output of a model, and what it is in a node's geometry.

    Attributes:
        name: of the input or output.
        kind: of the manifest.
        axes: of the tensor.
        dtype: of the tensor's numbers.
        names: the attribute or the volumes that hold it.
        channels: how many numbers an element has; 0 takes any.
        group: limits points; empty means all of them.
        optional: whether it may be missing.
    """

    name: str
    kind: str
    axes: tuple[str, ...]
    dtype: str
    names: tuple[str, ...]
    channels: int
    group: str = ""
    optional: bool = False


def bind(entry: ModelInput, names: tuple[str, ...], group: str) -> Binding:
    """Return what an input is in the geometry."""
    return Binding(
        entry.name,
        entry.kind,
        entry.axes,
        entry.dtype or "F32",
        names,
        len(entry.channels),
        group,
        entry.optional,
    )


def bind_output(entry: ModelOutput, replaced: tuple[str, ...], group: str) -> Binding:
    """Return what an output is in the geometry: what it replaces, or something new."""
    own = entry.channels if entry.kind == "volume" and entry.channels else (entry.name,)
    return Binding(
        entry.name,
        entry.kind,
        entry.axes,
        entry.dtype or "F32",
        replaced or own,
        len(entry.channels),
        group,
    )


class Form(Protocol):
    """A kind of data in geometry: a heightfield, volumes or point attributes."""

    def mismatch(self, geometry: hou.Geometry, bound: Binding) -> Optional[Mismatch]:
        """Return what keeps an input from being read; None where all is well."""
        ...

    def is_there(self, geometry: hou.Geometry, bound: Binding) -> bool:
        """Say whether the geometry has what an input is bound to."""
        ...

    def size(self, geometry: hou.Geometry, bound: Binding) -> tuple[int, ...]:
        """Return the shape of the tensor that would be read, without its channels."""
        ...

    def mark(self, geometry: hou.Geometry, bound: Binding) -> Hashable:
        """Return what changes within this session whenever the data does; None if unknown."""
        ...

    def spacing_m(self, geometry: hou.Geometry, bound: Binding) -> tuple[float, ...]:
        """Return metres per sample, the fastest axis first; nothing where there is no grid."""
        ...

    def read(self, geometry: hou.Geometry, bound: Binding) -> tuple[TensorSpec, bytes]:
        """Return the data as a tensor.

        Raises:
            InputError: it cannot be read as one.
        """
        ...

    def write(
        self, geometry: hou.Geometry, main: Binding, bound: Binding, spec: TensorSpec, data: bytes
    ) -> None:
        """Write a result into the cooking node's geometry.

        Args:
            geometry: a copy of what the main input has.
            main: the main input.
            bound: the output.
            spec: of the result.
            data: its numbers.

        Raises:
            InputError: the result does not fit the geometry.
        """
        ...


def data_ids(*ids: hou.AttribDataId) -> Hashable:
    """Return what tells data apart within this session; None where Houdini does not keep track."""
    if not all(each.isValid() for each in ids):
        return None
    return tuple(each.vexAttribDataId() for each in ids)


def interleaved(parts: Sequence[bytes], kind: str) -> bytes:
    """Return planes of numbers as one, the planes' index fastest.

    Args:
        parts: planes of equal length.
        kind: the array type of the numbers.
    """
    if len(parts) == 1:
        return bytes(parts[0])
    whole = array(kind, bytes(len(parts[0]) * len(parts)))
    for place, part in enumerate(parts):
        whole[place :: len(parts)] = array(kind, part)
    return whole.tobytes()


def plane(data: bytes, place: int, count: int, kind: str) -> bytes:
    """Return one of *count* interleaved planes."""
    return bytes(data) if count == 1 else array(kind, data)[place::count].tobytes()


def element_count(shape: Sequence[int]) -> int:
    """Return how many elements a tensor of *shape* has."""
    return math.prod(shape)
