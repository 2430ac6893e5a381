"""OpenEXR files as Nuke's writer makes them, and a reader for those and, with OpenEXR, others.

The writer makes scanline files of one part, or of one part for each layer; float or half; without
compression, RLE aside, or with zip. The byte arithmetic of zip's predictor runs on whole blocks as
large integers, so that a 2K frame takes a fraction of a second without numpy.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from nuke._boxes import Area

MAGIC = 20000630
HALF, FLOAT = 1, 2
SIZES = {0: 4, HALF: 2, FLOAT: 4}
COMPRESSION = {"none": 0, "Zip (1 scanline)": 2, "Zip (16 scanlines)": 3}
LINES = {0: 1, 2: 1, 3: 16}
"""Scanlines in a block, by compression."""

MULTIPART, LONG_NAMES = 0x1000, 0x400
HALF_MAX = 65504.0


class Part(NamedTuple):
    """One part of a file; areas are as in the file: y grows downwards, (r, t) lie outside."""

    data: Area
    display: Area
    channels: Mapping[str, Any]
    """Planes by name, the top row first."""
    kind: int = FLOAT
    compression: int = 0
    aspect: float = 1.0
    text: Mapping[str, str] = MappingProxyType({})
    name: str = ""


# ---- writing --------------------------------------------------------------------------------


def to_bytes(parts: Sequence[Part]) -> bytes:
    """Return a file."""
    several = len(parts) > 1
    long_names = any(len(name) > 31 for part in parts for name in part.channels)
    version = 2 | (MULTIPART if several else 0) | (LONG_NAMES if long_names else 0)
    head = struct.pack("<ii", MAGIC, version)
    head += b"".join(_header(part, several) for part in parts) + (b"\0" if several else b"")
    blocks = [list(_blocks(part)) for part in parts]
    position = len(head) + 8 * sum(map(len, blocks))
    offsets, body = [], []
    for number, chunks in enumerate(blocks):
        for chunk in chunks:
            whole = struct.pack("<i", number) + chunk if several else chunk
            offsets.append(position)
            body.append(whole)
            position += len(whole)
    return head + struct.pack(f"<{len(offsets)}Q", *offsets) + b"".join(body)


def _header(part: Part, several: bool) -> bytes:
    names = sorted(part.channels)
    listed = b"".join(
        name.encode() + b"\0" + struct.pack("<iB3xii", part.kind, 0, 1, 1) for name in names
    )
    fields = [
        _field("channels", "chlist", listed + b"\0"),
        _field("compression", "compression", bytes([part.compression])),
        _field("dataWindow", "box2i", _box(part.data)),
        _field("displayWindow", "box2i", _box(part.display)),
        _field("lineOrder", "lineOrder", b"\0"),
        _field("pixelAspectRatio", "float", struct.pack("<f", part.aspect)),
        _field("screenWindowCenter", "v2f", struct.pack("<ff", 0, 0)),
        _field("screenWindowWidth", "float", struct.pack("<f", 1)),
        *(_field(name, "string", text.encode()) for name, text in part.text.items()),
    ]
    if several:
        count = -(-part.data.height // LINES[part.compression])
        fields += [
            _field("name", "string", part.name.encode()),
            _field("type", "string", b"scanlineimage"),
            _field("chunkCount", "int", struct.pack("<i", count)),
        ]
    return b"".join(fields) + b"\0"


def _field(name: str, kind: str, content: bytes) -> bytes:
    return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(content)) + content


def _box(area: Area) -> bytes:
    return struct.pack("<iiii", area.x, area.y, area.r - 1, area.t - 1)


def _blocks(part: Part) -> Iterator[bytes]:
    """Yield the blocks of a part; in each, line by line, the channels by name."""
    width, lines = part.data.width, LINES[part.compression]
    planes = [
        memoryview(_encoded(part.channels[name], part.kind)) for name in sorted(part.channels)
    ]
    stride = width * SIZES[part.kind]
    for top in range(0, part.data.height, lines):
        rows = range(top, min(top + lines, part.data.height))
        raw = b"".join(plane[row * stride : (row + 1) * stride] for row in rows for plane in planes)
        packed = _deflate(raw) if part.compression else raw
        yield struct.pack("<ii", part.data.y + top, len(packed)) + packed


def _encoded(plane: Any, kind: int) -> bytes:
    if kind == FLOAT:
        return bytes(plane.tobytes())
    try:
        return struct.pack(f"<{len(plane)}e", *plane)
    except OverflowError:
        return struct.pack(f"<{len(plane)}e", *map(_to_half, plane))


def _to_half(value: float) -> float:
    """Return what a plain cast makes of a number beyond half's range: infinity."""
    if abs(value) < 65520.0 or value != value:  # noqa: PLR0124 - NaN
        return value
    return float("inf") if value > 0 else float("-inf")


