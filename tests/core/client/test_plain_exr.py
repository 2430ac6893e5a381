"""Plain EXR files: OpenEXR reads what is written, and what OpenEXR writes is read, bit for bit."""

from __future__ import annotations

import io
import struct
import sys
from importlib.util import find_spec
from typing import Any

import pytest

from filmgate.errors import DamagedImageError, ImageError, UnsupportedImageError
from filmgate.host.plain_exr import (
    SAMPLE_BYTES,
    PlainImage,
    Plane,
    Window,
    parse_plain_exr,
    to_plain_exr,
)

ODD = Window(-3, 5, 9, 11)
FORMAT = Window(0, 0, 1919, 1079)
NAN_WITH_PAYLOAD = {"half": 0x7E01, "float": 0x7FC00123}


def samples(depth: str, window: Window, seed: int = 1) -> bytes:
    """Return samples of every kind: negative, huge, tiny, infinite, NaN with a payload."""
    count, size = window.width * window.height, SAMPLE_BYTES[depth]
    numbers = [(seed * 2654435761 + place * 40503) % (1 << 8 * size) for place in range(count)]
    numbers[0] = NAN_WITH_PAYLOAD[depth]
    return struct.pack(f"<{count}{'H' if size == 2 else 'I'}", *numbers)


def picture(*names: str, depth: str = "float", window: Window = ODD) -> PlainImage:
    """Return a picture with those channels."""
    planes = {name: Plane(depth, samples(depth, window, len(name))) for name in names}
    return PlainImage(window, FORMAT, planes, 2.0)


def opened(content: bytes) -> Any:
    """Return a file as OpenEXR reads it."""
    if sys.version_info < (3, 11) or find_spec("OpenEXR") is None:
        pytest.skip("OpenEXR is not installed: the extra [image]")
    import OpenEXR  # noqa: PLC0415 - not on a host's interpreter

    return OpenEXR.File(io.BytesIO(content), separate_channels=True)


def written(planes: dict[str, Any], **header: Any) -> bytes:
    """Return a file as OpenEXR writes it."""
    if sys.version_info < (3, 11) or find_spec("OpenEXR") is None:
        pytest.skip("OpenEXR is not installed: the extra [image]")
    import OpenEXR  # noqa: PLC0415 - not on a host's interpreter

    entries = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.NO_COMPRESSION, **header}
    out = io.BytesIO()
    channels = {name: OpenEXR.Channel(plane) for name, plane in planes.items()}
    OpenEXR.File(entries, channels).write(out)
    return out.getvalue()


@pytest.mark.parametrize("depth", SAMPLE_BYTES)
def test_what_is_written_is_read_again(depth: str) -> None:
    """Windows, aspect, names and every bit return, whatever the samples mean."""
    image = picture("R", "G", "B", "A", "albedo.R", depth=depth)

    found = parse_plain_exr(to_plain_exr(image))

    assert (found.data_window, found.display_window) == (ODD, FORMAT)
    assert found.pixel_aspect == 2.0
    assert {name: (each.depth, bytes(each.data)) for name, each in found.planes.items()} == {
        name: (depth, bytes(each.data)) for name, each in image.planes.items()
    }


@pytest.mark.parametrize("depth", SAMPLE_BYTES)
def test_openexr_reads_what_is_written(depth: str) -> None:
    """The same bits, at the same windows, under the same names."""
    image = picture("R", "G", "B", "albedo.R", "N.X", depth=depth)

    file = opened(to_plain_exr(image))

    channels = file.channels()
    assert sorted(channels) == sorted(image.planes)
    for name, plane in image.planes.items():
        assert channels[name].pixels.shape == (ODD.height, ODD.width)
        assert channels[name].pixels.tobytes() == plane.data
    low, high = file.header()["dataWindow"]
    assert (*low.tolist(), *high.tolist()) == ODD
    assert file.header()["pixelAspectRatio"] == 2.0


