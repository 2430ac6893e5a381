"""Copernicus layers as EXR files, and results as layers: samples are moved, never computed with.

A layer's first row is its lowest, and y goes up; an EXR file's first row is its highest, and y goes
down. A display window is the same rectangle in both; what lies in it is turned over within it.
Every output of a node of ours is RGBA: Copernicus gives each connector one type.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Union

import hou

from filmgate.host.plain_exr import SAMPLE_BYTES, PlainImage, Plane, Window
from filmgate.manifest.layers import MAIN

RGBA = 4
LETTERS = {1: ("Y",), 2: ("R", "G"), 3: ("R", "G", "B"), RGBA: ("R", "G", "B", "A")}
"""What the channels of a layer are called in a file, by their count."""

_HALF, _FLOAT = "half", "float"
_NUMBERS = {_HALF: "e", _FLOAT: "f"}
_ONES = {depth: struct.pack(f"<{code}", 1.0) for depth, code in _NUMBERS.items()}
_CAMERA = (
    "Aperture",
    "CameraPosition",
    "ClippingRange",
    "FStop",
    "FocalLength",
    "FocusDistance",
    "PixelAspectRatio",
    "Shutter",
)


class Windows(NamedTuple):
    """Where a layer has pixels and what its format is, as a file says it."""

    data: Window
    display: Window


def channel_names(name: str, count: int) -> list[str]:
    """Return the full names of a layer's channels in a file."""
    return [f"{name}.{letter}" if name else letter for letter in LETTERS[count]]


def windows(layer: hou.ImageLayer) -> Windows:
    """Return a layer's windows, y down; in buffer elements where these are no pixels."""
    width, height = layer.bufferResolution()
    if not _is_in_pixels(layer):
        whole = Window(0, 0, width - 1, height - 1)
        return Windows(whole, whole)
    left, low = (round(each) for each in layer.dataWindow().min())
    format_left, format_low = (round(each) for each in layer.displayWindow().min())
    format_width, format_height = (round(each) for each in layer.displayWindow().size())
    display = Window(
        format_left, format_low, format_left + format_width - 1, format_low + format_height - 1
    )
    turned = display.top + display.bottom
    data = Window(left, turned - (low + height - 1), left + width - 1, turned - low)
    return Windows(data, display)


def to_image(layers: Mapping[str, hou.ImageLayer]) -> PlainImage:
    """Return layers as one picture.

    Args:
        layers: by the name that each gets in the file, the main one's empty; of one size.
    """
    main = layers[MAIN]
    place = windows(main)
    planes: dict[str, Plane] = {}
    for name, layer in layers.items():
        names = channel_names(name, layer.channelCount())
        planes.update(zip(names, _planes(layer)))
    aspect = main.pixelAspectRatio()
    return PlainImage(place.data, place.display, planes, aspect if aspect > 0 else 1.0)


def to_layer(
    image: PlainImage, names: Sequence[str], main: hou.ImageLayer, alpha: bool
) -> hou.ImageLayer:
    """Return channels of a picture as a layer like the main input.

    Args:
        image: a result, of the size of *main* or larger by a whole factor.
        names: which of its channels; one is shown in red, green and blue alike.
        main: gives everything that is not in the file, and is left as it is.
        alpha: whether the main layer's alpha comes along where there is no fourth channel.
    """
    found = [image.planes[name] for name in names]
    depth = found[0].depth
    width = image.data_window.width
    colours = [bytes(plane.data) for plane in found[:3]]
    blank = bytes(len(colours[0]))
    colours = colours * 3 if len(colours) == 1 else [*colours, blank][:3]
    if len(found) == RGBA:
        opacity = bytes(found[3].data)
    else:
        opacity = _alpha(main, image, depth) if alpha else _ones(depth, len(blank))
    layer = _blank(image, main, depth)
    untyped: Any = layer
    untyped.setAllBufferElements(_interleaved([*colours, opacity], depth, width))
    return layer


def to_blank(main: hou.ImageLayer) -> hou.ImageLayer:
    """Return a layer of zeros like the main input: an output that the model does not have."""
    place = windows(main)
    layer = _blank(PlainImage(place.data, place.display, {}), main, depth_of(main))
    layer.makeConstant((0.0,) * RGBA)
    return layer


def depth_of(layer: hou.ImageLayer) -> str:
    """Return how a layer is read: halves as they are, everything else as floats."""
    return _HALF if layer.storageType() == hou.imageLayerStorageType.Float16 else _FLOAT


def _storage(depth: str) -> hou.EnumValue:
    kinds = hou.imageLayerStorageType
    return kinds.Float16 if depth == _HALF else kinds.Float32


