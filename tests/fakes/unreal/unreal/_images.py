"""Source art: its pixels as they were imported, and the files that it comes from and goes to.

Bytes of 8 bits are kept as they are. An sRGB texture's become scene-linear floats where a format of
floats is written, by the sRGB curve; floats are never changed.
"""

from __future__ import annotations

import math
import struct
import zlib
from array import array
from typing import Any, NamedTuple

from unreal import _exr

FLOATS = ("RGBA16F", "RGBA32F", "R16F", "R32F")
CHANNELS = {"G8": "R", "G16": "R", "BGRA8": "RGBA", "RGBA16": "RGBA", "R16F": "R", "R32F": "R"}


class Image(NamedTuple):
    """Pixels in the units of their format: 0 to 255, 0 to 65535, or floats.

    Attributes:
        kind: a format of Unreal's source art: G8, BGRA8, G16, RGBA16, RGBA16F, RGBA32F, R16F, R32F.
        planes: by "R", "G", "B", "A"; rows from the top.
    """

    width: int
    height: int
    kind: str
    planes: dict[str, Any]

    @property
    def is_float(self) -> bool:
        """Whether the values are light, not codes."""
        return self.kind in FLOATS

    @property
    def top(self) -> float:
        """The code of white."""
        return 255.0 if self.kind in ("G8", "BGRA8") else 65535.0


def make_image(width: int, height: int, kind: str, planes: dict[str, Any]) -> Image:
    """Return an image; RGBA formats get the channels that they lack: grey, and alpha one."""
    image = Image(width, height, kind, dict(planes))
    wanted = CHANNELS.get(kind, "RGBA")
    first = next(iter(planes.values()))
    white = 1.0 if image.is_float else image.top
    filled = {"A": array("d", [white] * (width * height))}
    return image._replace(
        planes={name: planes.get(name, filled.get(name, first)) for name in wanted}
    )


def to_linear(image: Image, srgb: bool) -> dict[str, Any]:
    """Return floats: codes over white, by the sRGB curve where that is asked for; alpha never."""
    if image.is_float:
        return image.planes
    return {
        name: array("d", (_linear(code / image.top, srgb and name != "A") for code in plane))
        for name, plane in image.planes.items()
    }


def _linear(value: float, srgb: bool) -> float:
    if not srgb:
        return value
    return value / 12.92 if value <= 0.04045 else math.pow((value + 0.055) / 1.055, 2.4)


def to_half(value: float) -> float:
    """Return the nearest number of 16 bits; beyond them, infinity."""
    if value != value or abs(value) < 65520.0:  # noqa: PLR0124 - NaN
        return struct.unpack("<e", struct.pack("<e", value))[0]
    return math.copysign(math.inf, value)


def to_halves(image: Image) -> Image:
    """Return what the graphics device keeps of floats: 16 bits of each."""
    if not image.is_float:
        return image
    planes = {name: array("d", map(to_half, plane)) for name, plane in image.planes.items()}
    return image._replace(planes=planes)


# ---- writing --------------------------------------------------------------------------------


def write(image: Image, srgb: bool, kind: str) -> bytes:
    """Return a file of a *kind*: exr, hdr or png."""
    return {"exr": _write_exr, "hdr": _write_hdr, "png": _write_png, "tga": _write_tga}[kind](
        image, srgb
    )


def _write_exr(image: Image, srgb: bool) -> bytes:
    half = image.kind in ("RGBA16F", "R16F", "BGRA8", "G8")
    kind = _exr.HALF if half else _exr.FLOAT
    return _exr.to_exr(_exr.Planes(image.width, image.height, to_linear(image, srgb), kind))


def _write_hdr(image: Image, srgb: bool) -> bytes:
    planes = to_linear(image, srgb)
    head = f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {image.height} +X {image.width}\n"
    red = planes["R"]
    pixels = zip(red, planes.get("G", red), planes.get("B", red))
    return head.encode() + b"".join(_rgbe(*pixel) for pixel in pixels)


def _rgbe(red: float, green: float, blue: float) -> bytes:
    most = max(red, green, blue)
    if most < 1e-32:
        return b"\0\0\0\0"
    mantissa, exponent = math.frexp(most)
    scale = mantissa * 256.0 / most
    return bytes([int(max(each, 0) * scale) for each in (red, green, blue)] + [exponent + 128])


