"""Run a package that is Python on numpy arrays.

Its entry names a class, made without arguments, with ``infer(inputs, params, step)`` as in
`filmgate_server.runtime.port.Runtime`, called for each tile. Volumes and attributes come, and are
returned, in the axes of the manifest. It may also have

- ``infer_batch(frames, params, step)``, which gets a list of such inputs and returns a list of
  outputs; without it frames are computed one after the other;
- ``infer_tensors(inputs, outputs, params, step)``; the outputs of images then have the main
  input's type and shape, no conversion takes place and nothing is cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from filmgate_server.runtime.colour import Colour, asks_for_stage
from filmgate_server.runtime.packaged import PackagedRuntime
from filmgate_server.runtime.source import call_model, checked_outputs, load_entry
from filmgate_server.runtime.tensors import main_spec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from filmgate.manifest import Manifest
    from filmgate.tensor import Tensor, TensorSpec
    from filmgate_server.runtime.geometry import Numbers
    from filmgate_server.runtime.port import Images, Pixels, Step
    from filmgate_server.runtime.stage import FrameStage
    from filmgate_server.worker.memory import DeviceMemory


class ArrayRuntime(PackagedRuntime):
    """A package of Python on numpy arrays; see `filmgate_server.runtime.port.Runtime`."""

    def __init__(self, package_path: Path, manifest: Manifest, memory: DeviceMemory) -> None:
        super().__init__(manifest, memory)
        self._model: Any = load_entry(package_path, manifest)
        self._native = hasattr(self._model, "infer_tensors")

    def stage(self, frame: Images, params: Mapping[str, Any], colour: Colour) -> FrameStage | None:
        """Return what the manifest or the colours ask for; most packages ask for nothing."""
        if not asks_for_stage(self._manifest, colour):
            return None
        from filmgate_server.runtime.stage import new_stage  # noqa: PLC0415 - brings torch along

        return new_stage(self._manifest, frame, colour, params, "cpu")

    def compute(
        self,
        windows: Sequence[Images],
        stages: Sequence[FrameStage | None],
        params: Mapping[str, Any],
        step: Step,
    ) -> list[dict[str, Pixels]]:
        """Call the package, once where it can take several frames."""
        present = [stage for stage in stages if stage is not None]
        if not present:
            returned = self._call(windows, params, step)
            pairs = zip(windows, returned, strict=True)
            return [checked_outputs(self._manifest, window, outputs) for window, outputs in pairs]
        from filmgate_server.runtime.stage import compute_staged, on_arrays  # noqa: PLC0415

        net = on_arrays(lambda shown: self._call(shown, params, step))
        return compute_staged(self._manifest, present, windows, net)

    def _call(self, windows: Sequence[Images], params: Mapping[str, Any], step: Step) -> list[Any]:
        if len(windows) > 1 and hasattr(self._model, "infer_batch"):
            return call_model(
                self._manifest, lambda: list(self._model.infer_batch(windows, params, step))
            )
        return call_model(
            self._manifest, lambda: [self._model.infer(each, params, step) for each in windows]
        )

    def compute_geometry(
        self, inputs: Mapping[str, Numbers], params: Mapping[str, Any], step: Step
    ) -> object:
        """Call the package."""
        return call_model(self._manifest, lambda: self._model.infer(inputs, params, step))

    def output_specs(
        self,
        inputs: Mapping[str, TensorSpec],
        params: Mapping[str, Any],
    ) -> dict[str, TensorSpec]:
        """Return what `infer_tensors` will write."""
        if not self._native or self._manifest.takes_tensors:
            return super().output_specs(inputs, params)
        main = main_spec(self._manifest, inputs)
        return {output.name: main for output in self._manifest.outputs}

    def infer_tensors(
        self,
        inputs: Mapping[str, Tensor],
        outputs: Mapping[str, Tensor],
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None = None,
    ) -> None:
        """Run the model on tensors, in their own type where the package can do that."""
        if not self._native:
            super().infer_tensors(inputs, outputs, params, step, max_tile_px)
            return
        call_model(self._manifest, lambda: self._model.infer_tensors(inputs, outputs, params, step))

    def close(self) -> None:
        """Forget the model."""
        self._model = None
        super().close()
