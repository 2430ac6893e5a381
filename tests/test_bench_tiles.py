"""The benchmark of tiles: it computes the same pixels in every way that it compares."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra [torch] is not installed")


def test_every_cut_gives_the_same_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, split evenly and on a fixed grid, the net's result is one; the grid costs most."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parent.parent))
    tiles = import_module("bench.tiles")
    cuts = tiles.measure_tiles(99, 150, max_tile_px=128, rounds=1, threads=1)
    assert [cut.name for cut in cuts] == ["whole frame", "split evenly", "fixed grid"]
    assert all(cut.error <= 1e-5 for cut in cuts)
    assert cuts[0].area_px == 99 * 150
    assert cuts[0].area_px < cuts[1].area_px < cuts[2].area_px
    assert tiles.tile_table({"99 x 150": cuts}).count("\n") == 4
