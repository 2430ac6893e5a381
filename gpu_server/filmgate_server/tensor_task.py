"""Executions on tensors: no copy on the way in, and the model writes where the gateway reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from filmgate.errors import InputError
from filmgate.manifest import Manifest
from filmgate.tensor import TENSOR_MEDIA, Tensor, parse_tensor_blob, tensor_header
from filmgate_server.execution import InputBlob, Produced
from filmgate_server.task import Room

if TYPE_CHECKING:
    from filmgate_server.runtime.port import Runtime, Step

Group = Mapping[str, InputBlob]


class TensorTask:
    """An execution whose inputs are ``application/x-tensor``; the answers are too.

    Args:
        manifest: of the model.
        params: every parameter, resolved.
        groups: the inputs of each view, by name.
    """

    def __init__(
        self, manifest: Manifest, params: Mapping[str, Any], groups: Sequence[Group]
    ) -> None:
        self.warnings: list[str] = []
        self._manifest = manifest
        self._params = params
        self._groups = groups
        self._inputs: list[dict[str, Tensor]] = []
        self._produced: list[Produced] = []

    def decode(self) -> None:
        """Find the tensors inside the blobs."""
        self._inputs = [
            {name: tensor for blob in group.values() for name, tensor in self._tensors(blob)}
            for group in self._groups
        ]

    def infer(self, runtime: Runtime, step: Step, room: Room) -> None:
        """Make room for the outputs and let the model write them there."""
        specs = [
            runtime.output_specs(
                {name: tensor.spec for name, tensor in inputs.items()}, self._params
            )
            for inputs in self._inputs
        ]
        headers = [tensor_header({name: spec}) for view in specs for name, spec in view.items()]
        flat = [spec for view in specs for spec in view.values()]
        sizes = [len(head) + spec.size_bytes for head, spec in zip(headers, flat, strict=True)]
        memory = iter(zip(room(sizes), headers, sizes, strict=True))
        for group, inputs, view in zip(self._groups, self._inputs, specs, strict=True):
            outputs: dict[str, Tensor] = {}
            for name, spec in view.items():
                target, header, size = next(memory)
                target[: len(header)] = header
                outputs[name] = Tensor(spec, target[len(header) : size])
                self._note(group, name, size)
            runtime.infer_tensors(inputs, outputs, self._params, step)
        self._inputs.clear()

    def encode(self, room: Room) -> list[Produced]:
        """Return what `infer` has written."""
        del room  # asked for by `infer`: the model writes the encoded form
        return self._produced

    def _note(self, group: Group, name: str, size_bytes: int) -> None:
        main = group[self._manifest.main_input.name].entry
        self._produced.append(Produced(name, main.time, main.view, TENSOR_MEDIA, size_bytes))

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
