"""Measure a model: seconds and device memory of frames of several sizes."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from filmgate.errors import DeviceMemoryError
from filmgate_server.commands.frames import noise
from filmgate_server.commands.geometry import span_of
from filmgate_server.runtime.tensors import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from filmgate.manifest import Manifest
    from filmgate_server.commands.bearer import Bearer
    from filmgate_server.runtime.port import Pixels

MEGAPIXEL = 1_000_000
RUNS = 3
"""Of each size; the fastest counts: whatever else the machine does only ever adds."""

SIDES_PX = (256, 512, 1024)
VOLUME_SHARE = 8
"""Cubes of voxels have sides so many times shorter."""


@dataclass(frozen=True)
class Figure:
    """What frames of one size cost.

    Attributes:
        side_px: of the square frame, which stays whole, or of the cube of voxels.
        samples: how many pixels, voxels or points there are.
        axes: along which they lie: 3 for voxels, 2 for pixels, 1 for points.
        seconds: of the fastest run.
        peak_mib: device memory beside the loaded model, at most.
    """

    side_px: int
    samples: int
    axes: int
    seconds: float
    peak_mib: float

    @property
    def megapixels(self) -> float:
        """The frame's size, in millions."""
        return self.samples / MEGAPIXEL

    def to_row(self) -> dict[str, float]:
        """Return it for a report."""
        return {
            "side_px": self.side_px,
            "samples": self.samples,
            "axes": self.axes,
            "seconds": round(self.seconds, 5),
            "seconds_per_megapixel": round(self.seconds / self.megapixels, 4),
            "peak_mib": round(self.peak_mib, 1),
            "mib_per_megapixel": round(self.peak_mib / self.megapixels, 1),
        }


def measure(
    bearer: Bearer, params: Mapping[str, Any], sides_px: Sequence[int] = SIDES_PX
) -> Iterator[Figure]:
    """Yield a figure for each size that the model takes, until one does not fit."""
    bearer.under()
    share = VOLUME_SHARE if "z" in bearer.manifest.main_input.axes else 1
    for side_px in sorted({span_of(bearer).fit(side // share) for side in sides_px}):
        try:
            yield _measured(bearer, params, side_px)
        except DeviceMemoryError:
            return


def _measured(bearer: Bearer, params: Mapping[str, Any], side_px: int) -> Figure:
    frames = noise(bearer.manifest, side_px, side_px, depth=side_px)
    before = bearer.memory.used_bytes()
    bearer.memory.reset_peak()
    seconds: list[float] = []
    for _ in range(RUNS):
        began_s = time.perf_counter()
        bearer.run(frames, params)
        seconds.append(time.perf_counter() - began_s)
    peak = max(0, bearer.memory.peak_bytes() - before)
    return Figure(side_px, *_extent(bearer.manifest, frames), min(seconds), peak / MIB)


def _extent(manifest: Manifest, frames: Mapping[str, Pixels]) -> tuple[int, int]:
    """Return how many samples the main input has, and along how many axes."""
    main, shape = manifest.main_input, frames[manifest.main_input.name].shape
    sizes = dict(zip(main.axes, shape[-len(main.axes) :], strict=True))
    sizes.pop("c", None)
    return math.prod(sizes.values()), len(sizes)
