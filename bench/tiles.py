"""What tiles cost a convolutional net: split evenly, on a fixed grid, or not at all.

On a CPU the result depends on the allocator: measure in a process whose environment is a worker's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.measure import Case, Timings, elapsed_s, interleave
from bench.table import milliseconds, table
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.port import load_runtime
from filmgate_server.runtime.tiles import Grid, plan_tiles, tiling_at
from filmgate_server.worker.memory import CpuMemory

if TYPE_CHECKING:
    from filmgate.manifest import Tiling
    from filmgate_server.runtime.port import Pixels, Runtime

HALO_PX = 32
"""More than the net below reaches: 16 px by its kernels, 3 px by reducing twice."""

MULTIPLE_OF = 4

CODE = """
import torch
from torch import nn
from torch.nn.functional import interpolate, max_pool2d, relu

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        sizes = [(3, 16), (16, 32), (32, 32), (32, 32), (64, 16), (32, 16), (16, 3)]
        self.layers = nn.ModuleList(nn.Conv2d(*size, 3, padding=1) for size in sizes)

    def load_state_dict(self, state, strict=True):
        return None

    def forward(self, color):
        first, second, third, fourth, fifth, sixth, last = self.layers
        full = relu(first(color))
        half = relu(second(max_pool2d(full, 2)))
        quarter = relu(fourth(relu(third(max_pool2d(half, 2)))))
        half = relu(fifth(torch.cat([interpolate(quarter, scale_factor=2), half], 1)))
        full = relu(sixth(torch.cat([interpolate(half, scale_factor=2), full], 1)))
        return last(full)
"""

MANIFEST = """
[model]
name = "net"
version = "1.0.0"
task = "test"
summary = "A small U-Net with seeded weights."
[licence]
code = "Apache-2.0"
weights = "none"
[[inputs]]
name = "color"
channels = ["R", "G", "B"]
[[outputs]]
name = "color"
channels = ["R", "G", "B"]
[geometry]
multiple_of = {multiple_of}
[tiling]
max_tile_px = {max_tile_px}
halo_px = {halo_px}
[runtime]
engine = "torch"
entry = "model.py:Net"
"""


@dataclass(frozen=True)
class Cut:
    """One way to cut a frame, and what it costs.

    Attributes:
        name: which way.
        tiles: how many there are.
        area_px: how many pixels the net sees in all of them together.
        timings: of one frame.
        error: the largest difference from the whole frame, relative to its largest value.
    """

    name: str
    tiles: int
    area_px: int
    timings: Timings
    error: float


def measure_tiles(
    height: int, width: int, max_tile_px: int, rounds: int, threads: int = 0
) -> list[Cut]:
    """Time a net on a frame of *height* × *width* px: whole, split evenly, on a fixed grid.

    The whole frame comes first; the others are compared with it.
    """
    frame = np.random.default_rng(0).random((height, width, 3), np.float32)
    with _net(max_tile_px, threads) as (runtime, tiling):
        ways = _ways(frame, tiling)
        cases = {name: _case(runtime, way) for name, way in ways.items()}
        timings = interleave(cases, rounds, warmups=1)
        whole = _rendered(runtime, ways["whole frame"])
        return [_cut(runtime, name, way, timings[name], whole) for name, way in ways.items()]


@dataclass(frozen=True)
class _Way:
    """A frame as it is given to the runtime, and the longest side of a tile."""

    frame: Pixels
    max_tile_px: int
    grid: Grid


def _ways(frame: Pixels, tiling: Tiling) -> dict[str, _Way]:
    """Return the frame for each way; a fixed grid is the frame extended to full tiles."""
    stride = tiling.max_tile_px - 2 * tiling.halo_px
    missing = [(-(size - 2 * tiling.halo_px)) % stride for size in frame.shape[:2]]
    full = np.pad(frame, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
    return {
        name: _Way(pixels, side, _grid(pixels, tiling, side))
        for name, pixels, side in (
            ("whole frame", frame, 0),
            ("split evenly", frame, tiling.max_tile_px),
            ("fixed grid", full, tiling.max_tile_px),
        )
    }


def _grid(frame: Pixels, tiling: Tiling, side: int) -> Grid:
    return plan_tiles(*frame.shape[:2], tiling_at(tiling, side), MULTIPLE_OF)


@contextmanager
def _net(max_tile_px: int, threads: int) -> Iterator[tuple[Runtime, Tiling]]:
    """Load the net from a folder that goes away again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        manifest = MANIFEST.format(
            max_tile_px=max_tile_px, halo_px=HALO_PX, multiple_of=MULTIPLE_OF
        )
        (path / "model.toml").write_text(manifest, "utf-8")
        (path / "model.py").write_text(CODE, "utf-8")
        package = load_package(path)
        runtime = load_runtime(path, package.manifest, "cpu", threads, CpuMemory())
        yield runtime, package.manifest.tiling
        runtime.close()


def _case(runtime: Runtime, way: _Way) -> Case:
    return lambda: elapsed_s(lambda: _rendered(runtime, way))


def _rendered(runtime: Runtime, way: _Way) -> Pixels:
    inputs = {"color": way.frame}
    return runtime.infer(inputs, {}, _ignore, way.max_tile_px)["color"]


def _ignore(done: int, total: int) -> None:
    """Stand for a job that nobody cancels."""


def _cut(runtime: Runtime, name: str, way: _Way, timings: Timings, whole: Pixels) -> Cut:
    # What was added to a fixed grid's frame shows within the net's reach of it: not compared.
    inner = tuple(
        slice(size if full == size else size - HALO_PX)
        for full, size in zip(way.frame.shape[:2], whole.shape[:2], strict=True)
    )
    difference = np.abs(_rendered(runtime, way)[inner] - whole[inner]).max()
    area_px = sum(tile.area_px for tile in way.grid)
    return Cut(name, len(way.grid), area_px, timings, float(difference / np.abs(whole).max()))


def tile_rows(cuts: Sequence[Cut]) -> list[list[str]]:
    """Return the rows of a table: tiles, pixels, time, both against the whole frame, error."""
    whole = cuts[0]
    return [
        [
            cut.name,
            str(cut.tiles),
            f"{cut.area_px / whole.area_px:.2f}",
            milliseconds(cut.timings.median_s),
            f"{cut.timings.median_s / whole.timings.median_s:.2f}",
            f"{cut.error:.0e}" if cut.error else "0",
        ]
        for cut in cuts
    ]


def tile_table(sizes: Mapping[str, Sequence[Cut]]) -> str:
    """Return the cuts of frames of several sizes, by what the sizes are called, as a table."""
    heads = ("frame", "cut", "tiles", "× pixels", "ms", "× time", "largest difference")
    return table(heads, [[size, *row] for size, cuts in sizes.items() for row in tile_rows(cuts)])
