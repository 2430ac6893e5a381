"""HDR-FLIP of images whose difference is known."""

from __future__ import annotations

import flip_evaluator
import numpy as np
import pytest
from numpy.typing import NDArray

from filmgate.errors import InputError
from filmgate.image.flip import PIXELS_PER_DEGREE, flip, flip_error

Image = NDArray[np.float32]


@pytest.fixture
def scene() -> Image:
    """An HDR picture: most of it dim, a little of it bright."""
    values = np.random.default_rng(5).random((24, 32, 3)) ** 4 * 20 + 0.01
    return values.astype(np.float32)


def test_an_image_does_not_differ_from_itself(scene: Image) -> None:
    """The mean and every pixel of the map are 0."""
    error = flip_error(scene, scene)
    assert error.mean == 0.0
    assert error.map.shape == scene.shape[:2]
    assert not error.map.any()


def test_it_is_what_the_library_says(scene: Image) -> None:
    """Where every pixel is lit, the exposures are the library's own."""
    _, mean, _ = flip_evaluator.evaluate(
        scene, scene * 1.3, "HDR", applyMagma=False, parameters={"ppd": PIXELS_PER_DEGREE}
    )
    assert flip(scene * 1.3, scene) == pytest.approx(mean, abs=1e-5)


def test_more_error_is_a_larger_figure(scene: Image) -> None:
    """Stronger noise looks worse, and nothing is worse than 1."""
    noise = np.random.default_rng(6).normal(0, 1, scene.shape).astype(np.float32)
    figures = [flip(scene * (1 + strength * noise), scene) for strength in (0.02, 0.1, 0.5)]
    assert figures == sorted(figures)
    assert 0 < figures[0] < figures[-1] <= 1


def test_only_the_pixels_that_differ_count(scene: Image) -> None:
    """A patch that is wrong shows in the map there, and hardly elsewhere."""
    wrong = scene.copy()
    wrong[:6, :6] += 4.0
    error = flip_error(wrong, scene).map
    assert error[:6, :6].mean() > 0.2
    assert error[18:, 20:].max() < 0.01


@pytest.mark.parametrize("value", [np.nan, -3.0, -np.inf])
def test_what_no_screen_shows_is_black(scene: Image, value: float) -> None:
    """NaN and negative samples count as 0."""
    broken, black = scene.copy(), scene.copy()
    broken[4, 4], black[4, 4] = value, 0.0
    assert flip(broken, scene) == flip(black, scene) > 0


def test_infinity_is_the_largest_half(scene: Image) -> None:
    """Values that no half holds count as 65504."""
    broken, bright = scene.copy(), scene.copy()
    broken[4, 4], bright[4, 4] = np.inf, 65504.0
    assert flip(broken, scene) == flip(bright, scene) > 0


def test_a_black_reference(scene: Image) -> None:
    """The library alone would end the process; here black against black is 0, light is not."""
    black = np.zeros_like(scene)
    assert flip(black, black) == 0.0
    assert flip(scene, black) > 0.5


def test_sizes_must_agree(scene: Image) -> None:
    """Images of two sizes, or of one channel, are refused."""
    with pytest.raises(InputError):
        flip(scene[:-1], scene)
    with pytest.raises(InputError):
        flip(scene[..., :1], scene[..., :1])
