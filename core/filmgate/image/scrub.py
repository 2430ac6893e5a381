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
    if np.isfinite([low, high]).all():
        return pixels, _counted(pixels, 0)
    finite = np.isfinite(pixels)
    return _replaced(pixels, finite), _counted(pixels, pixels.size - int(np.count_nonzero(finite)))


def _counted(pixels: NDArray[np.float32], not_finite: int) -> ScrubReport:
    nan, below, above = (
        int(np.count_nonzero(found))
        for found in (np.isnan(pixels), pixels < -HALF_MAX, pixels > HALF_MAX)
    )
    negative = int(np.count_nonzero(pixels < 0))
    below_all = int(np.count_nonzero(pixels == -np.inf)) if not_finite else 0
    infinite = not_finite - nan
    return ScrubReport(nan, infinite, below + above - infinite, negative - below_all)


def _replaced(pixels: NDArray[np.float32], finite: NDArray[np.bool_]) -> NDArray[np.float32]:
    clean = pixels.copy()
    samples = clean.reshape(-1)
    bad = np.flatnonzero(~finite)
    values, channel = samples[bad], bad % pixels.shape[2]
    samples[bad] = _any_finite(pixels, finite)[channel]
    low, high = _extremes(clean)
    infinite = np.where(values > 0, high[channel], low[channel])
    samples[bad] = np.where(np.isnan(values), np.float32(0), infinite)
    return clean


def _any_finite(pixels: NDArray[np.float32], finite: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return one finite value of each plane, so that bad samples cannot be its extremes.

    A plane without any gives NaN, which `_extremes` turns into the bounds of half.
    """
    channels = pixels.shape[2]
    first = finite.reshape(-1, channels).argmax(axis=0)
    found = pixels.reshape(-1, channels)[first, np.arange(channels)]
    return np.where(np.isfinite(found), found, np.float32(np.nan))


def _extremes(pixels: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return each plane's extremes, within ±65504; rows first, which is a hundred times faster."""
    rows = pixels.reshape(pixels.shape[0], -1)
    low = rows.min(axis=0).reshape(-1, pixels.shape[2]).min(axis=0)
    high = rows.max(axis=0).reshape(-1, pixels.shape[2]).max(axis=0)
    bounds = np.float32(HALF_MAX)
    return (
        np.where(np.isnan(low), -bounds, low).clip(-bounds, bounds),
        np.where(np.isnan(high), bounds, high).clip(-bounds, bounds),
    )
