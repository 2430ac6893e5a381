"""Groups of points and of primitives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hou import _world
from hou._attribs import AttribDataId
from hou._body import Members
from hou._elements import Point, prim_of
from hou._errors import ObjectWasDeleted, OperationFailed
from hou._guard import Guarded

if TYPE_CHECKING:
    from hou._geometry import Geometry


class _Group(Guarded):
    _OWNER = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._geometry, self._name = args

    def _members(self) -> Members:
        found = self._geometry._body().groups[self._OWNER].get(self._name)
        if found is None:
            raise ObjectWasDeleted("The group no longer exists")
        return found

    def _writable(self) -> Members:
        self._geometry._writable()
        members = self._members()
        members.data_id = _world.current().next_data_id()
        return members

    def geometry(self) -> Geometry:
        return self._geometry

    def name(self) -> str:
        return self._name

    def isOrdered(self) -> bool:
        return self._members().ordered

    def clear(self) -> None:
        self._writable().numbers.clear()

    def destroy(self) -> None:
        self._writable()
        del self._geometry._body().groups[self._OWNER][self._name]

    def dataId(self) -> AttribDataId:
        return AttribDataId._of(self._members().data_id)

    def _add(self, given: Any) -> None:
        members = self._writable()
        members.numbers += [n for n in self._listed(given) if n not in members.numbers]

    def _remove(self, given: Any) -> None:
        gone = set(self._listed(given))
        members = self._writable()
        members.numbers = [number for number in members.numbers if number not in gone]

    def _listed(self, given: Any) -> list[int]:
        if isinstance(given, _Group):
            return given._members().listed()
        elements = [given] if hasattr(given, "number") else list(given)
        return [self._own(each) for each in elements]

    def _own(self, element: Any) -> int:
        if element.geometry() is not self._geometry:
            raise OperationFailed("The element belongs to another geometry")
        return element.number()


class PointGroup(_Group):
    """A group of points."""

    _OWNER = "Point"

    def points(self) -> tuple[Point, ...]:
        return tuple(self.iterPoints())

    def iterPoints(self) -> Iterator[Point]:
        return (Point(self._geometry, number) for number in self._members().listed())

    def pointCount(self) -> int:
        return len(self._members().numbers)

    def contains(self, point: Point) -> bool:
        return self._own(point) in self._members().numbers

    def add(self, point_or_list_or_point_group: Any) -> None:
        self._add(point_or_list_or_point_group)

    def remove(self, point_or_list_or_point_group: Any) -> None:
        self._remove(point_or_list_or_point_group)


class PrimGroup(_Group):
    """A group of primitives."""

    _OWNER = "Prim"

    def prims(self) -> tuple[Any, ...]:
        return tuple(self.iterPrims())

    def iterPrims(self) -> Iterator[Any]:
        pieces = self._geometry._body().pieces
        return (prim_of(self._geometry, pieces[number]) for number in self._members().listed())

    def primCount(self) -> int:
        return len(self._members().numbers)

    def contains(self, prim: Any) -> bool:
        return self._own(prim) in self._members().numbers

    def add(self, prim_or_list_or_prim_group: Any) -> None:
        self._add(prim_or_list_or_prim_group)

    def remove(self, prim_or_list_or_prim_group: Any) -> None:
        self._remove(prim_or_list_or_prim_group)
