"""Scrubbing: a net sees only finite numbers, and what was not finite is reported."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from filmgate.errors import InputError
from filmgate.image.half import HALF_MAX


@dataclass(frozen=True)
class ScrubReport:
    """How many samples (pixels × channels) were what; only the first two kinds were changed.

    Attributes:
        nan: not a number; became 0.
        infinite: became the plane's extreme finite value.
        huge: finite, but beyond ±65504.
        negative: below 0, finite.
    """

    nan: int = 0
    infinite: int = 0
    huge: int = 0
    negative: int = 0

    def __add__(self, other: ScrubReport) -> ScrubReport:
        """Return the sums, for a job of many frames."""
        sums = (getattr(self, f.name) + getattr(other, f.name) for f in fields(self))
        return ScrubReport(*sums)

    @property
    def text(self) -> str:
        """A sentence for artists about what was replaced; empty where nothing was."""
        if not self.nan + self.infinite:
            return ""
        return f"{self.nan} NaN and {self.infinite} infinite samples were replaced for the model."


def scrub(pixels: NDArray[np.float32]) -> tuple[NDArray[np.float32], ScrubReport]:
    """Replace what is not finite.

    NaN becomes 0. +Inf becomes the largest and -Inf the smallest finite value of its plane, each
    held within ±65504: as bright as the frame gets, and no more.

    Args:
        pixels: (H, W, C) scene-linear, any range; not changed.

    Returns:
        The same array where there was nothing to replace, else a new one; and the counts.

    Raises:
        InputError: *pixels* does not have three axes.
    """
    if pixels.ndim != 3:
        raise InputError(f"Pixels must be (rows, columns, channels), not {pixels.shape}.")
    if not pixels.size:
        return pixels, ScrubReport()
    low, high = float(pixels.min()), float(pixels.max())
    if low >= 0 and high <= HALF_MAX:  # both false where there is a NaN
        return pixels, ScrubReport()
    finite = np.isfinite(pixels)
    report = _counted(pixels, finite)
    return (pixels if finite.all() else _replaced(pixels, finite)), report


def _counted(pixels: NDArray[np.float32], finite: NDArray[np.bool_]) -> ScrubReport:
    nan = int(np.isnan(pixels).sum())
    huge = int((finite & (np.abs(pixels) > HALF_MAX)).sum())
    negative = int((finite & (pixels < 0)).sum())
    return ScrubReport(nan, finite.size - int(finite.sum()) - nan, huge, negative)


def _replaced(pixels: NDArray[np.float32], finite: NDArray[np.bool_]) -> NDArray[np.float32]:
    clean = pixels.copy()
    for channel in range(pixels.shape[2]):
        plane, good = clean[..., channel], finite[..., channel]
        inside = plane[good]
        low, high = (inside.min(), inside.max()) if inside.size else (-HALF_MAX, HALF_MAX)
        plane[np.isnan(plane)] = 0
        plane[np.isposinf(plane)] = min(float(high), HALF_MAX)
        plane[np.isneginf(plane)] = max(float(low), -HALF_MAX)
    return clean
