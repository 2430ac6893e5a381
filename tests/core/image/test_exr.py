"""EXR files survive decoding and encoding bit for bit."""

from __future__ import annotations

import io
import struct

import numpy as np
import OpenEXR
import OpenImageIO
import pytest

from filmgate.errors import StorageError
from filmgate.image.codec import set_codec_threads
from filmgate.image.container import header_bytes
from filmgate.image.exr import (
    BufferWriter,
    encode_exr,
    load_exr,
    max_encoded_bytes,
    parse_exr,
    parse_headers,
    write_exr,
)
from filmgate.image.frame import Part, Plate
from filmgate.image.header import COMPRESSIONS, Attribute, compression_attribute, text_attribute
from filmgate.image.merge import UNSTABLE_COMPRESSIONS
from filmgate.image.window import Window

LOSSLESS = [name for name in COMPRESSIONS if name not in UNSTABLE_COMPRESSIONS | {"pxr24"}]


def reread(plate):
    """Encode and decode once."""
    return parse_exr(encode_exr(plate))


def test_a_render_comes_back_as_the_very_same_bytes(render):
    """Decoding and encoding a Cycles render gives its file again, byte for byte."""
    assert encode_exr(parse_exr(render)) == render


@pytest.mark.parametrize("compression", LOSSLESS)
def test_lossless_compressions_keep_every_bit(compression, make_part, random_planes, same_bits):
    """Every bit pattern of every pixel type survives each lossless compression."""
    part = make_part(random_planes((300, 70)), compression=compression)
    assert same_bits(part, reread(Plate((part,))).parts[0])


@pytest.mark.parametrize("compression", ["pxr24", *LOSSLESS])
def test_stable_compressions_change_nothing_when_written_again(
    compression, openexr_file, random_planes, same_bits
):
    """What was read from a file keeps its bits when it is written with the same compression."""
    number = OpenEXR.Compression(COMPRESSIONS.index(compression))
    once = parse_exr(openexr_file(random_planes((100, 60)), compression=number))
    assert same_bits(once.parts[0], reread(once).parts[0])


@pytest.mark.parametrize("compression", sorted(UNSTABLE_COMPRESSIONS))
def test_lossy_compressions_can_be_read(compression, openexr_file, smooth_planes):
    """A lossy source decodes to exactly what OpenEXR decodes from the whole file."""
    number = OpenEXR.Compression(COMPRESSIONS.index(compression))
    content = openexr_file(smooth_planes((70, 90)), compression=number)
    expected = OpenEXR.File(io.BytesIO(content), separate_channels=True).channels()
    found = parse_exr(content).parts[0].channels
    assert {name: plane.tobytes() for name, plane in found.items()} == {
        name: channel.pixels.tobytes() for name, channel in expected.items()
    }


def test_attributes_of_every_type_keep_their_bytes(openexr_file, random_planes, rich_attributes):
    """Preview, matrices, rationals and time codes come back with the same bytes, in order."""
    content = openexr_file(random_planes((8, 8)), **rich_attributes)
    plate = parse_exr(content)
    again = reread(plate)
    assert set(rich_attributes) <= set(plate.parts[0].attributes)
    assert list(again.parts[0].attributes.items()) == list(plate.parts[0].attributes.items())
    assert encode_exr(plate) == content


def test_attributes_of_unknown_type_and_no_text_survive(make_part, random_planes):
    """An attribute whose type nobody knows, and one in Latin-1, keep their bytes."""
    odd = {
        "studio/secret": Attribute("acmeBlob", b"\x00\xff\x01"),
        "owner": Attribute("string", b"J\xf6rg"),
    }
    part = make_part(random_planes((4, 4)), **odd)
    attributes = reread(Plate((part,))).parts[0].attributes
    assert {name: attributes[name] for name in odd} == odd


