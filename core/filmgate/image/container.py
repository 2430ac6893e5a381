"""The file around the pixels: version, headers, table of offsets, and the blocks it points at.

Everything is checked here, in Python and before any memory for pixels is taken, so that the decoder
only ever sees files that are sound in structure and affordable in size.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmgate.errors import DamagedImageError, ImageTooLargeError, UnsupportedImageError
from filmgate.image.header import (
    NAME_BYTES_SHORT,
    Attribute,
    ChannelSpec,
    Header,
    check_header,
    name_bytes,
)

MAGIC = b"\x76\x2f\x31\x01"
VERSION = 2
FLAG_TILED = 0x200
FLAG_LONG_NAMES = 0x400
FLAG_DEEP = 0x800
FLAG_PARTS = 0x1000
ATTRIBUTES_MAX = 16384
"""Attributes read in a file: more would only keep a server busy."""
NAME_BYTES_MAX = 255
COORDINATE_MAX = 1 << 29
"""Windows further out overflow the decoder's 32-bit arithmetic."""
LINES_PER_BLOCK: Mapping[str, int] = {
    "zip": 16,
    "pxr24": 16,
    "piz": 32,
    "b44": 32,
    "b44a": 32,
    "dwaa": 32,
    "htj2k32": 32,
    "dwab": 256,
    "htj2k256": 256,
    "lj2k": 256,
}
"""Scanlines that are compressed together; one where nothing is said."""


@dataclass(frozen=True)
class Limits:
    """What a file may ask for before it is refused.

    Attributes:
        max_width: px of a data window.
        max_height: px of a data window.
        max_channels: in all parts together.
        max_bytes: of all decoded pixels together.
    """

    max_width: int = 32768
    max_height: int = 32768
    max_channels: int = 1024
    max_bytes: int = 8 << 30


class Container(NamedTuple):
    """What stands before the pixels: a header for each part, and where the table of offsets is."""

    headers: tuple[Header, ...]
    table_start: int


def scan_headers(data: memoryview, limits: Limits) -> Container:
    """Read and judge all headers of a file.

    Args:
        data: the file's bytes.
        limits: what it may ask for.

    Raises:
        DamagedImageError: not an EXR, or cut off or malformed in its headers.
        UnsupportedImageError: deep, mip-mapped, subsampled or of an unknown kind.
        ImageTooLargeError: more pixels, channels or bytes than *limits* allow.
    """
    version = _version(data)
    cursor = _Cursor(data, 8)
    headers = [_read_header(cursor)]
    while version & FLAG_PARTS and not cursor.at_end_of_headers():
        headers.append(_read_header(cursor))
    if version & FLAG_PARTS:
        cursor.place += 1
    for place, header in enumerate(headers):
        _check_part(header, version, f"Part {place}" if len(headers) > 1 else "The file", limits)
    _check_total(headers, limits)
    return Container(tuple(headers), cursor.place)


