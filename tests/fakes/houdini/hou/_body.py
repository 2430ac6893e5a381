"""What geometry is made of: points, primitives, attributes in buffers, groups."""

from __future__ import annotations

import array
from typing import Any

from hou import _world
from hou._errors import OperationFailed
from hou._vectors import Matrix3

OWNERS = ("Point", "Prim", "Vertex", "Global")


class Column:
    """An attribute: one value, of some numbers or a text, for each element of its owner."""

    def __init__(self, name: str, code: str, size: int, default: Any, options: Any = ()) -> None:
        self.name, self.code, self.size = name, code, size
        self.default = tuple(default)
        self.options = dict(options)
        self.values: Any = [] if code == "s" else array.array(code)
        self.data_id = _world.current().next_data_id()

    def touch(self) -> None:
        """Note that the values are not what they were."""
        self.data_id = _world.current().next_data_id()

    def grow(self, count: int) -> None:
        """Give *count* more elements the default."""
        self.values.extend(list(self.default) * count)
        self.touch()

    def at(self, index: int) -> Any:
        """Return the values of an element."""
        return self.values[index * self.size : (index + 1) * self.size]

    def put(self, index: int, given: Any) -> None:
        """Set the values of an element."""
        for place, value in enumerate(given):
            self.values[index * self.size + place] = value
        self.touch()

    def keep(self, kept: list[int]) -> None:
        """Keep some elements only."""
        values = [each for index in kept for each in self.at(index)]
        self.values = values if self.code == "s" else array.array(self.code, values)
        self.touch()

    def copied(self, same_id: bool) -> Column:
        """Return another one with the same values."""
        made = Column(self.name, self.code, self.size, self.default, self.options)
        made.values = self.values[:]
        if same_id:
            made.data_id = self.data_id
        return made


class Piece:
    """A primitive: a polygon's points, or a volume's voxels."""

    def __init__(self, kind: str, points: list[int]) -> None:
        self.kind = kind
        self.points = points
        self.closed = True
        self.resolution = (0, 0, 0)
        self.voxels: Any = array.array("f")
        self.matrix = Matrix3(1)
        self.intrinsics: dict[str, Any] = {}
        self.fixed: dict[str, Any] = {}
        """Intrinsics that cannot be set."""

    def copied(self, offset: int = 0) -> Piece:
        """Return another one, of points that stand *offset* further on."""
        made = Piece(self.kind, [each + offset for each in self.points])
        made.closed, made.resolution = self.closed, self.resolution
        made.voxels, made.matrix = self.voxels[:], Matrix3(self.matrix)
        made.intrinsics, made.fixed = dict(self.intrinsics), dict(self.fixed)
        return made


class Members:
    """A group: the numbers of what is in it, in the order in which they came."""

    def __init__(self, ordered: bool, numbers: Any = ()) -> None:
        self.ordered = ordered
        self.numbers: list[int] = list(numbers)
        self.data_id = _world.current().next_data_id()

    def listed(self) -> list[int]:
        """Return the numbers: as they came in an ordered group, else by size."""
        return list(self.numbers) if self.ordered else sorted(self.numbers)


