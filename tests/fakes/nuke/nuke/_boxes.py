"""Boxes: where there are pixels."""

from __future__ import annotations

from typing import Any, NamedTuple

from nuke._guard import Guarded


class Area(NamedTuple):
    """Pixels from (x, y) up to but without (r, t); y grows upwards."""

    x: int
    y: int
    r: int
    t: int

    @property
    def width(self) -> int:
        return max(self.r - self.x, 0)

    @property
    def height(self) -> int:
        return max(self.t - self.y, 0)

    @property
    def size(self) -> int:
        return self.width * self.height

    def union(self, other: Area) -> Area:
        if not self.size or not other.size:
            return self if self.size else other
        return Area(
            min(self.x, other.x), min(self.y, other.y), max(self.r, other.r), max(self.t, other.t)
        )

    def intersect(self, other: Area) -> Area:
        area = Area(
            max(self.x, other.x), max(self.y, other.y), min(self.r, other.r), min(self.t, other.t)
        )
        return area if area.size else Area(area.x, area.y, area.x, area.y)

    def scaled(self, x: float, y: float) -> Area:
        return Area(*(round(edge * scale) for edge, scale in zip(self, (x, y, x, y))))


class Info(Guarded):
    """A node's bounding box as `Node.bbox` gives it."""

    def __init__(self, *args: Any) -> None:
        self._area: Area = args[0] if args else Area(0, 0, 0, 0)

    def x(self) -> float:
        return self._area.x

    def y(self) -> float:
        return self._area.y

    def w(self) -> float:
        return self._area.width

    def h(self) -> float:
        return self._area.height


class Box(Guarded):
    """A box that a script makes."""

    def __init__(self, *args: Any) -> None:
        self._area = Area(*map(int, args)) if args else Area(0, 0, 1, 1)

    def x(self) -> int:
        return self._area.x

    def y(self) -> int:
        return self._area.y

    def r(self) -> int:
        return self._area.r

    def t(self) -> int:
        return self._area.t

    def w(self) -> int:
        return self._area.width

    def h(self) -> int:
        return self._area.height
