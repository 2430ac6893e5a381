"""Points, vertices and primitives, as handles on a geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

from hou import _attribs, _world
from hou._body import Piece
from hou._constants import attribType, primType
from hou._enums import EnumValue
from hou._errors import ObjectWasDeleted, OperationFailed
from hou._guard import Guarded
from hou._vectors import BoundingBox, Vector3

if TYPE_CHECKING:
    from hou._attribs import Attrib
    from hou._geometry import Geometry

GONE = "Attempt to access an object that no longer exists in Houdini."


class _Element(Guarded):
    _OWNER = ""
    _geometry: Geometry

    def number(self) -> int:
        raise NotImplementedError

    def geometry(self) -> Geometry:
        return self._geometry

    def attribType(self) -> EnumValue:
        return getattr(attribType, self._OWNER)

    def attribValue(self, attrib: Union[str, Attrib]) -> Any:
        column = self._geometry._body().find(self._OWNER, _attribs.name_of(attrib))
        return _attribs.value_at(column, self.number())

    def floatAttribValue(self, attrib: Union[str, Attrib]) -> float:
        return float(self.attribValue(attrib))

    def intAttribValue(self, attrib: Union[str, Attrib]) -> int:
        return int(self.attribValue(attrib))

    def stringAttribValue(self, attrib: Union[str, Attrib]) -> str:
        found = self.attribValue(attrib)
        if not isinstance(found, str):
            raise OperationFailed("The attribute is not a string attribute")
        return found

    def setAttribValue(self, name_or_attrib: Union[str, Attrib], attrib_value: Any) -> None:
        body = self._geometry._writable()
        column = body.find(self._OWNER, _attribs.name_of(name_or_attrib))
        _attribs.put_at(column, self.number(), attrib_value)


class _Cornered(_Element):
    """What names its attributes otherwise than primitives do."""

    def floatAttribValue(self, name_or_attrib: Union[str, Attrib]) -> float:
        return super().floatAttribValue(name_or_attrib)

    def intAttribValue(self, name_or_attrib: Union[str, Attrib]) -> int:
        return super().intAttribValue(name_or_attrib)

    def stringAttribValue(self, name_or_attrib: Union[str, Attrib]) -> str:
        return super().stringAttribValue(name_or_attrib)


class Point(_Cornered):
    """A point, by its number."""

    _OWNER = "Point"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._geometry, self._number = args

    def number(self) -> int:
        if self._number >= self._geometry._body().count:
            raise ObjectWasDeleted(GONE)
        return self._number

    def position(self) -> Vector3:
        return Vector3(self.attribValue("P"))

    def setPosition(self, position: Any) -> None:
        self.setAttribValue("P", [float(each) for each in position])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and (
            (other._geometry, other._number) == (self._geometry, self._number)
        )

    def __hash__(self) -> int:
        return hash(self._number)


class Vertex(_Cornered):
    """A corner of a primitive."""

    _OWNER = "Vertex"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._geometry, self._prim, self._number = args

    def number(self) -> int:
        return self._number

    def prim(self) -> Prim:
        return self._prim

    def point(self) -> Point:
        return Point(self._geometry, self._prim._piece_now().points[self._number])


class Prim(_Element):
    """A primitive."""

    _OWNER = "Prim"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._geometry, self._piece = args

    def _piece_now(self) -> Piece:
        if self._piece not in self._geometry._body().pieces:
            raise ObjectWasDeleted(GONE)
        return self._piece

    def _piece_writable(self) -> Piece:
        body = self._geometry._writable()
        body.contents = _world.current().next_data_id()
        return self._piece_now()

    def number(self) -> int:
        return self._geometry._body().pieces.index(self._piece_now())

    def type(self) -> EnumValue:
        return getattr(primType, self._piece_now().kind)

    def vertices(self) -> tuple[Vertex, ...]:
        count = len(self._piece_now().points)
        return tuple(Vertex(self._geometry, self, number) for number in range(count))

    def numVertices(self) -> int:
        return len(self._piece_now().points)

    def boundingBox(self) -> BoundingBox:
        return box_of([each.point().position() for each in self.vertices()])

    def _intrinsics(self) -> dict[str, Any]:
        box = self.boundingBox()
        pairs = zip(box.minvec(), box.maxvec())
        return {
            "typename": {"Polygon": "Poly"}.get(self._piece.kind, self._piece.kind),
            "vertexcount": self.numVertices(),
            "bounds": tuple(each for pair in pairs for each in pair),
            **self._piece_now().intrinsics,
        }

    def intrinsicNames(self) -> tuple[str, ...]:
        return tuple(self._intrinsics())

    def intrinsicValue(self, intrinsic_name: str) -> Any:
        found = self._intrinsics()
        if intrinsic_name not in found:
            raise OperationFailed("Invalid intrinsic name")
        return found[intrinsic_name]

    def intrinsicReadOnly(self, intrinsic_name: str) -> bool:
        return intrinsic_name not in self._piece_now().intrinsics

    def setIntrinsicValue(self, intrinsic_name: str, value: Any) -> None:
        held = self._piece_writable().intrinsics
        if intrinsic_name not in held:
            raise OperationFailed("Invalid or read-only intrinsic name")
        held[intrinsic_name] = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prim) and other._piece is self._piece

    def __hash__(self) -> int:
        return id(self._piece)


class Face(Prim):
    """What has corners in a row."""

    def isClosed(self) -> bool:
        return self._piece_now().closed

    def addVertex(self, point: Point) -> Vertex:
        piece = self._piece_writable()
        piece.points.append(point.number())
        return self.vertices()[-1]


class Polygon(Face):
    """A polygon or a polygonal curve."""


def box_of(places: list[Any]) -> BoundingBox:
    """Return the box around points."""
    if not places:
        return BoundingBox()
    columns = list(zip(*places))
    return BoundingBox(*map(min, columns), *map(max, columns))


def prim_of(geometry: Geometry, piece: Piece) -> Any:
    """Return the handle that a primitive's kind has."""
    from hou._vdb import VDB
    from hou._volume import Volume

    kinds: dict[str, Any] = {"Volume": Volume, "Polygon": Polygon, "VDB": VDB}
    return kinds.get(piece.kind, Prim)(geometry, piece)
