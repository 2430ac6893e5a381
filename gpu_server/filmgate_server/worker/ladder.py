"""A model in use, which answers a full device: other models go, then the tiles become smaller."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from filmgate.errors import DeviceMemoryError
from filmgate_server.registry.local import Package
from filmgate_server.runtime.colour import AS_IS, Colour
from filmgate_server.runtime.tiles import Span, plan_tiles, tile_ladder, tiling_at
from filmgate_server.worker.measurements import Measurements
from filmgate_server.worker.memory import DeviceMemory
from filmgate_server.worker.recent import Recent
from filmgate_server.worker.shelf import Shelf

if TYPE_CHECKING:
    from filmgate.manifest import Manifest
    from filmgate.tensor import Tensor, TensorSpec
    from filmgate_server.runtime.port import Images, Pixels, Runtime, Step

RETRY_AFTER_FRAMES = 32
"""After so many frames in smaller tiles the full size is tried again: others may have left."""

SIZES_MAX = 256
"""So many frame sizes are remembered, of all models together."""

Size = tuple[int, int]
"""Height and width of a frame in px."""

Allow = Callable[[float], None]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Rung:
    """One way to cut a frame.

    Attributes:
        tile_px: the longest side of a tile; 0 is the whole frame.
        area_px: how many pixels the largest tile has.
        tiles: how many there are.
    """

    tile_px: int
    area_px: int
    tiles: int


def plan_rungs(manifest: Manifest, size: Size) -> list[Rung]:
    """Return the ways to cut a frame of *size*, the manifest's own first, each with less memory."""
    rungs: list[Rung] = []
    for tile_px in tile_ladder(manifest):
        tiling = tiling_at(manifest.tiling, tile_px)
        grid = plan_tiles(*size, tiling, manifest.geometry.multiple_of)
        area_px = _longest(grid.rows) * _longest(grid.columns)
        if not rungs or area_px < rungs[-1].area_px:
            rungs.append(Rung(tile_px, area_px, len(grid)))
    return rungs


@dataclass
class _Forced:
    """A frame size that did not fit as the manifest says."""

    place: int
    frames_left: int
    evictions: int


class StepDowns:
    """Which frames had to be cut smaller, so that the next one does not fail first.

    Attributes:
        count: how many frames were.
    """

    def __init__(self) -> None:
        self.count = 0
        self._forced: Recent[tuple[bytes, Size], _Forced] = Recent(SIZES_MAX)

    def start(self, digest: bytes, size: Size, evictions: int) -> int:
        """Return the place of the rung to begin with.

        Args:
            digest: of the package.
            size: of the frame.
            evictions: how many models have been unloaded so far; after a further one the memory
                may suffice again.
        """
        forced = self._forced.get((digest, size))
        if forced is None:
            return 0
        if forced.evictions != evictions or forced.frames_left <= 0:
            del self._forced[digest, size]
            return 0
        self._forced.move_to_end((digest, size))
        forced.frames_left -= 1
        return forced.place

    def note(self, digest: bytes, size: Size, place: int, evictions: int) -> None:
        """Remember that a frame was computed on the rung at *place*, not the first."""
        known = self._forced.get((digest, size))
        if known is None or known.place != place:
            self._forced[digest, size] = _Forced(place, RETRY_AFTER_FRAMES, evictions)


