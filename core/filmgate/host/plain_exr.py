"""Uncompressed scanline EXR in plain Python, for hosts that hand out pixels and not files.

A server's answer is read exactly, as is what was written here: samples are copied, never computed
with. Whatever else an EXR file can be, is refused by name. No loop goes over pixels: a frame costs
one slice for each row of each channel.

Format: https://openexr.com/en/latest/OpenEXRFileLayout.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from filmgate.digest import Buffer
from filmgate.errors import DamagedImageError, UnsupportedImageError

SAMPLE_BYTES = {"half": 2, "float": 4}
"""Of one sample, by depth."""

_MAGIC = 20000630
_VERSION = 2
_LONG_NAMES = 0x400
_KINDS = {0x200: "tiled", 0x800: "deep", 0x1000: "multi-part"}
_DEPTHS = {1: "half", 2: "float"}
_NUMBERS = {depth: number for number, depth in _DEPTHS.items()}
_SHORT_NAME_BYTES = 31
_NAME_BYTES_MAX = 255
_CHANNEL = struct.Struct("<iB3xii")
_LEAD = struct.Struct("<ii")
_COORDINATE_MAX = 1 << 30
_NEEDED = ("channels", "compression", "dataWindow", "displayWindow")


class Window(NamedTuple):
    """A rectangle of pixels; y goes down and the last row and column belong to it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """The number of columns."""
        return self.right - self.left + 1

    @property
    def height(self) -> int:
        """The number of rows."""
        return self.bottom - self.top + 1


class Plane(NamedTuple):
    """One channel.

    Attributes:
        depth: a key of `SAMPLE_BYTES`.
        data: the samples of the data window from its top row, left to right, little-endian.
    """

    depth: str
    data: Buffer


@dataclass(frozen=True)
class PlainImage:
    """A flat picture.

    Attributes:
        data_window: where there are pixels.
        display_window: the format.
        planes: by full channel name, for example ``R`` and ``albedo.R``.
        pixel_aspect: the width of a pixel over its height.
    """

    data_window: Window
    display_window: Window
    planes: Mapping[str, Plane]
    pixel_aspect: float = 1.0


def to_plain_exr(image: PlainImage) -> bytes:
    """Write a picture as an EXR file without compression.

    Raises:
        UnsupportedImageError: a window holds no pixels, there is no channel, or a name or a depth
            has no place in such a file.
        DamagedImageError: a plane has not the size of the data window.
    """
    rows = [(_name(name), plane) for name, plane in image.planes.items()]
    rows.sort(key=lambda row: row[0])
    _check_picture(image)
    front = _front(image, [(name, plane.depth) for name, plane in rows])
    width, height = image.data_window.width, image.data_window.height
    sizes = [width * SAMPLE_BYTES[plane.depth] for _, plane in rows]
    planes = [memoryview(plane.data).cast("B") for _, plane in rows]
    if any(len(plane) != size * height for plane, size in zip(planes, sizes)):
        raise DamagedImageError("A channel has another size than the data window.")
    block = _LEAD.size + sum(sizes)
    start = len(front) + 8 * height
    content = bytearray(start + block * height)
    content[: len(front)] = front
    offsets = range(start, start + block * height, block)
    struct.pack_into(f"<{height}Q", content, len(front), *offsets)
    for row, offset in enumerate(offsets):
        _LEAD.pack_into(content, offset, image.data_window.top + row, block - _LEAD.size)
        place = offset + _LEAD.size
        for plane, size in zip(planes, sizes):
            content[place : place + size] = plane[row * size : (row + 1) * size]
            place += size
    return bytes(content)


def parse_plain_exr(content: Buffer) -> PlainImage:
    """Read an uncompressed scanline file of halves and floats, whole.

    Raises:
        UnsupportedImageError: it is another kind of EXR file; says which.
        DamagedImageError: it is none, or it is cut off or contradicts itself.
    """
    view = memoryview(content).cast("B")
    attributes, place = _attributes(view)
    channels = _channels(attributes["channels"])
    data_window = _window(attributes["dataWindow"])
    display_window = _window(attributes["displayWindow"])
    if attributes["compression"] != b"\0":
        raise UnsupportedImageError("The picture is compressed.", "Ask for it uncompressed.")
    sizes = [data_window.width * SAMPLE_BYTES[depth] for _, depth in channels]
    height = data_window.height
    if place + height * (8 + _LEAD.size + sum(sizes)) > len(view):
        raise DamagedImageError("The file is shorter than its header says.")
    planes = [bytearray(size * height) for size in sizes]
    for offset in struct.unpack_from(f"<{height}Q", view, place):
        _read_row(view, offset, data_window, planes, sizes)
    found = {name: Plane(depth, plane) for (name, depth), plane in zip(channels, planes)}
    aspect = _aspect(attributes.get("pixelAspectRatio", b""))
    return PlainImage(data_window, display_window, found, aspect)


def _read_row(
    view: memoryview, offset: int, window: Window, planes: list[bytearray], sizes: list[int]
) -> None:
    if offset + _LEAD.size + sum(sizes) > len(view):
        raise DamagedImageError("A row of pixels lies beyond the file's end.")
    y, size = _LEAD.unpack_from(view, offset)
    if size != sum(sizes) or not window.top <= y <= window.bottom:
        raise DamagedImageError("A row of pixels has the wrong size or place.")
    row, place = y - window.top, offset + _LEAD.size
    for plane, length in zip(planes, sizes):
        plane[row * length : (row + 1) * length] = view[place : place + length]
        place += length


