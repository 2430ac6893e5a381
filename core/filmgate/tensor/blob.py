"""Tensors on the wire: ``application/x-tensor`` is the safetensors layout, axes in its metadata.

An eight-byte little-endian length, that many bytes of JSON, then the raw numbers. The JSON maps
each tensor's name to ``dtype``, ``shape`` and ``data_offsets``; ``__metadata__`` maps the name to
its axes, for example ``"y x c"``. See the safetensors format description.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from filmgate.digest import Buffer
from filmgate.errors import InputError

TENSOR_MEDIA = "application/x-tensor"
HEADER_BYTES_MAX = 65536
TENSORS_MAX = 256
AXES_MAX = 8
COUNT_MAX = 1 << 40
"""Numbers in a tensor; sizes of 0 do not count, or an empty one could have any shape."""
DTYPE_BYTES = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "U16": 2,
    "I16": 2,
    "F16": 2,
    "BF16": 2,
    "U32": 4,
    "I32": 4,
    "F32": 4,
    "I64": 8,
    "F64": 8,
}


@dataclass(frozen=True)
class TensorSpec:
    """A tensor's type and shape.

    Attributes:
        dtype: a key of `DTYPE_BYTES`.
        shape: the sizes, outermost first.
        axes: one name for each size, for example ``("y", "x", "c")``.
    """

    dtype: str
    shape: tuple[int, ...]
    axes: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """How many bytes the numbers take."""
        size = DTYPE_BYTES[self.dtype]
        for length in self.shape:
            size *= length
        return size

    @property
    def is_named(self) -> bool:
        """Whether whoever wrote it has named its axes."""
        return self.axes != _unnamed(len(self.shape))


@dataclass(frozen=True)
class Tensor:
    """A tensor inside a blob: its spec and a view of its bytes, C order, little-endian."""

    spec: TensorSpec
    data: memoryview


def tensor_header(specs: Mapping[str, TensorSpec]) -> bytes:
    """Return everything that precedes the numbers, padded so that they start on a 64-byte bound."""
    document: dict[str, Any] = {
        "__metadata__": {name: " ".join(spec.axes) for name, spec in specs.items()}
    }
    start = 0
    for name, spec in specs.items():
        end = start + spec.size_bytes
        document[name] = {
            "dtype": spec.dtype,
            "shape": list(spec.shape),
            "data_offsets": [start, end],
        }
        start = end
    text = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
    text += b" " * (-(len(text) + 8) % 64)
    return struct.pack("<Q", len(text)) + text


def to_tensor_blob(tensors: Mapping[str, tuple[TensorSpec, Buffer]]) -> bytes:
    """Write tensors one after the other as one blob."""
    header = tensor_header({name: spec for name, (spec, _) in tensors.items()})
    return b"".join([header, *(bytes(data) for _, data in tensors.values())])


def parse_tensor_blob(blob: Buffer) -> dict[str, Tensor]:
    """Find the tensors of a blob without copying them.

    Raises:
        InputError: the blob is not of the layout, or promises more than it holds.
    """
    view = memoryview(blob).cast("B")
    document, start = _parse_header(view)
    axes = document.pop("__metadata__", {})
    if not isinstance(axes, dict) or len(document) > TENSORS_MAX:
        raise InputError("The tensor's header does not follow the safetensors layout.")
    body = view[start:]
    return {name: _parse_tensor(name, entry, axes, body) for name, entry in document.items()}  # pyright: ignore[reportUnknownArgumentType]


def _parse_header(view: memoryview) -> tuple[dict[str, Any], int]:
    if len(view) < 8:
        raise InputError("The tensor is shorter than its header.")
    (size,) = struct.unpack_from("<Q", view)
    if size > min(HEADER_BYTES_MAX, len(view) - 8):
        raise InputError("The tensor's header is longer than allowed, or cut off.")
    try:
        document = json.loads(bytes(view[8 : 8 + size]), object_pairs_hook=_table)
    except (ValueError, RecursionError):
        raise InputError("The tensor's header is not JSON.") from None
    if not isinstance(document, dict):
        raise InputError("The tensor's header is not a table.")
    return document, 8 + size  # pyright: ignore[reportUnknownVariableType]


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a table of JSON; Python's own would keep the last of two that have one name."""
    table = dict(pairs)
    if len(table) < len(pairs):
        raise InputError("The tensor's header has two entries of one name.")
    return table


def _parse_tensor(name: str, entry: Any, axes: Mapping[str, Any], body: memoryview) -> Tensor:
    if not name.isprintable():  # it is shown, and is a file's or a layer's name elsewhere
        raise InputError(f"A tensor is called {name!r}, which cannot be shown.")
    try:
        spec = _parse_spec(entry, str(axes.get(name, "")))
        start, end = (_whole(offset) for offset in entry["data_offsets"])
    except (KeyError, TypeError, ValueError):
        raise InputError(f"Tensor {name!r} is not described as it should be.") from None
    if not 0 <= start <= end <= len(body) or end - start != spec.size_bytes:
        raise InputError(f"Tensor {name!r} promises other bytes than the blob holds.")
    return Tensor(spec, body[start:end])


def _parse_spec(entry: Any, axes: str) -> TensorSpec:
    shape = tuple(_whole(length) for length in entry["shape"])
    names = tuple(axes.split()) or _unnamed(len(shape))
    if entry["dtype"] not in DTYPE_BYTES or len(names) != len(shape) or len(shape) > AXES_MAX:
        raise ValueError
    if any(length < 0 for length in shape) or not all(each.isprintable() for each in names):
        raise ValueError
    if math.prod(length for length in shape if length) > COUNT_MAX:
        raise ValueError
    return TensorSpec(entry["dtype"], shape, names)


def _unnamed(count: int) -> tuple[str, ...]:
    return tuple(f"axis{place}" for place in range(count))


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError
    return value
