"""What the engines have in common that run a net on torch tensors, through the shared stage."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from filmgate.errors import DeviceMemoryError
from filmgate_server.runtime.numerics import missing_engine, real_precision
from filmgate_server.runtime.packaged import PackagedRuntime
from filmgate_server.runtime.source import call_model, named_outputs

try:
    import torch
except ImportError as error:
    raise missing_engine("torch") from error

from filmgate_server.runtime.layout import from_net, to_net
from filmgate_server.runtime.stage import compute_staged, new_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from filmgate.manifest import Manifest
    from filmgate_server.runtime.colour import Colour
    from filmgate_server.runtime.geometry import Numbers
    from filmgate_server.runtime.port import Images, Pixels, Step
    from filmgate_server.runtime.stage import FrameStage, Tensors
    from filmgate_server.worker.memory import DeviceMemory

_T = TypeVar("_T")

PRECISIONS = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}

_BATCH_AXES = 4


class TensorRuntime(PackagedRuntime):
    """A net on tensors behind `filmgate_server.runtime.port.Runtime`; a subclass runs it.

    Args:
        manifest: of the package.
        device: ``cpu``, ``cpu:0``, ``cuda:0``, …
        threads: how many a CPU may use; 0 leaves it to torch.
        memory: of the device.

    Attributes:
        device: where the stage works, and the net.
        precision: of what the net gets.
    """

    def __init__(self, manifest: Manifest, device: str, threads: int, memory: DeviceMemory) -> None:
        _settle(threads)
        super().__init__(manifest, memory)
        self.device = torch.device(device if device.startswith("cuda") else "cpu")
        engine, declared = manifest.runtime.engine, manifest.runtime.precision
        self.precision = PRECISIONS[real_precision(engine, declared, device)]

    @abstractmethod
    def run(self, inputs: Mapping[str, torch.Tensor], params: Mapping[str, Any]) -> object:
        """Run the net.

        Args:
            inputs: by name, (N, C, H, W), channels last, or (N, T, C, H, W) of clips, on the
                device and in the net's precision; the net may write to them.
            params: by name.

        Returns:
            A tensor (N, C, H, W) for one output, or a mapping of them by the outputs' names.
        """

    def stage(self, frame: Images, params: Mapping[str, Any], colour: Colour) -> FrameStage:
        """Return the frame's stage; where nothing is asked for it only moves what the net gets."""
        with torch.inference_mode():
            return self.guarded(
                lambda: new_stage(self._manifest, frame, colour, params, str(self.device))
            )

    def compute(
        self,
        windows: Sequence[Images],
        stages: Sequence[FrameStage | None],
        params: Mapping[str, Any],
        step: Step,
    ) -> list[dict[str, Pixels]]:
        """Run the net once on all *windows*, and once more where negative light is split."""
        present = [stage for stage in stages if stage is not None]
        with torch.inference_mode():
            return self.guarded(
                lambda: compute_staged(
                    self._manifest, present, windows, lambda shown: self._net(shown, params)
                )
            )

    def compute_geometry(
        self, inputs: Mapping[str, Numbers], params: Mapping[str, Any], step: Step
    ) -> object:
        """Run the net on volumes or attributes."""
        with torch.inference_mode():
            return self.guarded(lambda: self._on_geometry(inputs, params))

    def _on_geometry(
        self, inputs: Mapping[str, Numbers], params: Mapping[str, Any]
    ) -> dict[str, Any]:
        kinds = {entry.name: entry.kind for entry in self._manifest.inputs}
        given = {
            name: to_net(numbers, kinds[name], self.device, self.precision)
            for name, numbers in inputs.items()
        }
        named = self._named(self.run(given, params))
        return {each.name: from_net(named.get(each.name), each) for each in self._manifest.outputs}

    def _named(self, returned: object) -> Mapping[str, Any]:
        """Return outputs by their names; a tensor alone is the first."""
        if isinstance(returned, torch.Tensor):
            returned = {self._manifest.outputs[0].name: returned}
        return named_outputs(self._manifest, returned)

    def guarded(self, call: Callable[[], _T]) -> _T:
        """Return what *call* returns; what a failed one has held on the device is free again."""
        try:
            return call_model(self._manifest, call)
        except DeviceMemoryError:
            self.trim()
            raise

    def trim(self) -> None:
        """Return the GPU's cached memory."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _net(
        self, shown: Sequence[Tensors], params: Mapping[str, Any]
    ) -> list[dict[str, torch.Tensor]]:
        given = {name: self._batch([each[name] for each in shown]) for name in shown[0]}
        named = self._named(self.run(given, params))
        return [
            {name: _frame_of(tensor, place) for name, tensor in named.items()}
            for place in range(len(shown))
        ]

    def _batch(self, frames: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return (N, …, C, H, W): a copy, in the net's precision."""
        batch = torch.stack(list(frames))
        if batch.ndim == _BATCH_AXES:
            return batch.to(self.precision, memory_format=torch.channels_last)
        return batch.to(self.precision)


def _frame_of(batch: Any, place: int) -> Any:
    """Return one frame's part of an output; what is no batch of images is judged by others."""
    if not isinstance(batch, torch.Tensor) or batch.ndim != _BATCH_AXES or place >= len(batch):
        return batch
    return batch[place]


def _settle(threads: int) -> None:
    """Choose exact arithmetic that does not depend on load or history, for the whole process."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    if threads:
        torch.set_num_threads(threads)
