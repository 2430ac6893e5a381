"""Half floats: the type most plates are stored in, and the only one that can overflow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HALF_MAX = 65504.0
"""The largest finite half float."""


class Halved(NamedTuple):
    """Values as half floats, and how many finite ones had to be held at the largest half."""

    values: NDArray[np.float16]
    held: int


def to_half(values: NDArray[np.float32]) -> Halved:
    """Convert to half floats without making infinities.

    Finite values beyond ±65504 become ±65504 and are counted; NaN and infinities pass.
    """
    magnitude = np.abs(values)
    if not magnitude.size or magnitude.max() <= HALF_MAX:  # false where there is a NaN
        return Halved(values.astype(np.float16), 0)
    over = np.isfinite(values) & (magnitude > HALF_MAX)
    held = np.where(over, np.copysign(np.float32(HALF_MAX), values), values)
    return Halved(held.astype(np.float16), int(over.sum()))
