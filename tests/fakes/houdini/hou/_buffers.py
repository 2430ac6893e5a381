"""Numbers as bytes, in the kinds that Houdini hands out and takes."""

from __future__ import annotations

import array
import struct
from typing import Any

from hou._constants import numericData
from hou._errors import OperationFailed

FLOATS = {numericData.Float16: "e", numericData.Float32: "f", numericData.Float64: "d"}
INTS = {
    numericData.Int8: "b",
    numericData.Int16: "h",
    numericData.Int32: "i",
    numericData.Int64: "q",
}


def to_bytes(values: Any, code: str) -> bytes:
    """Return numbers as bytes of the kind *code*; whole numbers wrap, as in C."""
    if isinstance(values, array.array) and values.typecode == code:
        return values.tobytes()
    if code == "e":
        return b"".join(map(_half, values))
    if code in "fd":
        return array.array(code, values).tobytes()
    bits = struct.calcsize(code) * 8
    half = 1 << (bits - 1)
    return array.array(code, [(int(v) + half) % (1 << bits) - half for v in values]).tobytes()


def _half(value: float) -> bytes:
    try:
        return struct.pack("<e", value)
    except OverflowError:
        return struct.pack("<e", float("inf") if value > 0 else float("-inf"))


def from_bytes(given: Any, code: str) -> Any:
    """Return the numbers in a buffer: bytes, or any object with the buffer interface.

    Raises:
        OperationFailed: it is no buffer, or ends inside a number.
    """
    try:
        raw = memoryview(given).cast("B")
    except TypeError as error:
        raise OperationFailed(f"A buffer is needed, not {type(given).__name__}") from error
    if len(raw) % struct.calcsize(code):
        raise OperationFailed("Incorrect attribute value sequence size")
    if code == "e":
        return [value for (value,) in struct.iter_unpack("<e", raw)]
    made = array.array(code)
    made.frombytes(raw)
    return made