def test_other_readers_see_the_same_image(openexr_file, random_planes, rich_attributes, tmp_path):
    """OpenEXR and OpenImageIO read our file as they read the source, header and pixels."""
    source = openexr_file(random_planes((20, 30)), **rich_attributes)
    part = parse_exr(source).parts[0]
    zipped = part.header.with_attributes({"compression": compression_attribute("zip")})
    ours = encode_exr(Plate((Part(zipped, part.channels),)))
    theirs = OpenEXR.File(io.BytesIO(source), separate_channels=True)
    mine = OpenEXR.File(io.BytesIO(ours), separate_channels=True)
    assert str(mine.header()["timeCode"]) == str(theirs.header()["timeCode"])
    assert mine.header()["framesPerSecond"] == theirs.header()["framesPerSecond"]
    assert mine.channels()["id"].pixels.tobytes() == theirs.channels()["id"].pixels.tobytes()
    path = tmp_path / "ours.exr"
    path.write_bytes(ours)
    spec = OpenImageIO.ImageInput.open(str(path)).spec()
    assert (spec.width, spec.height, spec.nchannels) == (30, 20, 6)
    assert spec.getattribute("compression") == "zip"


def test_uncompressed_rows_are_what_openexr_writes(openexr_file, random_planes, same_bits):
    """Rows that are copied, not coded, make the very file that OpenEXR makes, and back."""
    planes = random_planes((700, 333))
    content = openexr_file(planes)
    plate = parse_exr(content)
    assert {name: plane.tobytes() for name, plane in plate.parts[0].channels.items()} == {
        name: plane.tobytes() for name, plane in planes.items()
    }
    assert encode_exr(plate) == content


def test_uncompressed_rows_out_of_order_are_decoded(openexr_file, random_planes, same_bits):
    """A file whose rows were written in any order, as renderers do, reads the same."""
    content = openexr_file(random_planes((5, 16)))
    front = len(header_bytes(parse_headers(content)))
    table = np.frombuffer(content[front : front + 40], "<i8")
    step = int(table[1] - table[0])
    rows = [content[start : start + step] for start in table]
    order = [3, 0, 4, 1, 2]
    places = np.array([order.index(row) for row in range(5)]) * step + table[0]
    shuffled = content[:front] + places.astype("<i8").tobytes() + b"".join(rows[r] for r in order)
    assert same_bits(parse_exr(shuffled).parts[0], parse_exr(content).parts[0])


@pytest.mark.parametrize("origin", [(-7, -5), (100, 40), (0, 0)])
def test_windows_off_the_origin_survive(origin, make_part, random_planes, same_bits):
    """Overscan and crops, with negative origins too, keep both windows and all pixels."""
    display = Window(-2, -2, 30, 20)
    part = make_part(random_planes((33, 21)), origin=origin, display=display, compression="piz")
    again = reread(Plate((part,))).parts[0]
    assert again.data_window == Window(*origin, origin[0] + 20, origin[1] + 32)
    assert again.display_window == display
    assert same_bits(part, again)


def test_tiles_survive(openexr_file, random_planes):
    """A tiled source is written with the same tiles, line order and bytes."""
    tiles = OpenEXR.TileDescription()
    tiles.xSize, tiles.ySize = 16, 24
    content = openexr_file(random_planes((50, 37)), type=OpenEXR.tiledimage, tiles=tiles)
    plate = parse_exr(content)
    assert plate.parts[0].header.tile == (16, 24, 0)
    assert encode_exr(plate) == content


def test_decreasing_lines_survive(openexr_file, random_planes):
    """Lines stored from the bottom up are read the right way and written the same way."""
    planes = random_planes((40, 9))
    content = openexr_file(
        planes, lineOrder=OpenEXR.LineOrder.DECREASING_Y, compression=OpenEXR.ZIP_COMPRESSION
    )
    plate = parse_exr(content)
    assert plate.parts[0].channels["R"].tobytes() == planes["R"].tobytes()
    assert plate.parts[0].header.line_order == "decreasing"
    assert encode_exr(plate) == content


def test_parts_keep_their_own_windows_and_attributes(make_part, random_planes, same_bits):
    """Two parts with differing windows, types and compressions come back whole."""
    display = Window(0, 0, 50, 50)
    left, right = (
        make_part(
            planes,
            origin=origin,
            display=display,
            compression=compression,
            name=text_attribute(f"rgba.{view}"),
            type=text_attribute("scanlineimage"),
            view=text_attribute(view),
        )
        for view, origin, compression, planes in (
            ("left", (-3, 2), "zips", random_planes((12, 40))),
            ("right", (0, 0), "piz", {"Z": np.linspace(0, 1, 60, dtype="f4").reshape(6, 10)}),
        )
    )
    content = encode_exr(Plate((left, right)))
    again = parse_exr(content)
    assert [part.view for part in again.parts] == ["left", "right"]
    assert [part.data_window for part in again.parts] == [left.data_window, right.data_window]
    assert all(map(same_bits, (left, right), again.parts))
    assert len(OpenEXR.File(io.BytesIO(content), separate_channels=True).parts) == 2
    assert encode_exr(again) == content


