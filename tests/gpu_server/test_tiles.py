"""Tiles: they cover the frame once, have one shape, and their halos."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.frames import manifest
from filmgate.errors import CancelledError, ManifestError
from filmgate.manifest import Geometry, Tiling
from filmgate_server.runtime.mosaic import render_tiles
from filmgate_server.runtime.tiles import Tile, plan_tiles, split, tile_ladder, tiling_at

if TYPE_CHECKING:
    from filmgate_server.runtime.port import Step

UNTIMED = settings(deadline=None)
lengths = st.integers(1, 3000)
multiples = st.sampled_from([1, 2, 16])


@st.composite
def tilings(draw: st.DrawFn) -> Tiling:
    """Return a tiling with room beside the halos and the fade on any of the grids above."""
    halo = draw(st.integers(0, 100))
    blend = draw(st.integers(0, 2 * halo))
    return Tiling(2 * halo + blend + 48 + draw(st.integers(0, 500)), halo, blend)


@pytest.mark.parametrize(("multiple_of", "step"), [(1, 16), (4, 16), (24, 48)])
def test_tiles_begin_on_the_grid_of_a_net_that_pads_by_itself(multiple_of: int, step: int) -> None:
    """Whatever sizes it takes; the last one ends where the frame does."""
    tiling = Tiling(max_tile_px=400, halo_px=50, grid_px=16)
    spans = split(1003, tiling, multiple_of)
    assert len(spans) > 1
    assert all(span.start % step == 0 for span in spans)
    assert spans[-1].stop == 1003


@UNTIMED
@given(length=lengths, tiling=tilings(), multiple_of=multiples)
def test_spans_cover_an_axis_once(length: int, tiling: Tiling, multiple_of: int) -> None:
    """Each pixel is contributed by one tile, and those of a fade by one more."""
    spans = split(length, tiling, multiple_of)
    edges = [0, *(span.inner_stop for span in spans)]
    assert [span.inner_start + span.fade for span in spans] == edges[:-1]
    assert edges[-1] == length
    assert all(span.inner_start < span.inner_stop for span in spans)
    assert [span.fade for span in spans] == [0] + [tiling.blend_px] * (len(spans) - 1)


@UNTIMED
@given(length=lengths, tiling=tilings(), multiple_of=multiples)
def test_spans_have_their_halos(length: int, tiling: Tiling, multiple_of: int) -> None:
    """Beyond its contribution, fades included, a tile sees the halo or ends with the frame."""
    for span in split(length, tiling, multiple_of):
        assert 0 <= span.start <= max(0, span.inner_start - tiling.halo_px)
        assert min(length, span.inner_stop + tiling.halo_px) <= span.stop <= length


@UNTIMED
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


@pytest.mark.parametrize(
    ("tiling", "rungs"),
    [
        (Tiling(4096, 96), (4096, 2048, 1024, 512, 256)),
        (Tiling(2048, 16), (2048, 1024, 512, 256, 128)),
        (Tiling(600, 40, 80), (600, 512, 256)),
        (Tiling(100, 10), (100,)),
        (Tiling(0, 120), (0, 2048, 1024, 512, 256)),
        (Tiling(0, 0), (0,)),
    ],
)
def test_smaller_tiles_to_fall_back_on(tiling: Tiling, rungs: tuple[int, ...]) -> None:
    """The package's own first, then powers of two that the overlaps leave room in."""
    assert tile_ladder(manifest(tiling=dataclasses.asdict(tiling))) == rungs


@UNTIMED
@given(tiling=tilings(), multiple_of=multiples, length=lengths)
def test_every_rung_can_be_cut(tiling: Tiling, multiple_of: int, length: int) -> None:
    """No step of the ladder ends in an error of its own."""
    found = manifest(
        tiling=dataclasses.asdict(tiling), geometry=dataclasses.asdict(Geometry(multiple_of))
    )
    for rung in tile_ladder(found):
        spans = split(length, tiling_at(tiling, rung), multiple_of)
        assert max(span.size for span in spans) <= rung


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
    """Progress counts from nothing to all; steps within a tile repeat its place."""
    heard: list[tuple[int, int]] = []

    def render(tile: Tile, within: Step) -> list[Any]:
        within(5, 7)
        return []

    tiles = plan_tiles(60, 30, Tiling(40, 4))
    render_tiles(tiles, render, [], lambda *counts: heard.append(counts))
    assert heard == [(0, 2), (0, 2), (1, 2), (1, 2), (2, 2)]
