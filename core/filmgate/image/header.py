"""The header of an EXR file, byte for byte: attributes keep the exact bytes the source had.

Format: https://openexr.com/en/latest/OpenEXRFileLayout.html
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from filmgate.errors import DamagedImageError, UnsupportedImageError
from filmgate.image.window import Window

COMPRESSIONS = (
    "none",
    "rle",
    "zips",
    "zip",
    "piz",
    "pxr24",
    "b44",
    "b44a",
    "dwaa",
    "dwab",
    "htj2k256",
    "htj2k32",
    "lj2k",
    "zstd",
)
"""Names of the compressions, at the place that is their number in a file."""

LINE_ORDERS = ("increasing", "decreasing", "random")
PIXEL_TYPES: tuple[np.dtype[Any], ...] = (
    np.dtype(np.uint32),
    np.dtype(np.float16),
    np.dtype(np.float32),
)
NAME_BYTES_SHORT = 31
"""Longer names need a flag in the file that old readers refuse."""


class Attribute(NamedTuple):
    """One entry of a header: the name of its type (``box2i``, ``string``) and its raw bytes."""

    kind: str
    value: bytes


class ChannelSpec(NamedTuple):
    """How a channel is stored."""

    name: str
    dtype: np.dtype[Any]
    p_linear: bool = False
    x_sampling: int = 1
    y_sampling: int = 1


class Tile(NamedTuple):
    """The size of a tile in pixels, and its level mode (0: one level)."""

    width: int
    height: int
    mode: int = 0


@dataclass(frozen=True)
class Header:
    """The attributes of one part, in the file's order; properties read those that have a meaning.

    Every property raises DamagedImageError where its attribute is absent or malformed.
    """

    attributes: Mapping[str, Attribute]

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", MappingProxyType(dict(self.attributes)))

    @property
    def data_window(self) -> Window:
        """Where there are pixels."""
        return Window(*self._unpack("dataWindow", "box2i", "<4i"))

    @property
    def display_window(self) -> Window:
        """What the viewer is meant to see: the format."""
        return Window(*self._unpack("displayWindow", "box2i", "<4i"))

    @property
    def pixel_aspect(self) -> float:
        """Width of a pixel over its height."""
        (aspect,) = self._unpack("pixelAspectRatio", "float", "<f")
        return aspect

    @property
    def compression(self) -> str:
        """One of `COMPRESSIONS`."""
        return self._choice("compression", "compression", COMPRESSIONS)

    @property
    def line_order(self) -> str:
        """One of `LINE_ORDERS`."""
        return self._choice("lineOrder", "lineOrder", LINE_ORDERS)

    @property
    def tile(self) -> Tile | None:
        """The tiles; None for a file of scanlines."""
        if "tiles" not in self.attributes:
            return None
        width, height, mode = self._unpack("tiles", "tiledesc", "<IIB")
        return Tile(width, height, mode & 0x0F)

    @property
    def channels(self) -> tuple[ChannelSpec, ...]:
        """The channels, in the file's order (sorted by name)."""
        return _parse_channels(self._value("channels", "chlist"))

    def text(self, name: str) -> str:
        """Return the text attribute *name*; empty where there is none or it is no text."""
        attribute = self.attributes.get(name)
        if attribute is None or attribute.kind != "string":
            return ""
        return attribute.value.decode("utf-8", "replace")

    def with_attributes(self, changed: Mapping[str, Attribute | None]) -> Header:
        """Return a copy where *changed* replaces or, at the end, adds; None takes away."""
        merged = {**self.attributes, **changed}
        return Header({name: entry for name, entry in merged.items() if entry is not None})

    def _value(self, name: str, kind: str) -> bytes:
        attribute = self.attributes.get(name)
        if attribute is None or attribute.kind != kind:
            raise DamagedImageError(f"The header has no usable {name}.")
        return attribute.value

    def _unpack(self, name: str, kind: str, form: str) -> tuple[Any, ...]:
        value = self._value(name, kind)
        if len(value) != struct.calcsize(form):
            raise DamagedImageError(f"The header's {name} has the wrong size.")
        return struct.unpack(form, value)

    def _choice(self, name: str, kind: str, names: tuple[str, ...]) -> str:
        number: int = self._unpack(name, kind, "<B")[0]
        if number >= len(names):
            raise UnsupportedImageError(f"The file uses {name} {number}, unknown here.")
        return names[number]