def test_halves_and_floats_stand_side_by_side() -> None:
    """A colour in halves keeps its depth beside a float of its own."""
    planes = {
        "R": Plane("half", samples("half", ODD)),
        "Z": Plane("float", samples("float", ODD)),
    }

    file = opened(to_plain_exr(PlainImage(ODD, ODD, planes)))

    kinds = {name: channel.pixels.dtype.name for name, channel in file.channels().items()}
    assert kinds == {"R": "float16", "Z": "float32"}


def test_long_names_are_flagged() -> None:
    """OpenEXR reads a name of more than 31 bytes."""
    name = "a_layer_with_a_name_longer_than_that.R"

    assert list(opened(to_plain_exr(picture(name))).channels()) == [name]


def test_what_openexr_writes_is_read() -> None:
    """Halves and floats of an odd window, in rows that go down."""
    if sys.version_info < (3, 11) or find_spec("OpenEXR") is None:
        pytest.skip("OpenEXR is not installed: the extra [image]")
    import numpy as np  # noqa: PLC0415 - not on a host's interpreter

    chance = np.random.default_rng(3)
    planes = {
        "R": chance.normal(0.5, 2.0, (7, 13)).astype(np.float16),
        "depth.Z": chance.normal(0.5, 2.0, (7, 13)).astype(np.float32),
    }
    window = (np.array([-3, 5], np.int32), np.array([9, 11], np.int32))

    found = parse_plain_exr(written(planes, dataWindow=window))

    assert found.data_window == ODD
    for name, plane in planes.items():
        assert bytes(found.planes[name].data) == plane.tobytes()


@pytest.mark.parametrize("mode", ["compressed", "tiled", "integers"])
def test_other_kinds_of_files_are_refused_by_name(mode: str) -> None:
    """A file that OpenEXR could read, but this cannot, says what it is."""
    if sys.version_info < (3, 11) or find_spec("OpenEXR") is None:
        pytest.skip("OpenEXR is not installed: the extra [image]")
    import numpy as np  # noqa: PLC0415 - not on a host's interpreter
    import OpenEXR  # noqa: PLC0415 - not on a host's interpreter

    plane = np.ones((7, 13), np.uint32 if mode == "integers" else np.float32)
    header: dict[str, Any] = {}
    if mode == "compressed":
        header = {"compression": OpenEXR.ZIP_COMPRESSION}
    if mode == "tiled":
        header = {"type": OpenEXR.tiledimage, "tiles": OpenEXR.TileDescription()}

    with pytest.raises(UnsupportedImageError, match=mode):
        parse_plain_exr(written({"R": plane}, **header))


@pytest.mark.parametrize("size", [0, 3, 8, 9, 60, 300, -1])
def test_a_file_that_is_cut_off_is_refused(size: int) -> None:
    """However short it is, the error says that it is damaged."""
    content = to_plain_exr(picture("R", "G"))

    with pytest.raises(DamagedImageError):
        parse_plain_exr(content[:size])


def test_no_byte_of_the_header_can_do_harm() -> None:
    """Whichever byte is wrong, the file is read as far as it is sound, or refused by its name."""
    content = to_plain_exr(picture("R", window=Window(0, 0, 2, 1)))
    refused = 0

    for place in range(len(content)):
        for value in (0, 0x7F, 0xFF):
            hurt = bytearray(content)
            hurt[place] = value
            try:
                parse_plain_exr(hurt)
            except ImageError:
                refused += 1

    assert refused > 100


@pytest.mark.parametrize(
    "image",
    [
        PlainImage(ODD, ODD, {}),
        PlainImage(Window(0, 0, -1, 4), ODD, {"R": Plane("float", b"")}),
        PlainImage(ODD, ODD, {"": Plane("float", samples("float", ODD))}),
        PlainImage(ODD, ODD, {"R": Plane("byte", samples("half", ODD))}),
        PlainImage(ODD, ODD, {"R": Plane("float", samples("half", ODD))}),
    ],
    ids=["no channels", "no pixels", "no name", "bytes", "size"],
)
def test_what_has_no_place_in_a_file_is_refused(image: PlainImage) -> None:
    """No file is written that its readers would refuse."""
    with pytest.raises(ImageError):
        to_plain_exr(image)
