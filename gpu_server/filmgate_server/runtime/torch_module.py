"""Run a package that is a torch module: code in the package, weights in safetensors.

Its entry names a `torch.nn.Module` made without arguments. ``forward`` gets each input by its name
as (1, C, H, W), scene-linear, and each parameter by its name; optional inputs that are absent are
left out. It returns a tensor for one output, or a mapping by the outputs' names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.errors import ManifestError
from filmgate_server.registry.content import locate
from filmgate_server.runtime.numerics import missing_engine
from filmgate_server.runtime.source import checked_outputs, load_entry, model_errors, named_outputs
from filmgate_server.runtime.tensors import ImageRuntime
from filmgate_server.tiles import Tile, plan_tiles, render_tiles

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
    from filmgate_server.runtime.port import Pixels, Step

PRECISIONS = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}


class TorchRuntime(ImageRuntime):
    """A torch module behind `filmgate_server.runtime.port.Runtime`."""

    def __init__(self, package_path: Path, manifest: Manifest, device: str, threads: int) -> None:
        _settle(threads)
        super().__init__(manifest)
        self._device = torch.device("cpu" if device.startswith("cpu") else device)
        self._precision = PRECISIONS[manifest.runtime.precision]
        self._module = _load_module(package_path, manifest).eval().requires_grad_(False)
        with model_errors(manifest):
            self._module.to(self._device, self._precision)
            self._module.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] - documented, not typed

    def infer(
        self, inputs: Mapping[str, Pixels], params: Mapping[str, Any], step: Step
    ) -> dict[str, Pixels]:
        """Run the module on each tile of an image."""
        geometry, main = self._manifest.geometry, inputs[self._manifest.main_input.name]
        height, width, channels = main.shape
        tiles = plan_tiles(height, width, self._manifest.tiling, geometry.multiple_of)
        results = {
            output.name: np.empty((height, width, len(output.channels) or channels), np.float32)
            for output in self._manifest.outputs
        }
        with model_errors(self._manifest), torch.inference_mode():
            render_tiles(tiles, lambda tile: self._render(tile, inputs, params), results, step)
        return results

    def _render(
        self, tile: Tile, inputs: Mapping[str, Pixels], params: Mapping[str, Any]
    ) -> dict[str, Pixels]:
        window = {name: pixels[tile.y.outer, tile.x.outer] for name, pixels in inputs.items()}
        given = {name: self._to_device(pixels) for name, pixels in window.items()}
        returned: object = self._module(**given, **params)
        if isinstance(returned, torch.Tensor):
            returned = {self._manifest.outputs[0].name: returned}
        named = named_outputs(self._manifest, returned)
        results = {name: _to_pixels(tensor, tile) for name, tensor in named.items()}
        return checked_outputs(self._manifest, window, results)

    def _to_device(self, pixels: Pixels) -> torch.Tensor:
        """Return (1, C, H, W) in the net's precision, its edges repeated to a full multiple."""
        tensor = torch.tensor(pixels, device=self._device).permute(2, 0, 1)[None]
        multiple_of = self._manifest.geometry.multiple_of
        below, right = (-size % multiple_of for size in tensor.shape[2:])
        if below or right:
            tensor = torch.nn.functional.pad(tensor, (0, right, 0, below), mode="replicate")
        return tensor.to(self._precision, memory_format=torch.channels_last)

    def close(self) -> None:
        """Forget the module and return the GPU's cached memory."""
        del self._module
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


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


def _to_pixels(tensor: torch.Tensor, tile: Tile) -> Pixels:
    """Return (H, W, C) of the tile, without what was added to a full multiple."""
    pixels: Pixels = tensor[0].permute(1, 2, 0).float().cpu().numpy()
    return pixels[: tile.y.size, : tile.x.size]
