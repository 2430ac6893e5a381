"""Try whether what a manifest says of sizes is true: multiple_of, scale, halo and tiles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.errors import FilmgateError, ModelError
from filmgate_server.commands.bearer import difference
from filmgate_server.commands.finding import Finding, holds, note, refused, skipped
from filmgate_server.commands.frames import noise
from filmgate_server.commands.reach import TOLERANCE, is_cut, knows_its_frame, measure_reach

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from filmgate_server.commands.bearer import Bearer
    from filmgate_server.runtime.port import Pixels

SCALES = range(1, 9)
MULTIPLES = (1, 2, 4, 8, 16, 32, 64, 128)
_IMAGE_AXES = 3
SIDE_PX = 128
"""Of the smallest frame that says anything."""

REACH_SIDES_PX = (128, 256, 512)
"""Frames to find a reach in; a larger one only where the smaller does not show its end."""

KEPT_PX = 64
"""What a tile keeps, at least, where tiles are compared with the whole frame."""


@dataclass(frozen=True)
class Span:
    """Which sizes of frames a model takes, in px."""

    least: int
    most: int

    def fit(self, side_px: int) -> int:
        """Return the nearest side that the model takes."""
        side_px = max(side_px, self.least)
        return min(side_px, self.most) if self.most else side_px


def span_of(bearer: Bearer) -> Span:
    """Return which sizes the manifest allows."""
    return Span(bearer.manifest.geometry.min_px, bearer.manifest.geometry.max_px)


def check_scale(bearer: Bearer, params: Mapping[str, Any]) -> Finding:
    """Run one frame: its result must have the declared size and channels."""
    side_px = _whole(bearer, SIDE_PX)
    frames = noise(bearer.manifest, side_px, side_px)
    declared = bearer.manifest.geometry.scale
    try:
        result = bearer.run(frames, params)
    except ModelError as error:
        return _wrong_scale(bearer, params, frames, error)
    sizes = ", ".join(_size(pixels) for pixels in result.values())
    main = _size(frames[bearer.manifest.main_input.name])
    text = f"{main} become {sizes}, as scale = {declared} and the channels say."
    return holds("scale", text)


def find_scale(bearer: Bearer, params: Mapping[str, Any], frames: Mapping[str, Pixels]) -> int:
    """Return the scale that would be true; 0 if none would."""
    for scale in SCALES:
        try:
            bearer.run(frames, params, runtime=bearer.under(scale=scale))
        except FilmgateError:
            continue
        return scale
    return 0


def _wrong_scale(
    bearer: Bearer, params: Mapping[str, Any], frames: Mapping[str, Pixels], error: ModelError
) -> Finding:
    declared = bearer.manifest.geometry.scale
    right = find_scale(bearer, params, frames)
    if right:
        text = f"scale = {declared} is not true: results are {right} times as large as the input."
        return refused("scale", text, f"Write scale = {right}.", scale=right)
    return refused("outputs", error.text, "Correct the code, or [[outputs]] and [geometry].")


def check_multiple(bearer: Bearer, params: Mapping[str, Any], reach: int | None) -> Finding:
    """Run frames of odd sizes, which the server pads to multiples of what is declared."""
    declared = bearer.manifest.geometry.multiple_of
    is_deep = "z" in bearer.manifest.main_input.axes
    if is_deep or _is_exposed(bearer) or (declared == 1 and not _is_cut(bearer)):
        # A few slices are all within reach of the padding, which changes the exposure of a whole
        # frame a little; or nothing is ever padded.
        reach = None
    if declared > max(MULTIPLES):
        return skipped("multiple_of", f"multiple_of = {declared} is too large to be tried.")
    problem = _multiple_problem(bearer, params, declared, reach)
    if problem:
        larger = [each for each in MULTIPLES if each > declared]
        right = next((m for m in larger if not _multiple_problem(bearer, params, m, reach)), 0)
        remedy = f"Write multiple_of = {right}." if right else "Correct the code."
        text = f"multiple_of = {declared} is not true: {problem}"
        return refused("multiple_of", text, remedy, multiple_of=right)
    smaller = [each for each in MULTIPLES if each < declared]
    enough = next((m for m in smaller if not _multiple_problem(bearer, params, m, reach)), declared)
    if enough < declared:
        text = f"multiple_of = {declared} is true; {enough} would do, with less padding."
        return note("multiple_of", text, f"Write multiple_of = {enough}.", multiple_of=enough)
    padding = ", and padding is right" if reach is not None else ""
    text = f"multiple_of = {declared} is true: odd sizes and multiples work{padding}."
    return holds("multiple_of", text, multiple_of=declared)


def find_multiple(bearer: Bearer, params: Mapping[str, Any]) -> int:
    """Return the smallest multiple that would be true; 0 if none would."""
    return next((m for m in MULTIPLES if not _multiple_problem(bearer, params, m, None)), 0)


def _is_exposed(bearer: Bearer) -> bool:
    """Whether the server measures the whole frame and tells each tile."""
    exposed = any(entry.hdr == "pu" for entry in bearer.manifest.inputs)
    return exposed or bearer.manifest.runtime.engine == "oidn"


def _is_cut(bearer: Bearer) -> bool:
    return bool(bearer.manifest.tiling.max_tile_px or bearer.manifest.tiling.halo_px)


def _multiple_problem(
    bearer: Bearer, params: Mapping[str, Any], multiple: int, reach: int | None
) -> str:
    """Say what goes wrong when sizes are multiples of *multiple*; empty for nothing."""
    span, top = span_of(bearer), max(MULTIPLES)
    base = span.fit(max(top, -(-((reach or 0) + KEPT_PX) // top) * top))
    sides = {base, base + multiple, base + 3 * multiple, base + max(1, multiple // 2) + 1}
    if span.most:
        sides = {span.fit(side) for side in sides}
    runtime = bearer.under(multiple_of=multiple)
    for side in sorted(sides):
        frames = noise(bearer.manifest, side, side - side % 2 + multiple, seed=side)
        try:
            found = bearer.run(frames, params, runtime=runtime)
        except FilmgateError as error:
            return f"a frame {side} px high fails: {error.text}"
        if reach is not None and (seam := _padding_error(bearer, params, frames, found, reach)):
            return f"in a frame {side} px high the result is {seam:.2g} beside the right one."
    return ""


def _padding_error(
    bearer: Bearer,
    params: Mapping[str, Any],
    frames: Mapping[str, Pixels],
    found: Mapping[str, Pixels],
    reach: int,
) -> float:
    """Return how far, beyond the reach of its edges, a result is from that of a frame on the grid.

    The same frame, its last row and column repeated up to a size that every net takes.
    """
    height, width = frames[bearer.manifest.main_input.name].shape[-3:-1]
    roomy = math.lcm(max(MULTIPLES), bearer.manifest.geometry.multiple_of)
    padded = {
        name: _padded(pixels, roomy) if is_cut(bearer, name) else pixels
        for name, pixels in frames.items()
    }
    truth = bearer.run(padded, params, runtime=bearer.under(multiple_of=roomy))
    scale = bearer.manifest.geometry.scale
    y, x = (slice(0, max(0, side - reach) * scale) for side in (height, width))
    inner = difference(
        {name: pixels[..., y, x, :] for name, pixels in found.items()},
        {name: pixels[..., y, x, :] for name, pixels in truth.items()},
    )
    return inner if inner > TOLERANCE else 0.0


def _padded(pixels: Pixels, multiple: int) -> Pixels:
    height, width = pixels.shape[-3:-1]
    widths = [(0, 0)] * (pixels.ndim - 3) + [
        (0, -height % multiple),
        (0, -width % multiple),
        (0, 0),
    ]
    return np.pad(pixels, widths, mode="edge")


def find_reach(bearer: Bearer, params: Mapping[str, Any]) -> int | None:
    """Return how far a result depends on its neighbours; None where no end was found."""
    for side_px in REACH_SIDES_PX:
        side = _whole(bearer, max(side_px, 4 * bearer.manifest.geometry.multiple_of))
        reach = measure_reach(bearer, params, side)
        if reach is not None:
            return None if _is_global(bearer, params, reach) else reach
    return None


def _is_global(bearer: Bearer, params: Mapping[str, Any], reach: int) -> bool:
    """Return whether a part of a frame, on its own, has another result than in the frame."""
    grid = math.lcm(max(MULTIPLES), bearer.manifest.geometry.multiple_of)
    part = -(-(reach + KEPT_PX) // grid) * grid
    whole, span = part + grid, span_of(bearer)
    if _is_exposed(bearer) or (span.fit(part), span.fit(whole)) != (part, whole):
        return False
    return knows_its_frame(bearer, params, reach, part, whole)


def check_halo(bearer: Bearer, params: Mapping[str, Any], reach: int | None) -> Iterator[Finding]:
    """Compare the halo with the reach, and a frame in tiles with the whole one."""
    tiling = bearer.manifest.tiling
    if not _is_cut(bearer):
        yield note("halo", f"Frames are never cut. {_reach_words(reach)}", values_of(reach))
        return
    if tiling.blend_px:
        yield note("halo", f"Tiles fade over {tiling.blend_px} px. {_reach_words(reach)}")
    elif reach is None:
        text = "A pixel depends on the whole frame: no halo is enough."
        remedy = "Leave out max_tile_px and halo_px, or let tiles fade with blend_px."
        yield refused("halo", text, remedy)
        return
    elif reach > tiling.halo_px:
        text = f"halo_px = {tiling.halo_px} is not true: a pixel depends on {reach} px around it."
        yield refused("halo", text, f"Write halo_px = {reach}.", halo_px=reach)
    else:
        text = f"halo_px = {tiling.halo_px} is enough: a pixel depends on {reach} px around it."
        yield holds("halo", text, halo_px=reach)
    yield _check_seams(bearer, params)


def values_of(reach: int | None) -> str:
    """Return what could be written for a model that is never cut."""
    return "" if reach is None else f"halo_px = {reach} would let it be cut."


def _check_seams(bearer: Bearer, params: Mapping[str, Any]) -> Finding:
    tiling = bearer.manifest.tiling
    step = tiling.step_px(bearer.manifest.geometry.multiple_of)
    overlap = tiling.overlap_px(step)
    tile_px = overlap + max(KEPT_PX, step)
    side = span_of(bearer).fit(overlap + 2 * max(KEPT_PX, step) + 5)
    if side <= tile_px:
        return skipped("tiles", "The model takes no frame that is large enough to be cut.")
    frames = noise(bearer.manifest, side, side, seed=3)
    seam = difference(bearer.run(frames, params, tile_px), bearer.run(frames, params))
    text = f"{side} × {side} px in tiles of {tile_px} px differ from the whole frame by {seam:.2g}."
    if seam <= TOLERANCE or tiling.blend_px:
        return holds("tiles", text, seam=seam)
    remedy = "Write a larger halo_px, or let tiles fade with blend_px."
    return refused("tiles", text, remedy, seam=seam)


def _reach_words(reach: int | None) -> str:
    if reach is None:
        return "A pixel depends on the whole frame, or on more than could be tried."
    return f"A pixel depends on {reach} px around it."


def _whole(bearer: Bearer, side_px: int) -> int:
    """Return a side that the model takes and that is a multiple."""
    multiple = bearer.manifest.geometry.multiple_of
    side_px = span_of(bearer).fit(-(-side_px // multiple) * multiple)
    return max(multiple, side_px // multiple * multiple)


def _size(pixels: Pixels) -> str:
    if pixels.ndim < _IMAGE_AXES:
        return f"{len(pixels)} points"
    *deep, height, width, channels = pixels.shape
    slices = f" × {deep[-1]}" if deep else ""
    return f"{width} × {height}{slices} px of {channels} channels"
