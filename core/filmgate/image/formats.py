"""The kinds of image files besides EXR: what each can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from filmgate.errors import RequestError, UnsupportedImageError
from filmgate.image.encoding import LINEAR, SRGB

EXR_SUFFIX = ".exr"
INTEGER_BITS: Mapping[str, int] = {"8": 8, "10": 10, "12": 12, "16": 16}
DEPTHS = (*INTEGER_BITS, "half", "float")
"""How a sample is stored: bits of a whole number whose largest means 1.0, or a kind of float."""


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
