"""The colour space of an image file: what it says, what its kind means, what is assumed."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

from filmgate.image.encoding import LINEAR, SRGB, Encoding
from filmgate.image.formats import DPX, HDR, PNG, TX, Format
from filmgate.image.icc import parse_icc
from filmgate.image.png import parse_profile
from filmgate.image.primaries import P3_D65, REC709, REC2020, Primaries


class StatedSpace(NamedTuple):
    """The colour space of a file.

    Attributes:
        name: of the Color Interop Forum; empty where it is not known.
        note: what was assumed, for the artist, or what the file says that has no name here; empty
            where the file itself says it, or nothing does.
    """

    name: str
    note: str = ""


_DPX_SPACES = {"Linear": LINEAR}
_OIIO_SPACES = {SRGB: SRGB, LINEAR: LINEAR, "srgb": SRGB, "linear": LINEAR, "lin_rec709": LINEAR}
_EXIF_SRGB, _EXIF_UNCALIBRATED = 1, 0xFFFF

_CICP_PRIMARIES = {1: REC709, 9: REC2020, 12: P3_D65}
_CICP_CURVES = {4: "g22", 8: "lin", 13: "srgb"}
"""Code points of ITU-T H.273."""
_CICP_RGB_FULL = (0, 1)

_GAMMAS = {100000: "lin", 55556: "g18", 45455: "g22", 41667: "g24"}
_GAMMA_ERROR_MAX = 100
"""Writers round 1/1.8 to 0.55, 0.5556 or more digits."""
_CHROMATICITY = 100000


def stated_space(kind: Format, spec: Any, depth: str, chunks: Mapping[bytes, bytes]) -> StatedSpace:
    """Return the colour space of a file.

    Args:
        kind: of the file.
        spec: its header, as OpenImageIO gives it.
        depth: one of `filmgate.image.formats.DEPTHS`.
        chunks: of a PNG, see `filmgate.image.png.load_colour_chunks`; else empty.
    """
    if kind is DPX:
        return StatedSpace(_DPX_SPACES.get(spec.get_string_attribute("dpx:Transfer"), ""))
    if kind is HDR:
        return StatedSpace(LINEAR)
    said = _of_png(chunks) if kind is PNG else _of_metadata(spec)
    return said or (StatedSpace(kind.space) if kind.space else _assumed(kind, depth))


def _of_png(chunks: Mapping[bytes, bytes]) -> StatedSpace | None:
    """Return what the most precise chunk says, in the order of the PNG specification."""
    if b"cICP" in chunks:
        return _of_cicp(tuple(chunks[b"cICP"]))
    if b"iCCP" in chunks:
        return _of_profile(parse_profile(chunks[b"iCCP"]), "")
    if b"sRGB" in chunks:
        return StatedSpace(SRGB)
    if b"gAMA" in chunks or b"cHRM" in chunks:
        return _of_gamma(chunks)
    return None


def _of_cicp(codes: tuple[int, ...]) -> StatedSpace:
    text = f"it says cICP {', '.join(map(str, codes))}"
    if len(codes) != 4 or codes[2:] != _CICP_RGB_FULL:
        return StatedSpace("", text)
    return _named(_CICP_CURVES.get(codes[1], ""), _CICP_PRIMARIES.get(codes[0]), text)


def _of_gamma(chunks: Mapping[bytes, bytes]) -> StatedSpace:
    curve, primaries = "srgb", REC709
    texts: list[str] = []
    try:
        if b"gAMA" in chunks:
            (gamma,) = struct.unpack(">I", chunks[b"gAMA"])
            curve = _curve_of(gamma)
            texts.append(f"gAMA {gamma / _CHROMATICITY:g}")
        if b"cHRM" in chunks:
            numbers = [each / _CHROMATICITY for each in struct.unpack(">8I", chunks[b"cHRM"])]
            white, *others = zip(numbers[::2], numbers[1::2], strict=True)
            primaries = Primaries(others[0], others[1], others[2], white)
            texts.append("cHRM " + ", ".join(f"{each:g}" for each in numbers))
    except struct.error:
        return StatedSpace("", "what it says of its colours is damaged")
    return _named(curve, primaries, f"it says {' and '.join(texts)}")


def _curve_of(gamma: int) -> str:
    near = (name for known, name in _GAMMAS.items() if abs(gamma - known) <= _GAMMA_ERROR_MAX)
    return next(near, "")


def _named(curve: str, primaries: Primaries | None, text: str) -> StatedSpace:
    name = Encoding(curve, primaries).name if primaries else ""
    return StatedSpace(name, "" if name else f"{text}, which has no name here")


def _of_metadata(spec: Any) -> StatedSpace | None:
    """Return what a JPEG, TIFF or TX says: its ICC profile, else Exif."""
    profile = spec.getattribute("ICCProfile")
    if profile is not None:
        title = spec.get_string_attribute("ICCProfile:profile_description")
        return _of_profile(bytes(memoryview(profile).cast("B")), title)
    exif = spec.get_int_attribute("Exif:ColorSpace")
    if exif == _EXIF_SRGB:
        return StatedSpace(SRGB)
    if exif == _EXIF_UNCALIBRATED:
        return StatedSpace("", "its Exif data says that it is not sRGB, and not what it is")
    said = spec.get_string_attribute("oiio:ColorSpace")
    text = f"it says the colour space {said[:60]!r}, which is none that is known here"
    name = _OIIO_SPACES.get(said, "")
    return StatedSpace(name, "" if name else text) if said else None


def _of_profile(profile: bytes, title: str) -> StatedSpace:
    encoding = parse_icc(profile)
    name = encoding.name if encoding else ""
    text = f"its ICC profile{f' {title[:60]!r}' if title else ''} is none that is known here"
    return StatedSpace(name, "" if name else text)


def _assumed(kind: Format, depth: str) -> StatedSpace:
    if kind is TX or depth in ("half", "float"):
        text = f"The {kind.name} file does not say its colour space; linear Rec.709 is assumed."
        return StatedSpace(LINEAR, text)
    if depth == "8":
        text = f"The {kind.name} file does not say its colour space; sRGB is assumed for 8 bits."
        return StatedSpace(SRGB, text)
    return StatedSpace("")
