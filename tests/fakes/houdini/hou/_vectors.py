"""Vectors, matrices and boxes. Matrices work on row vectors, as Houdini's: the last row moves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any


class _Vector:
    _SIZE = 3

    def __init__(self, *values: Any) -> None:
        given = list(values[0]) if len(values) == 1 and not _is_number(values[0]) else list(values)
        self._held = [float(each) for each in given] + [0.0] * (self._SIZE - len(given))

    def setTo(self, sequence: Sequence[float]) -> None:
        self._held = [float(each) for each in sequence]

    def length(self) -> float:
        return math.sqrt(_dot(self._held, self._held))

    def __len__(self) -> int:
        return self._SIZE

    def __getitem__(self, index: Any) -> Any:
        return self._held[index]

    def __setitem__(self, index: int, value: float) -> None:
        self._held[index] = float(value)

    def __iter__(self) -> Iterator[float]:
        return iter(list(self._held))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (_Vector, tuple, list)) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<hou.{type(self).__name__} [{', '.join(f'{each:g}' for each in self)}]>"

    def __add__(self, other: Any) -> Any:
        return type(self)([a + b for a, b in zip(self, other)])

    def __sub__(self, other: Any) -> Any:
        return type(self)([a - b for a, b in zip(self, other)])

    def __neg__(self) -> Any:
        return self * -1

    def __mul__(self, other: Any) -> Any:
        """Multiply by a number, or from the left with a matrix."""
        if _is_number(other):
            return type(self)([a * other for a in self])
        return other._apply(self)

    __rmul__ = __mul__

    def __truediv__(self, other: float) -> Any:
        return type(self)([a / other for a in self])


class Vector2(_Vector):
    """Two numbers."""

    _SIZE = 2

    def __init__(self, x: Any = 0.0, y: float = 0.0) -> None:
        super().__init__(*([x, y] if _is_number(x) else [x]))

    def x(self) -> float:
        return self._held[0]

    def y(self) -> float:
        return self._held[1]


class Vector3(_Vector):
    """Three numbers."""

    def __init__(self, x: Any = 0.0, y: float = 0.0, z: float = 0.0) -> None:
        super().__init__(*([x, y, z] if _is_number(x) else [x]))

    def x(self) -> float:
        return self._held[0]

    def y(self) -> float:
        return self._held[1]

    def z(self) -> float:
        return self._held[2]

    def dot(self, vector3: Vector3) -> float:
        return _dot(list(self), list(vector3))

    def cross(self, vector3: Vector3) -> Vector3:
        (a, b, c), (d, e, f) = self, vector3
        return Vector3(b * f - c * e, c * d - a * f, a * e - b * d)

    def isAlmostEqual(self, vector3: Vector3, tolerance: float = 1e-05) -> bool:
        return all(abs(a - b) <= tolerance for a, b in zip(self, vector3))


class _Matrix:
    _SIZE = 4

    def __init__(self, values: Any = 0) -> None:
        size = self._SIZE
        if isinstance(values, _Matrix):
            values = values.asTupleOfTuples()
        if _is_number(values):
            values = [float(values) * (n % (size + 1) == 0) for n in range(size * size)]
        flat = [each for row in values for each in (row if not _is_number(row) else [row])]
        self._rows = [list(map(float, flat[n : n + size])) for n in range(0, size * size, size)]

    def at(self, row: int, col: int) -> float:
        return self._rows[row][col]

    def setAt(self, row: int, col: int, value: float) -> None:
        self._rows[row][col] = float(value)

    def asTuple(self) -> tuple[float, ...]:
        return tuple(each for row in self._rows for each in row)

    def asTupleOfTuples(self) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(row) for row in self._rows)

    def transposed(self) -> Any:
        return type(self)([list(column) for column in zip(*self._rows)])

    def determinant(self) -> float:
        return _determinant(self._rows)

    def inverted(self) -> Any:
        size, whole = self._SIZE, self.determinant()
        rows = [[_cofactor(self._rows, j, i) / whole for j in range(size)] for i in range(size)]
        return type(self)(rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Matrix) and self._rows == other._rows

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<hou.{type(self).__name__} {self.asTupleOfTuples()}>"

    def __mul__(self, other: Any) -> Any:
        columns = list(zip(*other._rows))
        return type(self)([[_dot(row, column) for column in columns] for row in self._rows])

    def _apply(self, vector: _Vector) -> Any:
        """Return *vector*, a row, times this matrix; a position, where this one can move."""
        row = [*vector, *([1.0] * (self._SIZE - len(vector)))]
        made = [_dot(row, column) for column in zip(*self._rows)]
        return type(vector)(made[: len(vector)])


class Matrix3(_Matrix):
    """Turns and scales."""

    _SIZE = 3

    def __init__(self, values: Any = 0) -> None:
        super().__init__(values)


class Matrix4(_Matrix):
    """Turns, scales and moves."""

    def __init__(self, values: Any = 0) -> None:
        if isinstance(values, Matrix3):
            values = [*([*row, 0.0] for row in values._rows), [0.0, 0.0, 0.0, 1.0]]
        super().__init__(values)

    def extractTranslates(
        self, transform_order: str = "srt", pivot: Any = None, pivot_rotate: Any = None
    ) -> Vector3:
        return Vector3(self._rows[3][:3])

    def extractRotationMatrix3(self) -> Matrix3:
        rows = [Vector3(row[:3]) for row in self._rows[:3]]
        return Matrix3([list(row / (row.length() or 1.0)) for row in rows])


class BoundingBox:
    """A box along the axes."""

    def __init__(
        self,
        bbox_or_xmin: Any = 0.0,
        ymin: float = 0.0,
        zmin: float = 0.0,
        xmax: float = 0.0,
        ymax: float = 0.0,
        zmax: float = 0.0,
    ) -> None:
        if isinstance(bbox_or_xmin, BoundingBox):
            self._least, self._most = bbox_or_xmin.minvec(), bbox_or_xmin.maxvec()
        else:
            self._least = Vector3(bbox_or_xmin, ymin, zmin)
            self._most = Vector3(xmax, ymax, zmax)

    def minvec(self) -> Vector3:
        return Vector3(self._least)

    def maxvec(self) -> Vector3:
        return Vector3(self._most)

    def sizevec(self) -> Vector3:
        return self._most - self._least

    def center(self) -> Vector3:
        return (self._most + self._least) * 0.5

    def contains(self, point: Sequence[float]) -> bool:
        return all(a <= p <= b for a, p, b in zip(self._least, point, self._most))


class BoundingRect:
    """A rectangle along the axes."""

    def __init__(
        self,
        brect_or_p1_or_xmin: float,
        p2_or_ymin: float,
        xmax: float = 0.0,
        ymax: float = 0.0,
    ) -> None:
        self._least = Vector2(brect_or_p1_or_xmin, p2_or_ymin)
        self._most = Vector2(xmax, ymax)

    def min(self) -> Vector2:
        return Vector2(self._least)

    def max(self) -> Vector2:
        return Vector2(self._most)

    def size(self) -> Vector2:
        return self._most - self._least

    def center(self) -> Vector2:
        return (self._most + self._least) * 0.5

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, BoundingRect)
        return same and (self._least, self._most) == (other._least, other._most)

    __hash__ = None  # type: ignore[assignment]


class hmath:
    """Matrices made from what they do."""

    @staticmethod
    def identityTransform() -> Matrix4:
        return Matrix4(1)

    @staticmethod
    def buildTranslate(tx: Any, ty: Any = None, tz: Any = None) -> Matrix4:
        moved = Matrix4(1)
        given = tx if ty is None else (tx, ty, tz)
        for column, value in enumerate(given):
            moved.setAt(3, column, value)
        return moved

    @staticmethod
    def buildScale(sx: Any, sy: Any = None, sz: Any = None) -> Matrix4:
        made = Matrix4(1)
        given = sx if sy is None else (sx, sy, sz)
        for at, value in enumerate(given):
            made.setAt(at, at, value)
        return made


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _dot(row: Sequence[float], column: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(row, column))


def _minor(rows: list[list[float]], row: int, column: int) -> list[list[float]]:
    return [
        [value for j, value in enumerate(line) if j != column]
        for i, line in enumerate(rows)
        if i != row
    ]


def _cofactor(rows: list[list[float]], row: int, column: int) -> float:
    return (-1) ** (row + column) * _determinant(_minor(rows, row, column))


def _determinant(rows: list[list[float]]) -> float:
    if len(rows) == 1:
        return rows[0][0]
    return sum(value * _cofactor(rows, 0, column) for column, value in enumerate(rows[0]))
