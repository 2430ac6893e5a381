"""Put the results of tiles together again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate_server.runtime.tiles import Tile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from filmgate_server.runtime.port import Pixels, Step
    from filmgate_server.runtime.tiles import Grid, Span


class Mosaic:
    """The results of one frame, filled tile by tile, row by row.

    A row of tiles fades in over the one above it, and within the row each tile over the one to its
    left. Only the pixels of those fades are ever held twice.

    Args:
        shapes: (H, W, C) of each output, or (D, H, W, C) of a volume, by its name.
        scale: how many times larger they are than the frame.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], scale: int = 1) -> None:
        self.results: dict[str, Pixels] = {}
        self._shapes = shapes
        self._scale = scale
        self._strips: dict[str, Pixels] = {}

    def place(self, tile: Tile, outputs: Mapping[str, Pixels]) -> None:
        """Take over what *tile*, in pixels of the frame, contributes; *outputs* have its halo.

        A volume may have been padded at its end along z: that is left out.
        """
        y, x = (span.scaled(self._scale) for span in (tile.y, tile.x))
        for name, pixels in outputs.items():
            deep = tuple(slice(size) for size in self._shapes[name][:-_IMAGE_AXES])
            kept = pixels[(*deep, y.kept, x.kept)]
            if kept.shape == self._shapes[name]:
                self.results[name] = np.ascontiguousarray(kept)
                continue
            if y.fade:
                strip = self._strip(name, y.fade)[..., x.inner, :]
                _fade_in(strip, kept[..., : y.fade, :, :], x.fade, _COLUMNS)
            below = slice(y.inner_start + y.fade, y.inner_stop)
            target = self._result(name)[..., below, x.inner, :]
            _fade_in(target, kept[..., y.fade :, :, :], x.fade, _COLUMNS)

    def end_row(self, row: Span) -> None:
        """Let the row that was just filled fade in over the one above it."""
        y = row.scaled(self._scale)
        for name, strip in self._strips.items():
            above = slice(y.inner_start, y.inner_start + y.fade)
            _fade_in(self.results[name][..., above, :, :], strip, y.fade, _ROWS)

    def _result(self, name: str) -> Pixels:
        if name not in self.results:
            self.results[name] = np.empty(self._shapes[name], np.float32)
        return self.results[name]

    def _strip(self, name: str, rows: int) -> Pixels:
        """Return the rows that are to fade in over those above; they wait to be complete."""
        if name not in self._strips:
            *deep, _, width, channels = self._shapes[name]
            self._strips[name] = np.empty((*deep, rows, width, channels), np.float32)
        return self._strips[name]


def render_tiles(
    grid: Grid,
    render: Callable[[Tile, Step], Sequence[Mapping[str, Pixels]]],
    mosaics: Sequence[Mosaic],
    step: Step,
) -> None:
    """Fill the *mosaics* with what *render* returns for each tile, halo included.

    Args:
        grid: the tiles.
        render: returns one mapping by output name for each of the mosaics; its *step* is for code
            that counts steps of its own within a tile.
        mosaics: one for each of the frames that are computed together.
        step: called before each tile and after the last.

    Raises:
        CancelledError: from *step*.
    """
    total, done = len(grid), 0
    for row in grid.rows:
        for column in grid.columns:
            step(done, total)
            within = step if total == 1 else partial(_step_again, step, done, total)
            tile = Tile(row, column)
            for mosaic, outputs in zip(mosaics, render(tile, within), strict=True):
                mosaic.place(tile, outputs)
            done += 1
        for mosaic in mosaics:
            mosaic.end_row(row)
    step(total, total)


def _step_again(step: Step, place: int, count: int, done: int, total: int) -> None:
    """Report the tile's own place instead of a step within it."""
    del done, total
    step(place, count)


_IMAGE_AXES = 3
_ROWS, _COLUMNS = -3, -2
"""Places of the axes, from the last one, the channels."""


def _fade_in(target: Pixels, pixels: Pixels, fade: int, axis: int) -> None:
    """Write *pixels* over *target*, mixed with it over the first *fade* px along *axis*."""
    first, rest = _parts(axis, fade)
    target[rest] = pixels[rest]
    if fade:
        _mix(target[first], pixels[first], _weights(fade, axis))


def _parts(axis: int, fade: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    after = (slice(None),) * (-1 - axis)
    return (..., slice(None, fade), *after), (..., slice(fade, None), *after)


def _mix(target: Pixels, pixels: Pixels, weights: Pixels) -> None:
    """Change *target* only where *pixels* differ: what agrees stays bit for bit."""
    differs = target != pixels
    if differs.any():
        with np.errstate(invalid="ignore"):  # +inf meets -inf: the mean of both is no number
            mixed = target * (1 - weights) + pixels * weights
        np.copyto(target, mixed, where=differs)


def _weights(fade: int, axis: int) -> Pixels:
    """Return a smooth ramp (3t² - 2t³), never 0 or 1, to be multiplied with (…, H, W, C)."""
    place = (np.arange(fade, dtype=np.float32) + np.float32(0.5)) / np.float32(fade)
    ramp = (place * place * (3 - 2 * place)).astype(np.float32)
    return ramp.reshape((-1, *(1,) * (-1 - axis)))
