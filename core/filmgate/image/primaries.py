"""Primaries and white points: from the numbers that a file gives to matrices of linear light."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmgate.errors import ColourError

Point = tuple[float, float]
"""CIE 1931 x, y."""

Numbers = NDArray[np.float64]

TOLERANCE = 6e-4
"""Files give three or four digits."""

_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
"""XYZ to the cone responses of the Bradford adaptation (Lam 1985; ICC.1:2022, annex E)."""

_SINGULAR = 1e-6


class Primaries(NamedTuple):
    """A linear RGB space by its three primaries and its white."""

    red: Point
    green: Point
    blue: Point
    white: Point

    def is_near(self, other: Primaries) -> bool:
        """Return whether both are the same, but for how many digits were written."""
        return bool(np.allclose(np.array(self), np.array(other), rtol=0, atol=TOLERANCE))


_D65 = (0.3127, 0.3290)
_ACES_WHITE = (0.32168, 0.33767)
_PCS_WHITE = (0.3457, 0.3585)
"""Of the profile connection space (ICC.1:2022, 7.2.16)."""

AP0 = Primaries((0.7347, 0.2653), (0.0, 1.0), (0.0001, -0.0770), _ACES_WHITE)
AP1 = Primaries((0.713, 0.293), (0.165, 0.830), (0.128, 0.044), _ACES_WHITE)
REC709 = Primaries((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65)
REC2020 = Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65)
P3_D65 = Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65)

SPACE_NAMES: Mapping[Primaries, tuple[str, ...]] = {
    AP0: ("ACES2065-1", "lin_ap0", "ACES - ACES2065-1"),
    AP1: ("ACEScg", "lin_ap1", "ACES - ACEScg"),
    REC709: ("Linear Rec.709 (sRGB)", "lin_rec709", "lin_srgb", "Utility - Linear - Rec.709"),
    REC2020: ("Linear Rec.2020", "lin_rec2020", "Utility - Linear - Rec.2020"),
    P3_D65: ("Linear P3-D65", "lin_p3d65", "Utility - Linear - P3-D65"),
}
"""What configs call the linear spaces of well-known primaries."""


def space_names(primaries: Primaries) -> tuple[str, ...]:
    """Return what configs call the linear space of *primaries*; empty for unusual ones."""
    found = (names for known, names in SPACE_NAMES.items() if known.is_near(primaries))
    return next(found, ())


def linear_matrix(source: Primaries, target: Primaries) -> Numbers:
    """Return the 3 x 3 matrix from one linear RGB space to another, for column vectors.

    RGB to XYZ by SMPTE RP 177-1993; the white is adapted by Bradford.

    Raises:
        ColourError: the primaries of one of them enclose no colours.
    """
    there, back = _to_xyz(source), np.linalg.inv(_to_xyz(target))
    return back @ _adaptation(source.white, target.white) @ there


def to_pcs(primaries: Primaries) -> Numbers:
    """Return the 3 x 3 matrix from linear RGB to XYZ under D50, as ICC profiles give it.

    Raises:
        ColourError: the primaries enclose no colours.
    """
    return _adaptation(primaries.white, _PCS_WHITE) @ _to_xyz(primaries)


def _to_xyz(primaries: Primaries) -> Numbers:
    """SMPTE RP 177: scale the primaries so that equal amounts of them make the white."""
    if not np.isfinite(np.array(primaries)).all() or min(p[1] for p in primaries[3:]) <= 0:
        raise _unusable()
    columns: Numbers = np.array([_xyz(point) for point in primaries[:3]], np.float64).T
    if abs(np.linalg.det(columns)) < _SINGULAR:
        raise _unusable()
    white: Numbers = np.array(_xyz(primaries.white), np.float64) / primaries.white[1]
    return columns * np.linalg.solve(columns, white)


def _xyz(point: Point) -> tuple[float, float, float]:
    x, y = point
    return x, y, 1 - x - y


def _adaptation(source: Point, target: Point) -> Numbers:
    before, after = (_BRADFORD @ (np.array(_xyz(white)) / white[1]) for white in (source, target))
    return np.linalg.inv(_BRADFORD) @ np.diag(after / before) @ _BRADFORD


def _unusable() -> ColourError:
    return ColourError(
        "The file's chromaticities are no colour space.", "Name the colour space yourself."
    )