def _write_png(image: Image, srgb: bool) -> bytes:
    """Codes as they are; floats are cut to what a code can say, which is how light is lost."""
    names = "RGBA" if "G" in image.planes else "R"
    wide = image.kind in ("G16", "RGBA16")
    scale = (65535.0 if wide else 255.0) if image.is_float else 1.0
    size = 2 if wide else 1
    planes = [image.planes[name] for name in names]
    step = size * len(names)
    lines = [
        b"".join(
            _code(plane[at] * scale, size)
            for at in range(row * image.width, (row + 1) * image.width)
            for plane in planes
        )
        for row in range(image.height)
    ]
    rows = _filtered(lines, step)
    colour = 6 if names == "RGBA" else 0
    head = struct.pack(">IIBBBBB", image.width, image.height, 8 * size, colour, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _write_tga(image: Image, srgb: bool) -> bytes:
    """Codes, 16 bits scaled to 8; the last row first, as the format's first readers wanted it."""
    names = "BGRA" if "G" in image.planes else "R"
    head = struct.pack(
        "<BBBHHBHHHHBB",
        0, 0, 2 if len(names) > 1 else 3, 0, 0, 0, 0, 0, image.width, image.height,
        8 * len(names), 8 if len(names) > 1 else 0,
    )  # fmt: skip
    body, step = bytearray(), (image.top + 1) / 256
    for row in reversed(range(image.height)):
        for at in range(row * image.width, (row + 1) * image.width):
            body += bytes(int(image.planes[name][at] / step) for name in names)
    return head + bytes(body)


def _code(value: float, size: int) -> bytes:
    most = 256**size - 1
    return int(min(max(value, 0), most) + 0.5).to_bytes(size, "big")


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def _filtered(lines: list[bytes], step: int) -> bytes:
    """Return rows as real writers store them: each by another of PNG's five filters."""
    above, out = bytes(len(lines[0])), bytearray()
    for number, line in enumerate(lines):
        kind = number % 5
        out.append(kind)
        guess = _guess(kind, line, above, step)
        out += bytes((value - each) & 0xFF for value, each in zip(line, guess))
        above = line
    return bytes(out)


def _guess(kind: int, line: bytes, above: bytes, step: int) -> list[int]:
    left = bytes(step) + line
    corner = bytes(step) + above
    return [_GUESSES[kind](left[at], above[at], corner[at]) for at in range(len(line))]


def _paeth(left: int, above: int, corner: int) -> int:
    whole = left + above - corner
    near = [(abs(whole - each), place) for place, each in enumerate((left, above, corner))]
    return (left, above, corner)[min(near)[1]]


_GUESSES = (
    lambda left, above, corner: 0,
    lambda left, above, corner: left,
    lambda left, above, corner: above,
    lambda left, above, corner: (left + above) // 2,
    _paeth,
)


# ---- reading --------------------------------------------------------------------------------


def parse(content: bytes) -> Image:
    """Return what an import reads of a file: an EXR by its content, a PNG without filters.

    Raises:
        ValueError: no such file is read here.
    """
    if content[:4] == _exr.MAGIC:
        return _from_exr(_exr.parse_exr(content))
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        return _from_png(content)
    raise ValueError("neither an EXR nor a PNG")


def _from_exr(read: _exr.Planes) -> Image:
    half = read.kind == _exr.HALF
    grey = "G" not in read.channels
    first = next(iter(read.channels.values()))
    planes = {name: read.channels[name] for name in "RGBA" if name in read.channels} or {"R": first}
    kind = ("R16F" if half else "R32F") if grey else ("RGBA16F" if half else "RGBA32F")
    return make_image(read.width, read.height, kind, planes)


def _from_png(content: bytes) -> Image:
    width, height, bits, colour = struct.unpack(">IIBB", content[16:26])
    names, size = {0: "R", 2: "RGB", 6: "RGBA"}[colour], bits // 8
    raw = zlib.decompress(b"".join(_chunks(content)))
    step = len(names) * size
    line = 1 + width * step
    whole = _unfiltered([raw[row * line : (row + 1) * line] for row in range(height)], step)
    codes = struct.unpack(f">{len(whole) // size}{'H' if size == 2 else 'B'}", whole)
    planes = {name: array("d", codes[at :: len(names)]) for at, name in enumerate(names)}
    kinds = {(1, 1): "G8", (1, 2): "G16"}
    kind = kinds.get((len(names), size), "BGRA8" if size == 1 else "RGBA16")
    return make_image(width, height, kind, planes)


def _unfiltered(lines: list[bytes], step: int) -> bytes:
    above, out = bytes(len(lines[0]) - 1), bytearray()
    for kind, packed in ((line[0], line[1:]) for line in lines):
        line = bytearray()
        for at, value in enumerate(packed):
            left = line[at - step] if at >= step else 0
            corner = above[at - step] if at >= step else 0
            line.append((value + _GUESSES[kind](left, above[at], corner)) & 0xFF)
        out += line
        above = bytes(line)
    return bytes(out)


def _chunks(content: bytes) -> list[bytes]:
    found, position = [], 8
    while position < len(content):
        (size,) = struct.unpack_from(">I", content, position)
        if content[position + 4 : position + 8] == b"IDAT":
            found.append(content[position + 8 : position + 8 + size])
        position += size + 12
    return found
