"""From what a client submits to resolved work: no alias, no default, nothing unchecked left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgpack

from filmgate.errors import (
    BusyError,
    ImageTooLargeError,
    InputError,
    ProtocolError,
    UnknownBlobError,
    UnsupportedError,
)
from filmgate.manifest import Manifest
from filmgate.params import resolve_parameters
from filmgate.tensor import TENSOR_MEDIA
from filmgate.wire import fields as f
from filmgate.wire.records import EXR_MEDIA, OCIOZ_MEDIA, BlobRef, WorkSpec
from filmgate_server.jobs.configs import Configs
from filmgate_server.jobs.groups import group_by_view, plan_group
from filmgate_server.jobs.table import Owner, Work
from filmgate_server.pool.port import WorkerInfo
from filmgate_server.registry.offer import Models
from filmgate_server.runtime.numerics import numerics_id
from filmgate_server.store.content import Store
from filmgate_server.store.uploads import LOOSE_BYTES_MAX

INPUTS_MAX = 250
"""As many as one message hands to a worker, each with its descriptor."""

EXR_GUESS = 4
"""How much larger than its compressed input a result is taken to be, until a worker knows."""

_read_input = f.strict(BlobRef)
_read_params = f.mapping(f.plain)


@dataclass(frozen=True)
class Intake:
    """Checks and resolves submissions.

    Attributes:
        registry: the models.
        store: where large parameters and long input lists lie.
        frame_bytes_max: the largest input taken.
        device: what the workers run on; None before the first is ready.
        configs: the OCIO configs, and what counts for each show.
    """

    registry: Models
    store: Store
    frame_bytes_max: int
    device: Callable[[], WorkerInfo | None]
    configs: Configs = field(default_factory=Configs)

    def resolve(self, owner: Owner, spec: WorkSpec) -> Work:
        """Resolve the model, every parameter and the inputs.

        Raises:
            RequestError: something in *spec* is unknown or does not fit; its subclass says what.
            BusyError: no worker has started yet.
        """
        package = self.registry.resolve(spec.model)
        inputs = self._inputs(owner, spec)
        _check_inputs(package.manifest, inputs, self.frame_bytes_max)
        time = inputs[0].time if spec.time is None else spec.time
        _check_frames(package.manifest, inputs, time)
        _check_layers(package.manifest, spec.layers)
        device = self.device()
        if device is None:
            raise BusyError("The server's workers are still starting.")
        return Work(
            show=owner.show,
            package=package,
            params=resolve_parameters(package.manifest.params, self._params(owner, spec)),
            inputs=inputs,
            layers=dict(spec.layers),
            wish=spec.wish,
            numerics=numerics_id(package.manifest, device.device_class, device.engines),
            time=time,
            colour=self.configs.order(owner.show, spec.colour, inputs),
        )

    def output_bytes(self, work: Work) -> int:
        """Guess the outputs' size; the worker corrects it once it has read the header."""
        manifest, main = work.package.manifest, work.inputs[0]
        sides = 3 if "z" in manifest.main_input.axes else 2
        area = manifest.geometry.scale**sides
        return main.size * area * (1 if main.media == TENSOR_MEDIA else EXR_GUESS)

    def _inputs(self, owner: Owner, spec: WorkSpec) -> tuple[BlobRef, ...]:
        if spec.inputs_blob is None:
            return spec.inputs
        document = self._unpack(owner, spec.inputs_blob)
        if not isinstance(document, list):
            raise ProtocolError("The list of inputs is not a list.")
        return tuple(_read_input(item) for item in document)  # pyright: ignore[reportUnknownVariableType]

    def _params(self, owner: Owner, spec: WorkSpec) -> Mapping[str, Any]:
        if spec.params_blob is None:
            return spec.params
        params: Mapping[str, Any] = _read_params(self._unpack(owner, spec.params_blob))
        return params

    def _unpack(self, owner: Owner, digest: bytes) -> Any:
        blob = self.store.find(owner.show, digest)
        if blob is None:
            raise UnknownBlobError("Put the list of inputs or parameters first, then submit.")
        if blob.size_bytes > LOOSE_BYTES_MAX:
            raise ProtocolError("The list of inputs or parameters is too long.")
        try:
            return msgpack.unpackb(
                bytes(blob.content), strict_map_key=True, max_array_len=INPUTS_MAX, max_ext_len=0
            )
        except (ValueError, TypeError, RecursionError, msgpack.UnpackException):
            raise ProtocolError("The list of inputs or parameters is not msgpack.") from None


def _check_inputs(manifest: Manifest, inputs: tuple[BlobRef, ...], size_max: int) -> None:
    known = [entry.name for entry in manifest.inputs]
    for ref in (ref for ref in inputs if ref.media != OCIOZ_MEDIA):
        if ref.name not in known:
            raise InputError(f"{manifest.name} has no input {ref.name!r}, only {', '.join(known)}.")
        if ref.media not in (EXR_MEDIA, TENSOR_MEDIA):
            raise UnsupportedError(
                f"Input {ref.name!r} is {ref.media!r}; EXR or tensors are taken."
            )
        if manifest.takes_tensors and ref.media != TENSOR_MEDIA:
            raise InputError(
                f"{manifest.name} works on geometry: input {ref.name!r} must be a tensor, not an "
                "image.",
                "Choose a model of images, or send the numbers as a tensor.",
            )
        if not ref.size:
            raise InputError(f"Input {ref.name!r} is empty.")
        if ref.size > size_max:
            raise ImageTooLargeError(
                f"Input {ref.name!r} has {ref.size} bytes; the server takes {size_max}."
            )
    if len(inputs) > INPUTS_MAX:
        raise InputError(f"The job has {len(inputs)} inputs; {INPUTS_MAX} are taken.")
    main = manifest.main_input.name
    if not inputs or inputs[0].name != main or inputs[0].media == OCIOZ_MEDIA:
        raise InputError(f"The first input must be {main!r}.")


def _check_frames(manifest: Manifest, inputs: tuple[BlobRef, ...], time: float) -> None:
    """Plan what a worker will: a hole is told before anything is uploaded."""
    for group in group_by_view(manifest, inputs):
        plan_group(manifest, time, group)


def _check_layers(manifest: Manifest, layers: Mapping[str, str]) -> None:
    known = [entry.name for entry in manifest.inputs]
    for name in layers:
        if name not in known:
            raise InputError(f"{manifest.name} has no input {name!r} to choose a layer for.")