def test_p_linear_survives(openexr_file):
    """The flag that says a channel is perceptually linear is kept."""
    plane = np.ones((4, 4), np.float16)
    out = io.BytesIO()
    OpenEXR.File(
        {"type": OpenEXR.scanlineimage}, {"Y": OpenEXR.Channel("Y", plane, 1, 1, True)}
    ).write(out)
    plate = parse_exr(out.getvalue())
    assert plate.parts[0].header.channels[0].p_linear
    assert encode_exr(plate) == out.getvalue()


@pytest.mark.parametrize(
    "wrap", [bytes, bytearray, memoryview, lambda b: memoryview(bytearray(b))[:]]
)
def test_any_buffer_can_be_decoded(wrap, render, same_bits):
    """Bytes, arrays of bytes and views of shared memory decode alike."""
    assert same_bits(parse_exr(wrap(render)).parts[0], parse_exr(render).parts[0])


def test_headers_can_be_read_alone(render):
    """The headers give windows and channels without decoding a pixel."""
    (header,) = parse_headers(render)
    assert header.data_window == Window(0, 0, 639, 359)
    assert len(header.channels) == 23


def test_a_file_on_disk_is_loaded(tmp_path, render):
    """A path is read whole; one that does not exist is a typed error."""
    (tmp_path / "plate.exr").write_bytes(render)
    assert encode_exr(load_exr(tmp_path / "plate.exr")) == render
    with pytest.raises(StorageError, match=r"missing\.exr"):
        load_exr(tmp_path / "missing.exr")


def test_a_reserved_buffer_receives_the_file(make_part, random_planes):
    """The bytes land in the given memory, and their count is returned."""
    plate = Plate((make_part(random_planes((9, 9))),))
    arena = bytearray(max_encoded_bytes(plate) + 100)
    writer = BufferWriter(memoryview(arena))
    assert write_exr(plate, writer) == writer.size_bytes
    assert bytes(arena[: writer.size_bytes]) == encode_exr(plate)


def test_a_full_buffer_is_a_typed_error(make_part, random_planes):
    """A reservation that is too small is refused and nothing is written past its end."""
    plate = Plate((make_part(random_planes((9, 9))),))
    arena = bytearray(1000)
    with pytest.raises(StorageError, match="600 bytes reserved"):
        write_exr(plate, BufferWriter(memoryview(arena)[:600]))
    assert arena[600:] == bytes(400)


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("shape", [(1, 1), (257, 33)])
def test_no_encoded_file_exceeds_its_bound(compression, shape, make_part, random_planes):
    """Noise that will not compress stays under the bound that memory is reserved by."""
    plate = Plate((make_part(random_planes(shape), compression=compression),))
    assert len(encode_exr(plate)) <= max_encoded_bytes(plate)


def test_threads_change_no_byte(make_part, random_planes):
    """The result does not depend on how many threads OpenEXR may use."""
    plate = Plate((make_part(random_planes((200, 50))),))
    try:
        set_codec_threads(2)
        threaded = encode_exr(plate)
    finally:
        set_codec_threads(0)
    assert threaded == encode_exr(plate)


def test_long_names_set_the_flag_that_readers_need(make_part, random_planes):
    """A name of more than 31 bytes is announced in the version field, a short one is not."""
    planes = random_planes((2, 2))
    versions = [
        struct.unpack_from("<I", encode_exr(Plate((make_part(planes, **extra),))), 4)[0]
        for extra in ({}, {"n" * 32: text_attribute("x")})
    ]
    assert versions == [2, 2 | 0x400]


@pytest.mark.parametrize("compression", ["none", "zip"])
@pytest.mark.parametrize("height", [1, 3])
def test_nothing_of_the_files_memory_is_kept(compression, height, make_part, random_planes):
    """A plate outlives the memory that its file was in."""
    memory = bytearray(
        encode_exr(Plate((make_part(random_planes((height, 9)), compression=compression),)))
    )
    plate = parse_exr(memory)
    before = encode_exr(plate)
    memory[:] = bytes(len(memory))
    assert encode_exr(plate) == before
