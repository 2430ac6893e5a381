"""What the header of an EXR says about the colours in it."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from filmgate.image.header import Header
from filmgate.image.primaries import AP0, SPACE_NAMES, Primaries, space_names

_INTEROP_NAMES = {
    "srgb_rec709_scene": ("srgb_rec709_tx", "srgb_texture", "srgb_tx"),
    "srgb_p3d65_scene": ("srgb_p3d65", "srgb_displayp3"),
}
"""Names of the Color Interop Forum that configs know otherwise; see `_interop_names`."""

_SCENE = "_scene"
_TEXTS = ("oiio:ColorSpace", "colorSpace", "colorspace")
"""Where programs that have no better place write a colour space's name."""

_CHROMATICITIES = "<8f"


@dataclass(frozen=True)
class ColourTag:
    """One statement of a header.

    Attributes:
        attribute: where it stands.
        names: what configs may call the space, the likeliest first.
        primaries: of linear light, where those are what is said; else None.
    """

    attribute: str
    names: tuple[str, ...]
    primaries: Primaries | None = None


def colour_tags(header: Header) -> list[ColourTag]:
    """Return what *header* says about the space of its colours, the most precise first.

    A file without any such attribute says nothing: the default of the EXR format, Rec.709, is not
    what most files without one hold.
    """
    tags: list[ColourTag] = []
    interop = header.text("colorInteropID")
    if interop:
        tags.append(ColourTag("colorInteropID", _interop_names(interop)))
    if _is_aces(header):
        tags.append(ColourTag("acesImageContainerFlag", SPACE_NAMES[AP0], AP0))
    primaries = _chromaticities(header)
    if primaries is not None:
        tags.append(ColourTag("chromaticities", space_names(primaries), primaries))
    texts = ((name, header.text(name)) for name in _TEXTS)
    return [*tags, *(ColourTag(name, (text,)) for name, text in texts if text)]


def _interop_names(text: str) -> tuple[str, ...]:
    """Configs have ``lin_ap1`` for ``lin_ap1_scene``."""
    known = _INTEROP_NAMES.get(text, ())
    return (text, *known, *([text.removesuffix(_SCENE)] if text.endswith(_SCENE) else []))


def _is_aces(header: Header) -> bool:
    """The flag of SMPTE ST 2065-4, which only ACES2065-1 may carry."""
    attribute = header.attributes.get("acesImageContainerFlag")
    return attribute is not None and attribute == ("int", struct.pack("<i", 1))


def _chromaticities(header: Header) -> Primaries | None:
    attribute = header.attributes.get("chromaticities")
    if attribute is None or attribute.kind != "chromaticities":
        return None
    if len(attribute.value) != struct.calcsize(_CHROMATICITIES):
        return None
    numbers = struct.unpack(_CHROMATICITIES, attribute.value)
    if not all(map(math.isfinite, numbers)):
        return None
    return Primaries(*zip(numbers[::2], numbers[1::2], strict=True))