def text_attribute(text: str) -> Attribute:
    """Return *text* as an attribute."""
    return Attribute("string", text.encode("utf-8"))


def window_attribute(window: Window) -> Attribute:
    """Return *window* as an attribute."""
    return Attribute("box2i", struct.pack("<4i", *window))


def compression_attribute(name: str) -> Attribute:
    """Return the compression *name* (one of `COMPRESSIONS`) as an attribute.

    Raises:
        UnsupportedImageError: there is no such compression.
    """
    if name not in COMPRESSIONS:
        known = ", ".join(COMPRESSIONS)
        raise UnsupportedImageError(f"{name!r} is no EXR compression.", f"Use one of {known}.")
    return Attribute("compression", bytes([COMPRESSIONS.index(name)]))


def channels_attribute(specs: tuple[ChannelSpec, ...]) -> Attribute:
    """Return *specs* as an attribute, sorted by name as the format asks."""
    entries = (
        name_bytes(spec.name)
        + b"\0"
        + struct.pack("<iB3xii", PIXEL_TYPES.index(spec.dtype), spec.p_linear, *spec[3:])
        for spec in sorted(specs, key=lambda spec: name_bytes(spec.name))
    )
    return Attribute("chlist", b"".join(entries) + b"\0")


def new_header(data_window: Window, display_window: Window, compression: str = "zip") -> Header:
    """Return the smallest complete header of a scanline part; channels are added when written."""
    return Header(
        {
            "channels": channels_attribute(()),
            "compression": compression_attribute(compression),
            "dataWindow": window_attribute(data_window),
            "displayWindow": window_attribute(display_window),
            "lineOrder": Attribute("lineOrder", b"\0"),
            "pixelAspectRatio": Attribute("float", struct.pack("<f", 1.0)),
            "screenWindowCenter": Attribute("v2f", struct.pack("<2f", 0.0, 0.0)),
            "screenWindowWidth": Attribute("float", struct.pack("<f", 1.0)),
        }
    )


def name_bytes(name: str) -> bytes:
    """Return a name as the file spells it; bytes that were no text come back as they were."""
    return name.encode("utf-8", "surrogateescape")


def _parse_channels(value: bytes) -> tuple[ChannelSpec, ...]:
    specs: list[ChannelSpec] = []
    place = 0
    while (end := value.find(b"\0", place)) > place:
        if end + 17 > len(value):
            raise DamagedImageError("The header's list of channels is cut off.")
        specs.append(_channel_spec(value[place:end], value[end + 1 : end + 17]))
        place = end + 17
    if end != place or place + 1 != len(value):
        raise DamagedImageError("The header's list of channels is malformed.")
    return tuple(specs)


def _channel_spec(name: bytes, packed: bytes) -> ChannelSpec:
    kind, p_linear, x_sampling, y_sampling = struct.unpack("<iB3xii", packed)
    if not 0 <= kind < len(PIXEL_TYPES):
        raise DamagedImageError("A channel has a pixel type that does not exist.")
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        raise UnsupportedImageError("A channel's name is not UTF-8 text.") from None
    return ChannelSpec(text, PIXEL_TYPES[kind], bool(p_linear), x_sampling, y_sampling)


def check_header(header: Header) -> None:
    """Read every attribute that decoding needs, so that a bad one is found before any pixel.

    Raises:
        DamagedImageError: an attribute is absent or malformed.
        UnsupportedImageError: a compression or name that cannot be used.
    """
    window, shown = header.data_window, header.display_window
    if min(window.width, window.height, shown.width, shown.height) < 1:
        raise DamagedImageError("The header's windows hold no pixels.")
    if not (math.isfinite(header.pixel_aspect) and header.pixel_aspect > 0):
        raise DamagedImageError("The header's pixel aspect is not a positive number.")
    names = [spec.name for spec in header.channels]
    if len(set(names)) != len(names):
        raise DamagedImageError("The header names a channel twice.")
    _ = header.compression, header.line_order, header.tile
