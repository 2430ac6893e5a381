"""Cut a frame into tiles of one shape, and put their results together again.

The frame is split evenly under a maximum, which wastes least. Each tile sees `halo_px` beyond the
part it contributes; where the halo covers what a model's result depends on, the tiled frame equals
the whole one and needs no blending.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from filmgate.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from filmgate.manifest import Tiling
    from filmgate_server.runtime.port import Pixels, Step


@dataclass(frozen=True)
class Span:
    """A tile along one axis, in pixels of the frame.

    Attributes:
        start: where the tile begins, its halo included.
        stop: where it ends, its halo included.
        inner_start: where the part begins that it contributes to the result.
        inner_stop: where that part ends.
    """

    start: int
    stop: int
    inner_start: int
    inner_stop: int

    @property
    def size(self) -> int:
        """How many pixels the tile is long, its halo included."""
        return self.stop - self.start

    @property
    def outer(self) -> slice:
        """The tile in the frame."""
        return slice(self.start, self.stop)

    @property
    def inner(self) -> slice:
        """The contributed part in the frame."""
        return slice(self.inner_start, self.inner_stop)

    @property
    def kept(self) -> slice:
        """The contributed part in the tile."""
        return slice(self.inner_start - self.start, self.inner_stop - self.start)


@dataclass(frozen=True)
class Tile:
    """One tile of a frame: its spans along both axes."""

    y: Span
    x: Span


def plan_tiles(height: int, width: int, tiling: Tiling, multiple_of: int = 1) -> list[Tile]:
    """Cut a frame of *height* × *width* px, row by row.

    Args:
        height: of the frame.
        width: of the frame.
        tiling: the longest side of a tile and its halo; without a maximum the frame stays whole.
        multiple_of: tiles begin at multiples of it, so that a net that reduces its input sees the
            same grid as on the whole frame. All tiles have the same shape, except that the last of
            a row or column is up to ``multiple_of - 1`` px shorter where the frame itself ends off
            that grid.

    Raises:
        ManifestError: the maximum leaves no room between the halos.
    """
    rows, columns = (split(size, tiling, multiple_of) for size in (height, width))
    return [Tile(y, x) for y in rows for x in columns]


def split(length: int, tiling: Tiling, multiple_of: int = 1) -> list[Span]:
    """Cut one axis of *length* px; see `plan_tiles`."""
    if tiling.max_tile_px == 0 or length <= tiling.max_tile_px:
        return [Span(0, length, 0, length)]
    halo = _round_up(tiling.halo_px, multiple_of)
    longest_stride = (tiling.max_tile_px - 2 * halo) // multiple_of * multiple_of
    if longest_stride <= 0:
        raise ManifestError(f"Tiles of {tiling.max_tile_px} px leave no room between their halos.")
    count = -(-(length - 2 * halo) // longest_stride)
    stride = _round_up(-(-(length - 2 * halo) // count), multiple_of)
    size = stride + 2 * halo
    last = _round_up(length - size, multiple_of)
    starts = [min(place * stride, last) for place in range(count)]
    seams = [0, *(start + halo for start in starts[1:]), length]
    return [
        Span(start, min(start + size, length), seams[place], seams[place + 1])
        for place, start in enumerate(starts)
    ]


def render_tiles(
    tiles: Sequence[Tile],
    render: Callable[[Tile], Mapping[str, Pixels]],
    results: Mapping[str, Pixels],
    step: Step,
) -> None:
    """Fill each of *results* (H, W, C) with what *render* returns for each tile, halo included.

    Raises:
        CancelledError: from *step*, which is called before each tile and after the last.
    """
    for done, tile in enumerate(tiles):
        step(done, len(tiles))
        for name, pixels in render(tile).items():
            results[name][tile.y.inner, tile.x.inner] = pixels[tile.y.kept, tile.x.kept]
    step(len(tiles), len(tiles))


def _round_up(number: int, multiple_of: int) -> int:
    return -(-number // multiple_of) * multiple_of
