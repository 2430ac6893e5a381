"""Which alpha colours are divided by, and multiplied by again: one rule for files and nets."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_Alpha = TypeVar("_Alpha", bound=Any)


def has_body(alpha: _Alpha) -> _Alpha:
    """Tell where colours can be divided by *alpha*: where it is finite and above 0.

    Elsewhere they are light that is merely added, and stay as they are, both ways.

    Args:
        alpha: any shape; an array of numpy or a tensor of torch.

    Returns:
        Booleans, of the same shape and kind.
    """
    return (alpha > 0) & (alpha < math.inf)


def alpha_divisor(alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return *alpha*, and 1 where it has no body."""
    return np.where(has_body(alpha), alpha, np.float32(1))
