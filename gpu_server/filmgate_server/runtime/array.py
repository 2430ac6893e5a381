"""Run a package that is Python on numpy arrays.

Its entry names a class, made without arguments, with ``infer(inputs, params, step)`` as in
`filmgate_server.runtime.port.Runtime`. It may also have ``infer_tensors(inputs, outputs, params,
step)``; the outputs then have the main input's type and shape, and no conversion takes place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from filmgate_server.runtime.source import checked_outputs, load_entry, model_errors
from filmgate_server.runtime.tensors import ImageRuntime, main_spec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from filmgate.manifest import Manifest
    from filmgate.tensor import Tensor, TensorSpec
    from filmgate_server.runtime.port import Pixels, Step


class ArrayRuntime(ImageRuntime):
    """A package of Python on numpy arrays; see `filmgate_server.runtime.port.Runtime`."""

    def __init__(self, package_path: Path, manifest: Manifest) -> None:
        super().__init__(manifest)
        self._model: Any = load_entry(package_path, manifest)
        self._native = hasattr(self._model, "infer_tensors")

    def infer(
        self, inputs: Mapping[str, Pixels], params: Mapping[str, Any], step: Step
    ) -> dict[str, Pixels]:
        """Run the model on images."""
        with model_errors(self._manifest):
            outputs = self._model.infer(inputs, params, step)
            return checked_outputs(self._manifest, inputs, outputs)

    def output_specs(
        self,
        inputs: Mapping[str, TensorSpec],
        params: Mapping[str, Any],
    ) -> dict[str, TensorSpec]:
        """Return what `infer_tensors` will write."""
        if not self._native:
            return super().output_specs(inputs, params)
        main = main_spec(self._manifest, inputs)
        return {output.name: main for output in self._manifest.outputs}

    def infer_tensors(
        self,
        inputs: Mapping[str, Tensor],
        outputs: Mapping[str, Tensor],
        params: Mapping[str, Any],
        step: Step,
    ) -> None:
        """Run the model on tensors, in their own type where the package can do that."""
        if not self._native:
            super().infer_tensors(inputs, outputs, params, step)
            return
        with model_errors(self._manifest):
            self._model.infer_tensors(inputs, outputs, params, step)

    def close(self) -> None:
        """Forget the model."""
        self._model = None
