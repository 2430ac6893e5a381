"""How scene-linear pixels look on a screen, as PNG."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import OpenImageIO
import PyOpenColorIO  # pyright: ignore[reportMissingTypeStubs] - it ships none
from numpy.typing import NDArray

from filmgate.errors import InputError, StorageError
from filmgate.image.scratch import Scratch

OCIO_CONFIG = "cg-config-v2.1.0_aces-v1.3_ocio-v2.3"
"""A built-in config, pinned by its version: the one called latest would change pictures."""
DISPLAY = "sRGB - Display"
VIEW = "ACES 1.0 - SDR Video"
"""The config's own default for that display: highlights roll off instead of clipping."""
LINEAR_REC709 = "Linear Rec.709 (sRGB)"
PREVIEW_PX = 1024

_ocio: Any = PyOpenColorIO
_oiio: Any = OpenImageIO
"""The bindings carry no complete types."""


def to_display(rgb: NDArray[np.float32], space: str = LINEAR_REC709) -> NDArray[np.uint8]:
    """Bring scene-linear colours to an sRGB screen through the ACES view.

    Args:
        rgb: (H, W, 3) scene-linear, any range; NaN shows black, what is too bright white.
        space: the colour space of *rgb*, a name in `OCIO_CONFIG`.

    Returns:
        (H, W, 3) display code values.

    Raises:
        InputError: *rgb* has another shape, or the config does not know *space*.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3:
        raise InputError(f"A picture must be (rows, columns, 3), not {rgb.shape}.")
    largest = float(np.finfo(np.float16).max)
    shown = np.nan_to_num(rgb, nan=0.0, posinf=largest, neginf=0.0)
    shown = np.ascontiguousarray(np.clip(shown, -largest, largest), np.float32)
    _processor(space).applyRGB(shown)
    return np.rint(np.clip(shown, 0, 1) * 255).astype(np.uint8)


def shrunk(rgb: NDArray[np.float32], max_px: int) -> NDArray[np.float32]:
    """Average whole blocks of pixels until no side is longer than *max_px*.

    Averaging happens in linear light; a rest of less than one block at the right and bottom edge is
    left out.

    Args:
        rgb: (H, W, C) scene-linear.
        max_px: the longest side allowed.

    Returns:
        (H', W', C); the same array where it fits already.
    """
    step = -(-max(rgb.shape[:2]) // max_px)
    if step <= 1:
        return rgb
    height, width = (max(side // step, 1) for side in rgb.shape[:2])
    blocks = rgb[: height * step, : width * step]
    rows, columns = blocks.shape[0] // height, blocks.shape[1] // width
    means = blocks.reshape(height, rows, -1).mean(axis=1)  # rows first: numpy is much faster so
    return means.reshape(height, width, columns, -1).mean(axis=2)


def preview_png(
    rgb: NDArray[np.float32], max_px: int = PREVIEW_PX, space: str = LINEAR_REC709
) -> bytes:
    """Return a small picture for a panel.

    Args:
        rgb: (H, W, 3) scene-linear.
        max_px: the longest side of the picture.
        space: the colour space of *rgb*.

    Returns:
        A PNG of 8 bits a channel, sRGB.

    Raises:
        InputError: see `to_display`.
    """
    return to_png(to_display(shrunk(rgb, max_px), space))


def to_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return display code values, (H, W, 3), as a PNG.

    Raises:
        StorageError: the scratch memory is full.
    """
    height, width, channels = pixels.shape
    output = _oiio.ImageOutput.create("png")
    with Scratch() as scratch:
        spec = _oiio.ImageSpec(width, height, channels, "uint8")
        written = output.open(scratch.path, spec) and output.write_image(pixels)
        if not (output.close() and written):
            raise StorageError(f"The picture could not be written ({output.geterror()}).")
        with scratch.map() as content:
            return content[:]


@lru_cache(maxsize=8)
def _processor(space: str) -> Any:
    config = _ocio.Config.CreateFromBuiltinConfig(OCIO_CONFIG)
    transform = _ocio.DisplayViewTransform(src=space, display=DISPLAY, view=VIEW)
    try:
        return config.getProcessor(transform).getDefaultCPUProcessor()
    except _ocio.Exception as error:
        known = ", ".join(each.getName() for each in config.getColorSpaces())
        raise InputError(f"There is no colour space {space!r}.", f"Use one of {known}.") from error