class Ladder:
    """A runtime for one execution; see `filmgate_server.runtime.port.Runtime` for the methods.

    Args:
        package: the model.
        runtime: what runs it.
        shelf: where other models can be unloaded from.
        memory: of the device.
        measurements: where a tile's memory is noted.
        step_downs: what earlier frames had to do.
        allow: told how many seconds each tile may take, once that is known.
        hang_floor_s: what a tile may take in any case.

    Attributes:
        forced_px: the longest side of a tile that the memory forced; None while it did not.
        tile_s: how long each tile of the last frame has taken.
        area_px: how many pixels such a tile has.
    """

    def __init__(
        self,
        package: Package,
        runtime: Runtime,
        shelf: Shelf,
        memory: DeviceMemory,
        measurements: Measurements,
        step_downs: StepDowns,
        allow: Allow,
        hang_floor_s: float,
    ) -> None:
        self.forced_px: int | None = None
        self.tile_s, self.area_px = 0.0, 1
        self._package = package
        self._runtime = runtime
        self._shelf = shelf
        self._memory = memory
        self._measurements = measurements
        self._step_downs = step_downs
        self._allow = allow
        self._hang_floor_s = hang_floor_s
        self._answer: dict[str, Pixels] | None = None

    def answer_with(self, outputs: dict[str, Pixels] | None) -> None:
        """Let the next `infer` return *outputs*, which were computed before, unless None."""
        self._answer = outputs

    def infer(
        self,
        inputs: Images,
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None = None,
        colour: Colour = AS_IS,
    ) -> dict[str, Pixels]:
        """Run the model on images, in tiles of the largest size that fits."""
        if self._answer is not None:
            answer, self._answer = self._answer, None
            step(1, 1)
            return answer
        size = self._size(inputs[self._package.manifest.main_input.name].shape[-3:])
        return self._descend(
            size,
            1,
            max_tile_px,
            lambda tile: self._runtime.infer(inputs, params, step, tile, colour),
        )

    def infer_batch(
        self,
        frames: Sequence[Images],
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None = None,
        colour: Colour = AS_IS,
    ) -> list[dict[str, Pixels]]:
        """Run the model on several frames together, in tiles of the manifest's size.

        Raises:
            DeviceMemoryError: they do not fit together; one by one they may.
        """
        size = self._size(frames[0][self._package.manifest.main_input.name].shape[-3:])
        return self._descend(
            size,
            len(frames),
            self._package.manifest.tiling.max_tile_px if max_tile_px is None else max_tile_px,
            lambda tile: self._runtime.infer_batch(frames, params, step, tile, colour),
        )

    def infer_tensors(
        self,
        inputs: Mapping[str, Tensor],
        outputs: Mapping[str, Tensor],
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None = None,
    ) -> None:
        """Run the model on tensors, likewise; each slice of a volume counts as a frame."""
        main = inputs[self._package.manifest.main_input.name].spec
        self._descend(
            self._size(main.shape[-3:]),
            dict(zip(main.axes, main.shape, strict=True)).get("z", 1),
            max_tile_px,
            lambda tile: self._runtime.infer_tensors(inputs, outputs, params, step, tile),
        )

    def remarks(self, inputs: Images, params: Mapping[str, Any]) -> list[str]:
        """Say what the model does to these inputs."""
        return self._runtime.remarks(inputs, params)

    def output_specs(
        self, inputs: Mapping[str, TensorSpec], params: Mapping[str, Any]
    ) -> dict[str, TensorSpec]:
        """Return what `infer_tensors` will write."""
        return self._runtime.output_specs(inputs, params)

    def model_bytes(self) -> int:
        """Return what the loaded model takes."""
        return self._runtime.model_bytes()

    def close(self) -> None:
        """Do nothing: the shelf owns the model."""

    @staticmethod
    def _size(shape: Sequence[int]) -> Size:
        """Return the frame's size; what is no image counts as one row."""
        return (shape[0], shape[1]) if len(shape) == 3 else (1, max(1, *shape, 1))

    def _descend(
        self, size: Size, frames: int, fixed_px: int | None, attempt: Callable[[int], _T]
    ) -> _T:
        """Return what *attempt* returns for the largest tile that fits.

        Raises:
            DeviceMemoryError: not even the smallest does.
        """
        digest, rungs = self._package.digest, plan_rungs(self._package.manifest, size)
        rungs = [rung for rung in rungs if fixed_px in (None, rung.tile_px)] or rungs
        start = self._step_downs.start(digest, size, self._shelf.evictions)
        full = DeviceMemoryError("The device's memory holds no tile of this frame.")
        for place in range(min(start, len(rungs) - 1), len(rungs)):
            again = True
            while again:
                result, error = self._attempted(rungs[place], frames, attempt)
                if error is None:
                    self._accept(size, place, rungs[place])
                    return result[0]
                full, again = error, self._shelf.evict_idle()
        raise full

    def _attempted(
        self, rung: Rung, frames: int, attempt: Callable[[int], _T]
    ) -> tuple[list[_T], DeviceMemoryError | None]:
        """Return what *attempt* returned, or how it failed: without the memory that it held."""
        area_px = rung.area_px * frames
        self._prepare(area_px)
        uses, before_bytes, began_s = self._shelf.leases, self._memory.used_bytes(), _now_s()
        known = area_px in self._measurements.of(self._package.digest).tile_bytes
        if not known:
            self._memory.reset_peak()
        try:
            result = [attempt(rung.tile_px)]
        except DeviceMemoryError as error:
            return [], error.with_traceback(None)
        if uses == self._shelf.leases:  # nothing else ran in between
            self.tile_s, self.area_px = (_now_s() - began_s) / rung.tiles, area_px
            self._measurements.note_slower(self._package.digest, area_px, self.tile_s)
            if not known:
                taken_bytes = max(0, self._memory.peak_bytes() - before_bytes)
                self._measurements.note_tile(self._package.digest, area_px, taken_bytes)
        return result, None

    def _prepare(self, area_px: int) -> None:
        """Unload what will be in the way, and say how long a tile may take."""
        digest, manifest = self._package.digest, self._package.manifest
        self._shelf.make_room(self._measurements.tile_bytes(digest, manifest, area_px))
        allowed_s = self._measurements.allowed_s(digest, area_px, self._hang_floor_s)
        if allowed_s is not None:
            self._allow(allowed_s)

    def _accept(self, size: Size, place: int, rung: Rung) -> None:
        if place:
            self.forced_px = rung.tile_px
            self._step_downs.note(self._package.digest, size, place, self._shelf.evictions)


def _longest(spans: Sequence[Span]) -> int:
    return max(span.size for span in spans)


def _now_s() -> float:
    return time.perf_counter()
