"""ICC profiles of displays: three primaries and a curve, recognised by their numbers.

Format: ICC.1:2022 (https://www.color.org/specification/ICC.1-2022-05.pdf), clauses 7,
10.6 (``curv``) and 10.18 (``para``). The name in a profile is not looked at: it may be anything.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from filmgate.image.encoding import CURVES, Encoding
from filmgate.image.primaries import P3_D65, REC709, REC2020, Primaries, to_pcs

_HEADER_BYTES = 128
_SPACE = slice(16, 20)
_TAGS_MAX = 256
_COLORANTS = (b"rXYZ", b"gXYZ", b"bXYZ")
_TABLES = (b"A2B0", b"A2B1", b"A2B2")
_TRCS: Mapping[bytes, tuple[bytes, ...]] = {
    b"RGB ": (b"rTRC", b"gTRC", b"bTRC"),
    b"GRAY": (b"kTRC",),
}
_COLORANT_ERROR_MAX, _CURVE_ERROR_MAX = 2e-3, 2e-3
"""Profiles round, and small ones approximate the curve of sRGB by some dozen points."""

_FIXED = 65536.0
_FIXED_8 = 256.0
_CODE_MAX = 65535.0
_PARAMETERS = (1, 3, 4, 5, 7)
_X: NDArray[np.float64] = np.linspace(0, 1, 257)


def parse_icc(profile: bytes) -> Encoding | None:
    """Return what a profile describes; None if it is none of the encodings that have a name here.

    Args:
        profile: the bytes of the profile, of any version.
    """
    try:
        tags = _tags(profile)
        space = profile[_SPACE]
        if space not in _TRCS or any(table in tags for table in _TABLES):
            return None
        curves = {_curve(tags[name]) for name in _TRCS[space]}
        primaries = REC709 if space == b"GRAY" else _primaries(tags)
    except (struct.error, KeyError, ValueError, IndexError):
        return None
    curve = curves.pop()
    return Encoding(curve, primaries) if primaries and curve and not curves else None


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, _HEADER_BYTES)
    entries = struct.iter_unpack(
        ">4sII", profile[_HEADER_BYTES + 4 :][: min(count, _TAGS_MAX) * 12]
    )
    return {name: profile[start : start + size] for name, start, size in entries}


def _primaries(tags: Mapping[bytes, bytes]) -> Primaries | None:
    columns = [struct.unpack_from(">3i", tags[name], 8) for name in _COLORANTS]
    matrix = np.array(columns, np.float64).T / _FIXED
    for primaries in (REC709, P3_D65, REC2020):
        if np.abs(to_pcs(primaries) - matrix).max() <= _COLORANT_ERROR_MAX:
            return primaries
    return None


def _curve(tag: bytes) -> str:
    """Return the name of a curve; empty if it has none here."""
    values = _parametric(tag) if tag[:4] == b"para" else _sampled(tag)
    errors = {name: float(np.abs(values - curve(_X)).max()) for name, curve in CURVES.items()}
    nearest = min(errors, key=errors.__getitem__)
    return nearest if errors[nearest] <= _CURVE_ERROR_MAX else ""


def _sampled(tag: bytes) -> NDArray[np.float64]:
    (count,) = struct.unpack_from(">I", tag, 8)
    codes = np.frombuffer(tag, ">u2", count, 12).astype(np.float64)
    if tag[:4] != b"curv":
        raise ValueError("no curve")
    if count == 0:
        return _X
    if count == 1:
        return _X ** (codes[0] / _FIXED_8)
    return np.interp(_X, np.linspace(0, 1, count), codes / _CODE_MAX)


def _parametric(tag: bytes) -> NDArray[np.float64]:
    """Y = (aX + b)^g + e from X = d on, cX + f below."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = _PARAMETERS[kind]
    given = [number / _FIXED for number in struct.unpack_from(f">{count}i", tag, 12)]
    g, a, b, c, d, e, f = given + [0.0] * (len(_PARAMETERS) + 2 - count)
    if kind == 0:
        a = 1.0
    elif kind in (1, 2):  # the break is where the base is 0, the rest constant
        c, d, e, f = 0.0, -b / a if a else 0.0, c, c
    with np.errstate(all="ignore"):
        above: NDArray[np.float64] = np.maximum(a * _X + b, 0) ** g + e
    return np.where(d <= _X, above, c * _X + f)
