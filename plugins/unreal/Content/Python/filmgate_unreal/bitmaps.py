"""Source art that the editor exports as TGA or PNG, read into planes and written as EXR.

In plain Python, with no loop over pixels where the format allows: a plane is a slice, a curve is a
table. Sources: Truevision TGA 2.0; PNG, W3C REC-PNG-3; the sRGB curve, IEC 61966-2-1.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Callable

from filmgate.errors import DamagedImageError, UnsupportedImageError
from filmgate.host.plain_exr import PlainImage, Plane, Window, to_plain_exr

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"

_TGA_HEADER = struct.Struct("<BBBHHBHHHHBB")
_TGA_COLOUR, _TGA_GREY = 2, 3
_TGA_TOP_FIRST = 0x20
_TGA_LETTERS = {8: "Y", 24: "BGR", 32: "BGRA"}
_PNG_LETTERS = {0: "Y", 2: "RGB", 4: "YA", 6: "RGBA"}
_PNG_REMEDY = "Save the source art as 8 or 16 bit RGB, RGBA or grey, and import it again."


@dataclass(frozen=True)
class Bitmap:
    """A picture of whole numbers.

    Attributes:
        width: in pixels.
        height: in pixels.
        bits: 8 or 16.
        planes: the samples from the top row, left to right, by ``R G B A`` or ``Y``; of 16 bits
            little-endian.
    """

    width: int
    height: int
    bits: int
    planes: Mapping[str, bytes]


def parse_bitmap(content: bytes) -> Bitmap:
    """Read a TGA or PNG file.

    Raises:
        UnsupportedImageError: it is neither, or of a kind that the editor does not write.
        DamagedImageError: it is cut off.
    """
    return _parse_png(content) if content.startswith(PNG_MAGIC) else _parse_tga(content)


def png_bits(content: bytes) -> int:
    """Return how many bits each sample of a PNG file has; 0 where it is no PNG."""
    place = len(PNG_MAGIC) + 16  # behind the header's length, name, width and height
    return content[place] if content.startswith(PNG_MAGIC) and len(content) > place else 0


def to_exr(bitmap: Bitmap, curved: bool) -> bytes:
    """Write R, G and B as 32-bit floats, of grey three that are equal; alpha is left out.

    In a texture alpha is any mask, and the colours are not multiplied by it, as they are by what
    an EXR file calls ``A``.

    Args:
        bitmap: the picture.
        curved: whether the numbers stand for sRGB's curve, which is taken away: the floats are
            linear then. Else they are the numbers' fractions of the largest one.
    """
    letters = {each: "Y" if "Y" in bitmap.planes else each for each in "RGB"}
    floats = {
        each: to_floats(bitmap.planes[each], bitmap.bits, curved) for each in {*letters.values()}
    }
    planes = {letter: Plane("float", floats[of]) for letter, of in letters.items()}
    window = Window(0, 0, bitmap.width - 1, bitmap.height - 1)
    return to_plain_exr(PlainImage(window, window, planes))


def grown(bitmap: Bitmap, letter: str, factor: int) -> bytes:
    """Return a plane whose pixels are repeated in both directions."""
    size, plane = bitmap.bits // 8, bitmap.planes[letter]
    wide = bytearray(len(plane) * factor)
    for place in range(factor):
        for byte in range(size):
            wide[place * size + byte :: factor * size] = plane[byte::size]
    row = bitmap.width * size * factor
    lines = (bytes(wide[at : at + row]) for at in range(0, len(wide), row))
    return b"".join(line * factor for line in lines)


def to_floats(samples: bytes, bits: int, curved: bool) -> bytes:
    """Return samples as 32-bit floats from 0 to 1, little-endian."""
    if bits == 16:
        numbers = array("H", samples)
        return array("f", map(_table(65536, curved).__getitem__, numbers)).tobytes()
    table = _table(256, curved).tobytes()
    found = bytearray(4 * len(samples))
    for place in range(4):
        found[place::4] = samples.translate(table[place::4])
    return bytes(found)


@lru_cache(maxsize=4)
def _table(count: int, curved: bool) -> array[float]:
    fractions = (number / (count - 1) for number in range(count))
    return array("f", map(linear, fractions) if curved else fractions)


def linear(value: float) -> float:
    """Take the curve of sRGB away."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


# TGA


def _parse_tga(content: bytes) -> Bitmap:
    if len(content) < _TGA_HEADER.size:
        raise DamagedImageError("The exported picture is cut off.")
    name, palette, kind, *_, width, height, depth, order = _TGA_HEADER.unpack_from(content)
    letters = _TGA_LETTERS.get(depth, "")
    fits = kind == (_TGA_GREY if letters == "Y" else _TGA_COLOUR) and not palette
    if not letters or not fits or width * height == 0:
        raise UnsupportedImageError(
            "The editor exported something that is neither EXR, PNG nor plain TGA.",
            "Import the source art again from an EXR, PNG or TGA file.",
        )
    start = _TGA_HEADER.size + name
    size = width * height * len(letters)
    if len(content) < start + size:
        raise DamagedImageError("The exported picture is cut off.")
    body = content[start : start + size]
    if not order & _TGA_TOP_FIRST:
        row = width * len(letters)
        body = b"".join(body[at : at + row] for at in range(size - row, -1, -row))
    return Bitmap(width, height, 8, _planes(body, letters))


