"""Previews show scene-linear pixels as a screen should."""

from __future__ import annotations

import numpy as np
import OpenImageIO
import pytest

from filmgate.errors import InputError
from filmgate.image.display import preview_png, shrunk, to_display
from filmgate.image.panels import Panel, side_by_side_png


def decoded(content: bytes, path) -> np.ndarray:
    """Read a PNG with OpenImageIO."""
    path.write_bytes(content)
    return OpenImageIO.ImageBuf(str(path)).get_pixels("uint8")


def grey(value: float, shape=(8, 8)) -> np.ndarray:
    """Return an even picture."""
    return np.full((*shape, 3), value, np.float32)


def test_the_view_is_the_pinned_one():
    """Black, middle grey, white and highlights have the ACES view's known code values."""
    codes = [int(to_display(grey(value))[0, 0, 0]) for value in (0, 0.18, 1, 4, 100)]
    assert codes == [0, 91, 207, 244, 255]


def test_colours_keep_their_order():
    """Red in is red out: no channel is swapped."""
    red = to_display(np.array([[[0.5, 0.02, 0.02]]], np.float32))[0, 0]
    assert red[0] > 2 * max(red[1], red[2])


def test_bad_pixels_can_be_shown():
    """NaN shows black and infinity white; nothing else changes."""
    pixels = np.array([[[np.nan] * 3, [np.inf] * 3, [1e38] * 3, [-1.0] * 3]], np.float32)
    assert to_display(pixels)[0, :, 0].tolist() == [0, 255, 255, 0]


def test_the_source_is_not_changed():
    """The transform works on a copy."""
    pixels = grey(0.18)
    to_display(pixels)
    assert (pixels == np.float32(0.18)).all()


def test_another_colour_space_changes_the_picture():
    """ACEScg pixels are read as such; an unknown name lists those that exist."""
    red = np.array([[[0.5, 0.02, 0.02]]], np.float32)
    assert to_display(red, "ACEScg").tolist() != to_display(red).tolist()
    with pytest.raises(InputError, match="ACEScg"):
        to_display(red, "sRGBish")


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((2160, 3840), (540, 960)),
        ((9, 1025), (4, 512)),
        ((1, 3000), (1, 1000)),
        ((50, 60), (50, 60)),
    ],
)
def test_previews_are_no_longer_than_asked(shape, expected):
    """Whole blocks are averaged until the longest side fits."""
    assert shrunk(np.zeros((*shape, 3), np.float32), 1024).shape[:2] == expected


def test_shrinking_averages_light():
    """The mean of a block is taken in linear light."""
    pixels = np.array([[[0], [4]], [[1], [3]]], np.float32)
    assert shrunk(pixels, 1).ravel().tolist() == [2]


def test_a_preview_is_a_png_of_the_display_values(tmp_path):
    """The file decodes to exactly what the transform gave."""
    pixels = np.random.default_rng(2).random((30, 40, 3), np.float32) * 3
    png = preview_png(pixels)
    assert png.startswith(b"\x89PNG\r\n")
    assert np.array_equal(decoded(png, tmp_path / "a.png"), to_display(pixels))


def test_panels_stand_side_by_side_with_labels(tmp_path):
    """Each panel shows its picture; the label's strip holds bright letters."""
    shown = [Panel("before", grey(0.02, (40, 90))), Panel("after", grey(1.0, (40, 90)))]
    picture = decoded(side_by_side_png(shown), tmp_path / "panels.png")
    assert picture.shape == (40 + 28, 90 + 4 + 90, 3)
    assert (picture[28:, :90] == to_display(shown[0].rgb)[0, 0]).all()
    assert (picture[28:, 94:] == to_display(shown[1].rgb)[0, 0]).all()
    assert (picture[:28, :90] > 200).any()
    assert not np.array_equal(picture[:28, :90], picture[:28, 94:])


def test_an_upscale_is_shown_beside_its_source(tmp_path):
    """The smaller picture is enlarged by whole pixels; odd ratios are refused."""
    small = np.zeros((10, 12, 3), np.float32)
    small[:, 6:] = 1
    picture = decoded(
        side_by_side_png([Panel("a", small), Panel("b", grey(0, (20, 24)))]), tmp_path / "p.png"
    )
    assert picture.shape == (48, 52, 3)
    assert (picture[28:, 11] == 0).all()
    assert (picture[28:, 12] == 207).all()
    with pytest.raises(InputError, match="12 x 10"):
        side_by_side_png([Panel("a", small), Panel("b", grey(0, (15, 18)))])


def test_no_panels_and_odd_shapes_are_refused():
    """What is no picture is a typed error."""
    with pytest.raises(InputError):
        side_by_side_png([])
    with pytest.raises(InputError, match="rows, columns, 3"):
        preview_png(np.zeros((4, 4, 4), np.float32))