def block_count(header: Header) -> int:
    """Return in how many blocks (runs of scanlines, or tiles) the part is stored."""
    window, tile = header.data_window, header.tile
    if tile is None:
        return -(-window.height // LINES_PER_BLOCK.get(header.compression, 1))
    return -(-window.width // tile.width) * -(-window.height // tile.height)


def block_lead_bytes(header: Header, part_count: int) -> int:
    """Return how many bytes stand before each block's pixels."""
    return (4 if part_count > 1 else 0) + (20 if header.tile else 8)


def block_leads(header: Header, part: int, part_count: int) -> NDArray[np.int64]:
    """Return the whole numbers before each block's size: its part, if any, and its place."""
    places = np.arange(block_count(header))
    window, tile = header.data_window, header.tile
    if tile is None:
        lines = LINES_PER_BLOCK.get(header.compression, 1)
        columns = [window.y0 + places * lines]
    else:
        across = -(-window.width // tile.width)
        columns = [places % across, places // across, 0 * places, 0 * places]
    if part_count > 1:
        columns.insert(0, np.full_like(places, part))
    return np.stack(columns, axis=1)


def read_offsets(data: memoryview, container: Container) -> list[NDArray[np.int64]]:
    """Return where the blocks of each part start, once every one of them is found in its place.

    Raises:
        DamagedImageError: blocks are missing (a render or copy that never finished) or misplaced.
    """
    counts = [block_count(header) for header in container.headers]
    table_bytes = 8 * sum(counts)
    if container.table_start + table_bytes > len(data):
        raise DamagedImageError("The file ends inside its table of blocks.")
    table = data[container.table_start : container.table_start + table_bytes]
    offsets = np.minimum(np.frombuffer(table, "<u8"), len(data)).astype(np.int64)
    starts = np.split(offsets, np.cumsum(counts)[:-1])
    for part, header in enumerate(container.headers):
        _check_blocks(data, starts[part], header, part, len(container.headers))
    return starts


def header_bytes(headers: Sequence[Header]) -> bytes:
    """Return everything that stands before the table of offsets."""
    flags = FLAG_PARTS if len(headers) > 1 else FLAG_TILED if headers[0].tile else 0
    if any(_has_long_name(header) for header in headers):
        flags |= FLAG_LONG_NAMES
    entries = b"".join(_attribute_bytes(header) for header in headers)
    end = b"\0" if len(headers) > 1 else b""
    return MAGIC + struct.pack("<I", VERSION | flags) + entries + end


def with_block_count(header: Header) -> Header:
    """Return *header* with the count of blocks that parts of a multipart file must state."""
    return header.with_attributes({"chunkCount": Attribute("int", _int(block_count(header)))})


def pixel_bytes(specs: tuple[ChannelSpec, ...]) -> int:
    """Return how many bytes one pixel of all channels takes."""
    return sum(spec.dtype.itemsize for spec in specs)


class _Cursor:
    """Reads on through a header; the attributes of the whole file are counted."""

    def __init__(self, data: memoryview, place: int) -> None:
        self.data = data
        self.place = place
        self.attributes = 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.place + count > len(self.data):
            raise DamagedImageError("The file ends inside its header.")
        piece = bytes(self.data[self.place : self.place + count])
        self.place += count
        return piece

    def at_end_of_headers(self) -> bool:
        return bytes(self.data[self.place : self.place + 1]) == b"\0"

    def name(self) -> str:
        window = bytes(self.data[self.place : self.place + NAME_BYTES_MAX + 1])
        end = window.find(b"\0")
        if end < 0:
            raise DamagedImageError("The header holds a name without an end.")
        self.place += end + 1
        return window[:end].decode("utf-8", "surrogateescape")


def _version(data: memoryview) -> int:
    if len(data) < 8 or bytes(data[:4]) != MAGIC:
        raise DamagedImageError("This is not an EXR file.")
    (version,) = struct.unpack_from("<I", data, 4)
    if version & 0xFF != VERSION:
        raise UnsupportedImageError(f"EXR version {version & 0xFF} is not known here.")
    return version


def _read_header(cursor: _Cursor) -> Header:
    attributes: dict[str, Attribute] = {}
    while name := cursor.name():
        kind = cursor.name()
        (size,) = struct.unpack("<i", cursor.take(4))
        attributes[name] = Attribute(kind, cursor.take(size))
        cursor.attributes += 1
        if cursor.attributes > ATTRIBUTES_MAX:
            raise ImageTooLargeError(f"The header has more than {ATTRIBUTES_MAX} attributes.")
    return Header(attributes)


def _check_part(header: Header, version: int, where: str, limits: Limits) -> None:
    if version & FLAG_DEEP or header.text("type").startswith("deep"):
        raise UnsupportedImageError(f"{where} is deep: it holds many samples for each pixel.")
    _check_affordable(header, limits)
    check_header(header)
    tile = header.tile
    tiled = header.text("type") == "tiledimage" or bool(version & FLAG_TILED)
    if tiled != (tile is not None):
        raise DamagedImageError(f"{where} does not say clearly whether it is tiled.")
    if tile and tile.mode:
        raise UnsupportedImageError(f"{where} is mip-mapped: it holds the image in many sizes.")
    if any(spec[3:] != (1, 1) for spec in header.channels):
        raise UnsupportedImageError(f"{where} is subsampled: its channels differ in size.")
    if not header.channels:
        raise UnsupportedImageError(f"{where} has no channels.")
    _check_reach(header, where)


def _check_affordable(header: Header, limits: Limits) -> None:
    listed = header.attributes.get("channels")
    if listed and len(listed.value) > limits.max_channels * (NAME_BYTES_MAX + 17):
        raise ImageTooLargeError(f"The file has more than {limits.max_channels} channels.")
    window = header.data_window
    if window.width > limits.max_width or window.height > limits.max_height:
        raise ImageTooLargeError(
            f"The image is {window.width} x {window.height} px; "
            f"{limits.max_width} x {limits.max_height} are allowed.",
            detail={"width_px": window.width, "height_px": window.height},
        )


def _check_reach(header: Header, where: str) -> None:
    if max(abs(edge) for edge in header.data_window) > COORDINATE_MAX:
        raise UnsupportedImageError(f"{where} lies too far from the origin.")
    tile = header.tile
    if tile and not (0 < tile.width < COORDINATE_MAX and 0 < tile.height < COORDINATE_MAX):
        raise DamagedImageError(f"{where} has tiles of no usable size.")
    stated = header.attributes.get("chunkCount")
    if stated and stated.value != _int(block_count(header)):
        raise DamagedImageError(f"{where} states a wrong number of blocks.")


def _check_total(headers: list[Header], limits: Limits) -> None:
    channels = sum(len(header.channels) for header in headers)
    if channels > limits.max_channels:
        raise ImageTooLargeError(
            f"The file has {channels} channels; {limits.max_channels} are allowed."
        )
    size = sum(decoded_bytes(header) for header in headers)
    if size > limits.max_bytes:
        raise ImageTooLargeError(
            f"The pixels would take {size >> 20} MiB; {limits.max_bytes >> 20} are allowed.",
            detail={"size_bytes": size},
        )


def decoded_bytes(header: Header) -> int:
    """Return how many bytes the part's pixels take in memory."""
    window = header.data_window
    return window.width * window.height * pixel_bytes(header.channels)


def _check_blocks(
    data: memoryview, offsets: NDArray[np.int64], header: Header, part: int, part_count: int
) -> None:
    lead = block_lead_bytes(header, part_count)
    missing = int(((offsets == 0) | (offsets + lead > len(data))).sum())
    if missing:
        raise _unfinished(missing, len(offsets))
    places = offsets[:, None] + np.arange(lead)
    leads = np.frombuffer(data, np.uint8)[places].view("<i4").astype(np.int64)
    if not np.array_equal(leads[:, :-1], block_leads(header, part, part_count)):
        raise DamagedImageError("The file's blocks are not where its table says.")
    sizes = leads[:, -1]
    cut = int(((sizes < 0) | (offsets + lead + sizes > len(data))).sum())
    if cut:
        raise _unfinished(cut, len(offsets))


def _unfinished(missing: int, total: int) -> DamagedImageError:
    return DamagedImageError(
        f"The file is incomplete: {missing} of its {total} blocks of pixels are missing.",
        detail={"missing": missing, "blocks": total},
    )


def _attribute_bytes(header: Header) -> bytes:
    entries = (
        name_bytes(name)
        + b"\0"
        + name_bytes(entry.kind)
        + b"\0"
        + struct.pack("<i", len(entry.value))
        + entry.value
        for name, entry in header.attributes.items()
    )
    return b"".join(entries) + b"\0"


def _has_long_name(header: Header) -> bool:
    names = [*header.attributes, *(spec.name for spec in header.channels)]
    return any(len(name_bytes(name)) > NAME_BYTES_SHORT for name in names)


def _int(number: int) -> bytes:
    return struct.pack("<i", number)
