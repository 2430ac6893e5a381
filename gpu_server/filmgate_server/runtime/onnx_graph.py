"""Run an ``.onnx`` file with ONNX Runtime, without code in the package.

The graph's inputs are the manifest's inputs, and its parameters, by their names: (N, C, H, W) in
float32 or float16, and for each parameter a number without axes or with one element; what the graph
does not take is not given to it. Its outputs have the manifest's names, or come in its order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.errors import InputError, ManifestError, ModelError
from filmgate_server.registry.content import locate
from filmgate_server.runtime.exported import demand_weights
from filmgate_server.runtime.numerics import missing_engine
from filmgate_server.runtime.tensor_net import TensorRuntime

try:
    import onnxruntime
    import torch
except ImportError as error:
    raise missing_engine("onnx") from error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from filmgate.manifest import Manifest
    from filmgate_server.worker.memory import DeviceMemory

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}
_IMAGE_TYPES = {"float32": "tensor(float)", "float16": "tensor(float16)"}
_ERRORS_ONLY = 3
_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class OnnxRuntime(TensorRuntime):
    """A graph of ONNX behind `filmgate_server.runtime.port.Runtime`."""

    def __init__(
        self,
        package_path: Path,
        manifest: Manifest,
        device: str,
        threads: int,
        memory: DeviceMemory,
    ) -> None:
        super().__init__(manifest, device, threads, memory)
        demand_weights(manifest)
        path = locate(package_path, manifest.runtime.entry)
        self._session = self.guarded(lambda: self._opened(path, threads))
        self._inputs: dict[str, onnxruntime.NodeArg] = {
            each.name: each for each in self._session.get_inputs()
        }
        self._outputs: list[str] = [each.name for each in self._session.get_outputs()]
        self._check()

    def run(self, inputs: Mapping[str, torch.Tensor], params: Mapping[str, Any]) -> object:
        """Run the graph; ONNX Runtime itself moves what it gets to a GPU and back."""
        missing = [name for name in self._inputs if name not in {**inputs, **params}]
        if missing:
            raise InputError(f"{self._manifest.name} needs the input {missing[0]!r}.")
        feed = {name: self._image(values) for name, values in inputs.items()}
        feed.update(
            {name: self._number(name, params[name]) for name in params if self._takes(name)}
        )
        results = self._session.run(self._outputs, feed)
        named = zip(self._names(), results, strict=True)
        return {name: torch.as_tensor(values, device=self.device) for name, values in named}

    def close(self) -> None:
        """Forget the graph."""
        del self._session
        super().close()

    def _opened(self, path: Path, threads: int) -> onnxruntime.InferenceSession:
        providers = [_CUDA, _CPU] if self.device.type == "cuda" else [_CPU]
        if _CUDA in providers and _CUDA not in onnxruntime.get_available_providers():
            raise ModelError(
                "ONNX Runtime was installed without CUDA.",
                "Install onnxruntime-gpu instead of onnxruntime, or run the model on the CPU.",
            )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        place = {"device_id": str(self.device.index or 0)}
        settings = [place if provider == _CUDA else {} for provider in providers]
        return onnxruntime.InferenceSession(str(path), options, providers, settings)

    def _check(self) -> None:
        """Refuse a graph whose inputs or outputs are not the manifest's.

        Raises:
            ManifestError: names what does not fit.
        """
        manifest, entry = self._manifest, self._manifest.runtime.entry
        wanted = _IMAGE_TYPES.get(manifest.runtime.precision)
        for declared in manifest.inputs:
            found = self._inputs.get(declared.name)
            if found is None:
                raise ManifestError(f"{entry} has no input {declared.name!r}.")
            if found.type != wanted:
                text = f"{entry}: {declared.name!r} is {found.type}, but precision is"
                raise ManifestError(f"{text} {manifest.runtime.precision}.")
        if len(self._outputs) != len(manifest.outputs):
            raise ManifestError(
                f"{entry} has {len(self._outputs)} outputs, the manifest {len(manifest.outputs)}."
            )

    def _names(self) -> list[str]:
        """Return the manifest's name of each of the graph's outputs."""
        declared = [output.name for output in self._manifest.outputs]
        return self._outputs if set(declared) == set(self._outputs) else declared

    def _takes(self, name: str) -> bool:
        return name in self._inputs

    def _image(self, values: torch.Tensor) -> Any:
        return values.contiguous().cpu().numpy()

    def _number(self, name: str, value: Any) -> Any:
        asked = self._inputs[name]
        kind = _TYPES.get(asked.type)
        if kind is None:
            raise ManifestError(f"The parameter {name!r} cannot be given as {asked.type}.")
        return np.full([1] * len(asked.shape), value, kind)
