"""OpenEXR files: a writer and a reader that need no library, for scanlines plain or with zip."""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Iterator
from typing import Any, NamedTuple

MAGIC = b"\x76\x2f\x31\x01"
HALF, FLOAT = 1, 2
_SIZES = {0: 4, HALF: 2, FLOAT: 4}
_LINES = {0: 1, 2: 1, 3: 16}
"""Scanlines in a block, by the compressions that are read: none, ZIPS, ZIP."""


class ExrError(ValueError):
    """Not an EXR file, or one that this reader does not know."""


class Planes(NamedTuple):
    """An image: planes of floats by channel, the top row first; `kind` is HALF or FLOAT."""

    width: int
    height: int
    channels: dict[str, Any]
    kind: int = FLOAT


def to_exr(planes: Planes) -> bytes:
    """Return a file without compression."""
    names = sorted(planes.channels)
    code = "e" if planes.kind == HALF else "f"
    packed = {
        name: struct.pack(f"<{len(planes.channels[name])}{code}", *planes.channels[name])
        for name in names
    }
    stride = planes.width * _SIZES[planes.kind]
    rows = [
        b"".join(packed[name][row * stride : (row + 1) * stride] for name in names)
        for row in range(planes.height)
    ]
    head = _header(planes, names)
    start = len(head) + 8 * planes.height
    size = 8 + stride * len(names)
    offsets = struct.pack(
        f"<{planes.height}Q", *(start + row * size for row in range(planes.height))
    )
    lines = (struct.pack("<ii", row, len(line)) + line for row, line in enumerate(rows))
    return head + offsets + b"".join(lines)


def _header(planes: Planes, names: list[str]) -> bytes:
    listed = b"".join(
        name.encode() + b"\0" + struct.pack("<iB3xii", planes.kind, 0, 1, 1) for name in names
    )
    box = struct.pack("<iiii", 0, 0, planes.width - 1, planes.height - 1)
    fields = (
        ("channels", "chlist", listed + b"\0"),
        ("compression", "compression", b"\0"),
        ("dataWindow", "box2i", box),
        ("displayWindow", "box2i", box),
        ("lineOrder", "lineOrder", b"\0"),
        ("pixelAspectRatio", "float", struct.pack("<f", 1)),
        ("screenWindowCenter", "v2f", struct.pack("<ff", 0, 0)),
        ("screenWindowWidth", "float", struct.pack("<f", 1)),
    )
    texts = (
        name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value
        for name, kind, value in fields
    )
    return MAGIC + struct.pack("<i", 2) + b"".join(texts) + b"\0"


def parse_exr(content: bytes) -> Planes:
    """Return the pixels of a file.

    Raises:
        ExrError: it is none, or not one that Unreal's own images are.
    """
    if content[:4] != MAGIC:
        raise ExrError("not an OpenEXR file")
    try:
        return _parsed(content)
    except (KeyError, IndexError, struct.error, zlib.error) as error:
        raise ExrError(f"damaged: {error!r}") from error


def _parsed(content: bytes) -> Planes:
    fields, start = _fields(content)
    compression = fields["compression"][0]
    if content[5] & 0x1A or compression not in _LINES:
        raise ExrError("tiles, several parts and this compression are not read here")
    left, top, right, bottom = struct.unpack("<iiii", fields["dataWindow"])
    width, height = right - left + 1, bottom - top + 1
    kinds = dict(_channel_list(fields["channels"]))
    raw = b"".join(
        _blocks(content, start, height, compression, width * sum(map(_size, kinds.values())))
    )
    return Planes(width, height, _planes(raw, width, kinds), max(kinds.values()))


def _size(kind: int) -> int:
    return _SIZES[kind]


def _fields(content: bytes) -> tuple[dict[str, bytes], int]:
    found: dict[str, bytes] = {}
    position = 8
    while content[position]:
        end = content.index(b"\0", position)
        kind_end = content.index(b"\0", end + 1)
        (size,) = struct.unpack_from("<i", content, kind_end + 1)
        start = kind_end + 5
        found[content[position:end].decode()] = content[start : start + size]
        position = start + size
    return found, position + 1


def _channel_list(text: bytes) -> Iterator[tuple[str, int]]:
    position = 0
    while text[position]:
        end = text.index(b"\0", position)
        yield text[position:end].decode(), struct.unpack_from("<i", text, end + 1)[0]
        position = end + 17


def _blocks(
    content: bytes, start: int, height: int, compression: int, line: int
) -> Iterator[bytes]:
    lines = _LINES[compression]
    for number, (offset,) in enumerate(
        struct.iter_unpack("<Q", content[start : start + 8 * -(-height // lines)])
    ):
        (size,) = struct.unpack_from("<i", content, offset + 4)
        packed = content[offset + 8 : offset + 8 + size]
        whole = min(lines, height - number * lines) * line
        yield packed if len(packed) == whole else _inflated(packed, whole)


def _inflated(packed: bytes, size: int) -> bytes:
    text = bytearray(zlib.decompress(packed))
    for at in range(1, size):
        text[at] = (text[at - 1] + text[at] - 128) & 0xFF
    out = bytearray(size)
    middle = (size + 1) // 2
    out[0::2], out[1::2] = text[:middle], text[middle:]
    return bytes(out)


def _planes(raw: bytes, width: int, kinds: dict[str, int]) -> dict[str, Any]:
    line = width * sum(map(_size, kinds.values()))
    found: dict[str, Any] = {}
    place = 0
    for name, kind in kinds.items():
        size = width * _size(kind)
        rows = b"".join(raw[at : at + size] for at in range(place, len(raw), line))
        code = {0: "I", HALF: "e", FLOAT: "f"}[kind]
        found[name] = array("f", struct.unpack(f"<{len(rows) // _size(kind)}{code}", rows))
        place += size
    return found
