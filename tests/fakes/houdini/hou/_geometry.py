"""Geometry: of one's own, of a node that cooks (writable), or of a node's cook (read only)."""

from __future__ import annotations

import array
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Optional

from hou import _attribs, _cook, _verbs, _world
from hou._attribs import Attrib, AttribDataId
from hou._body import Body, Column, Members, Piece
from hou._bulk import _Bulk
from hou._constants import attribData, attribScope, attribType
from hou._elements import Point, Polygon, box_of, prim_of
from hou._enums import EnumValue
from hou._errors import GeometryPermissionError, InvalidInput, InvalidSize, OperationFailed
from hou._groups import PointGroup, PrimGroup
from hou._vectors import BoundingBox, Matrix3, Matrix4, Vector3
from hou._volume import INTRINSICS, Volume

if TYPE_CHECKING:
    from hou._sop import SopNode

NAME = re.compile(r"[A-Za-z_]\w*")


class Geometry(_Bulk):
    """Points and primitives."""

    def __init__(self, geo: Optional[Geometry] = None, clone_data_ids: bool = False) -> None:
        self._held = Body() if geo is None else geo._body().copied(clone_data_ids)
        self._node: Any = None
        self._read_only = False
        self._precision = 32

    def _body(self) -> Body:
        """Return what there is now; of a node, what it gives now, cooked where needed."""
        if self._node is None:
            return self._held
        if self._node._deleted:
            raise OperationFailed("The node that gave this geometry is gone")
        _cook.cook(self._node, _world.current().frame)
        return self._node._output._held

    def _writable(self) -> Body:
        if self._read_only:
            raise GeometryPermissionError("Geometry is read-only.")
        self._held.changes += 1
        return self._held

    # ---- whose it is ------------------------------------------------------------------------

    def sopNode(self) -> Optional[SopNode]:
        return self._node

    def isReadOnly(self) -> bool:
        return self._read_only

    def isValid(self) -> bool:
        return self._node is None or not self._node._deleted

    def freeze(self, read_only: bool = False, clone_data_ids: bool = False) -> Geometry:
        """Return a copy that follows no node; of what follows none, itself."""
        if self._node is None and self._read_only == read_only:
            return self
        made = Geometry(self, clone_data_ids)
        made._read_only = read_only
        return made

    def modificationCounter(self) -> int:
        return self._body().changes

    def preferredPrecision(self) -> int:
        return self._precision

    def setPreferredPrecision(self, prec: int) -> None:
        self._precision = prec

    def topologyDataId(self) -> AttribDataId:
        return AttribDataId._of(self._body().topology)

    def primitiveIntrinsicsDataId(self) -> AttribDataId:
        return AttribDataId._of(self._body().contents)

    # ---- points and primitives --------------------------------------------------------------

    def pointCount(self) -> int:
        return self._body().count

    def primCount(self) -> int:
        return len(self._body().pieces)

    def vertexCount(self) -> int:
        return self._body().length("Vertex")

    def points(self) -> tuple[Point, ...]:
        return tuple(self.iterPoints())

    def iterPoints(self) -> Any:
        return [Point(self, number) for number in range(self._body().count)]

    def point(self, index: int) -> Optional[Point]:
        return Point(self, index) if 0 <= index < self._body().count else None

    def prims(self) -> tuple[Any, ...]:
        return tuple(self.iterPrims())

    def iterPrims(self) -> Any:
        return [prim_of(self, each) for each in self._body().pieces]

    def prim(self, index: int) -> Any:
        pieces = self._body().pieces
        return prim_of(self, pieces[index]) if 0 <= index < len(pieces) else None

    def primsOfType(self, prim_type: EnumValue) -> tuple[Any, ...]:
        return tuple(each for each in self.prims() if each.type() is prim_type)

    def iterPrimsOfType(self, prim_type: EnumValue) -> Iterator[Any]:
        return iter(self.primsOfType(prim_type))

    def containsPrimType(self, type_or_name: Any) -> bool:
        return self.countPrimType(type_or_name) > 0

    def countPrimType(self, type_or_name: Any) -> int:
        return sum(
            type_or_name in (each.type(), each.type().name(), each.intrinsicValue("typename"))
            for each in self.iterPrims()
        )

    def globPoints(self, pattern: str, ordered: bool = False) -> tuple[Point, ...]:
        """Return the points of a pattern: names of groups, numbers, ranges, `*`."""
        numbers = _verbs.pattern_points(self._body(), pattern)
        return tuple(Point(self, number) for number in sorted(numbers))

    def createPoint(self) -> Point:
        return Point(self, self._writable().add_points(1))

    def createPoints(self, point_positions: Sequence[Sequence[float]]) -> tuple[Point, ...]:
        body = self._writable()
        places = [tuple(each) for each in point_positions]
        if any(len(each) != 3 for each in places):
            raise InvalidSize("Point positions need three values")
        first = body.add_points(len(places))
        column = body.columns["Point"]["P"]
        flat = array.array(column.code, [value for each in places for value in each])
        column.values[first * 3 :] = flat
        return tuple(Point(self, first + number) for number in range(len(places)))

    def createPolygon(self, is_closed: bool = True) -> Polygon:
        piece = self._writable().add_piece(Piece("Polygon", []))
        piece.closed = is_closed
        return Polygon(self, piece)

    def createPolygons(
        self, point_positions: Sequence[Any], is_closed: bool = True
    ) -> tuple[Polygon, ...]:
        body = self._writable()
        made: list[Polygon] = []
        for each in point_positions:
            numbers = [one if isinstance(one, int) else one.number() for one in each]
            if any(not 0 <= number < body.count for number in numbers):
                raise InvalidInput("Invalid point number")
            piece = body.add_piece(Piece("Polygon", numbers))
            piece.closed = is_closed
            made.append(Polygon(self, piece))
        return tuple(made)

    def createVolume(
        self, xres: int, yres: int, zres: int, bounding_box: Optional[BoundingBox] = None
    ) -> Volume:
        """Add a volume of zeros, with the point that says where it is."""
        if min(xres, yres, zres) <= 0:
            raise OperationFailed("Resolutions must be positive")
        body = self._writable()
        box = bounding_box or BoundingBox(-1, -1, -1, 1, 1, 1)
        piece = Piece("Volume", [body.add_points(1)])
        piece.resolution = (xres, yres, zres)
        piece.voxels = array.array("f", bytes(4 * xres * yres * zres))
        half = box.sizevec() * 0.5
        piece.matrix = Matrix3([[half[0], 0, 0], [0, half[1], 0], [0, 0, half[2]]])
        piece.intrinsics = dict(INTRINSICS)
        volume = Volume(self, body.add_piece(piece))
        volume.vertex(0).point().setPosition(box.center())
        return volume

    def deletePrims(self, prims: Any, keep_points: bool = False) -> None:
        body = self._writable()
        given = prims.prims() if isinstance(prims, PrimGroup) else prims
        body.drop_pieces({each.number() for each in given}, not keep_points)

    def deletePoints(self, points: Any) -> None:
        body = self._writable()
        given = points.points() if isinstance(points, PointGroup) else points
        body.drop_points({each.number() for each in given})

    def clear(self) -> None:
        self._writable()
        self._held = Body()

    def copy(self, geometry: Geometry, clone_data_ids: bool = False, prims: Any = None) -> None:
        self._writable()
        self._held = geometry._body().copied(clone_data_ids)

    def merge(self, geometry: Geometry, clone_data_ids: bool = False, prims: Any = None) -> None:
        self._writable().add(geometry._body())

    def boundingBox(self, transform: Optional[Matrix4] = None) -> BoundingBox:
        places = [each.position() for each in self.iterPoints()]
        for each in self.iterPrims():
            if isinstance(each, Volume):
                places += [each.boundingBox().minvec(), each.boundingBox().maxvec()]
        return box_of([each * transform for each in places] if transform else places)

    def transform(self, matrix: Matrix4) -> None:
        self._writable()
        for each in self.iterPrims():
            if isinstance(each, Volume):
                each.setTransform(each._full() * matrix)
        moved = {p for each in self._held.pieces if each.kind == "Volume" for p in each.points}
        for each in self.iterPoints():
            if each.number() not in moved:
                each.setPosition(Vector3(each.position()) * matrix)

    def _intrinsics(self) -> dict[str, Any]:
        body, box = self._body(), self.boundingBox()
        pairs = zip(box.minvec(), box.maxvec())
        return {
            "pointcount": body.count,
            "primitivecount": len(body.pieces),
            "vertexcount": body.length("Vertex"),
            "bounds": tuple(each for pair in pairs for each in pair),
        }

    def intrinsicNames(self) -> tuple[str, ...]:
        return tuple(self._intrinsics())

    def intrinsicValue(self, intrinsic_name: str) -> Any:
        found = self._intrinsics()
        if intrinsic_name not in found:
            raise OperationFailed("Invalid intrinsic name")
        return found[intrinsic_name]

    # ---- attributes -------------------------------------------------------------------------

    def addAttrib(
        self,
        type: EnumValue,
        name: str,
        default_value: Any,
        transform_as_normal: bool = False,
        create_local_variable: bool = True,
    ) -> Attrib:
        made = _attribs.make_column(name, default_value, self._precision == 64)
        if transform_as_normal:
            if made.size != 3 or made.code not in "fd":
                raise OperationFailed("Only three floats are transformed as normals")
            made.options["type"] = "normal"
        return self._add_column(type, made)

    def addArrayAttrib(
        self, type: EnumValue, name: str, data_type: EnumValue, tuple_size: int = 1
    ) -> Attrib:
        code = {attribData.Int: "i", attribData.Float: "f", attribData.String: "s"}[data_type]
        made = Column(name, code, tuple_size, [0 if code != "s" else ""] * tuple_size)
        made.options["array"] = True
        return self._add_column(type, made)

    def _add_column(self, owner: EnumValue, made: Column) -> Attrib:
        columns = self._writable().columns[owner.name()]
        if made.name in columns:
            raise OperationFailed("An attribute with this name already exists")
        if not NAME.fullmatch(made.name):
            raise OperationFailed("Invalid attribute name")
        made.grow(self._held.length(owner.name()))
        columns[made.name] = made
        return Attrib(self, owner.name(), made.name)

    def _find_attrib(self, owner: str, name: str) -> Optional[Attrib]:
        return Attrib(self, owner, name) if name in self._body().columns[owner] else None

    def findPointAttrib(self, name: str, scope: EnumValue = attribScope.Public) -> Optional[Attrib]:
        return self._find_attrib("Point", name)

    def findPrimAttrib(self, name: str, scope: EnumValue = attribScope.Public) -> Optional[Attrib]:
        return self._find_attrib("Prim", name)

    def findVertexAttrib(
        self, name: str, scope: EnumValue = attribScope.Public
    ) -> Optional[Attrib]:
        return self._find_attrib("Vertex", name)

    def findGlobalAttrib(
        self, name: str, scope: EnumValue = attribScope.Public
    ) -> Optional[Attrib]:
        return self._find_attrib("Global", name)

    def _attribs_of(self, owner: str) -> tuple[Attrib, ...]:
        return tuple(Attrib(self, owner, name) for name in self._body().columns[owner])

    def pointAttribs(self, scope: EnumValue = attribScope.Public) -> tuple[Attrib, ...]:
        return self._attribs_of("Point")

    def primAttribs(self, scope: EnumValue = attribScope.Public) -> tuple[Attrib, ...]:
        return self._attribs_of("Prim")

    def vertexAttribs(self, scope: EnumValue = attribScope.Public) -> tuple[Attrib, ...]:
        return self._attribs_of("Vertex")

    def globalAttribs(self, scope: EnumValue = attribScope.Public) -> tuple[Attrib, ...]:
        return self._attribs_of("Global")

    def attribType(self) -> EnumValue:
        return attribType.Global

    def attribValue(self, name_or_attrib: Any) -> Any:
        found = self._body().find("Global", _attribs.name_of(name_or_attrib))
        return _attribs.value_at(found, 0)

    def setGlobalAttribValue(self, name_or_attrib: Any, attrib_value: Any) -> None:
        found = self._writable().find("Global", _attribs.name_of(name_or_attrib))
        _attribs.put_at(found, 0, attrib_value)

    # ---- groups -----------------------------------------------------------------------------

    def _new_group(self, owner: str, name: str, ordered: bool, unique: bool) -> str:
        if not NAME.fullmatch(name):
            raise OperationFailed("Invalid group name")
        groups = self._writable().groups[owner]
        made, number = name, 1
        while made in groups and unique:
            made, number = f"{name}{number}", number + 1
        if made in groups:
            raise OperationFailed("A group with this name already exists")
        groups[made] = Members(ordered)
        return made

    def createPointGroup(
        self, name: str, is_ordered: bool = False, unique_name: bool = False
    ) -> PointGroup:
        return PointGroup(self, self._new_group("Point", name, is_ordered, unique_name))

    def createPrimGroup(
        self, name: str, is_ordered: bool = False, unique_name: bool = False
    ) -> PrimGroup:
        return PrimGroup(self, self._new_group("Prim", name, is_ordered, unique_name))

    def findPointGroup(
        self, name: str, scope: EnumValue = attribScope.Public
    ) -> Optional[PointGroup]:
        return PointGroup(self, name) if name in self._body().groups["Point"] else None

    def findPrimGroup(
        self, name: str, scope: EnumValue = attribScope.Public
    ) -> Optional[PrimGroup]:
        return PrimGroup(self, name) if name in self._body().groups["Prim"] else None

    def pointGroups(self, scope: EnumValue = attribScope.Public) -> tuple[PointGroup, ...]:
        return tuple(PointGroup(self, name) for name in self._body().groups["Point"])

    def primGroups(self, scope: EnumValue = attribScope.Public) -> tuple[PrimGroup, ...]:
        return tuple(PrimGroup(self, name) for name in self._body().groups["Prim"])


def following(node: SopNode) -> Geometry:
    """Return the geometry of a node as others see it: read only, and always its latest."""
    made = Geometry()
    made._node, made._read_only = node, True
    return made
