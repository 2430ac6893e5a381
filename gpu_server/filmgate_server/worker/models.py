"""A worker's models, ready for use: loaded, warmed, measured, and within the device's memory."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filmgate.errors import DeviceMemoryError, FilmgateError, ManifestError, ModelError
from filmgate_server.devices import CPU
from filmgate_server.registry.local import Package
from filmgate_server.worker.ladder import Allow, Ladder, StepDowns
from filmgate_server.worker.measurements import Measurements
from filmgate_server.worker.memory import DeviceMemory
from filmgate_server.worker.shelf import Loaded, Loading, Shelf
from filmgate_server.worker.warmup import make_frame, why_not_warmed

CPU_HANG_FLOOR_S = 120.0
"""On a CPU other processes decide how long a tile takes: twenty times the usual was seen."""


@dataclass(frozen=True)
class Opened:
    """A model in use.

    Attributes:
        ladder: runs it.
        load_s: how long it took to load and warm; 0 when it was there.
    """

    ladder: Ladder
    load_s: float


class Models:
    """What the stages ask for models.

    Args:
        device: for the models.
        threads: for the models; 0 leaves it to the engine.
        memory: of the device.
        loading: told True before and False after each load.
        hang_floor_s: what a tile may take in any case before its model counts as hung; on a CPU at
            least `CPU_HANG_FLOOR_S`.

    Attributes:
        shelf: what is loaded.
        step_downs: which frames had to be cut smaller.
        memory: of the device.
    """

    def __init__(
        self,
        device: str,
        threads: int,
        memory: DeviceMemory,
        loading: Loading,
        hang_floor_s: float,
    ) -> None:
        self.memory = memory
        self.step_downs = StepDowns()
        self._measurements = Measurements()
        self.shelf = Shelf(device, threads, memory, self._measurements, loading)
        self._device = device
        on_cpu = device.partition(":")[0] == CPU
        self._hang_floor_s = max(hang_floor_s, CPU_HANG_FLOOR_S) if on_cpu else hang_floor_s

    def package(self, path: Path, digest: bytes) -> Package:
        """Return the package in the folder *path*; see `Shelf.package`."""
        return self.shelf.package(path, digest)

    @contextmanager
    def open(self, package: Package, allow: Allow) -> Generator[Opened]:
        """Keep a model ready while it is in use.

        Args:
            package: which.
            allow: told how many seconds each tile may take, once that is known.

        Raises:
            ModelError: it failed on the frame that it was warmed with.
            FilmgateError: whatever `Shelf.lease` raises.
        """
        began_s = time.perf_counter()
        with self.shelf.lease(package) as loaded:
            cold = loaded.fresh
            if cold:
                self._warm(loaded)
            load_s = time.perf_counter() - began_s if cold else 0.0
            ladder = self._ladder(loaded, allow)
            yield Opened(ladder, load_s)
            self.step_downs.count += ladder.forced_px is not None

    def prepare(self, path: Path, digest: bytes) -> str:
        """Load and warm a model ahead of its first frame; return what could not be done.

        Raises:
            FilmgateError: it cannot be used.
        """
        package = self.package(path, digest)
        with self.open(package, _allow_anything):
            return why_not_warmed(package.manifest, self._device)

    def _warm(self, loaded: Loaded) -> None:
        try:
            if not why_not_warmed(loaded.package.manifest, self._device):
                with self.shelf.loading():
                    self._run_made_up_frame(loaded)
        except BaseException:  # whatever it was, the next frame shall not find half a model
            self.shelf.unload(loaded.package)
            raise
        loaded.fresh = False

    def _run_made_up_frame(self, loaded: Loaded) -> None:
        package, ladder = loaded.package, self._ladder(loaded, _allow_anything)
        inputs, params = make_frame(package.manifest, self._device)
        try:
            ladder.infer(inputs, params, _ignore_step)
        except DeviceMemoryError:
            return  # a frame of another size may fit
        except ManifestError:
            raise
        except FilmgateError as error:
            text = f"{package.reference} failed when it was tried with an empty tile: {error.text}"
            raise ModelError(text, error.remedy) from error
        self._measurements.note_seconds(package.digest, ladder.area_px, ladder.tile_s)

    def _ladder(self, loaded: Loaded, allow: Allow) -> Ladder:
        return Ladder(
            loaded.package,
            loaded.runtime,
            self.shelf,
            self.memory,
            self._measurements,
            self.step_downs,
            allow,
            self._hang_floor_s,
        )


def _allow_anything(seconds: float) -> None:
    """While a model is loaded nothing is judged."""
    del seconds


def _ignore_step(done: int, total: int) -> None:
    """Nobody watches a frame that was made up."""
    del done, total
