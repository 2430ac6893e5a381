"""What stands before and after every net, the same for all tiles of a frame.

A matrix to the model's colour space, alpha, negative light, highlights, the encoding and the range;
and all of that undone. In float32 on the device, whatever the net's own precision. What has to be
known of the whole frame, its largest value and its exposure, is found once, so that no tile differs
from its neighbour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch

from filmgate_server.runtime.passage import Passage
from filmgate_server.runtime.source import declared_outputs, named_outputs

if TYPE_CHECKING:
    from filmgate.manifest import Manifest, ModelOutput
    from filmgate_server.runtime.colour import Colour
    from filmgate_server.runtime.port import Images, Pixels

Tensors = Mapping[str, torch.Tensor]
"""By the names of inputs or outputs: (C, H, W), or (T, C, H, W) of clips."""

Net = Callable[[Sequence[Tensors]], Sequence[Mapping[str, Any]]]
"""Runs the model on one tile of one or more frames, and returns its outputs for each of them."""


class FrameStage:
    """The way of one frame's tiles into the net and back.

    Args:
        manifest: of the package.
        frame: the whole frame's inputs.
        colour: to the model's space.
        place: of the frame that the result is a version of, among those of a clip.
        device: where it is computed.

    Raises:
        InputError: the colours cannot be brought to the model's space.
    """

    def __init__(
        self, manifest: Manifest, frame: Images, colour: Colour, place: int, device: torch.device
    ) -> None:
        self._manifest = manifest
        self._place = place
        self._device = device
        self._passages = {
            name: Passage(manifest.input(name), pixels, colour.matrices.get(name), self.to_device)
            for name, pixels in frame.items()
            if manifest.input(name).is_colour
        }

    def to_device(self, pixels: Pixels) -> torch.Tensor:
        """Return (…, H, W, C) as (…, C, H, W) on the device, copied only where needed."""
        owned = np.require(pixels, np.float32, ["C", "W"])
        return torch.as_tensor(owned).movedim(-1, -3).to(self._device)

    def prepared(self, window: Images) -> dict[str, torch.Tensor]:
        """Return what a tile sees in the model's colour space, its alpha as the net wants it."""
        return {
            name: self._passages[name].prepared(self.to_device(pixels))
            if name in self._passages
            else self.to_device(pixels)
            for name, pixels in window.items()
        }

    def light(self, prepared: Tensors) -> dict[str, torch.Tensor]:
        """Return what the net gets of a tile."""
        return {
            name: self._passages[name].encoded(values) if name in self._passages else values
            for name, values in prepared.items()
        }

    def dark(self, prepared: Tensors) -> dict[str, torch.Tensor] | None:
        """Return what the net gets of a tile's negative light; None where the frame has none.

        The frame decides, so that a net that makes light out of nothing does so in every tile, and
        only what a result is made of: a guide that is negative has nothing to be subtracted. It is
        shown beside what the model cannot do without: an optional guide belongs to the light.
        """
        followed = {self._manifest.source_of(output).name for output in self._manifest.outputs}
        if not any(passage.has_negative for passage in self._of(followed).values()):
            return None
        needed = {entry.name for entry in self._manifest.inputs if not entry.optional} | followed
        shown = {name: values for name, values in prepared.items() if name in needed}
        split = {name: each for name, each in self._of(shown).items() if each.splits}
        rest = {name: values for name, values in shown.items() if name not in split}
        negative = {name: each.encoded_negative(shown[name]) for name, each in split.items()}
        return {**self.light(rest), **negative}

    def _of(self, names: Iterable[str]) -> dict[str, Passage]:
        """Return the passages of those inputs among *names* that are colours."""
        return {name: self._passages[name] for name in names if name in self._passages}

    def restored(
        self, prepared: Tensors, light: Tensors, dark: Tensors | None
    ) -> dict[str, Pixels]:
        """Return a tile's results in the space of the inputs that they follow.

        Args:
            prepared: the tile as from `prepared`.
            light: what the net made of it: (C, H, W) by the outputs' names.
            dark: what the net made of its negative light, if there is any.
        """
        return {
            output.name: _to_pixels(self._one_restored(output, prepared, light, dark))
            for output in self._manifest.outputs
        }

    def _one_restored(
        self, output: ModelOutput, prepared: Tensors, light: Tensors, dark: Tensors | None
    ) -> torch.Tensor:
        result = light[output.name].float()
        source = self._manifest.source_of(output).name
        if not self._manifest.is_colour(output) or source not in self._passages:
            return result
        passage, seen = self._passages[source], self._at_result(prepared[source])
        alpha = passage.alpha_of(output, result.shape[0])
        result = passage.decoded(result, seen, alpha)
        if dark is not None and passage.has_negative:
            negative = passage.decoded(dark[output.name].float(), -seen, alpha)
            result = passage.less(result, negative, alpha)
        return passage.undone(result, seen, alpha)

    def _at_result(self, values: torch.Tensor) -> torch.Tensor:
        return values[self._place] if values.ndim == _CLIP_AXES else values


