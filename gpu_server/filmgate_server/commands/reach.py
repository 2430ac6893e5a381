"""How far a result pixel depends on its neighbours, found by changing what lies further away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate_server.commands.bearer import difference
from filmgate_server.commands.frames import noise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from filmgate_server.commands.bearer import Bearer
    from filmgate_server.runtime.port import Pixels

TOLERANCE = 1e-4
"""What a seam may be, as a share of the largest value, or of 1."""

_AXES = ("rows", "columns")


def measure_reach(bearer: Bearer, params: Mapping[str, Any], side_px: int) -> int | None:
    """Return the smallest halo in px, or None if a pixel depends on all that could be tried.

    A tile ends at a multiple of what the net reduces its input by: everything beyond such an edge
    is changed, for a tile does not see it, and the results are compared.

    Args:
        bearer: the model.
        params: what it is told.
        side_px: of the square frame that is tried.
    """
    step = bearer.manifest.tiling.step_px(bearer.manifest.geometry.multiple_of)
    edge = side_px // 2 // step * step
    frames = noise(bearer.manifest, side_px, side_px, seed=1)
    truth = bearer.run(frames, params)
    reach = 0
    for axis in range(len(_AXES)):
        for before in (True, False):
            changed = {
                name: _changed(pixels, axis, edge, before) if is_cut(bearer, name) else pixels
                for name, pixels in frames.items()
            }
            found = bearer.run(changed, params)
            reach = max(reach, _distance(found, truth, axis, edge, before, side_px))
    whole = side_px - edge if edge else side_px
    return None if reach >= min(edge, whole) else reach


def knows_its_frame(
    bearer: Bearer, params: Mapping[str, Any], reach: int, part_px: int, whole_px: int
) -> bool:
    """Return whether a corner of a frame, run on its own, differs from the frame's corner.

    What is measured over the whole frame, and what is resized to a fixed size, shows only so.

    Args:
        bearer: the model.
        params: what it is told.
        reach: how far the corner's cut edges reach into it, in px.
        part_px: the side of the corner.
        whole_px: the side of the frame.
    """
    frames = noise(bearer.manifest, whole_px, whole_px, seed=2)
    corner = {
        name: pixels[..., :part_px, :part_px, :] if is_cut(bearer, name) else pixels
        for name, pixels in frames.items()
    }
    kept = (part_px - reach) * bearer.manifest.geometry.scale
    whole, part = bearer.run(frames, params), bearer.run(corner, params)
    return (
        difference(
            {name: pixels[..., :kept, :kept, :] for name, pixels in part.items()},
            {name: pixels[..., :kept, :kept, :] for name, pixels in whole.items()},
        )
        > TOLERANCE
    )


def is_cut(bearer: Bearer, name: str) -> bool:
    """Return whether an input has rows and columns, of which a tile sees a part."""
    return bearer.manifest.input(name).kind != "attribute"


def _changed(pixels: Pixels, axis: int, edge: int, before: bool) -> Pixels:
    """Return *pixels* with everything on one side of *edge* mirrored along the edge.

    Other values everywhere, and yet the same brightness: nothing that is measured over the whole
    frame, such as its exposure, may change.
    """
    changed = pixels.copy()
    place = [slice(None)] * pixels.ndim
    place[pixels.ndim - 3 + axis] = slice(None, edge) if before else slice(edge, None)
    changed[tuple(place)] = np.flip(pixels[tuple(place)], pixels.ndim - 2 - axis)
    return changed


def _distance(
    found: Mapping[str, Pixels],
    truth: Mapping[str, Pixels],
    axis: int,
    edge: int,
    before: bool,
    side_px: int,
) -> int:
    """Return how far from *edge* the unchanged side's results still differ, in px of the input."""
    furthest = 0
    for name, pixels in found.items():
        place = pixels.ndim - 3 + axis
        scale = pixels.shape[place] // side_px
        unit = max(1.0, float(np.abs(truth[name]).max(initial=0.0)))
        differs = np.abs(pixels - truth[name]) > TOLERANCE * unit
        lines = np.any(np.moveaxis(differs, place, 0).reshape(differs.shape[place], -1), 1)
        kept = lines[edge * scale :] if before else lines[: edge * scale][::-1]
        places = np.flatnonzero(kept)
        if places.size:
            furthest = max(furthest, -(-(int(places[-1]) + 1) // scale))
    return furthest
