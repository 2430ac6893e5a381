"""Tiles: they cover the frame once, have one shape, and change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.errors import CancelledError, ManifestError
from filmgate.manifest import Tiling
from filmgate_server.runtime.mosaic import Mosaic, render_tiles
from filmgate_server.tiles import Tile, plan_tiles, split

if TYPE_CHECKING:
    from filmgate_server.runtime.port import Step

lengths = st.integers(1, 3000)
multiples = st.sampled_from([1, 2, 16])


@st.composite
def tilings(draw: st.DrawFn) -> Tiling:
    """Return a tiling with room between the halos on any of the grids above."""
    halo = draw(st.integers(0, 100))
    return Tiling(2 * halo + 48 + draw(st.integers(0, 500)), halo)


@given(length=lengths, tiling=tilings(), multiple_of=multiples)
def test_spans_cover_an_axis_once(length: int, tiling: Tiling, multiple_of: int) -> None:
    """Each pixel is contributed by exactly one tile."""
    spans = split(length, tiling, multiple_of)
    edges = [0, *(span.inner_stop for span in spans)]
    assert [span.inner_start for span in spans] == edges[:-1]
    assert edges[-1] == length
    assert all(span.inner_start < span.inner_stop for span in spans)


@given(length=lengths, tiling=tilings(), multiple_of=multiples)
def test_spans_have_their_halos(length: int, tiling: Tiling, multiple_of: int) -> None:
    """Beyond its contribution each tile sees the halo, or ends with the frame."""
    for span in split(length, tiling, multiple_of):
        assert 0 <= span.start <= max(0, span.inner_start - tiling.halo_px)
        assert min(length, span.inner_stop + tiling.halo_px) <= span.stop <= length


@given(length=lengths, tiling=tilings(), multiple_of=multiples)
def test_spans_have_one_size_on_the_grid(length: int, tiling: Tiling, multiple_of: int) -> None:
    """Tiles begin on the grid and fit the maximum; only the last may be shorter."""
    spans = split(length, tiling, multiple_of)
    sizes = [span.size for span in spans]
    assert max(sizes) <= tiling.max_tile_px
    assert all(span.start % multiple_of == 0 for span in spans)
    assert set(sizes[:-1]) <= {sizes[0]}
    assert sizes[0] - multiple_of < sizes[-1] <= sizes[0]


def test_a_split_is_even() -> None:
    """Two tiles share a frame that is a little too long, instead of one full tile and a rest."""
    spans = split(1100, Tiling(1024, 32))
    assert [(span.start, span.stop) for span in spans] == [(0, 582), (518, 1100)]


def test_without_a_maximum_the_frame_stays_whole() -> None:
    """A package that declares no tiling gets the frame as it is."""
    assert [span.size for span in split(5000, Tiling())] == [5000]


def test_tiles_without_room_are_refused() -> None:
    """A maximum that the halos fill would never end."""
    with pytest.raises(ManifestError, match="room"):
        split(500, Tiling(48, 16), 32)


@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    tiling=st.builds(Tiling, st.just(40), st.integers(0, 12)),
)
def test_identity_is_exact(height: int, width: int, tiling: Tiling) -> None:
    """A frame of any size that is cut and put together is the same frame."""
    frame = np.random.default_rng(0).standard_normal((height, width, 3), np.float32)
    mosaic = Mosaic({"color": frame.shape})
    render_tiles(
        plan_tiles(height, width, tiling),
        lambda tile, within: [{"color": frame[tile.y.outer, tile.x.outer]}],
        [mosaic],
        lambda done, total: None,
    )
    np.testing.assert_array_equal(mosaic.results["color"], frame)


def test_step_can_stop_between_tiles() -> None:
    """What `step` raises ends the frame before the next tile."""
    rendered: list[Tile] = []

    def step(done: int, total: int) -> None:
        assert total == 9
        if done == 2:
            raise CancelledError("Enough.")

    def render(tile: Tile, within: Step) -> list[Any]:
        rendered.append(tile)
        return []

    with pytest.raises(CancelledError):
        render_tiles(plan_tiles(90, 90, Tiling(40, 4)), render, [], step)
    assert len(rendered) == 2


def test_step_hears_of_every_tile_and_of_the_end() -> None:
    """Progress counts from nothing to all."""
    heard: list[tuple[int, int]] = []
    tiles = plan_tiles(90, 30, Tiling(40, 4))
    render_tiles(tiles, lambda tile, within: [], [], lambda *counts: heard.append(counts))
    assert heard == [(0, 3), (1, 3), (2, 3), (3, 3)]