_IMAGE_AXES = 3
_CLIP_AXES = 4


def new_stage(
    manifest: Manifest, frame: Images, colour: Colour, params: Mapping[str, Any], device: str
) -> FrameStage:
    """Return the stage of one frame; see `FrameStage`."""
    place = int(params.get("center", manifest.temporal.before))
    return FrameStage(manifest, frame, colour, place, torch.device(device))


def on_arrays(model: Callable[[Sequence[Images]], Sequence[Any]]) -> Net:
    """Return *model*, which takes and returns arrays (H, W, C), as a net on the CPU."""

    def net(shown: Sequence[Tensors]) -> list[Mapping[str, Any]]:
        arrays = [{name: _to_pixels(each) for name, each in one.items()} for one in shown]
        return [_as_tensors(returned) for returned in model(arrays)]

    return net


def _as_tensors(returned: Any) -> Any:
    """Return arrays as tensors (C, H, W), and what is something else as it is."""
    if not isinstance(returned, Mapping):
        return returned
    named = cast("Mapping[str, Any]", returned)
    return {
        name: torch.as_tensor(np.asarray(each, np.float32)).movedim(-1, -3)
        if np.ndim(each) == _IMAGE_AXES
        else each
        for name, each in named.items()
    }


def compute_staged(
    manifest: Manifest, stages: Sequence[FrameStage], windows: Sequence[Images], net: Net
) -> list[dict[str, Pixels]]:
    """Run a net on one tile of one or more frames, each through its own stage.

    Args:
        manifest: of the package.
        stages: one for each frame.
        windows: what the tile sees of each.
        net: called once, and once more for those frames that hold negative light that the manifest
            wants to have split.

    Raises:
        ModelError: the net returned something else than the manifest declares.
    """
    prepared = [stage.prepared(window) for stage, window in zip(stages, windows, strict=True)]
    pairs = list(zip(stages, prepared, strict=True))
    light = _run(manifest, windows, net, [stage.light(values) for stage, values in pairs])
    negatives = [stage.dark(values) for stage, values in pairs]
    places = [place for place, negative in enumerate(negatives) if negative is not None]
    shown = [negative for negative in negatives if negative is not None]
    dark = dict(zip(places, _run(manifest, windows, net, shown), strict=True)) if shown else {}
    return [
        stage.restored(values, light[place], dark.get(place))
        for place, (stage, values) in enumerate(pairs)
    ]


def _run(
    manifest: Manifest, windows: Sequence[Images], net: Net, shown: Sequence[Tensors]
) -> list[dict[str, torch.Tensor]]:
    main = windows[0][manifest.main_input.name].shape
    return [_declared(manifest, main, returned) for returned in net(shown)]


def _declared(
    manifest: Manifest, main: tuple[int, ...], returned: object
) -> dict[str, torch.Tensor]:
    """Return the declared outputs; errors name their shapes as (H, W, C), like all images."""
    shown = {
        name: values.movedim(-3, -1)
        if isinstance(values, torch.Tensor) and values.ndim >= _IMAGE_AXES
        else values
        for name, values in named_outputs(manifest, returned).items()
    }
    declared = declared_outputs(manifest, main, shown)
    return {name: values.movedim(-1, -3) for name, values in declared.items()}


def _to_pixels(values: torch.Tensor) -> Pixels:
    """Return (H, W, C)."""
    return values.movedim(-3, -1).cpu().numpy()
