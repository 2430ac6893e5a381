"""Sparse volumes: some voxels are active, all the others have the background's value.

The rules are those of OpenVDB's own Houdini primitive, whose source is public (GEO_PrimVDB.C and
GU_PrimVDB.C): a sparse volume's transform takes the index of a voxel to its place, and where the
voxel 0, 0, 0 is, its point says; a dense one is made of the active voxels' bounds alone.
"""

from __future__ import annotations

import array
from collections.abc import Iterator, Sequence
from typing import Any, Optional

from hou._body import Body, Piece
from hou._constants import vdbData
from hou._elements import box_of
from hou._enums import EnumValue
from hou._vectors import BoundingBox, Matrix3, Vector3
from hou._volume import INTRINSICS, _Grid

SDF, CONSTANT = "sdf", "constant"
VISUAL = ("volumevisualmode", "volumevisualiso", "volumevisualdensity")
Index = tuple[int, int, int]


class VDB(_Grid):
    """A sparse volume: its active voxels are no buffer, another node makes them dense first."""

    def dataType(self) -> EnumValue:
        names = {"float": "Float", "int": "Int"}
        return getattr(vdbData, names[self._piece_now().fixed["vdb_value_type"]])

    def resolution(self) -> tuple[int, ...]:
        """Return the size of the active voxels' bounds (its docstring)."""
        low, high = active_bounds(self._piece_now()) or ((0, 0, 0), (-1, -1, -1))
        return tuple(last - first + 1 for first, last in zip(low, high))

    def isEmpty(self) -> bool:
        return not self.activeVoxelCount()

    def activeVoxelCount(self) -> int:
        return sum(1 for _ in active(self._piece_now()))

    def isSDF(self) -> bool:
        return self._piece_now().intrinsics["vdb_class"] == "level set"

    def voxel(self, index: Sequence[int]) -> float:
        """Return a voxel's value, that of the background where nothing is active."""
        piece = self._piece_now()
        inside = all(0 <= at < size for at, size in zip(index, piece.resolution))
        return piece.voxels[place_of(piece, index)] if inside else piece.fixed["background"]

    def indexToPos(self, index: Sequence[int]) -> Vector3:
        return Vector3(index) * self._full()

    def posToIndex(self, position: Sequence[float]) -> tuple[int, ...]:
        return tuple(round(at) for at in Vector3(position) * self._full().inverted())

    def _voxel_size(self) -> Vector3:
        return Vector3([Vector3(row).length() for row in self.transform().asTupleOfTuples()])

    def boundingBox(self) -> BoundingBox:
        low, high = active_bounds(self._piece_now()) or ((0, 0, 0), (0, 0, 0))
        sides = [(first - 0.5, last + 0.5) for first, last in zip(low, high)]
        corners = [(x, y, z) for x in sides[0] for y in sides[1] for z in sides[2]]
        return box_of([Vector3(corner) * self._full() for corner in corners])

    def _intrinsics(self) -> dict[str, Any]:
        return {
            **super()._intrinsics(),
            "typename": "VDB",
            "activevoxelcount": self.activeVoxelCount(),
            "activevoxeldimensions": self.resolution(),
            "transform": self._full().asTuple(),
            "voxelsize": tuple(self._voxel_size()),
            **self._piece_now().fixed,
        }


def place_of(piece: Piece, index: Sequence[int]) -> int:
    """Return where in its buffer a voxel is."""
    (x, y, z), (width, height, _) = index, piece.resolution
    return x + width * (y + height * z)


def active(piece: Piece) -> Iterator[Index]:
    """Go through the voxels that are not the background."""
    width, height, _ = piece.resolution
    for place, value in enumerate(piece.voxels):
        if value != piece.fixed["background"]:
            yield place % width, place // width % height, place // (width * height)


def active_bounds(piece: Piece) -> Optional[tuple[Index, Index]]:
    """Return the first and last active voxel along each axis; None where there is none."""
    columns = list(zip(*active(piece)))
    if not columns:
        return None
    low, high = map(min, columns), map(max, columns)
    return (next(low), next(low), next(low)), (next(high), next(high), next(high))


def to_sparse(body: Body, piece: Piece, value_type: str) -> None:
    """Make a volume a sparse one.

    What lies outside is the border's value; of a distance field, whatever its border, the largest
    one inside. Voxels of that value are not active.
    """
    kept, sizes = piece.intrinsics, piece.resolution
    is_sdf = kept["volumebordertype"] == SDF
    border = kept["volumebordervalue"] if kept["volumebordertype"] == CONSTANT else 0.0
    piece.matrix = _scaled(piece, [2 / size for size in sizes])
    _shift(body, piece, [(1 - size) / 2 for size in sizes])
    piece.kind = "VDB"
    piece.fixed = {name: kept[name] for name in VISUAL}
    piece.fixed["background"] = max(piece.voxels) if is_sdf else border
    piece.fixed["vdb_value_type"] = value_type
    grid_class = "level set" if is_sdf else "fog volume"
    piece.intrinsics = {"vdb_class": grid_class, "vdb_is_saved_as_half_float": False}


def to_dense(body: Body, piece: Piece) -> None:
    """Make a sparse volume a dense one of its active bounds; of an empty one a single voxel."""
    background, is_sdf = piece.fixed["background"], piece.intrinsics["vdb_class"] == "level set"
    low, high = active_bounds(piece) or ((0, 0, 0), (0, 0, 0))
    piece.voxels = _cropped(piece, low, high)
    sizes = tuple(last - first + 1 for first, last in zip(low, high))
    _shift(body, piece, [(first + last) / 2 for first, last in zip(low, high)])
    piece.matrix = _scaled(piece, [size / 2 for size in sizes])
    piece.kind, piece.resolution = "Volume", (sizes[0], sizes[1], sizes[2])
    piece.intrinsics = {**INTRINSICS, **{name: piece.fixed[name] for name in VISUAL}}
    piece.intrinsics["volumebordertype"] = SDF if is_sdf else CONSTANT
    piece.intrinsics["volumebordervalue"] = background
    piece.fixed = {}


def _scaled(piece: Piece, factors: Sequence[float]) -> Matrix3:
    rows = piece.matrix.asTupleOfTuples()
    return Matrix3([[at * factor for at in row] for row, factor in zip(rows, factors)])


def _shift(body: Body, piece: Piece, voxels: Sequence[float]) -> None:
    """Move a sparse volume's point by a number of voxels along each axis."""
    column = body.columns["Point"]["P"]
    place = Vector3(column.at(piece.points[0]))
    for row, count in zip(piece.matrix.asTupleOfTuples(), voxels):
        place = place + Vector3(row) * count
    column.put(piece.points[0], place)


def _cropped(piece: Piece, low: Index, high: Index) -> Any:
    indices = (
        (x, y, z)
        for z in range(low[2], high[2] + 1)
        for y in range(low[1], high[1] + 1)
        for x in range(low[0], high[0] + 1)
    )
    return array.array("f", [piece.voxels[place_of(piece, index)] for index in indices])
