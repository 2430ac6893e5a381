"""Run a package that is a torch module: code in the package, weights in safetensors.

Its entry names a `torch.nn.Module` made without arguments. ``forward`` gets each input by its name
as (N, C, H, W), scene-linear, and each parameter by its name; optional inputs that are absent are
left out. N is 1 unless the manifest allows batches. Inputs of several times are (N, T, C, H, W). It
returns a tensor for one output, or a mapping by the outputs' names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from filmgate.errors import DeviceMemoryError, ManifestError
from filmgate_server.registry.content import locate
from filmgate_server.runtime.numerics import missing_engine
from filmgate_server.runtime.packaged import PackagedRuntime
from filmgate_server.runtime.source import call_model, load_entry, named_outputs

try:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file  # pyright: ignore[reportUnknownVariableType] - PathLike
except ImportError as error:
    raise missing_engine("torch") from error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from filmgate.manifest import Manifest
    from filmgate_server.runtime.port import Images, Pixels, Step
    from filmgate_server.worker.memory import DeviceMemory

_T = TypeVar("_T")

PRECISIONS = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}

_BATCH_AXES = 4


class TorchRuntime(PackagedRuntime):
    """A torch module behind `filmgate_server.runtime.port.Runtime`."""

    def __init__(
        self,
        package_path: Path,
        manifest: Manifest,
        device: str,
        threads: int,
        memory: DeviceMemory,
    ) -> None:
        _settle(threads)
        super().__init__(manifest, memory)
        self._device = torch.device(device if device.startswith("cuda") else "cpu")
        self._precision = PRECISIONS[manifest.runtime.precision]
        self._module = _load_module(package_path, manifest).eval().requires_grad_(False)
        try:
            self._guarded(self._to_its_device)
        except DeviceMemoryError:
            del self._module  # what of it is on the device already must not outlive the error
            self._trim()
            raise

    def compute(self, windows: Sequence[Images], params: Mapping[str, Any], step: Step) -> Any:
        """Run the module once on all *windows*."""
        return self._guarded(lambda: self._forward(windows, params))

    def model_bytes(self) -> int:
        """Return how many bytes the weights take."""
        state = self._module.state_dict().values()
        return sum(tensor.numel() * tensor.element_size() for tensor in state)

    def close(self) -> None:
        """Forget the module and return the GPU's cached memory."""
        del self._module
        self._trim()
        super().close()

    def _guarded(self, call: Callable[[], _T]) -> _T:
        try:
            return call_model(self._manifest, call)
        except DeviceMemoryError:
            self._trim()
            raise

    def _trim(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _to_its_device(self) -> None:
        self._module.to(self._device, self._precision)
        self._module.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] - documented, not typed

    def _forward(
        self, windows: Sequence[Images], params: Mapping[str, Any]
    ) -> list[dict[str, Pixels]]:
        with torch.inference_mode():
            given = {name: self._to_device([each[name] for each in windows]) for name in windows[0]}
            returned: object = self._module(**given, **params)
            if isinstance(returned, torch.Tensor):
                returned = {self._manifest.outputs[0].name: returned}
            named = named_outputs(self._manifest, returned)
            frames = {name: _to_frames(tensor) for name, tensor in named.items()}
        return [{name: frames[name][place] for name in frames} for place in range(len(windows))]

    def _to_device(self, frames: Sequence[Pixels]) -> torch.Tensor:
        """Return (N, C, H, W), or (N, T, C, H, W) of clips, in the net's precision."""
        tensor = torch.as_tensor(np.stack(frames), device=self._device).movedim(-1, -3)
        if tensor.ndim == _BATCH_AXES:
            return tensor.to(self._precision, memory_format=torch.channels_last)
        return tensor.to(self._precision)


def _settle(threads: int) -> None:
    """Choose exact arithmetic that does not depend on load or history, for the whole process."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    if threads:
        torch.set_num_threads(threads)


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


def _to_frames(tensor: torch.Tensor) -> Pixels:
    """Return (N, H, W, C)."""
    return tensor.permute(0, 2, 3, 1).float().cpu().numpy()
