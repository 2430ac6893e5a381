"""The seam between the worker and whatever runs a model package.

A runtime is loaded once per package and device and then called frame after frame, by one thread
at a time. It knows nothing of files, blobs or jobs: pixels and numbers in, pixels and numbers out.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from filmgate_server.runtime.array import ArrayRuntime
from filmgate_server.runtime.colour import AS_IS, Colour
from filmgate_server.runtime.tensors import MIB
from filmgate_server.runtime.weights import verify_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from filmgate.manifest import Manifest
    from filmgate.tensor import Tensor, TensorSpec
    from filmgate_server.runtime.tensors import ImageRuntime
    from filmgate_server.worker.memory import DeviceMemory

    Pixels = NDArray[np.float32]
    """(H, W, C), C-contiguous, scene-linear, in the channel order of the manifest; an input that a
    temporal model gets at several times is (T, H, W, C), in the order of the plan."""

    Images = Mapping[str, Pixels]
    """By the manifest's names of inputs, all of one height and width."""

    Step = Callable[[int, int], None]
    """``step(done, total)`` in tiles, called before each tile and once after the last one. It
    raises `CancelledError` when nobody wants the result any more; a runtime lets that pass. It may
    run another, more urgent frame on the same runtime before it returns."""


class Runtime(Protocol):
    """A loaded model package on one device."""

    def infer(
        self,
        inputs: Images,
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None = None,
        colour: Colour = AS_IS,
    ) -> dict[str, Pixels]:
        """Run the model on images.

        Args:
            inputs: NaN and infinity already scrubbed; absent optional inputs are left out. Never
                written to.
            params: every declared parameter, resolved to its declared type; for a temporal model of
                the kind ``between`` also ``fraction``, 0 to 1: where between the two frames.
            step: see `Step`.
            max_tile_px: the longest side of a tile, one of
                `filmgate_server.runtime.tiles.tile_ladder`;
                None means the manifest's.
            colour: how colours get to the model's space; results come back in the space of the
                input that they follow.

        Returns:
            New arrays (H, W, C) by the manifest's output names, the manifest's scale times as large
            as the main input.

        Raises:
            InputError: an input is missing or does not fit.
            DeviceMemoryError: the device's memory does not hold a tile; nothing of the frame is
                held any more, so that it can be tried again.
            ModelError: the model failed.
            CancelledError: from *step*.
        """
        ...

    def infer_batch(
        self,
        frames: Sequence[Images],
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None = None,
        colour: Colour = AS_IS,
    ) -> list[dict[str, Pixels]]:
        """Run the model on several frames of the same inputs and shapes together.

        Args:
            frames: at most as many as the manifest's ``batch.max``.
            params: as for `infer`, the same for all.
            step: as for `infer`; it counts the tiles of one frame.
            max_tile_px: as for `infer`.
            colour: as for `infer`, the same for all.

        Returns:
            What `infer` would have returned for each frame.

        Raises:
            InputError: too many frames, or their shapes differ; and as for `infer`.
        """
        ...

    def model_bytes(self) -> int:
        """Return the device memory that the loaded model takes, as far as the runtime knows."""
        ...

    def remarks(self, inputs: Mapping[str, Pixels], params: Mapping[str, Any]) -> list[str]:
        """Say what `infer` does to these inputs that an artist should know, a sentence each."""
        ...

    def output_specs(
        self, inputs: Mapping[str, TensorSpec], params: Mapping[str, Any]
    ) -> dict[str, TensorSpec]:
        """Return what `infer_tensors` will write, so that the caller can make room for it.

        Raises:
            InputError: the inputs are missing, or of a type or shape that the model cannot use.
        """
        ...

    def infer_tensors(
        self,
        inputs: Mapping[str, Tensor],
        outputs: Mapping[str, Tensor],
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None = None,
    ) -> None:
        """Run the model on tensors and write into the caller's memory.

        Args:
            inputs: by the manifest's names; their views may be read-only.
            outputs: of exactly the specs that `output_specs` returned, over writable views that do
                not overlap an input; their previous content is undefined.
            params: as for `infer`.
            step: as for `infer`.
            max_tile_px: as for `infer`; a package that takes tensors as they are is not cut.

        Raises:
            InputError: an input is missing or does not fit.
            DeviceMemoryError: as for `infer`.
            ModelError: the model failed; the outputs' content is undefined.
            CancelledError: from *step*; likewise.
        """
        ...

    def close(self) -> None:
        """Give back memory and devices; the runtime is not used afterwards."""
        ...


def load_runtime(
    package_path: Path, manifest: Manifest, device: str, threads: int, memory: DeviceMemory
) -> Runtime:
    """Load the package at *package_path* onto a device.

    Args:
        package_path: the package's folder.
        manifest: of that package.
        device: ``cpu``, ``cpu:0``, ``cuda:0``, …
        threads: how many threads the arithmetic may use on a CPU; 0 leaves it to the engine.
        memory: of the device. What the manifest says the model to take is borrowed until the
            runtime is closed, and what it says a tile to take for as long as that is computed.

    Raises:
        ManifestError: the package cannot be used: code or weights are missing or wrong.
        IntegrityError: weights are not what the manifest's sha256 says.
        DeviceMemoryError: the device's memory does not hold the model.
        ModelError: the engine is not installed here or cannot use the device.
    """
    verify_weights(package_path, manifest)
    with ExitStack() as borrowed:
        borrowed.enter_context(memory.lend(manifest.runtime.model_mib * MIB))
        runtime = _new_runtime(package_path, manifest, device, threads, memory)
        runtime.owned.push(borrowed.pop_all())
    return runtime


def _new_runtime(
    package_path: Path, manifest: Manifest, device: str, threads: int, memory: DeviceMemory
) -> ImageRuntime:
    # Each engine costs seconds and hundreds of megabytes to import: a worker pays for what it runs.
    if manifest.runtime.engine == "oidn":
        from filmgate_server.runtime.oidn import OidnRuntime  # noqa: PLC0415

        return OidnRuntime(manifest, device, threads, memory)
    if manifest.runtime.engine == "torch":
        from filmgate_server.runtime.torch_module import TorchRuntime  # noqa: PLC0415

        return TorchRuntime(package_path, manifest, device, threads, memory)
    if manifest.runtime.engine == "export":
        from filmgate_server.runtime.exported import ExportedRuntime  # noqa: PLC0415

        return ExportedRuntime(package_path, manifest, device, threads, memory)
    if manifest.runtime.engine == "onnx":
        from filmgate_server.runtime.onnx_graph import OnnxRuntime  # noqa: PLC0415

        return OnnxRuntime(package_path, manifest, device, threads, memory)
    return ArrayRuntime(package_path, manifest, memory)
