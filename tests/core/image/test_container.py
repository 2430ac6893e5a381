"""Files that cannot be used are refused with the reason, before any memory for pixels is taken."""

from __future__ import annotations

import struct
import tracemalloc

import numpy as np
import OpenEXR
import pytest

from filmgate.errors import DamagedImageError, ImageError, ImageTooLargeError, UnsupportedImageError
from filmgate.image.container import Limits, header_bytes
from filmgate.image.exr import encode_exr, parse_exr, parse_headers
from filmgate.image.frame import Plate
from filmgate.image.header import Attribute, ChannelSpec, channels_attribute, window_attribute
from filmgate.image.window import Window


@pytest.fixture
def plate_bytes(make_part, random_planes):
    """A small sound file and its header."""
    part = make_part(random_planes((40, 30)))
    return encode_exr(Plate((part,))), part.header


def patched(content: bytes, header, **changed) -> bytes:
    """Return *content* with attributes of its header replaced."""
    (old,) = parse_headers(content)
    front = header_bytes((old,))
    return header_bytes((old.with_attributes(changed),)) + content[len(front) :]


def test_a_header_that_claims_terabytes_costs_nothing(plate_bytes):
    """A window of 20,000 million pixels is refused from the header alone."""
    huge = patched(*plate_bytes, dataWindow=window_attribute(Window(0, 0, 660_000, 440_000)))
    tracemalloc.start()
    try:
        with pytest.raises(ImageTooLargeError, match="660001 x 440001"):
            parse_exr(huge)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 1 << 20


def test_limits_name_what_is_exceeded(plate_bytes):
    """Width, height, channels and bytes are each refused with their own words."""
    content, _ = plate_bytes
    for limits, words in (
        (Limits(max_width=29), "30 x 40"),
        (Limits(max_height=39), "30 x 40"),
        (Limits(max_channels=5), "6 channels"),
        (Limits(max_bytes=19_199), "pixels would take"),
    ):
        with pytest.raises(ImageTooLargeError, match=words):
            parse_exr(content, limits)
    parse_exr(content, Limits(30, 40, 6, 19_200))


def test_many_attributes_are_refused(plate_bytes):
    """A header of a million tiny attributes keeps nobody busy."""
    flood = {f"a{number}": Attribute("", b"") for number in range(20_000)}
    with pytest.raises(ImageTooLargeError, match="attributes"):
        parse_exr(patched(*plate_bytes, **flood))


def test_subsampled_files_are_refused(plate_bytes):
    """Channels at half the size are named as the reason."""
    specs = (
        ChannelSpec("BY", np.dtype(np.float16), False, 2, 2),
        ChannelSpec("Y", np.dtype(np.float16)),
    )
    with pytest.raises(UnsupportedImageError, match="subsampled"):
        parse_exr(patched(*plate_bytes, channels=channels_attribute(specs)))


@pytest.mark.parametrize("kind", ["deepscanline", "deeptile"])
def test_deep_files_are_refused(plate_bytes, kind):
    """Deep parts are named as the reason."""
    with pytest.raises(UnsupportedImageError, match="deep"):
        parse_exr(patched(*plate_bytes, type=Attribute("string", kind.encode())))


def test_mip_maps_are_refused(openexr_file, random_planes):
    """Many levels are named as the reason."""
    tiles = OpenEXR.TileDescription()
    content = openexr_file(random_planes((64, 64)), type=OpenEXR.tiledimage, tiles=tiles)
    mip = struct.pack("<IIB", 32, 32, 1)
    with pytest.raises(UnsupportedImageError, match="mip-mapped"):
        parse_exr(patched(content, None, tiles=Attribute("tiledesc", mip)))


