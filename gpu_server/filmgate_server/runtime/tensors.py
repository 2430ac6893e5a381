"""Tensors as numpy arrays, and the way through images for models that work on those."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.errors import InputError
from filmgate.image.half import to_half
from filmgate.image.scrub import scrub
from filmgate.tensor import Tensor, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from filmgate.manifest import Manifest
    from filmgate_server.runtime.port import Pixels, Step

NUMPY_TYPES = {
    "BOOL": "?",
    "U8": "u1",
    "I8": "i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "BF16": "<u2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "I64": "<i8",
    "F64": "<f8",
}
"""numpy has no bfloat16: its bits are shown as uint16."""

IMAGE_TYPES = ("F16", "F32")
IMAGE_AXES = 3


def to_array(tensor: Tensor) -> NDArray[Any]:
    """Return the tensor's numbers, in its shape and without a copy; read-only if its view is."""
    flat = np.frombuffer(tensor.data, dtype=NUMPY_TYPES[tensor.spec.dtype])
    return flat.reshape(tensor.spec.shape)


def main_spec(manifest: Manifest, inputs: Mapping[str, TensorSpec]) -> TensorSpec:
    """Return the spec of the main input.

    Raises:
        InputError: an input that is not optional is missing.
    """
    for entry in manifest.inputs:
        if not entry.optional and entry.name not in inputs:
            raise InputError(f"{manifest.name} needs the input {entry.name!r}.")
    return inputs[manifest.main_input.name]


def image_specs(manifest: Manifest, inputs: Mapping[str, TensorSpec]) -> dict[str, TensorSpec]:
    """Return the outputs of a model that works on images: type and size of the main input.

    Raises:
        InputError: an input is missing, is no F16 or F32 tensor of axes (y, x, c), has another
            number of channels than the manifest says, or another size than the main one.
    """
    main = main_spec(manifest, inputs)
    for name, spec in inputs.items():
        _check_image(name, spec, len(manifest.input(name).channels))
        if spec.shape[:2] != main.shape[:2]:
            raise InputError(f"Input {name!r} has another size than the main input.")
    specs: dict[str, TensorSpec] = {}
    for output in manifest.outputs:
        channels = len(output.channels) or main.shape[2]
        specs[output.name] = TensorSpec(main.dtype, (*main.shape[:2], channels), main.axes)
    return specs


def _check_image(name: str, spec: TensorSpec, channels: int) -> None:
    if spec.dtype not in IMAGE_TYPES or len(spec.shape) != IMAGE_AXES or 0 in spec.shape:
        raise InputError(f"Input {name!r} must be an F16 or F32 tensor of axes y, x, c.")
    if channels and spec.shape[2] != channels:
        raise InputError(f"Input {name!r} must have {channels} channels, not {spec.shape[2]}.")


class ImageRuntime(ABC):
    """What runtimes have in common whose models work on images: tensors are taken as images.

    See `filmgate_server.runtime.port.Runtime` for the methods.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    @abstractmethod
    def infer(
        self, inputs: Mapping[str, Pixels], params: Mapping[str, Any], step: Step
    ) -> dict[str, Pixels]:
        """Run the model on images."""

    @abstractmethod
    def close(self) -> None:
        """Give everything back."""

    def remarks(self, inputs: Mapping[str, Pixels], params: Mapping[str, Any]) -> list[str]:
        """Say nothing: the model gets the pixels as they are."""
        return []

    def output_specs(
        self, inputs: Mapping[str, TensorSpec], params: Mapping[str, Any]
    ) -> dict[str, TensorSpec]:
        """Return what `infer_tensors` will write."""
        return image_specs(self._manifest, inputs)

    def infer_tensors(
        self,
        inputs: Mapping[str, Tensor],
        outputs: Mapping[str, Tensor],
        params: Mapping[str, Any],
        step: Step,
    ) -> None:
        """Run the model on tensors that hold images."""
        images = {name: to_image(tensor) for name, tensor in inputs.items()}
        for name, pixels in self.infer(images, params, step).items():
            write_image(pixels, to_array(outputs[name]))


def to_image(tensor: Tensor) -> Pixels:
    """Return float32 pixels without NaN or infinity; see `scrub`."""
    return scrub(to_array(tensor).astype(np.float32))[0]


def write_image(pixels: Pixels, target: NDArray[Any]) -> None:
    """Copy *pixels* into *target*; finite values beyond what a half can hold stay finite."""
    np.copyto(target, to_half(pixels).values if target.dtype == np.float16 else pixels)
