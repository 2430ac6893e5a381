"""Windows scale by their outer edges and know where they overlap."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.errors import InputError
from filmgate.image.reframe import check_same_format, fitted, reframed
from filmgate.image.window import Window

edges = st.integers(-5000, 5000)
windows = st.builds(
    lambda x, y, w, h: Window(x, y, x + w, y + h),
    edges,
    edges,
    st.integers(0, 60),
    st.integers(0, 60),
)


@pytest.mark.parametrize(
    ("window", "factor", "scaled"),
    [
        (Window(0, 0, 1919, 1079), 2, Window(0, 0, 3839, 2159)),
        (Window(-16, -8, 1935, 1087), 2, Window(-32, -16, 3871, 2175)),
        (Window(-3, -5, -1, -1), 4, Window(-12, -20, -1, -1)),
        (Window(-4, 2, 5, 3), 0.5, Window(-2, 1, 2, 1)),
        (Window(0, 0, 2, 2), 1 / 3, Window(0, 0, 0, 0)),
        (Window(-2, 0, 1919, 1079), Fraction(3, 2), Window(-3, 0, 2879, 1619)),
    ],
)
def test_edges_scale_and_not_pixel_numbers(window, factor, scaled):
    """The rule for every sign of the origin: x0·f and (x1+1)·f-1."""
    assert window.scaled(factor) == scaled


@given(windows, st.integers(1, 8))
def test_scaling_multiplies_the_size_and_can_be_undone(window, factor):
    """The size grows by exactly the factor wherever the window lies."""
    larger = window.scaled(factor)
    assert larger.shape == (window.height * factor, window.width * factor)
    assert larger.scaled(Fraction(1, factor)) == window


@pytest.mark.parametrize("factor", [0.5, 1.1, 0, -2])
def test_a_factor_that_splits_pixels_is_refused(factor):
    """A window of odd edges cannot be halved, and none by zero or less."""
    with pytest.raises(InputError):
        Window(-3, 0, 1, 1).scaled(factor)


@given(windows, windows)
def test_reframed_pixels_stay_where_they_are(window, target):
    """Each pixel of the target is the one at the same place, or 0 where there was none."""
    rows, columns = np.mgrid[window.y0 : window.y1 + 1, window.x0 : window.x1 + 1]
    places = np.stack([rows, columns], axis=-1) + 10_000
    moved = reframed(places, window, target)
    rows, columns = np.mgrid[target.y0 : target.y1 + 1, target.x0 : target.x1 + 1]
    inside = (rows >= window.y0) & (rows <= window.y1) & (columns >= window.x0)
    inside &= columns <= window.x1
    expected = np.where(inside[..., None], np.stack([rows, columns], axis=-1) + 10_000, 0)
    assert np.array_equal(moved, expected)


def test_an_input_is_padded_to_the_main_window(make_part):
    """An input with another data window is brought to the main one, channels in order."""
    display = Window(0, 0, 9, 9)
    main = make_part({"R": np.zeros((10, 10), np.float16)}, display=display)
    planes = {"X": np.full((4, 4), 1, np.float32), "Y": np.full((4, 4), 2, np.float32)}
    other = make_part(planes, origin=(-2, 8), display=display)
    pixels = fitted(main, other, ("Y", "X"), "normal")
    assert pixels.shape == (10, 10, 2)
    assert pixels[8, 0].tolist() == [2, 1]
    assert pixels.sum() == 3 * 2 * 2


def test_another_resolution_is_a_typed_error(make_part):
    """Both sizes are named where an input was rendered at another resolution."""
    main, other = (make_part({"R": np.zeros(shape, np.float16)}) for shape in ((10, 20), (5, 10)))
    with pytest.raises(InputError, match="albedo is 10 x 5 px, the main input 20 x 10"):
        check_same_format(main, other, "albedo")


def test_pixels_that_do_not_fill_their_window_are_refused():
    """A wrong window is an error instead of a shifted picture."""
    with pytest.raises(InputError, match="do not fill"):
        reframed(np.zeros((3, 3)), Window(0, 0, 3, 3), Window(0, 0, 1, 1))