def _deflate(raw: bytes) -> bytes:
    packed = zlib.compress(_predict(raw[0::2] + raw[1::2]), 4)
    return packed if len(packed) < len(raw) else raw


def _predict(text: bytes) -> bytes:
    """Return each byte less the one before, plus 128: all at once, as one large number."""
    count = len(text)
    high = int.from_bytes(b"\x80" * count, "little")
    low = int.from_bytes(b"\x7f" * count, "little")
    here = int.from_bytes(text, "little")
    before = (here << 8) & (high | low)
    less = ((here | high) - (before & low)) ^ ((here ^ before ^ (high | low)) & high)
    return (less ^ high ^ 0x80).to_bytes(count, "little")


def _unpredict(text: bytes) -> bytes:
    """Take `_predict` back: sums of all bytes up to each, by doubling."""
    count = len(text)
    high = int.from_bytes(b"\x80" * count, "little")
    low = int.from_bytes(b"\x7f" * count, "little")
    total = int.from_bytes(text, "little") ^ high ^ 0x80
    shift = 8
    while shift < 8 * count:
        other = (total << shift) & (high | low)
        total = ((total & low) + (other & low)) ^ ((total ^ other) & high)
        shift *= 2
    return total.to_bytes(count, "little")


def _inflate(packed: bytes, size: int) -> bytes:
    if len(packed) == size:
        return packed
    text = _unpredict(zlib.decompress(packed))
    out = bytearray(size)
    middle = (size + 1) // 2
    out[0::2], out[1::2] = text[:middle], text[middle:]
    return bytes(out)


# ---- reading --------------------------------------------------------------------------------


class File(NamedTuple):
    """A file that was read: planes by the file's own names, the top row first."""

    data: Area
    display: Area
    names: tuple[str, ...]
    aspect: float
    text: Mapping[str, Any]
    content: bytes
    kinds: Mapping[str, int]
    compression: int
    start: int
    path: str
    lines: list[Any]
    """What was unpacked, once it was asked for."""

    def planes(self, wanted: Sequence[str]) -> dict[str, Any]:
        """Return the pixels of some channels.

        Raises:
            ValueError: only OpenEXR's own library reads this file, and it is not installed.
        """
        if self.compression == 0 and self.start >= 0:
            return _planes(self, wanted)
        if _library() is not None:
            return _planes_by_library(self, wanted)
        if self.start < 0:
            raise ValueError(f"{self.path}: this needs the OpenEXR library, which is not here")
        return _planes(self, wanted)


def parse_header(content: bytes, path: str) -> File:
    """Read what a file says of itself.

    Raises:
        ValueError: it is no OpenEXR file.
    """
    magic, version = struct.unpack_from("<ii", content)
    if magic != MAGIC:
        raise ValueError(f"{path}: not an OpenEXR file")
    fields, position = _fields(content, 8)
    compression = fields["compression"][0]
    plain = not version & 0x1A00 and compression in LINES
    channels = dict(_channel_list(fields["channels"]))
    return File(
        _area(fields["dataWindow"]),
        _area(fields["displayWindow"]),
        tuple(channels),
        float(struct.unpack("<f", fields["pixelAspectRatio"])[0]),
        dict(_texts(content)),
        content,
        channels,
        compression,
        position if plain else -1,
        path,
        [],
    )


