"""Pictures side by side, each with its label: before, after, reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import OpenImageIO
from numpy.typing import NDArray

from filmgate.errors import InputError
from filmgate.image.display import LINEAR_REC709, PREVIEW_PX, shrunk, to_display, to_png

FONT = "DroidSans"
"""Comes inside OpenImageIO's wheel, so that no machine needs a font of its own."""
_LABEL_PX = 28
_GAP_PX = 4
_GREY = 26

_oiio: Any = OpenImageIO


class Panel(NamedTuple):
    """A picture, (H, W, 3) scene-linear, and what stands above it."""

    label: str
    rgb: NDArray[np.float32]


def side_by_side_png(
    panels: Sequence[Panel], max_px: int = PREVIEW_PX, space: str = LINEAR_REC709
) -> bytes:
    """Draw *panels* from left to right with their labels.

    Args:
        panels: at least one; a smaller picture is shown at the size of the largest by repeating its
            pixels, so that an upscale can be judged.
        max_px: the longest side of each panel.
        space: the colour space of all of them.

    Returns:
        A PNG of 8 bits a channel, sRGB.

    Raises:
        InputError: there are no panels, or the largest is not a whole multiple of another.
    """
    if not panels:
        raise InputError("There are no pictures to show.")
    shape = max((panel.rgb.shape[:2] for panel in panels), key=lambda shape: shape[0] * shape[1])
    drawn = [_drawn(panel, (shape[0], shape[1]), max_px, space) for panel in panels]
    gap = np.full((drawn[0].shape[0], _GAP_PX, 3), _GREY, np.uint8)
    spaced = [piece for picture in drawn for piece in (gap, picture)][1:]
    return to_png(np.ascontiguousarray(np.concatenate(spaced, axis=1)))


def _drawn(panel: Panel, shape: tuple[int, int], max_px: int, space: str) -> NDArray[np.uint8]:
    picture = to_display(shrunk(_enlarged(panel, shape), max_px), space)
    return np.concatenate([_label(panel.label, picture.shape[1]), picture], axis=0)


def _enlarged(panel: Panel, shape: tuple[int, int]) -> NDArray[np.float32]:
    height, width = panel.rgb.shape[:2]
    times = shape[0] // height
    if (height * times, width * times) != shape:
        raise InputError(
            f"{panel.label} is {width} x {height} px and cannot be shown "
            f"beside a picture of {shape[1]} x {shape[0]}."
        )
    return panel.rgb.repeat(times, axis=0).repeat(times, axis=1) if times > 1 else panel.rgb


def _label(text: str, width: int) -> NDArray[np.uint8]:
    strip = _oiio.ImageBuf(_oiio.ImageSpec(width, _LABEL_PX, 3, "uint8"))
    _oiio.ImageBufAlgo.fill(strip, (_GREY / 255,) * 3)
    _oiio.ImageBufAlgo.render_text(strip, 8, _LABEL_PX - 9, text, 16, FONT, (0.9, 0.9, 0.9))
    return strip.get_pixels("uint8")
