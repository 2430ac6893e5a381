"""Bringing pixels from one data window to another."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from filmgate.errors import InputError
from filmgate.image.frame import Part
from filmgate.image.window import Window

_T = TypeVar("_T", bound=np.generic)


def reframed(pixels: NDArray[_T], window: Window, target: Window) -> NDArray[_T]:
    """Pad with zeros and crop, so that every pixel stays where it is in the picture.

    Args:
        pixels: (H, W) or (H, W, C), filling *window*.
        window: where they are.
        target: the window to fill.

    Returns:
        The same array if the windows agree, else a new one.

    Raises:
        InputError: *pixels* does not fill *window*.
    """
    if pixels.shape[:2] != window.shape:
        raise InputError(
            f"Pixels of {pixels.shape[:2]} do not fill {window.shape} (rows, columns)."
        )
    if window == target:
        return pixels
    result: NDArray[_T] = np.zeros((*target.shape, *pixels.shape[2:]), pixels.dtype)
    common = window.overlap(target)
    if common:
        result[target.slices(common)] = pixels[window.slices(common)]
    return result


def check_same_format(main: Part, other: Part, name: str) -> None:
    """Check that *other* (the input *name*) shows the same format as the main input.

    Raises:
        InputError: the display windows differ in size; the text names both.
    """
    ours, theirs = main.display_window, other.display_window
    if ours.shape != theirs.shape:
        raise InputError(
            f"The input {name} is {theirs.width} x {theirs.height} px, "
            f"the main input {ours.width} x {ours.height}.",
            "Render or scale both at one resolution.",
            _sizes(ours, theirs),
        )


def fitted(
    main: Part,
    other: Part,
    names: tuple[str, ...],
    input_name: str,
    window: Window | None = None,
) -> NDArray[np.float32]:
    """Return channels of *other*, padded and cropped to the main input's data window.

    Args:
        main: the input that windows are taken from.
        other: the input *input_name*; its window may be any.
        names: its channels, in the wanted order.
        input_name: for the error's text.
        window: the window to fill where it is not the data window of *main*.

    Returns:
        (H, W, C) float32 that fills the window; zeros where *other* has no pixels.

    Raises:
        InputError: the two have differing resolutions.
        LayerError: *other* lacks one of the channels.
    """
    check_same_format(main, other, input_name)
    return reframed(other.stacked(names), other.data_window, window or main.data_window)


def _sizes(ours: Window, theirs: Window) -> dict[str, Any]:
    return {"main_px": [ours.width, ours.height], "input_px": [theirs.width, theirs.height]}
