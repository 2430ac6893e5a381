"""A package, loaded to be tried: with its own manifest, or with one that says something else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate_server.runtime.port import load_runtime

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from filmgate.manifest import Manifest
    from filmgate_server.runtime.port import Pixels, Runtime
    from filmgate_server.worker.memory import DeviceMemory


class Bearer:
    """Loads a package once for each manifest that it is asked to run under.

    Args:
        path: the package's folder.
        manifest: of the package.
        device: ``cpu``, ``cuda:0``, …
        threads: for the arithmetic on a CPU; 0 leaves it to the engine.
        memory: of the device.
    """

    def __init__(
        self, path: Path, manifest: Manifest, device: str, threads: int, memory: DeviceMemory
    ) -> None:
        self.manifest = manifest
        self.memory = memory
        self.device = device
        self._path = path
        self._threads = threads
        self._runtimes: dict[tuple[int, int, int], Runtime] = {}

    def under(self, multiple_of: int | None = None, scale: int | None = None) -> Runtime:
        """Return the model as if its manifest declared another geometry; None keeps its own."""
        geometry = self.manifest.geometry
        multiple_of = geometry.multiple_of if multiple_of is None else multiple_of
        scale = geometry.scale if scale is None else scale
        # Padding up to the shortest side would hide what a size does to the net.
        min_px = geometry.min_px if multiple_of == geometry.multiple_of else 1
        key = (multiple_of, scale, min_px)
        if key not in self._runtimes:
            changed = replace(geometry, multiple_of=multiple_of, scale=scale, min_px=min_px)
            self._runtimes[key] = self._load(replace(self.manifest, geometry=changed))
        return self._runtimes[key]

    def run(
        self,
        frames: Mapping[str, Pixels],
        params: Mapping[str, Any],
        max_tile_px: int = 0,
        runtime: Runtime | None = None,
    ) -> dict[str, Pixels]:
        """Run the model; without a longest side of a tile the frame stays whole."""
        chosen = runtime or self.under()
        return chosen.infer(frames, params, ignore_step, max_tile_px)

    def run_batch(
        self, frames: Sequence[Mapping[str, Pixels]], params: Mapping[str, Any]
    ) -> list[dict[str, Pixels]]:
        """Run the model on several frames at once."""
        return self.under().infer_batch(frames, params, ignore_step, 0)

    def close(self) -> None:
        """Forget the model."""
        for runtime in self._runtimes.values():
            runtime.close()
        self._runtimes.clear()

    def _load(self, manifest: Manifest) -> Runtime:
        return load_runtime(self._path, manifest, self.device, self._threads, self.memory)


def ignore_step(done: int, total: int) -> None:
    """Nobody cancels a trial: its process is killed."""
    del done, total


def difference(found: Mapping[str, Pixels], expected: Mapping[str, Pixels]) -> float:
    """Return the largest difference of any output, as a share of the largest value, or of 1."""
    worst = 0.0
    for name, pixels in found.items():
        truth = expected[name].astype(np.float64)
        unit = max(1.0, float(np.abs(truth).max(initial=0.0)))
        worst = max(worst, float(np.abs(pixels - truth).max(initial=0.0)) / unit)
    return worst
