"""Bitmaps: every kind that the editor exports is read to the last bit."""

from __future__ import annotations

import struct
import zlib
from array import array
from typing import Any

import pytest

from filmgate.errors import DamagedImageError, UnsupportedImageError
from filmgate.host.plain_exr import parse_plain_exr

WIDTH, HEIGHT = 7, 6
LETTERS = {1: "Y", 2: "YA", 3: "RGB", 4: "RGBA"}
PNG_KINDS = {1: 0, 2: 4, 3: 2, 4: 6}


@pytest.fixture
def bitmaps(unreal: Any) -> Any:
    """Return the module."""
    from filmgate_unreal import bitmaps  # noqa: PLC0415 - found once the stand-in is on the path

    return bitmaps


def noise(count: int, top: int, seed: int = 1) -> list[int]:
    """Return numbers that repeat seldom."""
    found, number = [], seed
    for _ in range(count):
        number = (number * 1103515245 + 12345) % (1 << 31)
        found.append(number % top)
    return found


def filtered(line: bytes, above: bytes, pixel: int, kind: int) -> bytes:
    """Filter one row as the PNG specification says, byte by byte."""
    found = bytearray()
    for place, byte in enumerate(line):
        left = line[place - pixel] if place >= pixel else 0
        up = above[place]
        corner = above[place - pixel] if place >= pixel else 0
        guess = left + up - corner
        near = min((left, up, corner), key=lambda each: abs(guess - each))
        found.append((byte - (0, left, up, (left + up) // 2, near)[kind]) & 255)
    return bytes(found)


def png(samples: list[int], channels: int, bits: int, kind: int, interlaced: int = 0) -> bytes:
    """Write a PNG whose rows use one filter; kind 5 uses them in turn."""
    body = b"".join(each.to_bytes(bits // 8, "big") for each in samples)
    pixel = channels * bits // 8
    row, above, lines = WIDTH * pixel, bytes(WIDTH * pixel), b""
    for number, start in enumerate(range(0, len(body), row)):
        line, own = body[start : start + row], kind if kind < 5 else number % 5
        lines += bytes([own]) + filtered(line, above, pixel, own)
        above = line
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, PNG_KINDS[channels], 0, 0, interlaced)
    packed = zlib.compress(lines)
    parts = ((b"IHDR", header), (b"IDAT", packed[:9]), (b"IDAT", packed[9:]), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(each)) + name + each + struct.pack(">I", zlib.crc32(name + each))
        for name, each in parts
    )


def tga(samples: list[int], depth: int, top_first: bool, kind: int = 2) -> bytes:
    """Write a TGA."""
    order = 0x28 if top_first else 8
    header = struct.pack("<BBBHHBHHHHBB", 4, 0, kind, 0, 0, 0, 0, 0, WIDTH, HEIGHT, depth, order)
    return header + b"name" + bytes(samples)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", range(6))
def test_every_png_is_read(bitmaps: Any, bits: int, channels: int, kind: int) -> None:
    """Each filter alone and all in turn, in each kind of pixel, give the samples again."""
    samples = noise(WIDTH * HEIGHT * channels, 1 << bits)
    found = bitmaps.parse_bitmap(png(samples, channels, bits, kind))
    assert (found.width, found.height, found.bits) == (WIDTH, HEIGHT, bits)
    for place, letter in enumerate(LETTERS[channels]):
        plane = array("B" if bits == 8 else "H", found.planes[letter])
        assert plane.tolist() == samples[place::channels]


@pytest.mark.parametrize("top_first", [True, False])
@pytest.mark.parametrize(("depth", "letters"), [(8, "Y"), (24, "BGR"), (32, "BGRA")])
def test_every_tga_is_read_from_the_top(
    bitmaps: Any, depth: int, letters: str, top_first: bool
) -> None:
    """A file may begin with its lowest row; planes never do."""
    samples = noise(WIDTH * HEIGHT * len(letters), 256)
    found = bitmaps.parse_bitmap(tga(samples, depth, top_first, 3 if depth == 8 else 2))
    row = WIDTH * len(letters)
    rows = [samples[at : at + row] for at in range(0, len(samples), row)]
    from_top = [each for line in (rows if top_first else rows[::-1]) for each in line]
    for place, letter in enumerate(letters):
        assert list(found.planes[letter]) == from_top[place :: len(letters)]


@pytest.mark.parametrize("bits", [8, 16])
def test_a_png_of_ours_is_read_again(bitmaps: Any, bits: int) -> None:
    """What is written for the landscape mode holds every number."""
    kind = "B" if bits == 8 else "H"
    plane = array(kind, noise(WIDTH * HEIGHT, 1 << bits)).tobytes()
    content = bitmaps.to_png({"Y": plane}, WIDTH, HEIGHT, bits)
    assert bitmaps.parse_bitmap(content).planes == {"Y": plane}


@pytest.mark.parametrize(
    "content",
    [
        b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 8\n",
        tga([0] * 3 * WIDTH * HEIGHT, 24, True, kind=10),
        png(noise(WIDTH * HEIGHT, 256), 1, 8, 0, interlaced=1),
    ],
)
def test_another_kind_is_named(bitmaps: Any, content: bytes) -> None:
    """What the editor may write besides is an error with a remedy, never guessed at."""
    with pytest.raises(UnsupportedImageError) as caught:
        bitmaps.parse_bitmap(content)
    assert caught.value.remedy


@pytest.mark.parametrize("cut", [3, 20, 60, -20])
def test_what_is_cut_off_is_refused(bitmaps: Any, cut: int) -> None:
    """A file that ends early gives no pixels."""
    for whole in (png(noise(WIDTH * HEIGHT * 3, 256), 3, 8, 5), tga([7] * 126, 24, True)):
        with pytest.raises((DamagedImageError, UnsupportedImageError)):
            bitmaps.parse_bitmap(whole[:cut])


def test_numbers_become_light_by_the_curve_of_srgb(bitmaps: Any) -> None:
    """Colours are linear in the file, to the float; alpha, which is any mask, is not sent."""
    plane = bytes(range(WIDTH * HEIGHT))
    picture = bitmaps.Bitmap(WIDTH, HEIGHT, 8, dict.fromkeys("RGBA", plane))
    image = parse_plain_exr(bitmaps.to_exr(picture, True))

    def curve(code: int) -> float:
        value = code / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    expected = array("f", map(curve, plane))
    for letter in "RGB":
        assert bytes(image.planes[letter].data) == expected.tobytes()
    assert sorted(image.planes) == ["B", "G", "R"]


@pytest.mark.parametrize("bits", [8, 16])
def test_a_plane_grows_by_repeated_pixels(bitmaps: Any, bits: int) -> None:
    """No value appears that was not there."""
    plane = array("B" if bits == 8 else "H", [1, 2, 3, 4, 5, 6])
    found = bitmaps.grown(bitmaps.Bitmap(3, 2, bits, {"A": plane.tobytes()}), "A", 2)
    rows = ([1, 1, 2, 2, 3, 3], [4, 4, 5, 5, 6, 6])
    assert array(plane.typecode, found).tolist() == [*rows[0] * 2, *rows[1] * 2]


def test_grey_is_three_equal_channels(bitmaps: Any) -> None:
    """A model of colours takes a mask of one channel; 16 bits keep all of theirs."""
    plane = array("H", noise(WIDTH * HEIGHT, 1 << 16))
    picture = bitmaps.Bitmap(WIDTH, HEIGHT, 16, {"Y": plane.tobytes()})
    image = parse_plain_exr(bitmaps.to_exr(picture, False))
    expected = array("f", (number / 65535 for number in plane)).tobytes()
    assert [bytes(image.planes[letter].data) for letter in "RGB"] == [expected] * 3
