"""Results on their way back from the model: into the file's colours and its data window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from filmgate.image.frame import Part
from filmgate.image.reframe import reframed
from filmgate.manifest import Manifest, ModelOutput
from filmgate_server.worker.binding import BoundInput
from filmgate_server.worker.colouring import alpha_name, colour_places

if TYPE_CHECKING:
    from filmgate_server.runtime.port import Pixels
    from filmgate_server.worker.shots import Shot


def target_of(shot: Shot, output: ModelOutput, manifest: Manifest) -> BoundInput:
    """Return what an output replaces; the main input for one that replaces nothing."""
    main = shot.bound.inputs[manifest.main_input.name]
    return shot.bound.inputs.get(output.replaces, main)


def returned(shot: Shot, output: ModelOutput, manifest: Manifest, threads: int) -> Pixels:
    """Return an output as the file should hold it.

    Args:
        shot: with its outputs as the runtime gave them.
        output: which.
        manifest: of the model.
        threads: for colours that the CPU converts.

    Returns:
        (H, W, C) that fills the data window, scaled as the model scales, in the file's colours.
    """
    bound = target_of(shot, output, manifest)
    part = shot.plate.parts[bound.place]
    pixels = _coloured(shot, output, manifest, part, bound, threads)
    return _at_home(pixels, shot, output, manifest, part, bound)


def _coloured(
    shot: Shot,
    output: ModelOutput,
    manifest: Manifest,
    part: Part,
    bound: BoundInput,
    threads: int,
) -> Pixels:
    pixels = shot.outputs[output.name]
    main = shot.conversions.get(manifest.main_input.name)
    conversion = shot.conversions.get(manifest.source_of(output).name, main)
    if conversion is None or not manifest.is_colour(output):
        return pixels
    names = output.channels or bound.channels
    alpha = None
    if conversion.divides:
        alpha = _alpha(pixels, names, shot, part, bound, manifest.geometry.scale)
    return conversion.from_model(pixels, alpha, _places(names, pixels), threads)


def _places(names: Sequence[str], pixels: Pixels) -> tuple[int, int, int] | None:
    """A model that returns another number of channels than it says is refused later."""
    return colour_places(names) if pixels.shape[-1] == len(names) else None


def _alpha(
    pixels: Pixels, names: Sequence[str], shot: Shot, part: Part, bound: BoundInput, scale: int
) -> Pixels | None:
    """Return the alpha that the result will be seen with: its own, or the source's."""
    own = alpha_name(names, names)
    if own and pixels.shape[-1] == len(names):
        place = list(names).index(own)
        return pixels[..., place : place + 1]
    name = alpha_name(bound.channels, list(part.channels))
    if not name:
        return None
    alpha = reframed(part.stacked((name,)), part.data_window, shot.window)
    return alpha.repeat(scale, axis=0).repeat(scale, axis=1) if scale > 1 else alpha


def _at_home(
    pixels: Pixels,
    shot: Shot,
    output: ModelOutput,
    manifest: Manifest,
    part: Part,
    bound: BoundInput,
) -> Pixels:
    """Crop what was shown to the data window; beyond what was shown the source's pixels stay."""
    if shot.window == part.data_window:
        return pixels
    scale = manifest.geometry.scale
    shown, home = shot.window.scaled(scale), part.data_window.scaled(scale)
    if pixels.shape[:2] != shown.shape:
        return pixels  # the model's fault, which is told when it is written
    kept = output.replaces and scale == 1 and pixels.shape[-1] == len(bound.channels)
    if not kept:
        return reframed(pixels, shown, home)
    result = part.stacked(bound.channels)
    common = shown.overlap(home)
    if common:
        result[home.slices(common)] = pixels[shown.slices(common)]
    return np.ascontiguousarray(result)