def test_unknown_versions_and_compressions_are_refused(plate_bytes):
    """A file from the future is unsupported rather than damaged."""
    content, _ = plate_bytes
    with pytest.raises(UnsupportedImageError, match="version 3"):
        parse_exr(content[:4] + b"\x03" + content[5:])
    with pytest.raises(UnsupportedImageError, match="compression 99"):
        parse_exr(patched(*plate_bytes, compression=Attribute("compression", b"\x63")))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"dataWindow": window_attribute(Window(5, 5, 4, 9))}, "no pixels"),
        ({"dataWindow": None}, "dataWindow"),
        ({"dataWindow": Attribute("box2i", b"\0" * 15)}, "wrong size"),
        ({"dataWindow": Attribute("box2f", b"\0" * 16)}, "dataWindow"),
        ({"displayWindow": None}, "displayWindow"),
        ({"pixelAspectRatio": Attribute("float", struct.pack("<f", float("nan")))}, "aspect"),
        ({"channels": Attribute("chlist", b"R\0\x01")}, "cut off"),
        ({"channels": Attribute("chlist", b"R")}, "malformed"),
        (
            {"channels": Attribute("chlist", b"R\0" + struct.pack("<iB3xii", 7, 0, 1, 1) + b"\0")},
            "type",
        ),
        ({"type": Attribute("string", b"tiledimage")}, "tiled"),
        ({"chunkCount": Attribute("int", b"\x99\0\0\0")}, "number of blocks"),
    ],
)
def test_malformed_headers_are_damage(plate_bytes, changed, words):
    """Each attribute that decoding needs is checked for presence, type and sense."""
    with pytest.raises(DamagedImageError, match=words):
        parse_exr(patched(*plate_bytes, **changed))


def test_windows_at_the_edge_of_the_plane_are_refused(plate_bytes):
    """Coordinates that overflow 32-bit arithmetic never reach the decoder."""
    far = Window(2**31 - 40, 0, 2**31 - 11, 39)
    with pytest.raises(UnsupportedImageError, match="too far"):
        parse_exr(patched(*plate_bytes, dataWindow=window_attribute(far)))


def test_an_unfinished_render_says_how_much_is_missing(plate_bytes):
    """A file cut in its pixels, or with an empty table, counts the missing blocks."""
    content, _ = plate_bytes
    with pytest.raises(DamagedImageError, match="1 of its 3 blocks"):
        parse_exr(content[:-10])
    table_end = len(header_bytes(parse_headers(content))) + 24
    with pytest.raises(DamagedImageError, match="3 of its 3 blocks"):
        parse_exr(content[: table_end - 24] + bytes(24) + content[table_end:])


def test_blocks_in_the_wrong_place_are_damage(plate_bytes):
    """A table whose entries were swapped is refused instead of giving a scrambled picture."""
    content, _ = plate_bytes
    start = len(header_bytes(parse_headers(content)))
    first, second = content[start : start + 8], content[start + 8 : start + 16]
    with pytest.raises(DamagedImageError, match="not where its table says"):
        parse_exr(content[:start] + second + first + content[start + 16 :])


@pytest.mark.parametrize(
    "content", [b"", b"v/1\x01", b"v/1\x01\x02\0\0\0", b"\x89PNG\r\n\x1a\n" + bytes(99)]
)
def test_what_is_no_exr_is_refused(content):
    """Empty, cut and foreign files are damage, whatever their bytes."""
    with pytest.raises(DamagedImageError):
        parse_exr(content)


def test_every_truncation_is_a_typed_error(plate_bytes):
    """Cut anywhere in headers, table or pixels, a file is an ImageError and nothing else."""
    content, _ = plate_bytes
    for end in [*range(0, 900, 7), *range(900, len(content), 997)]:
        with pytest.raises(ImageError):
            parse_exr(content[:end])


def test_uncompressed_rows_of_the_wrong_size_are_damage(openexr_file, random_planes):
    """A row that claims fewer bytes than it has pixels is refused."""
    content = bytearray(openexr_file(random_planes((4, 4))))
    row = len(content) - 4 * 16
    size = struct.unpack_from("<i", content, row - 4)[0]
    struct.pack_into("<i", content, row - 4, size - 1)
    with pytest.raises(DamagedImageError):
        parse_exr(content)
