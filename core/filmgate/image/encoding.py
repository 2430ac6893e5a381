"""Encodings of colours that files state by numbers: a curve and primaries, and their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmgate.image.primaries import P3_D65, REC709, REC2020, Primaries

Numbers = NDArray[np.float64]

SRGB, LINEAR = "srgb_rec709_scene", "lin_rec709_scene"
"""Names of the Color Interop Forum, which every config of ours knows."""


class Encoding(NamedTuple):
    """How numbers stand for light.

    Attributes:
        curve: one of `CURVES`.
        primaries: of the light.
    """

    curve: str
    primaries: Primaries

    @property
    def name(self) -> str:
        """Of the Color Interop Forum; empty where our configs have none."""
        found = (NAMES[known] for known in NAMES if self._is(known))
        return next(found, "")

    def _is(self, other: Encoding) -> bool:
        return self.curve == other.curve and self.primaries.is_near(other.primaries)


def _from_srgb(values: Numbers) -> Numbers:
    """IEC 61966-2-1."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


CURVES: Mapping[str, Callable[[Numbers], Numbers]] = {
    "srgb": _from_srgb,
    "lin": lambda values: values,
    "g18": lambda values: values**1.8,
    "g22": lambda values: values**2.2,
    "g24": lambda values: values**2.4,
}
"""From numbers to light, both 0 to 1."""

NAMES: Mapping[Encoding, str] = {
    Encoding("srgb", REC709): SRGB,
    Encoding("lin", REC709): LINEAR,
    Encoding("g18", REC709): "g18_rec709_scene",
    Encoding("g22", REC709): "g22_rec709_scene",
    Encoding("g24", REC709): "g24_rec709_scene",
    Encoding("srgb", P3_D65): "srgb_p3d65_scene",
    Encoding("lin", P3_D65): "lin_p3d65_scene",
    Encoding("lin", REC2020): "lin_rec2020_scene",
}
