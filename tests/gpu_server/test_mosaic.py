"""Putting tiles together: what agrees stays bit for bit, what differs fades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from filmgate.manifest import Tiling
from filmgate_server.runtime.mosaic import Mosaic, render_tiles
from filmgate_server.runtime.tiles import Tile, plan_tiles

if TYPE_CHECKING:
    from collections.abc import Callable

Pixels = NDArray[np.float32]

SPECIAL = np.array([-0.0, 0.0, 65504, -65504, 3e38, -3e38, 1e-42, np.inf, -np.inf], np.float32)
OVERLAPS = st.integers(0, 12).flatmap(lambda halo: st.tuples(st.just(halo), st.integers(0, halo)))


def _ignore(done: int, total: int) -> None:
    """Stand for a job that nobody cancels."""


def _assembled(
    shape: tuple[int, ...],
    tiling: Tiling,
    content: Callable[[Tile], Any],
    multiple_of: int = 1,
    scale: int = 1,
) -> Pixels:
    """Put together what *content* says that each tile holds."""
    height, width, channels = shape
    mosaic = Mosaic({"color": (height * scale, width * scale, channels)}, scale)
    grid = plan_tiles(height, width, tiling, multiple_of)
    render_tiles(grid, lambda tile, within: [{"color": content(tile)}], [mosaic], _ignore)
    return mosaic.results["color"]


def _frame(height: int, width: int) -> Pixels:
    generator = np.random.default_rng(height * 1000 + width)
    frame = generator.standard_normal((height, width, 3)).astype(np.float32)
    return np.where(generator.random(frame.shape) < 0.2, generator.choice(SPECIAL), frame)


@settings(deadline=None, max_examples=60)
@given(
    height=st.integers(1, 200),
    width=st.integers(1, 200),
    overlaps=OVERLAPS,
    multiple_of=st.sampled_from([1, 2, 8]),
    scale=st.sampled_from([1, 2, 4]),
)
def test_identity_is_exact(
    height: int, width: int, overlaps: tuple[int, int], multiple_of: int, scale: int
) -> None:
    """A frame of any size that is cut, enlarged and put together keeps every bit, fades or not."""
    frame, tiling = _frame(height, width), Tiling(60, *overlaps)

    def content(tile: Tile) -> Pixels:
        window = frame[tile.y.outer, tile.x.outer]
        return window.repeat(scale, 0).repeat(scale, 1)

    result = _assembled(frame.shape, tiling, content, multiple_of, scale)
    expected = frame.repeat(scale, 0).repeat(scale, 1)
    np.testing.assert_array_equal(result.view(np.uint32), expected.view(np.uint32))
    assert result.flags.c_contiguous


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("blend", [1, 2, 7, 16])
def test_tiles_that_differ_fade(axis: int, blend: int) -> None:
    """Between a black and a white tile the result rises, half of it on either side."""
    shape = (100, 5, 1) if axis == 0 else (5, 100, 1)

    def content(tile: Tile) -> Pixels:
        white = (tile.y, tile.x)[axis].start > 0
        return np.full((tile.y.size, tile.x.size, 1), float(white), np.float32)

    line = _assembled(shape, Tiling(80, 10, blend), content).max(axis=1 - axis)[:, 0]
    mixed = line[(line > 0) & (line < 1)]
    assert mixed.size == blend
    assert (np.diff(line) >= 0).all()
    np.testing.assert_allclose(mixed + mixed[::-1], 1, rtol=1e-6)
    assert (line == 0).sum() == (100 - blend) // 2


def test_what_agrees_stays_beside_what_does_not() -> None:
    """Tiles that disagree on one pixel of a fade leave every bit of the others."""
    frame = _frame(60, 100)
    wrong = (slice(28, 31), slice(48, 51))

    def content(tile: Tile) -> Pixels:
        seen = frame.copy()
        seen[wrong] = tile.x.start + 2 * tile.y.start
        return seen[tile.y.outer, tile.x.outer]

    result = _assembled(frame.shape, Tiling(50, 5, 8), content)
    frame[wrong] = result[wrong]
    np.testing.assert_array_equal(result.view(np.uint32), frame.view(np.uint32))
    assert len(np.unique(result[wrong])) > 1


def test_corners_fade_both_ways() -> None:
    """Where four tiles meet, each takes the product of its weights along both axes."""
    values = {(False, False): 1.0, (False, True): 2.0, (True, False): 4.0, (True, True): 8.0}

    def content(tile: Tile) -> Pixels:
        value = values[tile.y.start > 0, tile.x.start > 0]
        return np.full((tile.y.size, tile.x.size, 1), value, np.float32)

    result = _assembled((40, 40, 1), Tiling(30, 3, 4), content)[..., 0]
    ramp = (result[0] - 1) / (2 - 1)
    above, below = 1 + ramp, 4 + 4 * ramp
    expected = above + (below - above) * ramp[:, None]
    np.testing.assert_allclose(result, expected, rtol=1e-5)


def test_infinity_stays_where_it_is() -> None:
    """Half of infinity is infinity, not NaN, and only in the fade."""

    def content(tile: Tile) -> Pixels:
        value = np.inf if tile.x.start else 1.0
        return np.full((tile.y.size, tile.x.size, 1), value, np.float32)

    result = _assembled((4, 100, 1), Tiling(64, 10, 8), content)
    assert set(np.unique(result)) == {1.0, np.inf}


def test_a_fade_is_the_mean_of_what_is_there() -> None:
    """Values near the largest number are mixed without overflow."""

    def content(tile: Tile) -> Pixels:
        value = 3e38 if tile.x.start else -3e38
        return np.full((tile.y.size, tile.x.size, 1), value, np.float32)

    result = _assembled((4, 100, 1), Tiling(64, 10, 8), content)
    assert np.isfinite(result).all()


def test_several_frames_are_put_together_at_once() -> None:
    """Each mosaic gets its own frame's tiles."""
    frames = [_frame(70, 50), _frame(70, 50) * 2]
    mosaics = [Mosaic({"color": frame.shape}) for frame in frames]
    render_tiles(
        plan_tiles(70, 50, Tiling(40, 4, 4)),
        lambda tile, within: [{"color": frame[tile.y.outer, tile.x.outer]} for frame in frames],
        mosaics,
        _ignore,
    )
    for mosaic, frame in zip(mosaics, frames, strict=True):
        np.testing.assert_array_equal(mosaic.results["color"], frame)