def _is_in_pixels(layer: hou.ImageLayer) -> bool:
    return tuple(layer.pixelScale()) == (1.0, 1.0)


def _planes(layer: hou.ImageLayer) -> list[Plane]:
    """Return each channel from its top row."""
    depth, count = depth_of(layer), layer.channelCount()
    untyped: Any = layer
    content: bytes = untyped.allBufferElements(_storage(depth), count)
    elements = _elements(content, depth)
    row_bytes = layer.bufferResolution()[0] * SAMPLE_BYTES[depth]
    return [
        Plane(depth, _turned(elements[place::count].tobytes(), row_bytes)) for place in range(count)
    ]


def _elements(content: Union[bytes, bytearray], depth: str) -> memoryview:
    """Return samples as integers of their size: moved as such, a NaN keeps every bit."""
    view = memoryview(content)
    return view.cast("H") if depth == _HALF else view.cast("I")


def _turned(plane: bytes, row_bytes: int) -> bytes:
    """Return rows in the opposite order."""
    starts = range(len(plane) - row_bytes, -1, -row_bytes)
    return b"".join(plane[start : start + row_bytes] for start in starts)


def _interleaved(planes: Sequence[bytes], depth: str, width: int) -> bytes:
    """Return planes from the top as a buffer from the bottom."""
    content = bytearray(len(planes) * len(planes[0]))
    elements = _elements(content, depth)
    row_bytes = width * SAMPLE_BYTES[depth]
    for place, plane in enumerate(planes):
        elements[place :: len(planes)] = _elements(_turned(plane, row_bytes), depth)
    return bytes(content)


def _blank(image: PlainImage, main: hou.ImageLayer, depth: str) -> hou.ImageLayer:
    """Return an empty layer with the windows of *image* and everything else of *main*.

    What a channel is and how many there are must be set before the data window: that one makes the
    buffer. Without the attributes a later Layer Merge drops the layer.
    """
    layer = hou.ImageLayer()
    layer.setChannelCount(RGBA)
    layer.setStorageType(_storage(depth))
    layer.setPixelScale(main.pixelScale())
    _set_windows(layer, image, main)
    layer.setBorder(main.border())
    layer.setTypeInfo(main.typeInfo())
    layer.setProjection(main.projection())
    for name in _CAMERA:
        getter = getattr(main, name[0].lower() + name[1:])
        getattr(layer, f"set{name}")(getter())
    layer.setAttributes(main.attributes())
    return layer


def _set_windows(layer: hou.ImageLayer, image: PlainImage, main: hou.ImageLayer) -> None:
    if _is_in_pixels(main):
        data, display = image.data_window, image.display_window
        low = display.top + display.bottom - data.bottom
        layer.setDataWindow(data.left, low, data.width, data.height)
        layer.setDisplayWindow(display.left, display.top, display.width, display.height)
        return
    factor = image.data_window.width // main.bufferResolution()[0]
    corner, size = main.dataWindow().min(), main.dataWindow().size()
    layer.setDataWindow(*(round(each * factor) for each in (*corner, *size)))
    corner, size = main.displayWindow().min(), main.displayWindow().size()
    layer.setDisplayWindow(*(each * factor for each in (*corner, *size)))


def _alpha(main: hou.ImageLayer, image: PlainImage, depth: str) -> bytes:
    """Return the main layer's alpha at the size and in the depth of a result: pixels repeat."""
    pixels = image.data_window.width * image.data_window.height
    if main.channelCount() != RGBA:
        return _ones(depth, pixels * SAMPLE_BYTES[depth])
    own_depth, plane = _planes(main)[RGBA - 1]
    width = main.bufferResolution()[0]
    factor = image.data_window.width // width
    if factor > 1:
        plane = _enlarged(bytes(plane), width, factor, own_depth)
    if own_depth == depth:
        return bytes(plane)
    numbers = struct.unpack(f"<{pixels}{_NUMBERS[own_depth]}", plane)
    return struct.pack(f"<{pixels}{_NUMBERS[depth]}", *numbers)


def _enlarged(plane: bytes, width: int, factor: int, depth: str) -> bytes:
    """Return a plane with each pixel repeated, *factor* times each way."""
    content = bytearray(len(plane) * factor)
    wide = _elements(content, depth)
    for place in range(factor):
        wide[place::factor] = _elements(plane, depth)
    row_bytes = width * factor * SAMPLE_BYTES[depth]
    starts = range(0, len(content), row_bytes)
    return b"".join(bytes(content[start : start + row_bytes]) * factor for start in starts)


def _ones(depth: str, size_bytes: int) -> bytes:
    return _ONES[depth] * (size_bytes // SAMPLE_BYTES[depth])