class Body:
    """Points, primitives, and what is known of them."""

    def __init__(self) -> None:
        self.count = 0
        self.pieces: list[Piece] = []
        self.columns: dict[str, dict[str, Column]] = {owner: {} for owner in OWNERS}
        self.columns["Point"]["P"] = Column("P", "f", 3, (0.0, 0.0, 0.0), {"type": "point"})
        self.groups: dict[str, dict[str, Members]] = {"Point": {}, "Prim": {}}
        self.topology = _world.current().next_data_id()
        self.contents = _world.current().next_data_id()
        """Of what primitives are, apart from their attributes."""
        self.changes = 0

    def length(self, owner: str) -> int:
        """Return how many elements an owner has."""
        vertices = sum(len(each.points) for each in self.pieces)
        return {
            "Point": self.count, "Prim": len(self.pieces), "Vertex": vertices, "Global": 1,
        }[owner]  # fmt: skip

    def find(self, owner: str, name: str) -> Column:
        """Return an attribute.

        Raises:
            OperationFailed: there is none of that name.
        """
        if name not in self.columns[owner]:
            raise OperationFailed("Invalid attribute name")
        return self.columns[owner][name]

    def add_points(self, count: int) -> int:
        """Add points with the defaults of their attributes; return the first's number."""
        first = self.count
        self.count += count
        for each in self.columns["Point"].values():
            each.grow(count)
        self._retopologised()
        return first

    def add_piece(self, piece: Piece) -> Piece:
        """Add a primitive with the defaults of its attributes."""
        self.pieces.append(piece)
        for each in self.columns["Prim"].values():
            each.grow(1)
        for each in self.columns["Vertex"].values():
            each.grow(len(piece.points))
        self._retopologised()
        return piece

    def _retopologised(self) -> None:
        self.topology = _world.current().next_data_id()
        self.contents = _world.current().next_data_id()

    def copied(self, same_ids: bool = False) -> Body:
        """Return another one with the same content."""
        made = Body()
        made.count = self.count
        made.pieces = [each.copied() for each in self.pieces]
        for owner, columns in self.columns.items():
            made.columns[owner] = {name: each.copied(same_ids) for name, each in columns.items()}
        for owner, groups in self.groups.items():
            made.groups[owner] = {
                name: Members(each.ordered, each.numbers) for name, each in groups.items()
            }
        if same_ids:
            made.topology, made.contents = self.topology, self.contents
        return made

    def add(self, other: Body) -> None:
        """Append another one's points and primitives; attributes that one lacks get defaults."""
        points, pieces = self.count, len(self.pieces)
        for owner in ("Point", "Prim", "Vertex"):
            self._join_columns(owner, other)
        self.count += other.count
        self.pieces += [each.copied(points) for each in other.pieces]
        for owner, start in (("Point", points), ("Prim", pieces)):
            for name, each in other.groups[owner].items():
                mine = self.groups[owner].setdefault(name, Members(each.ordered))
                mine.numbers += [number + start for number in each.numbers]
        for name, each in other.columns["Global"].items():
            self.columns["Global"].setdefault(name, each.copied(False))
        self._retopologised()

    def _join_columns(self, owner: str, other: Body) -> None:
        mine, theirs = self.columns[owner], other.columns[owner]
        for name, each in theirs.items():
            if name not in mine:
                mine[name] = Column(name, each.code, each.size, each.default, each.options)
                mine[name].grow(self.length(owner))
        for name, each in mine.items():
            if name in theirs:
                each.values.extend(theirs[name].values)
                each.touch()
            else:
                each.grow(other.length(owner))

    def drop_points(self, gone: set[int]) -> None:
        """Remove points, and the vertices that stand on them."""
        kept = [number for number in range(self.count) if number not in gone]
        place = {number: index for index, number in enumerate(kept)}
        self._keep_vertices(lambda number: number in place)
        for each in self.pieces:
            each.points = [place[number] for number in each.points if number in place]
        for each in self.columns["Point"].values():
            each.keep(kept)
        self._keep_members("Point", place)
        self.count = len(kept)
        self.drop_pieces({n for n, each in enumerate(self.pieces) if not each.points})

    def drop_pieces(self, gone: set[int], with_points: bool = False) -> None:
        """Remove primitives, and where asked the points that no other one uses."""
        if not gone:
            return
        freed = {point for number in gone for point in self.pieces[number].points}
        kept = [number for number in range(len(self.pieces)) if number not in gone]
        corners = self._corners()
        for each in self.columns["Vertex"].values():
            each.keep([corner for number in kept for corner in corners[number]])
        for each in self.columns["Prim"].values():
            each.keep(kept)
        self.pieces = [self.pieces[number] for number in kept]
        self._keep_members("Prim", {number: index for index, number in enumerate(kept)})
        self._retopologised()
        if with_points:
            used = {point for each in self.pieces for point in each.points}
            self.drop_points(freed - used)

    def _corners(self) -> list[range]:
        """Return the vertices' numbers of each primitive."""
        found: list[range] = []
        start = 0
        for each in self.pieces:
            found.append(range(start, start + len(each.points)))
            start += len(each.points)
        return found

    def _keep_vertices(self, stays: Any) -> None:
        numbers = [point for each in self.pieces for point in each.points]
        kept = [corner for corner, point in enumerate(numbers) if stays(point)]
        for each in self.columns["Vertex"].values():
            each.keep(kept)

    def _keep_members(self, owner: str, place: dict[int, int]) -> None:
        for each in self.groups[owner].values():
            each.numbers = [place[number] for number in each.numbers if number in place]
