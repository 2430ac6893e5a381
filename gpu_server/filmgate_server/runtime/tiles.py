"""Where a frame is cut into tiles of one shape, and which smaller tiles there are to fall back on.

The frame is split evenly under a maximum, which wastes least. Neighbouring tiles overlap by the
manifest's ``blend_px`` and by ``halo_px`` on either side of that: they fade into each other over
the pixels in the middle, and each of those pixels has the whole halo around it in both tiles. So
where the halo covers what a result depends on, the tiled frame equals the whole one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from filmgate.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from filmgate.manifest import Manifest, Tiling

LADDER_TOP_PX = 2048
LADDER_FLOOR_PX = 128
"""Below it a tile takes less memory than any net, and most of it would be halo."""

KEPT_PX_MIN = 16
"""What a tile must contribute at least, beside its overlaps."""


@dataclass(frozen=True)
class Span:
    """A tile along one axis, in pixels of the frame.

    Attributes:
        start: where the tile begins, its halo included.
        stop: where it ends, its halo included.
        inner_start: where the part begins that it contributes to the result.
        inner_stop: where that part ends; the next tile's part begins `fade` px before it.
        fade: over how many pixels from `inner_start` on the tile fades in over the previous one.
    """

    start: int
    stop: int
    inner_start: int
    inner_stop: int
    fade: int = 0

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

    def scaled(self, scale: int) -> Span:
        """Return the span in a result that is *scale* times larger."""
        edges = (self.start, self.stop, self.inner_start, self.inner_stop, self.fade)
        return Span(*(edge * scale for edge in edges))


@dataclass(frozen=True)
class Tile:
    """One tile of a frame: its spans along both axes."""

    y: Span
    x: Span

    @property
    def area_px(self) -> int:
        """How many pixels it has, its halo included."""
        return self.y.size * self.x.size

    def scaled(self, scale: int) -> Tile:
        """Return the tile in a result that is *scale* times larger."""
        return Tile(self.y.scaled(scale), self.x.scaled(scale))


@dataclass(frozen=True)
class Grid:
    """All tiles of a frame: every row's span with every column's; iterated row by row."""

    rows: tuple[Span, ...]
    columns: tuple[Span, ...]

    def __len__(self) -> int:
        """Return how many tiles there are."""
        return len(self.rows) * len(self.columns)

    def __iter__(self) -> Iterator[Tile]:
        """Yield the tiles, row by row."""
        return (Tile(y, x) for y in self.rows for x in self.columns)


def plan_tiles(height: int, width: int, tiling: Tiling, multiple_of: int = 1) -> Grid:
    """Cut a frame of *height* × *width* px.

    Args:
        height: of the frame.
        width: of the frame.
        tiling: the longest side of a tile, its halo and the width of the fades; without a maximum
            the frame stays whole.
        multiple_of: tiles begin at multiples of it, and of the tiling's grid, so that a net that
            reduces its input sees the same grid as on the whole frame. All tiles have the same
            shape, except that the last of a row or column is less than one such step shorter where
            the frame itself ends off that grid.

    Raises:
        ManifestError: the maximum leaves no room between the overlaps.
    """
    rows, columns = (split(size, tiling, multiple_of) for size in (height, width))
    return Grid(tuple(rows), tuple(columns))


def split(length: int, tiling: Tiling, multiple_of: int = 1) -> list[Span]:
    """Cut one axis of *length* px; see `plan_tiles`."""
    if tiling.max_tile_px == 0 or length <= tiling.max_tile_px:
        return [Span(0, length, 0, length)]
    step = tiling.step_px(multiple_of)
    overlap = tiling.overlap_px(step)
    longest_stride = (tiling.max_tile_px - overlap) // step * step
    if longest_stride <= 0:
        raise ManifestError(f"Tiles of {tiling.max_tile_px} px leave no room between their halos.")
    count = -(-(length - overlap) // longest_stride)
    stride = _round_up(-(-(length - overlap) // count), step)
    size = stride + overlap
    last = _round_up(length - size, step)
    starts = [min(place * stride, last) for place in range(count)]
    fades = [0, *(start + (overlap - tiling.blend_px) // 2 for start in starts[1:])]
    ends = [*(start + tiling.blend_px for start in fades[1:]), length]
    return [
        Span(start, min(start + size, length), fade, end, tiling.blend_px if start else 0)
        for start, fade, end in zip(starts, fades, ends, strict=True)
    ]


def tile_ladder(manifest: Manifest) -> tuple[int, ...]:
    """Return the longest sides of a tile to try one after the other where memory does not suffice.

    Args:
        manifest: of the package.

    Returns:
        The manifest's own maximum first (0: the whole frame), then the powers of two below it, 2048
        at most, down to the least that the halo and the fades leave room in. A package that may not
        be cut, for it declares neither a maximum nor a halo, has no other than its own.
    """
    tiling = manifest.tiling
    step = tiling.step_px(manifest.geometry.multiple_of)
    if not (tiling.max_tile_px or tiling.halo_px):
        return (0,)
    floor = max(LADDER_FLOOR_PX, tiling.overlap_px(step) + max(KEPT_PX_MIN, step))
    rungs = [tiling.max_tile_px]
    rung = LADDER_TOP_PX
    while rung >= floor:
        if rung < (tiling.max_tile_px or rung + 1):
            rungs.append(rung)
        rung //= 2
    return tuple(rungs)


def tiling_at(tiling: Tiling, max_tile_px: int | None) -> Tiling:
    """Return *tiling* with another longest side of a tile; None leaves it as it is."""
    return tiling if max_tile_px is None else replace(tiling, max_tile_px=max_tile_px)


def _round_up(number: int, multiple_of: int) -> int:
    return -(-number // multiple_of) * multiple_of