# PNG


def _parse_png(content: bytes) -> Bitmap:
    header, packed = _png_parts(content)
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    letters = _PNG_LETTERS.get(kind, "")
    if not letters or bits not in (8, 16) or interlaced:
        raise UnsupportedImageError("The exported PNG has a palette or odd bits.", _PNG_REMEDY)
    pixel = len(letters) * bits // 8
    try:
        rows = zlib.decompress(packed)
    except zlib.error:
        raise DamagedImageError("The exported picture is damaged.") from None
    if len(rows) != height * (1 + width * pixel):
        raise DamagedImageError("The exported picture is cut off.")
    body = _unfiltered(rows, width * pixel, pixel)
    return Bitmap(width, height, bits, _planes(body, letters, bits))


def _png_parts(content: bytes) -> tuple[bytes, bytes]:
    """Return the header and everything that is packed."""
    header, place = b"", len(PNG_MAGIC)
    packed: list[bytes] = []
    while place + 12 <= len(content):
        (size,) = struct.unpack_from(">I", content, place)
        name, body = content[place + 4 : place + 8], content[place + 8 : place + 8 + size]
        if name == b"IHDR":
            header = body
        elif name == b"IDAT":
            packed.append(body)
        place += size + 12
    if len(header) != struct.calcsize(">IIBBBBB") or not packed:
        raise DamagedImageError("The exported picture is cut off.")
    return header, b"".join(packed)


def _planes(body: bytes, letters: str, bits: int = 8) -> dict[str, bytes]:
    count = len(letters)
    if bits == 8:
        return {letter: body[place::count] for place, letter in enumerate(letters)}
    numbers = array("H", body)
    numbers.byteswap()  # PNG has the high byte first
    return {letter: numbers[place::count].tobytes() for place, letter in enumerate(letters)}


def _unfiltered(rows: bytes, row: int, pixel: int) -> bytes:
    """Undo what PNG does to each row so that it packs better."""
    above, found = bytes(row), bytearray()
    for start in range(0, len(rows), row + 1):
        undo = _FILTERS.get(rows[start])
        if undo is None:
            raise DamagedImageError("The exported picture is damaged.")
        above = undo(rows[start + 1 : start + 1 + row], above, pixel)
        found += above
    return bytes(found)


def _plain(line: bytes, _: bytes, __: int) -> bytes:
    return line


def _of_left(line: bytes, _: bytes, pixel: int) -> bytes:
    """Add what is left of each byte: a running sum, by doubling the distance."""
    shift = pixel
    while shift < len(line):
        line = _sum(line, bytes(shift) + line[:-shift])
        shift *= 2
    return line


def _of_above(line: bytes, above: bytes, _: int) -> bytes:
    return _sum(line, above)


def _sum(one: bytes, other: bytes) -> bytes:
    """Add byte by byte modulo 256: the low seven bits as one number, the highest without carry."""
    size = len(one)
    low, a, b = (int.from_bytes(each, "little") for each in (b"\x7f" * size, one, other))
    total = ((a & low) + (b & low)) ^ ((a ^ b) & (low + low // 127))
    return total.to_bytes(size, "little")


def _of_mean(line: bytes, above: bytes, pixel: int) -> bytes:
    found = bytearray(line)
    for place, byte in enumerate(line):
        left = found[place - pixel] if place >= pixel else 0
        found[place] = (byte + (left + above[place]) // 2) & 255
    return bytes(found)


def _of_nearest(line: bytes, above: bytes, pixel: int) -> bytes:
    """Add whichever of left, above and their corner is nearest to left + above - corner."""
    found = bytearray(pixel) + line
    corners = bytes(pixel) + above
    for place, (byte, up, corner) in enumerate(zip(line, above, corners)):
        left = found[place]
        to_left, to_up, to_corner = (
            abs(up - corner),
            abs(left - corner),
            abs(left + up - 2 * corner),
        )
        if to_left <= to_up and to_left <= to_corner:
            nearest = left
        else:
            nearest = up if to_up <= to_corner else corner
        found[place + pixel] = (byte + nearest) & 255
    return bytes(found[pixel:])


_FILTERS: Mapping[int, Callable[[bytes, bytes, int], bytes]] = {
    0: _plain,
    1: _of_left,
    2: _of_above,
    3: _of_mean,
    4: _of_nearest,
}


def to_png(planes: Mapping[str, bytes], width: int, height: int, bits: int = 8) -> bytes:
    """Write planes, as `Bitmap` holds them, as a PNG without filters."""
    letters = "".join(planes)
    kind = next(kind for kind, known in _PNG_LETTERS.items() if known == letters)
    count, size = len(letters), bits // 8
    body = bytearray(width * height * count * size)
    for place, plane in enumerate(planes.values()):
        for byte in range(size):  # the high byte first
            body[place * size + byte :: count * size] = plane[size - 1 - byte :: size]
    row = width * count * size
    lines = b"".join(b"\0" + body[at : at + row] for at in range(0, len(body), row))
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 1)), (b"IEND", b""))
    return PNG_MAGIC + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    seal = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", seal)
