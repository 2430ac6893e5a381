"""The seam between the worker and whatever runs a model package.

A runtime is loaded once per package and device and then called frame after frame, by one thread
at a time. It knows nothing of files, blobs or jobs: pixels and numbers in, pixels and numbers out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from filmgate_server.runtime.array import ArrayRuntime
from filmgate_server.runtime.weights import verify_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from filmgate.manifest import Manifest
    from filmgate.tensor import Tensor, TensorSpec

    Pixels = NDArray[np.float32]
    """(H, W, C), C-contiguous, scene-linear, in the channel order of the manifest."""

    Step = Callable[[int, int], None]
    """``step(done, total)`` in tiles, called before each tile and once after the last one. It
    raises `CancelledError` when nobody wants the result any more; a runtime lets that pass."""


class Runtime(Protocol):
    """A loaded model package on one device."""

    def infer(
        self, inputs: Mapping[str, Pixels], params: Mapping[str, Any], step: Step
    ) -> dict[str, Pixels]:
        """Run the model on images.

        Args:
            inputs: by the manifest's names, all of the main input's height and width, NaN and
                infinity already scrubbed; absent optional inputs are left out. Never written to.
            params: every declared parameter, resolved to its declared type.
            step: see `Step`.

        Returns:
            New arrays by the manifest's output names.

        Raises:
            InputError: an input is missing or does not fit.
            ModelError: the model failed.
            CancelledError: from *step*.
        """
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
    ) -> None:
        """Run the model on tensors and write into the caller's memory.

        Args:
            inputs: by the manifest's names; their views may be read-only.
            outputs: of exactly the specs that `output_specs` returned, over writable views that do
                not overlap an input; their previous content is undefined.
            params: as for `infer`.
            step: as for `infer`.

        Raises:
            InputError: an input is missing or does not fit.
            ModelError: the model failed; the outputs' content is undefined.
            CancelledError: from *step*; likewise.
        """
        ...

    def close(self) -> None:
        """Give back memory and devices; the runtime is not used afterwards."""
        ...


def load_runtime(package_path: Path, manifest: Manifest, device: str, threads: int) -> Runtime:
    """Load the package at *package_path* onto a device.

    Args:
        package_path: the package's folder.
        manifest: of that package.
        device: ``cpu``, ``cpu:0``, ``cuda:0``, …
        threads: how many threads the arithmetic may use on a CPU; 0 leaves it to the engine.

    Raises:
        ManifestError: the package cannot be used: code or weights are missing or wrong.
        IntegrityError: weights are not what the manifest's sha256 says.
        ModelError: the engine is not installed here or cannot use the device.
    """
    verify_weights(package_path, manifest)
    # Each engine costs seconds and hundreds of megabytes to import: a worker pays for what it runs.
    if manifest.runtime.engine == "oidn":
        from filmgate_server.runtime.oidn import OidnRuntime  # noqa: PLC0415

        return OidnRuntime(manifest, device, threads)
    if manifest.runtime.engine == "torch":
        from filmgate_server.runtime.torch_module import TorchRuntime  # noqa: PLC0415

        return TorchRuntime(package_path, manifest, device, threads)
    return ArrayRuntime(package_path, manifest)
