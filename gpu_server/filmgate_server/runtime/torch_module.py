"""Run a package that is a torch module: code in the package, weights in safetensors.

Its entry names a `torch.nn.Module` made without arguments. ``forward`` gets each input by its name
as (N, C, H, W), the way the manifest says, and each parameter by its name; optional inputs that are
absent are left out. N is 1 unless the manifest allows batches. Inputs of several times are
(N, T, C, H, W). It returns a tensor for one output, or a mapping by the outputs' names.

A heightfield is (1, C, H, W), a volume (1, C, D, H, W); attributes come as they are, (n, c), and
whole numbers, truth values and doubles keep their types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from filmgate.errors import DeviceMemoryError, ManifestError
from filmgate_server.registry.content import locate
from filmgate_server.runtime.numerics import missing_engine
from filmgate_server.runtime.source import load_entry
from filmgate_server.runtime.tensor_net import TensorRuntime

try:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file  # pyright: ignore[reportUnknownVariableType] - PathLike
except ImportError as error:
    raise missing_engine("torch") from error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from filmgate.manifest import Manifest
    from filmgate_server.worker.memory import DeviceMemory


class TorchRuntime(TensorRuntime):
    """A torch module behind `filmgate_server.runtime.port.Runtime`."""

    def __init__(
        self,
        package_path: Path,
        manifest: Manifest,
        device: str,
        threads: int,
        memory: DeviceMemory,
    ) -> None:
        super().__init__(manifest, device, threads, memory)
        self._module = _load_module(package_path, manifest).eval().requires_grad_(False)
        try:
            self.guarded(self._to_its_device)
        except DeviceMemoryError:
            del self._module  # what of it is on the device already must not outlive the error
            self.trim()
            raise

    def run(self, inputs: Mapping[str, torch.Tensor], params: Mapping[str, Any]) -> object:
        """Call the module."""
        return self._module(**inputs, **params)

    def model_bytes(self) -> int:
        """Return how many bytes the weights take."""
        state = self._module.state_dict().values()
        return sum(tensor.numel() * tensor.element_size() for tensor in state)

    def close(self) -> None:
        """Forget the module and return the GPU's cached memory."""
        del self._module
        self.trim()
        super().close()

    def _to_its_device(self) -> None:
        self._module.to(self.device, self.precision)
        if "z" not in self._manifest.main_input.axes:  # kernels of volumes have an axis more
            self._module.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] - documented, not typed


def _load_module(package_path: Path, manifest: Manifest) -> torch.nn.Module:
    module = load_entry(package_path, manifest)
    if not isinstance(module, torch.nn.Module):
        raise ManifestError(f"{manifest.runtime.entry} is not a torch.nn.Module.")
    try:
        module.load_state_dict(_load_state(package_path, manifest), strict=True)
    except RuntimeError as error:
        text = f"{manifest.name}: the weights do not fit the module: {error}"
        raise ManifestError(text, "Correct the package's code or weights.") from error
    return module


def _load_state(package_path: Path, manifest: Manifest) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = {}
    for weights in manifest.weights:
        try:
            state.update(load_file(locate(package_path, weights.file)))
        except SafetensorError as error:
            raise ManifestError(f"{weights.file} is not a safetensors file: {error}.") from error
    return state
