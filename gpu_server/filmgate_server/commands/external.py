"""The files that an ONNX graph keeps tensors in, read from its bytes without a library of ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from filmgate.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterator

_INSIDE = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
"""Where tensors stand: the kind of message in each field; numbers from onnx.proto."""

_KEY_FIELD, _VALUE_FIELD = 1, 2
_VARINT_BYTES_MAX = 10
_SEVEN_BITS, _MORE = 0x7F, 0x80


def external_files(content: bytes) -> set[str]:
    """Return the files that an ONNX graph names for its tensors.

    Args:
        content: of the ``.onnx`` file, a protobuf message.

    Raises:
        ManifestError: it is none.
    """
    found: set[str] = set()
    left = [("model", memoryview(content))]
    try:
        while left:
            kind, message = left.pop()
            fields = list(_fields(message))
            if kind == "entry":
                found |= _locations(fields)
            else:
                inside = _INSIDE[kind]
                left += [(inside[number], part) for number, part in fields if number in inside]
    except (IndexError, ValueError) as error:
        raise ManifestError(f"It is not a graph of ONNX ({error}).", "Export it again.") from error
    return found


def _locations(fields: list[tuple[int, memoryview]]) -> set[str]:
    """Return the values of an entry if it has the key ``location``, in whichever order."""
    if not any(number == _KEY_FIELD and bytes(part) == b"location" for number, part in fields):
        return set()
    values = [bytes(part) for number, part in fields if number == _VALUE_FIELD]
    return {value.decode(errors="replace") for value in values}


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield number and content of each field that has a length."""
    place = 0
    while place < len(message):
        tag, place = _read_varint(message, place)
        match tag & 7:
            case 0:
                _, place = _read_varint(message, place)
            case 1:
                place += 8
            case 5:
                place += 4
            case 2:
                length, place = _read_varint(message, place)
                if place + length > len(message):
                    raise ValueError("a field is cut short")
                yield tag >> 3, message[place : place + length]
                place += length
            case other:
                raise ValueError(f"wire type {other}")


def _read_varint(message: memoryview, place: int) -> tuple[int, int]:
    """Return the number at *place*, and where it ends."""
    number = 0
    for shift in range(_VARINT_BYTES_MAX):
        byte = message[place + shift]
        number |= (byte & _SEVEN_BITS) << 7 * shift
        if byte < _MORE:
            return number, place + shift + 1
    raise ValueError("a number is too long")
