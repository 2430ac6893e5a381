"""Cut out of the inputs what a tile sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from filmgate.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from filmgate_server.runtime.port import Pixels
    from filmgate_server.runtime.tiles import Tile

_IMAGE_AXES = 3
_CLIP_AXES = 4


def frame_size(inputs: Mapping[str, Pixels], main: str) -> tuple[int, int]:
    """Return the height and the width that all *inputs* have; *main* is the main one.

    Raises:
        InputError: one is neither (H, W, C) nor (T, H, W, C), is empty, or has another size.
    """
    if main not in inputs:
        raise InputError(f"The model needs the input {main!r}.")
    height, width = _size(main, inputs[main])
    for name, pixels in inputs.items():
        if _size(name, pixels) != (height, width):
            raise InputError(f"Input {name!r} has another size than the main input.")
    return height, width


def _size(name: str, pixels: Pixels) -> tuple[int, int]:
    if pixels.ndim not in (_IMAGE_AXES, _CLIP_AXES) or 0 in pixels.shape:
        raise InputError(f"Input {name!r} is no image but an array of shape {pixels.shape}.")
    return pixels.shape[-3], pixels.shape[-2]


def cut(pixels: Pixels, tile: Tile, multiple_of: int, min_px: int = 1) -> Pixels:
    """Return what *tile* sees of an image.

    Args:
        pixels: (H, W, C) or (T, H, W, C).
        tile: where; of a clip, in every frame.
        multiple_of: height and width become multiples of it: the last row and column are repeated.
        min_px: the least that they become, likewise.

    Returns:
        A view, or a new array where something had to be repeated.
    """
    window = pixels[..., tile.y.outer, tile.x.outer, :]
    height, width = window.shape[-3:-1]
    below, right = (_lacking(size, multiple_of, min_px) for size in (height, width))
    if not (below or right):
        return window
    margins = ((0, 0),) * (window.ndim - _IMAGE_AXES) + ((0, below), (0, right), (0, 0))
    return np.pad(window, margins, mode="edge")


def deepened(volume: Pixels, multiple_of: int, min_px: int = 1) -> Pixels:
    """Return (D, H, W, C) with a depth that a net takes: the last slice is repeated."""
    below = _lacking(volume.shape[0], multiple_of, min_px)
    margins = ((0, below), *((0, 0),) * _IMAGE_AXES)
    return np.pad(volume, margins, mode="edge") if below else volume


def _lacking(size_px: int, multiple_of: int, min_px: int) -> int:
    """Return how many px a side lacks of the next one that the net takes."""
    wanted_px = max(size_px, min_px)
    return wanted_px + -wanted_px % multiple_of - size_px
