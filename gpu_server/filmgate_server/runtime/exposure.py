"""The exposure of a whole frame, as Open Image Denoise finds it for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from filmgate_server.runtime.port import Pixels

BIN_PX = 16
KEY = 0.18
"""Where the frame's average is moved to: middle grey."""

DARKEST = 1e-8
"""Averages at or below it do not count: black has no exposure."""

LUMINANCE = np.array([0.212671, 0.715160, 0.072169], dtype=np.float32)
"""Weights of R, G and B, CIE 1931 with D65; the net was trained with them."""


def auto_exposure(light: Pixels) -> float:
    """Return the factor that brings the frame's average to middle grey.

    The frame is averaged in bins of about 16 × 16 px; the result is 0.18 over the geometric mean of
    the bins that are not black: what Open Image Denoise 2 does where no ``inputScale`` is given.

    Args:
        light: (H, W, 3), scene-linear, finite, at least 0.

    Returns:
        The factor; 1 for a black frame.
    """
    return exposure_of(light @ LUMINANCE)


def exposure_of(luminance: Pixels) -> float:
    """Return what `auto_exposure` does, from the frame's luminance.

    Args:
        luminance: (H, W), scene-linear, finite, at least 0.
    """
    sums = luminance.astype(np.float64)
    for axis, size in enumerate(luminance.shape):
        sums = np.add.reduceat(sums, _bins(size)[:-1], axis=axis)
    heights, widths = (np.diff(_bins(size)) for size in luminance.shape)
    means = sums / np.outer(heights, widths)
    counted = means[means > DARKEST]
    return float(KEY / np.exp2(np.mean(np.log2(counted)))) if counted.size else 1.0


def _bins(size: int) -> NDArray[np.int64]:
    """Return where each bin starts along an axis of *size* px, and where the last one ends."""
    count = -(-size // BIN_PX)
    return np.arange(count + 1) * size // count
