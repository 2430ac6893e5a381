"""Attributes of geometry, and the numbers by which a change of them is told."""

from __future__ import annotations

import array
from typing import TYPE_CHECKING, Any

from hou._body import Column
from hou._constants import attribData, attribType, numericData
from hou._enums import EnumValue
from hou._errors import ObjectWasDeleted, OperationFailed
from hou._guard import Guarded

if TYPE_CHECKING:
    from hou._geometry import Geometry

KINDS = {
    "f": numericData.Float32, "d": numericData.Float64,
    "i": numericData.Int32, "q": numericData.Int64,
}  # fmt: skip


class AttribDataId:
    """A number of what an attribute holds: it is the same as long as that is."""

    def __init__(self) -> None:
        self._number = -1

    @classmethod
    def _of(cls, number: int) -> AttribDataId:
        made = cls()
        made._number = number
        return made

    def isValid(self) -> bool:
        return self._number >= 0

    def vexAttribDataId(self) -> tuple[int, ...]:
        return (self._number, 0, 0, 0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AttribDataId) and other._number == self._number

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._number)


class Attrib(Guarded):
    """An attribute of a geometry."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._geometry, self._owner, self._name = args

    def _column(self) -> Column:
        found = self._geometry._body().columns[self._owner].get(self._name)
        if found is None:
            raise ObjectWasDeleted("The attribute no longer exists")
        return found

    def geometry(self) -> Geometry:
        return self._geometry

    def name(self) -> str:
        return self._column().name

    def type(self) -> EnumValue:
        return getattr(attribType, self._owner)

    def dataType(self) -> EnumValue:
        code = self._column().code
        if code == "s":
            return attribData.String
        return attribData.Float if code in "fd" else attribData.Int

    def numericDataType(self) -> EnumValue:
        code = self._column().code
        if code == "s":
            raise OperationFailed("The attribute is not a numeric attribute")
        return KINDS[code]

    def size(self) -> int:
        return self._column().size

    def isArrayType(self) -> bool:
        return bool(self._column().options.get("array"))

    def qualifier(self) -> str:
        kind = {"point": "Position", "normal": "Normal", "vector": "Vector"}
        return kind.get(self._column().options.get("type", ""), "")

    def isTransformedAsNormal(self) -> bool:
        return self._column().options.get("type") == "normal"

    def isTransformedAsVector(self) -> bool:
        return self._column().options.get("type") == "vector"

    def defaultValue(self) -> Any:
        column = self._column()
        return column.default[0] if column.size == 1 else column.default

    def options(self) -> dict[str, Any]:
        return {name: value for name, value in self._column().options.items() if name != "array"}

    def setOption(self, name: str, value: Any, type_hint: Any = None) -> None:
        self._geometry._writable()
        self._column().options[name] = value

    def strings(self) -> tuple[str, ...]:
        if self._column().code != "s":
            raise OperationFailed("The attribute is not a string attribute")
        return tuple(sorted({each for each in self._column().values if each}))

    def dataId(self) -> AttribDataId:
        return AttribDataId._of(self._column().data_id)

    def incrementDataId(self) -> None:
        self._geometry._writable()
        self._column().touch()

    def destroy(self) -> None:
        body = self._geometry._writable()
        if self._owner == "Point" and self._name == "P":
            raise OperationFailed("P cannot be removed")
        self._column()
        del body.columns[self._owner][self._name]


def name_of(named: Any) -> str:
    """Return the name of an attribute that is given by name or by handle."""
    return named if isinstance(named, str) else named.name()


def make_column(name: str, default: Any, precise: bool = False) -> Column:
    """Return an attribute whose kind and size are those of its default value.

    Raises:
        OperationFailed: it is of no kind that an attribute can have.
    """
    given = [default] if isinstance(default, (int, float, str)) else list(default)
    if all(isinstance(each, str) for each in given):
        return Column(name, "s", len(given), [""] * len(given))
    if not given or not all(isinstance(each, (int, float)) for each in given):
        raise OperationFailed("Invalid default value")
    whole = all(isinstance(each, int) for each in given)
    return Column(name, ("q" if precise else "i") if whole else "d" if precise else "f",
                  len(given), given)  # fmt: skip


def value_at(column: Column, index: int) -> Any:
    """Return an element's value: alone, or as a tuple where there are several."""
    found = tuple(column.at(index))
    return found[0] if column.size == 1 else found


def put_at(column: Column, index: int, value: Any) -> None:
    """Set an element's value.

    Raises:
        OperationFailed: its kind or size is not the attribute's.
    """
    given = [value] if isinstance(value, (int, float, str)) else list(value)
    texts = all(isinstance(each, str) for each in given)
    whole = all(isinstance(each, int) for each in given)
    if len(given) != column.size or texts != (column.code == "s"):
        raise OperationFailed("Invalid attribute value")
    if column.code in "iq" and not whole:
        raise OperationFailed("Invalid attribute value")
    column.put(index, given if texts else array.array(column.code, given))
