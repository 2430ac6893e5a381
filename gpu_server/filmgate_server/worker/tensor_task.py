"""Executions on tensors: no copy on the way in, and the model writes where the gateway reads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from filmgate.errors import InputError, UnsupportedError
from filmgate.manifest import Manifest
from filmgate.tensor import (
    TENSOR_MEDIA,
    Tensor,
    TensorSpec,
    check_tensors,
    parse_tensor_blob,
    tensor_header,
)
from filmgate_server.pool.messages import Run
from filmgate_server.worker.execution import InputBlob, Produced
from filmgate_server.worker.finite import count_not_finite, finite
from filmgate_server.worker.task import Frame, Room, step_of_view

if TYPE_CHECKING:
    from filmgate_server.runtime.port import Runtime, Step

Group = Mapping[str, InputBlob]


class TensorTask:
    """An execution whose inputs are ``application/x-tensor``; the answers are too.

    Args:
        manifest: of the model.
        order: what was asked for.
        groups: the inputs of each view, by name.

    Raises:
        UnsupportedError: the wish is one that only files can fulfil, or a colour space is named.
    """

    def __init__(self, manifest: Manifest, order: Run, groups: Sequence[Group]) -> None:
        if order.wish.compression or order.wish.depth or order.wish.preview:
            raise UnsupportedError(
                "Tensors come back as they are: without compression, depth or preview.",
                "Ask for those with images.",
            )
        if order.colour.space:
            raise UnsupportedError(
                "Tensors have no colour space: a model gets them as they are.",
                "Submit without one, in the space that the model works in.",
            )
        self.warnings: list[str] = []
        self._manifest = manifest
        self._params = order.params
        self._time = order.time
        self._groups = groups
        self._inputs: list[dict[str, Tensor]] = []
        self._produced: list[Produced] = []

    def decode(self, step: Step) -> None:
        """Find the tensors inside the blobs."""
        self._inputs = [self._bound(group) for group in self._groups]
        if self._manifest.takes_tensors:
            self._inputs = [self._fitting(inputs) for inputs in self._inputs]
        step(1, 1)

    @property
    def frame(self) -> Frame | None:
        """None: tensors are no pictures yet."""
        return None

    def infer(self, runtime: Runtime, step: Step, room: Room) -> None:
        """Make room for the outputs and let the model write them there."""
        wanted = [
            runtime.output_specs(
                {name: tensor.spec for name, tensor in inputs.items()}, self._params
            )
            for inputs in self._inputs
        ]
        memory = iter(room([_blob_bytes(*item) for specs in wanted for item in specs.items()]))
        for place, (group, specs) in enumerate(zip(self._groups, wanted, strict=True)):
            outputs = {name: _laid_out(name, specs[name], next(memory)) for name in specs}
            step_here = partial(step_of_view, step, place, len(wanted))
            params = {**self._params, **self._place_in_time(group, self._inputs[place])}
            runtime.infer_tensors(self._inputs[place], outputs, params, step_here)
            self._note(group, specs)
            self._warn(outputs)
        self._inputs.clear()

    def encode(self, room: Room) -> list[Produced]:
        """Return what `infer` has written."""
        del room  # asked for by `infer`: the model writes the encoded form
        return self._produced

    def _place_in_time(
        self, group: Group, inputs: Mapping[str, Tensor]
    ) -> Mapping[str, int | float]:
        """Return what the model is told besides its parameters; see `Temporal.parameter`.

        The frames of a tensor follow on each other; the first is at the blob's own time.
        """
        main, parameter = self._manifest.main_input.name, self._manifest.temporal.parameter
        if parameter == "fraction":
            return {parameter: self._time - math.floor(self._time)}
        if parameter == "center":
            place = round(self._time - group[main].entry.time)
            if not 0 <= place < inputs[main].spec.shape[0]:
                raise InputError(
                    f"The result at {self._time:.12g} lies beyond the tensor's frames."
                )
            return {parameter: place}
        return {}

    def _note(self, group: Group, specs: Mapping[str, TensorSpec]) -> None:
        main = group[self._manifest.main_input.name].entry
        for name, spec in specs.items():
            size_bytes = _blob_bytes(name, spec)
            self._produced.append(Produced(name, main.time, main.view, TENSOR_MEDIA, size_bytes))

    def _fitting(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what the model may get, once it is found to be what the manifest says."""
        check_tensors(self._manifest, {name: tensor.spec for name, tensor in inputs.items()})
        fitting: dict[str, Tensor] = {}
        for name, tensor in inputs.items():
            fitting[name], warning = finite(tensor, self._manifest.input(name))
            self.warnings += filter(None, [warning])
        return fitting

    def _warn(self, outputs: Mapping[str, Tensor]) -> None:
        """Say which results of geometry hold NaN or infinity; they are delivered as they are."""
        if not self._manifest.takes_tensors:
            return
        for name, tensor in outputs.items():
            count = count_not_finite(tensor)
            if count:
                text = f"The model returned {count} values of NaN or infinity in {name!r}."
                self.warnings.append(text)

    def _bound(self, group: Group) -> dict[str, Tensor]:
        """Return the tensors of all blobs by input."""
        bound: dict[str, Tensor] = {}
        for blob in group.values():
            for name, tensor in self._tensors(blob):
                if name in bound:
                    text = f"Two tensors were sent for {name!r}."
                    raise InputError(text, "Send each input once.", {"input": name})
                bound[name] = tensor
        return bound

    def _tensors(self, blob: InputBlob) -> list[tuple[str, Tensor]]:
        """Return a blob's only tensor under the blob's name, or those named after inputs."""
        tensors = parse_tensor_blob(blob.data)
        if len(tensors) == 1:
            return [(blob.entry.name, tensor) for tensor in tensors.values()]
        known = [entry.name for entry in self._manifest.inputs if entry.name in tensors]
        if not known:
            text = f"None of the tensors of {blob.entry.name!r} is named after an input."
            raise InputError(text)
        return [(name, tensors[name]) for name in known]


def _blob_bytes(name: str, spec: TensorSpec) -> int:
    return len(tensor_header({name: spec})) + spec.size_bytes


def _laid_out(name: str, spec: TensorSpec, target: memoryview) -> Tensor:
    """Write the header of a blob of one tensor, and return the tensor that follows it."""
    header = tensor_header({name: spec})
    target[: len(header)] = header
    return Tensor(spec, target[len(header) : len(header) + spec.size_bytes])
