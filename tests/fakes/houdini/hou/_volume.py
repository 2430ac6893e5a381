"""Volumes: voxels, x fastest, in a box that is turned, scaled and moved."""

from __future__ import annotations

import array
from collections.abc import Iterator, Sequence
from typing import Any

from hou import _buffers
from hou._constants import volumeStorageType, volumeVisualization
from hou._elements import Prim, box_of
from hou._enums import EnumValue
from hou._errors import InvalidSize, OperationFailed
from hou._vectors import BoundingBox, Matrix3, Matrix4, Vector3

HEIGHTFIELD = "heightfield"
INTRINSICS = {
    "volumevisualmode": "smoke",
    "volumevisualiso": 0.0,
    "volumevisualdensity": 1.0,
    "volumebordertype": "constant",
    "volumebordervalue": 0.0,
}
"""What of a volume can be set by name, as a new one has it.

The names are those that public scripts set in Houdini: `volumevisual…` and `volumeborder…`.
"""


class _Grid(Prim):
    """What a volume and a sparse one have in common."""

    def resolution(self) -> tuple[int, ...]:
        return tuple(self._piece_now().resolution)

    def _place(self, index: Sequence[int]) -> int:
        if not all(0 <= at < size for at, size in zip(index, self.resolution())):
            raise OperationFailed("Invalid voxel index")
        (x, y, z), (width, height, _) = index, self._piece.resolution
        return x + width * (y + height * z)

    def voxel(self, index: Sequence[int]) -> float:
        return self._piece_now().voxels[self._place(index)]

    def volumeMin(self) -> float:
        return min(self._piece_now().voxels)

    def volumeMax(self) -> float:
        return max(self._piece_now().voxels)

    def volumeAverage(self) -> float:
        voxels = self._piece_now().voxels
        return sum(voxels) / len(voxels)

    # ---- where it is ------------------------------------------------------------------------

    def transform(self) -> Matrix3:
        """Return how the box from -1 to 1 is turned and scaled; where it is, its point says."""
        return Matrix3(self._piece_now().matrix)

    def vertex(self, index: int) -> Any:
        return self.vertices()[index]

    def _full(self) -> Matrix4:
        full = Matrix4(self.transform())
        for column, value in enumerate(self.vertex(0).point().position()):
            full.setAt(3, column, value)
        return full

    def indexToPos(self, index: Sequence[int]) -> Vector3:
        places = [2 * (at + 0.5) / size - 1 for at, size in zip(index, self.resolution())]
        return Vector3(places) * self._full()

    def posToIndex(self, position: Sequence[float]) -> tuple[int, ...]:
        local = Vector3(position) * self._full().inverted()
        return tuple(int((at + 1) / 2 * size // 1) for at, size in zip(local, self.resolution()))

    def voxelSize(self) -> Vector3:
        return self._voxel_size()

    def _voxel_size(self) -> Vector3:
        rows = self.transform().asTupleOfTuples()
        return Vector3([2 * Vector3(row).length() / n for row, n in zip(rows, self.resolution())])

    def boundingBox(self) -> BoundingBox:
        full = self._full()
        return box_of([Vector3(corner) * full for corner in _corners()])


class Volume(_Grid):
    """A volume: one number for each voxel. In two dimensions it may be a height field."""

    # ---- its voxels -------------------------------------------------------------------------

    def channelCount(self) -> int:
        return 1

    def storageType(self) -> EnumValue:
        return volumeStorageType.Float32

    def allVoxels(self) -> tuple[float, ...]:
        return tuple(self._piece_now().voxels)

    def allVoxelsAsString(self) -> bytes:
        return self._piece_now().voxels.tobytes()

    def setAllVoxels(self, values: Sequence[float]) -> None:
        piece = self._piece_writable()
        if len(values) != len(piece.voxels):
            raise InvalidSize("Incorrect number of voxels")
        piece.voxels = array.array("f", values)

    def setAllVoxelsFromString(self, values: bytes) -> None:
        piece = self._piece_writable()
        given = _buffers.from_bytes(values, "f")
        if len(given) != len(piece.voxels):
            raise OperationFailed("Incorrect number of voxels")
        piece.voxels = given

    def setVoxel(self, index: Sequence[int], value: float) -> None:
        self._piece_writable().voxels[self._place(index)] = value

    def isValidIndex(self, index: Sequence[int]) -> bool:
        return all(0 <= at < size for at, size in zip(index, self.resolution()))

    # ---- what it is -------------------------------------------------------------------------

    def isHeightField(self) -> bool:
        """Return whether it is two-dimensional and shown as a height field."""
        flat = 1 in self.resolution()
        return flat and self._piece.intrinsics["volumevisualmode"] == HEIGHTFIELD

    def isSDF(self) -> bool:
        """Return whether it has the border of a distance field (its docstring)."""
        return self._piece_now().intrinsics["volumebordertype"] == "sdf"

    def visualization(self) -> EnumValue:
        names = {"smoke": "Smoke", "heightfield": "HeightField", "iso": "Iso"}
        mode = self._piece_now().intrinsics["volumevisualmode"]
        return getattr(volumeVisualization, names.get(mode, "Invisible"))

    def _intrinsics(self) -> dict[str, Any]:
        size = self._voxel_size()
        return {
            **super()._intrinsics(),
            "typename": "Volume",
            "transform": self.transform().asTuple(),
            "voxeldiameter": size.length(),
            "voxelsize": tuple(size),
        }

    def setTransform(self, transform: Matrix4) -> None:
        if not isinstance(transform, Matrix4):
            raise TypeError("in method 'Volume_setTransform', argument 2 of type 'HOM_Matrix4 &'")
        piece = self._piece_writable()
        piece.matrix = Matrix3([row[:3] for row in transform.asTupleOfTuples()[:3]])
        self.vertex(0).point().setPosition(transform.extractTranslates())

    def taperX(self) -> float:
        return 1.0

    def taperY(self) -> float:
        return 1.0


def _corners() -> Iterator[tuple[float, float, float]]:
    for x in (-1.0, 1.0):
        for y in (-1.0, 1.0):
            for z in (-1.0, 1.0):
                yield x, y, z
