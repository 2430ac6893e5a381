"""The way of tensors through images, for models that work on those."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.errors import InputError
from filmgate.image.half import to_half
from filmgate.image.numbers import to_array
from filmgate.image.scrub import scrub
from filmgate.tensor import Tensor, TensorSpec
from filmgate_server.runtime.colour import AS_IS, Colour
from filmgate_server.runtime.source import output_shapes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from filmgate.manifest import Manifest
    from filmgate_server.runtime.port import Images, Pixels, Step
    from filmgate_server.runtime.tiles import Tile
    from filmgate_server.worker.memory import DeviceMemory

__all__ = [
    "IMAGE_AXES",
    "IMAGE_TYPES",
    "MEGAPIXEL",
    "MIB",
    "ImageRuntime",
    "image_specs",
    "main_spec",
    "to_array",
    "to_image",
    "write_image",
]
"""`to_array` is what packages import from here."""

IMAGE_TYPES = ("F16", "F32")
IMAGE_AXES = 3

MIB = 1 << 20
MEGAPIXEL = 1_000_000


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
    """Return the outputs of a model that works on images: the main input's type, its size scaled.

    Raises:
        InputError: an input is missing, is no F16 or F32 tensor of axes (y, x, c), or (t, y, x, c)
            for a temporal model, has another number of channels than the manifest says, or another
            size than the main one.
    """
    main = main_spec(manifest, inputs)
    temporal = manifest.temporal.kind != "frame"
    for name, spec in inputs.items():
        _check_dtype(name, spec, manifest.input(name).dtype)
        _check_image(name, spec, len(manifest.input(name).channels), temporal)
        if spec.shape[-3:-1] != main.shape[-3:-1]:
            raise InputError(f"Input {name!r} has another size than the main input.")
    shapes = output_shapes(manifest, main.shape)
    return {name: TensorSpec(main.dtype, shape, main.axes[-3:]) for name, shape in shapes.items()}


def _check_dtype(name: str, spec: TensorSpec, declared: str) -> None:
    if declared and spec.dtype != declared:
        raise InputError(f"Input {name!r} must be a tensor of {declared}, not of {spec.dtype}.")


def _check_image(name: str, spec: TensorSpec, channels: int, temporal: bool) -> None:
    clip = temporal and len(spec.shape) == IMAGE_AXES + 1
    known = spec.dtype in IMAGE_TYPES and (clip or len(spec.shape) == IMAGE_AXES)
    if not known or 0 in spec.shape:
        axes = "(t,) y, x, c" if temporal else "y, x, c"
        raise InputError(f"Input {name!r} must be an F16 or F32 tensor of axes {axes}.")
    if channels and spec.shape[-1] != channels:
        raise InputError(f"Input {name!r} must have {channels} channels, not {spec.shape[-1]}.")


class ImageRuntime(ABC):
    """What runtimes have in common whose models work on images: tensors are taken as images.

    See `filmgate_server.runtime.port.Runtime` for the methods.

    Args:
        manifest: of the package.
        memory: of the device.

    Attributes:
        owned: what is given back when the runtime is closed.
    """

    def __init__(self, manifest: Manifest, memory: DeviceMemory) -> None:
        self.owned = ExitStack()
        self._manifest = manifest
        self._memory = memory

    @abstractmethod
    def infer(
        self,
        inputs: Images,
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None = None,
        colour: Colour = AS_IS,
    ) -> dict[str, Pixels]:
        """Run the model on images."""

    def infer_batch(
        self,
        frames: Sequence[Images],
        params: Mapping[str, Any],
        step: Step,
        max_tile_px: int | None = None,
        colour: Colour = AS_IS,
    ) -> list[dict[str, Pixels]]:
        """Run the model on one frame after the other."""
        return [self.infer(inputs, params, step, max_tile_px, colour) for inputs in frames]

    def model_bytes(self) -> int:
        """Return what the manifest says: this engine does not know better."""
        return self._manifest.runtime.model_mib * MIB

    def close(self) -> None:
        """Give everything back."""
        self.owned.close()

    def _tile_bytes(self, tile: Tile) -> int:
        """Return the device memory that the manifest says a tile to take."""
        return int(self._manifest.runtime.mib_per_megapixel * MIB * tile.area_px / MEGAPIXEL)

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
        max_tile_px: int | None = None,
    ) -> None:
        """Run the model on tensors that hold images."""
        images = {
            name: to_image(tensor, name, self._manifest.input(name).nonfinite)
            for name, tensor in inputs.items()
        }
        for name, pixels in self.infer(images, params, step, max_tile_px).items():
            write_image(pixels, to_array(outputs[name]))


def to_image(tensor: Tensor, name: str = "", nonfinite: str = "scrub") -> Pixels:
    """Return float32 pixels without NaN or infinity; see `scrub`.

    Args:
        tensor: of halves or floats.
        name: of the input, for the error.
        nonfinite: ``scrub`` or ``refuse``.

    Raises:
        InputError: there is NaN or infinity, and it is to be refused.
    """
    pixels = to_array(tensor).astype(np.float32)
    if nonfinite == "refuse" and not np.isfinite(pixels).all():
        raise InputError(
            f"Input {name!r} holds NaN or infinity, which the model does not take.",
            "Find where they come from, or replace them.",
        )
    if pixels.ndim == IMAGE_AXES:
        return scrub(pixels)[0]
    return np.stack([scrub(frame)[0] for frame in pixels])


def write_image(pixels: Pixels, target: NDArray[Any]) -> None:
    """Copy *pixels* into *target*; finite values beyond what a half can hold stay finite."""
    np.copyto(target, to_half(pixels).values if target.dtype == np.float16 else pixels)