def _front(image: PlainImage, channels: list[tuple[bytes, str]]) -> bytes:
    """Return everything before the table of offsets."""
    flags = _LONG_NAMES if any(len(name) > _SHORT_NAME_BYTES for name, _ in channels) else 0
    listed = b"".join(
        name + b"\0" + _CHANNEL.pack(_NUMBERS[depth], 0, 1, 1) for name, depth in channels
    )
    entries = (
        (b"channels", b"chlist", listed + b"\0"),
        (b"compression", b"compression", b"\0"),
        (b"dataWindow", b"box2i", struct.pack("<4i", *image.data_window)),
        (b"displayWindow", b"box2i", struct.pack("<4i", *image.display_window)),
        (b"lineOrder", b"lineOrder", b"\0"),
        (b"pixelAspectRatio", b"float", struct.pack("<f", image.pixel_aspect)),
        (b"screenWindowCenter", b"v2f", struct.pack("<2f", 0.0, 0.0)),
        (b"screenWindowWidth", b"float", struct.pack("<f", 1.0)),
    )
    written = (
        name + b"\0" + kind + b"\0" + struct.pack("<i", len(value)) + value
        for name, kind, value in entries
    )
    return struct.pack("<ii", _MAGIC, _VERSION | flags) + b"".join(written) + b"\0"


def _check_picture(image: PlainImage) -> None:
    for window in (image.data_window, image.display_window):
        if min(window.width, window.height) < 1 or max(map(abs, window)) > _COORDINATE_MAX:
            raise UnsupportedImageError(f"A window of {window.width} x {window.height} pixels.")
    if not image.planes:
        raise UnsupportedImageError("The picture has no channels.")
    odd = {plane.depth for plane in image.planes.values()} - SAMPLE_BYTES.keys()
    if odd:
        raise UnsupportedImageError(f"Samples of the depth {', '.join(sorted(odd))}.")


def _name(name: str) -> bytes:
    encoded = name.encode("utf-8")
    if not 1 <= len(encoded) <= _NAME_BYTES_MAX or b"\0" in encoded:
        raise UnsupportedImageError(f"{name!r} is no name for a channel.")
    return encoded


def _attributes(view: memoryview) -> tuple[dict[str, bytes], int]:
    """Return the header's attributes and where it ends."""
    if len(view) < _LEAD.size:
        raise DamagedImageError("The file is no EXR file.")
    magic, version = _LEAD.unpack_from(view)
    if magic != _MAGIC:
        raise DamagedImageError("The file is no EXR file.")
    kinds = [kind for flag, kind in _KINDS.items() if version & flag]
    if kinds:
        raise UnsupportedImageError(f"The picture is {' and '.join(kinds)}.")
    found: dict[str, bytes] = {}
    place = _LEAD.size
    for name, place_of_value, size in _entries(view, place):
        found[name] = bytes(view[place_of_value : place_of_value + size])
        place = place_of_value + size
    lacking = [name for name in _NEEDED if name not in found]
    if lacking:
        raise DamagedImageError(f"The header has no {', '.join(lacking)}.")
    return found, place + 1


def _entries(view: memoryview, place: int) -> Iterator[tuple[str, int, int]]:
    """Yield the name of each attribute with the place and the size of its value."""
    while True:
        name, place = _text(view, place)
        if not name:
            return
        _, place = _text(view, place)
        if place + 4 > len(view):
            raise DamagedImageError("The header is cut off.")
        (size,) = struct.unpack_from("<i", view, place)
        place += 4
        if not 0 <= size <= len(view) - place:
            raise DamagedImageError("The header is cut off.")
        yield name, place, size
        place += size


def _text(view: memoryview, place: int) -> tuple[str, int]:
    """Return the text that ends with a zero byte, and where the next begins."""
    piece = bytes(view[place : place + _NAME_BYTES_MAX + 1])
    text, end, _ = piece.partition(b"\0")
    if not end:
        raise DamagedImageError("The header is cut off, or a name in it is too long.")
    return text.decode("utf-8", "replace"), place + len(text) + 1


def _channels(value: bytes) -> list[tuple[str, str]]:
    """Return names and depths in the file's order."""
    found: list[tuple[str, str]] = []
    view, place = memoryview(value), 0
    while True:
        name, place = _text(view, place)
        if not name:
            break
        if place + _CHANNEL.size > len(value):
            raise DamagedImageError("The header's list of channels is cut off.")
        number, _, x_sampling, y_sampling = _CHANNEL.unpack_from(view, place)
        place += _CHANNEL.size
        if number not in _DEPTHS or (x_sampling, y_sampling) != (1, 1):
            raise UnsupportedImageError(f"The channel {name} holds integers, or is subsampled.")
        found.append((name, _DEPTHS[number]))
    if not found or len({name for name, _ in found}) != len(found):
        raise DamagedImageError("The header names no channel, or one twice.")
    return found


def _window(value: bytes) -> Window:
    if len(value) != struct.calcsize("<4i"):
        raise DamagedImageError("A window in the header has the wrong size.")
    window = Window(*struct.unpack("<4i", value))
    if min(window.width, window.height) < 1 or max(map(abs, window)) > _COORDINATE_MAX:
        raise DamagedImageError("The header's windows hold no pixels.")
    return window


def _aspect(value: bytes) -> float:
    if len(value) != struct.calcsize("<f"):
        raise DamagedImageError("The header has no usable pixelAspectRatio.")
    (aspect,) = struct.unpack("<f", value)
    return float(aspect)
