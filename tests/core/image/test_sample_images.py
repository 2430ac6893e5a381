"""The OpenEXR project's own sample images."""

from __future__ import annotations

import io

import numpy as np
import OpenEXR
import pytest

from filmgate.errors import ImageError, LayerError, UnsupportedImageError
from filmgate.image.container import Limits
from filmgate.image.exr import encode_exr, parse_exr
from filmgate.image.scrub import scrub
from filmgate.image.window import Window
from filmgate.manifest import ModelInput
from filmgate.manifest.layers import bind_layers

COLOR = ModelInput("color", "color", ("R", "G", "B"))
WHOLE = [
    *(f"DisplayWindow/t0{number}.exr" for number in range(1, 9)),
    "Beachball/multipart.0001.exr",
    "Beachball/multipart.0003.exr",
    "Chromaticities/Rec709.exr",
    "LuminanceChroma/Garden.exr",
    "ScanLines/Desk.exr",
    "TestImages/AllHalfValues.exr",
    "TestImages/BrightRingsNanInf.exr",
    "TestImages/WideColorGamut.exr",
    "Tiles/GoldenGate.exr",
]


def openexr_planes(content: bytes) -> list[dict[str, bytes]]:
    """Return what OpenEXR itself reads from a file."""
    parts = OpenEXR.File(io.BytesIO(content), separate_channels=True).parts
    return [{n: c.pixels.tobytes() for n, c in part.channels.items()} for part in parts]


@pytest.mark.parametrize("name", WHOLE)
def test_sample_images_come_back_whole(name, openexr_images, same_bits):
    """Attributes in order and all channels survive; OpenEXR reads the same from our file."""
    content = (openexr_images / name).read_bytes()
    plate = parse_exr(content)
    ours = encode_exr(plate)
    again = parse_exr(ours)
    for before, after in zip(plate.parts, again.parts, strict=True):
        assert list(before.attributes.items()) == list(after.attributes.items())
        assert same_bits(before, after)
    theirs = OpenEXR.File(io.BytesIO(content), separate_channels=True).parts
    for part, expected in zip(
        OpenEXR.File(io.BytesIO(ours), separate_channels=True).parts, theirs, strict=True
    ):
        assert {n: c.pixels.tobytes() for n, c in part.channels.items()} == {
            n: c.pixels.tobytes() for n, c in expected.channels.items()
        }


def test_display_windows_are_read_as_written(openexr_images):
    """The samples place one picture against differing display windows."""
    parts = [
        parse_exr((openexr_images / f"DisplayWindow/t0{number}.exr").read_bytes()).parts[0]
        for number in range(1, 9)
    ]
    assert {part.data_window.shape for part in parts} == {(300, 400)}
    assert len({part.display_window for part in parts}) > 4
    assert parts[7].data_window == Window(30, 40, 429, 339)


def test_views_of_a_beach_ball_bind_in_their_own_parts(openexr_images):
    """Colour is found in the parts that hold it, left and right apart."""
    plate = parse_exr((openexr_images / "Beachball/multipart.0001.exr").read_bytes())
    views = {}
    for part in plate.parts:
        if {"R", "G", "B"} <= set(part.channels):
            views[part.view] = bind_layers((COLOR,), list(part.channels))["color"]
    assert views == {"left": ("R", "G", "B"), "right": ("R", "G", "B")}


def test_nan_and_infinities_of_a_sample_are_scrubbed(openexr_images):
    """The rings' bad pixels are counted and replaced by finite ones."""
    part = parse_exr((openexr_images / "TestImages/BrightRingsNanInf.exr").read_bytes()).parts[0]
    pixels = part.stacked(["R", "G", "B"])
    clean, report = scrub(pixels)
    assert report.nan == np.isnan(pixels).sum() > 0
    assert report.infinite == np.isinf(pixels).sum() > 0
    assert np.isfinite(clean).all()


@pytest.mark.parametrize(
    ("name", "word"),
    [("MultiResolution/Bonita.exr", "mip-mapped"), ("v2/LowResLeftView/Trunks.exr", "deep")],
)
def test_samples_of_other_kinds_are_refused(name, word, openexr_images):
    """Mip-mapped and deep files name their kind as the reason."""
    with pytest.raises(UnsupportedImageError, match=word):
        parse_exr((openexr_images / name).read_bytes())


def test_luminance_has_no_colour_to_bind(openexr_images):
    """The garden is luminance only; a model that needs colour says so."""
    part = parse_exr((openexr_images / "LuminanceChroma/Garden.exr").read_bytes()).parts[0]
    with pytest.raises(LayerError, match="luminance only"):
        bind_layers((COLOR,), list(part.channels))


def test_damaged_samples_are_typed_errors(openexr_images):
    """Files that once broke decoders are image errors and nothing else."""
    damaged = sorted((openexr_images / "Damaged").iterdir())
    assert damaged
    for path in damaged:
        with pytest.raises(ImageError):
            parse_exr(path.read_bytes(), Limits(max_bytes=1 << 28))
