"""The kinds of image files besides EXR: what each can hold, and which colours it states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, NamedTuple

from filmgate.errors import RequestError, UnsupportedImageError

EXR_SUFFIX = ".exr"
SRGB, LINEAR = "srgb_rec709_scene", "lin_rec709_scene"
"""Names of the Color Interop Forum, which every config of ours knows."""

INTEGER_BITS: Mapping[str, int] = {"8": 8, "10": 10, "12": 12, "16": 16}
DEPTHS = (*INTEGER_BITS, "half", "float")
"""How a sample is stored: bits of a whole number whose largest means 1.0, or a kind of float."""


class StatedSpace(NamedTuple):
    """The colour space of a file.

    Attributes:
        name: of the Color Interop Forum; empty where neither the file nor its kind says anything.
        note: what was assumed, for the artist; empty where the file itself says it.
    """

    name: str
    note: str = ""


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        name: what people call it.
        depths: how it can store samples, the smallest first.
        max_channels: how many a file may have.
        has_alpha: whether it can hold alpha.
        is_straight: whether its colours are never multiplied by alpha.
        space: the only space that its readers expect; empty where the file can hold any.
    """

    name: str
    depths: tuple[str, ...]
    max_channels: int = 4
    has_alpha: bool = True
    is_straight: bool = False
    space: str = ""


PNG = Format("PNG", ("8", "16"), is_straight=True, space=SRGB)
JPEG = Format("JPEG", ("8",), max_channels=3, has_alpha=False, space=SRGB)
DPX = Format("DPX", ("8", "10", "12", "16"))
TIFF = Format("TIFF", ("8", "16", "float"))
HDR = Format("HDR", ("float",), max_channels=3, has_alpha=False, space=LINEAR)
TX = Format("TX", ("8", "16", "float"))

FORMATS: Mapping[str, Format] = {
    ".png": PNG,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".dpx": DPX,
    ".tif": TIFF,
    ".tiff": TIFF,
    ".hdr": HDR,
    ".tx": TX,
}
IMAGE_SUFFIXES = (EXR_SUFFIX, *FORMATS)

_DPX_SPACES = {"Linear": LINEAR}
_OIIO_SPACES = {SRGB: SRGB, LINEAR: LINEAR, "srgb": SRGB, "linear": LINEAR, "lin_rec709": LINEAR}
_EXIF_SRGB = 1
_ORDER = {kind: place for place, kind in enumerate(DEPTHS)}


def format_of(path: PurePath | str) -> Format | None:
    """Return the kind of file that a name's ending says; None for EXR.

    Raises:
        RequestError: no such kind is read or written.
    """
    suffix = PurePath(path).suffix.lower()
    if suffix == EXR_SUFFIX:
        return None
    if suffix not in FORMATS:
        known = ", ".join(IMAGE_SUFFIXES)
        raise RequestError(f"{path} is of no kind that is read or written.", f"Use {known}.")
    return FORMATS[suffix]


def is_image(text: str) -> bool:
    """Say whether a text ends like the name of an image file."""
    return PurePath(text).suffix.lower() in IMAGE_SUFFIXES


def stated_space(kind: Format, spec: Any, depth: str) -> StatedSpace:
    """Return the colour space of a file.

    Args:
        kind: of the file.
        spec: its header, as OpenImageIO gives it.
        depth: one of `DEPTHS`.
    """
    if kind is DPX:
        return StatedSpace(_DPX_SPACES.get(spec.get_string_attribute("dpx:Transfer"), ""))
    if kind in (PNG, JPEG, HDR):
        said = _OIIO_SPACES.get(spec.get_string_attribute("oiio:ColorSpace"), "")
        return StatedSpace(said or kind.space)
    return _said(spec) or _assumed(kind, depth)


def _said(spec: Any) -> StatedSpace | None:
    """Return what TIFF's metadata says."""
    said = _OIIO_SPACES.get(spec.get_string_attribute("oiio:ColorSpace"), "")
    exif = spec.get_int_attribute("Exif:ColorSpace") == _EXIF_SRGB
    profile = "srgb" in spec.get_string_attribute("ICCProfile:profile_description").lower()
    if said or exif or profile:
        return StatedSpace(said or SRGB)
    return None


def _assumed(kind: Format, depth: str) -> StatedSpace:
    if kind is TX or depth in ("half", "float"):
        text = f"The {kind.name} file does not say its colour space; linear Rec.709 is assumed."
        return StatedSpace(LINEAR, text)
    if depth == "8":
        text = f"The {kind.name} file does not say its colour space; sRGB is assumed for 8 bits."
        return StatedSpace(SRGB, text)
    return StatedSpace("")


def stored_depth(kind: Format, spec: Any) -> str:
    """Return how a file stores its samples, one of `DEPTHS`.

    Raises:
        UnsupportedImageError: in a way that has no place here.
    """
    stored = str(spec.format)
    if kind is DPX and stored == "uint16":
        stored = str(spec.get_int_attribute("oiio:BitsPerSample", 16))
    names = {"uint8": "8", "uint16": "16"}
    depth = names.get(stored, stored)
    if depth not in DEPTHS:
        raise UnsupportedImageError(
            f"The file stores its samples as {stored}, which is not read.",
            "Write it with 8 or 16 bits, or as float.",
        )
    return depth


def fitting_depth(kind: Format, source: str) -> str:
    """Return how *kind* stores what was stored as *source*: as exactly as it can."""
    enough = [depth for depth in kind.depths if _ORDER[depth] >= _ORDER[source]]
    return enough[0] if enough else kind.depths[-1]