def _fields(content: bytes, position: int) -> tuple[dict[str, bytes], int]:
    found: dict[str, bytes] = {}
    while content[position]:
        name, _, value, position = _next_field(content, position)
        found[name] = value
    return found, position + 1


def _next_field(content: bytes, position: int) -> tuple[str, str, bytes, int]:
    end = content.index(b"\0", position)
    kind_end = content.index(b"\0", end + 1)
    (size,) = struct.unpack_from("<i", content, kind_end + 1)
    start = kind_end + 5
    name, kind = content[position:end].decode(), content[end + 1 : kind_end].decode()
    return name, kind, content[start : start + size], start + size


def _texts(content: bytes) -> Iterator[tuple[str, Any]]:
    position = 8
    while content[position]:
        name, kind, value, position = _next_field(content, position)
        if kind == "string":
            yield name, value.decode("utf-8", "replace")
        elif kind in ("int", "float"):
            yield name, struct.unpack("<i" if kind == "int" else "<f", value)[0]


def _channel_list(text: bytes) -> Iterator[tuple[str, int]]:
    position = 0
    while text[position]:
        end = text.index(b"\0", position)
        (kind,) = struct.unpack_from("<i", text, end + 1)
        yield text[position:end].decode(), kind
        position = end + 17


def _area(text: bytes) -> Area:
    x, y, r, t = struct.unpack("<iiii", text)
    return Area(x, y, r + 1, t + 1)


def _planes(file: File, wanted: Sequence[str]) -> dict[str, Any]:
    """Cut channels out of the lines, which are unpacked once for all channels."""
    if not file.lines:
        file.lines.append(b"".join(_lines(file)))
    raw, width = file.lines[0], file.data.width
    places, line_bytes = _places(file)
    planes: dict[str, Any] = {}
    for name in wanted:
        size = width * SIZES[file.kinds[name]]
        starts = range(places[name], len(raw), line_bytes)
        planes[name] = _decoded(b"".join(raw[at : at + size] for at in starts), file.kinds[name])
    return planes


def _lines(file: File) -> Iterator[bytes]:
    """Yield the blocks of a file, unpacked."""
    height, lines = file.data.height, LINES[file.compression]
    line_bytes = _places(file)[1]
    offsets = struct.unpack_from(f"<{-(-height // lines)}Q", file.content, file.start)
    for number, offset in enumerate(offsets):
        (size,) = struct.unpack_from("<i", file.content, offset + 4)
        packed = file.content[offset + 8 : offset + 8 + size]
        count = min(lines, height - number * lines)
        yield _inflate(packed, count * line_bytes) if file.compression else packed


def _places(file: File) -> tuple[dict[str, int], int]:
    """Return where each channel begins in a line, and how long the line is."""
    places, position = {}, 0
    for name in file.names:
        places[name] = position
        position += file.data.width * SIZES[file.kinds[name]]
    return places, position


def _decoded(raw: bytes, kind: int) -> Any:
    if kind == FLOAT:
        plane = array("f")
        plane.frombytes(raw)
        return plane
    code = "e" if kind == HALF else "I"
    return array("f", struct.unpack(f"<{len(raw) // SIZES[kind]}{code}", raw))


def _planes_by_library(file: File, wanted: Sequence[str]) -> dict[str, Any]:
    """Read what the library reads faster than this module, or what only the library reads."""
    if not file.lines:
        with _library().File(file.path, separate_channels=True) as opened:
            file.lines.append({name: held.pixels for name, held in opened.channels().items()})
    return {name: _from_numpy(file.lines[0][name]) for name in wanted}


def _library() -> Any:
    try:
        import OpenEXR
    except ImportError:
        return None
    return OpenEXR


def _from_numpy(pixels: Any) -> Any:
    plane = array("f")
    plane.frombytes(pixels.astype("float32").tobytes())
    return plane
