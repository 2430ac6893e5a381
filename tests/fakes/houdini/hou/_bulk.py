"""Attributes of all elements at once: as tuples, and as bytes."""

from __future__ import annotations

import array
from collections.abc import Sequence
from typing import Any

from hou import _buffers
from hou._body import Body, Column
from hou._constants import numericData
from hou._enums import EnumValue
from hou._errors import GeometryPermissionError, InvalidSize, OperationFailed
from hou._guard import Guarded


class _Bulk(Guarded):
    """The part of a geometry that hands out and takes whole attributes."""

    def _body(self) -> Body:
        raise NotImplementedError

    def _writable(self) -> Body:
        raise GeometryPermissionError("Geometry is read-only.")

    def _numbers(self, owner: str, name: str) -> Column:
        found = self._body().find(owner, name)
        if found.code == "s" or found.options.get("array"):
            raise OperationFailed("The attribute is not an int or float attribute")
        return found

    def _as_bytes(self, owner: str, name: str, kind: EnumValue, codes: Any) -> bytes:
        if kind not in codes:
            raise OperationFailed(f"Invalid numeric data type {kind!r}")
        return _buffers.to_bytes(self._numbers(owner, name).values, codes[kind])

    def _put(self, owner: str, name: str, values: Any) -> None:
        self._writable()
        column = self._numbers(owner, name)
        if len(values) != len(column.values):
            raise OperationFailed("Incorrect attribute value sequence size")
        whole = column.code in "iq"
        column.values = array.array(column.code, map(int, values) if whole else values)
        column.touch()

    def _put_bytes(self, owner: str, name: str, given: Any, kind: EnumValue, codes: Any) -> None:
        if kind not in codes:
            raise OperationFailed(f"Invalid numeric data type {kind!r}")
        self._put(owner, name, _buffers.from_bytes(given, codes[kind]))

    def _strings(self, owner: str, name: str) -> Column:
        found = self._body().find(owner, name)
        if found.code != "s":
            raise OperationFailed("The attribute is not a string attribute")
        return found

    def _put_strings(self, owner: str, name: str, values: Sequence[str]) -> None:
        self._writable()
        column = self._strings(owner, name)
        if len(values) != len(column.values):
            raise InvalidSize("Incorrect attribute value sequence size")
        column.values = list(values)
        column.touch()

    # ---- points ---------------------------------------------------------------------------

    def pointFloatAttribValues(self, name: str) -> tuple[float, ...]:
        return tuple(map(float, self._numbers("Point", name).values))

    def pointFloatAttribValuesAsString(
        self, name: str, float_type: EnumValue = numericData.Float32
    ) -> bytes:
        return self._as_bytes("Point", name, float_type, _buffers.FLOATS)

    def setPointFloatAttribValues(self, name: str, values: Sequence[float]) -> None:
        self._put("Point", name, values)

    def setPointFloatAttribValuesFromString(
        self, name: str, values: bytes, float_type: EnumValue = numericData.Float32
    ) -> None:
        self._put_bytes("Point", name, values, float_type, _buffers.FLOATS)

    def pointIntAttribValues(self, name: str) -> tuple[int, ...]:
        return tuple(map(int, self._numbers("Point", name).values))

    def pointIntAttribValuesAsString(
        self, name: str, int_type: EnumValue = numericData.Int32
    ) -> bytes:
        return self._as_bytes("Point", name, int_type, _buffers.INTS)

    def setPointIntAttribValues(self, name: str, values: Sequence[int]) -> None:
        self._put("Point", name, values)

    def setPointIntAttribValuesFromString(
        self, name: str, values: bytes, int_type: EnumValue = numericData.Int32
    ) -> None:
        self._put_bytes("Point", name, values, int_type, _buffers.INTS)

    def pointStringAttribValues(self, name: str) -> tuple[str, ...]:
        return tuple(self._strings("Point", name).values)

    def setPointStringAttribValues(self, name: str, values: Sequence[str]) -> None:
        self._put_strings("Point", name, values)

    # ---- prims ----------------------------------------------------------------------------

    def primFloatAttribValues(self, name: str) -> tuple[float, ...]:
        return tuple(map(float, self._numbers("Prim", name).values))

    def primFloatAttribValuesAsString(
        self, name: str, float_type: EnumValue = numericData.Float32
    ) -> bytes:
        return self._as_bytes("Prim", name, float_type, _buffers.FLOATS)

    def setPrimFloatAttribValues(self, name: str, values: Sequence[float]) -> None:
        self._put("Prim", name, values)

    def setPrimFloatAttribValuesFromString(
        self, name: str, values: bytes, float_type: EnumValue = numericData.Float32
    ) -> None:
        self._put_bytes("Prim", name, values, float_type, _buffers.FLOATS)

    def primIntAttribValues(self, name: str) -> tuple[int, ...]:
        return tuple(map(int, self._numbers("Prim", name).values))

    def primIntAttribValuesAsString(
        self, name: str, int_type: EnumValue = numericData.Int32
    ) -> bytes:
        return self._as_bytes("Prim", name, int_type, _buffers.INTS)

    def setPrimIntAttribValues(self, name: str, values: Sequence[int]) -> None:
        self._put("Prim", name, values)

    def setPrimIntAttribValuesFromString(
        self, name: str, values: bytes, int_type: EnumValue = numericData.Int32
    ) -> None:
        self._put_bytes("Prim", name, values, int_type, _buffers.INTS)

    def primStringAttribValues(self, name: str) -> tuple[str, ...]:
        return tuple(self._strings("Prim", name).values)

    def setPrimStringAttribValues(self, name: str, values: Sequence[str]) -> None:
        self._put_strings("Prim", name, values)

    # ---- vertexs --------------------------------------------------------------------------

    def vertexFloatAttribValues(self, name: str) -> tuple[float, ...]:
        return tuple(map(float, self._numbers("Vertex", name).values))

    def vertexFloatAttribValuesAsString(
        self, name: str, float_type: EnumValue = numericData.Float32
    ) -> bytes:
        return self._as_bytes("Vertex", name, float_type, _buffers.FLOATS)

    def setVertexFloatAttribValues(self, name: str, values: Sequence[float]) -> None:
        self._put("Vertex", name, values)

    def setVertexFloatAttribValuesFromString(
        self, name: str, values: bytes, float_type: EnumValue = numericData.Float32
    ) -> None:
        self._put_bytes("Vertex", name, values, float_type, _buffers.FLOATS)

    def vertexIntAttribValues(self, name: str) -> tuple[int, ...]:
        return tuple(map(int, self._numbers("Vertex", name).values))

    def vertexIntAttribValuesAsString(
        self, name: str, int_type: EnumValue = numericData.Int32
    ) -> bytes:
        return self._as_bytes("Vertex", name, int_type, _buffers.INTS)

    def setVertexIntAttribValues(self, name: str, values: Sequence[int]) -> None:
        self._put("Vertex", name, values)

    def setVertexIntAttribValuesFromString(
        self, name: str, values: bytes, int_type: EnumValue = numericData.Int32
    ) -> None:
        self._put_bytes("Vertex", name, values, int_type, _buffers.INTS)

    def vertexStringAttribValues(self, name: str) -> tuple[str, ...]:
        return tuple(self._strings("Vertex", name).values)

    def setVertexStringAttribValues(self, name: str, values: Sequence[str]) -> None:
        self._put_strings("Vertex", name, values)
