"""What headers say of their colours, and what primaries mean."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from filmgate.errors import ColourError
from filmgate.image.colorimetry import colour_tags
from filmgate.image.colour import builtin_config
from filmgate.image.exr import parse_headers
from filmgate.image.header import Attribute, Header, new_header, text_attribute
from filmgate.image.primaries import AP0, REC709, SPACE_NAMES, Primaries, linear_matrix
from filmgate.image.window import Window

SIZE = Window(0, 0, 1, 1)


def header(**attributes: Attribute) -> Header:
    """Return a header with further attributes."""
    return new_header(SIZE, SIZE).with_attributes(attributes)


def chromaticities(*numbers: float) -> Attribute:
    """Return the attribute of that name."""
    return Attribute("chromaticities", struct.pack(f"<{len(numbers)}f", *numbers))


def flat(primaries: Primaries) -> list[float]:
    """Return the eight numbers."""
    return [number for point in primaries for number in point]


@pytest.mark.parametrize("primaries", SPACE_NAMES, ids=lambda known: SPACE_NAMES[known][0])
def test_primaries_give_ocios_matrices(primaries: Primaries) -> None:
    """RP 177 and Bradford from the published numbers: what the ACES configs have, to 1e-6."""
    name = SPACE_NAMES[primaries][0]
    ours = linear_matrix(primaries, AP0)
    assert np.abs(ours - builtin_config().linear_matrix(name, "ACES2065-1")).max() <= 1e-6


def test_rec709_luminance_is_the_published_one() -> None:
    """The Y row of Rec.709 by RP 177: 0.2126, 0.7152, 0.0722."""
    xyz = Primaries((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), REC709.white)
    to_equal_energy = linear_matrix(REC709, xyz)
    scale = np.array([*REC709.white, 1 - sum(REC709.white)]) / REC709.white[1]
    assert (to_equal_energy * scale[:, None])[1] == pytest.approx(
        [0.2126, 0.7152, 0.0722], abs=1e-4
    )


@pytest.mark.parametrize("primaries", SPACE_NAMES, ids=lambda known: SPACE_NAMES[known][0])
def test_chromaticities_are_recognised(primaries: Primaries) -> None:
    """Well-known primaries are found though a file has them rounded to four digits."""
    rounded = [round(number, 4) for number in flat(primaries)]
    (tag,) = colour_tags(header(chromaticities=chromaticities(*rounded)))
    assert tag.names == SPACE_NAMES[primaries]


def test_unusual_chromaticities_keep_their_numbers() -> None:
    """A camera's own primaries have no name and are taken as they are."""
    numbers = [0.684, 0.313, 0.221, 0.848, 0.0861, -0.102, 0.3127, 0.329]
    (tag,) = colour_tags(header(chromaticities=chromaticities(*numbers)))
    assert tag.names == ()
    assert tag.primaries is not None
    assert flat(tag.primaries) == pytest.approx(numbers)


def test_the_most_precise_statement_comes_first() -> None:
    """The forum's id, the ACES flag, numbers, and then texts."""
    tags = colour_tags(
        header(
            **{"oiio:ColorSpace": text_attribute("ACEScct")},
            chromaticities=chromaticities(*flat(REC709)),
            acesImageContainerFlag=Attribute("int", struct.pack("<i", 1)),
            colorInteropID=text_attribute("lin_ap1_scene"),
        )
    )
    assert [tag.attribute for tag in tags] == [
        "colorInteropID",
        "acesImageContainerFlag",
        "chromaticities",
        "oiio:ColorSpace",
    ]
    assert "lin_ap1" in tags[0].names


@pytest.mark.parametrize(
    ("text", "space"),
    [
        ("lin_ap1_scene", "ACEScg"),
        ("lin_ap0_scene", "ACES2065-1"),
        ("lin_rec709_scene", "Linear Rec.709 (sRGB)"),
        ("lin_p3d65_scene", "Linear P3-D65"),
        ("lin_rec2020_scene", "Linear Rec.2020"),
        ("srgb_rec709_scene", "sRGB - Texture"),
        ("srgb_ap1_scene", "sRGB Encoded AP1 - Texture"),
        ("g22_rec709_scene", "Gamma 2.2 Rec.709 - Texture"),
    ],
)
def test_interop_ids_are_found_in_the_config(text: str, space: str) -> None:
    """Each id of the Color Interop Forum that the config has a space for leads to it."""
    (tag,) = colour_tags(header(colorInteropID=text_attribute(text)))
    found = [builtin_config().find(name) for name in tag.names]
    assert space in found


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"chromaticities": chromaticities(*flat(REC709)[:7])},
        {"chromaticities": chromaticities(*flat(REC709)[:7], float("nan"))},
        {"chromaticities": text_attribute("Rec709")},
        {"acesImageContainerFlag": Attribute("int", struct.pack("<i", 0))},
        {"acesImageContainerFlag": Attribute("float", struct.pack("<f", 1))},
    ],
    ids=range(6),
)
def test_what_says_nothing_is_nothing(attributes: dict[str, Attribute]) -> None:
    """A file without a usable statement says nothing: no default is made up."""
    assert colour_tags(header(**attributes)) == []


@pytest.mark.parametrize(
    "primaries",
    [
        Primaries((0.3, 0.3), (0.3, 0.3), (0.3, 0.3), (0.3, 0.3)),
        Primaries((0.6, 0.3), (0.3, 0.6), (0.15, 0.06), (0.3, 0.0)),
        Primaries((0.6, 0.3), (float("inf"), 0.6), (0.15, 0.06), (0.3, 0.3)),
    ],
    ids=range(3),
)
def test_numbers_that_enclose_no_colours_are_refused(primaries: Primaries) -> None:
    """Primaries on one point, a white without light and infinity are errors, not NaN."""
    with pytest.raises(ColourError, match="no colour space"):
        linear_matrix(primaries, AP0)


def test_a_real_files_chromaticities(openexr_images: Path) -> None:
    """The OpenEXR project's wide-gamut sample carries Rec.709's."""
    content = (openexr_images / "TestImages" / "WideColorGamut.exr").read_bytes()
    (tag,) = colour_tags(parse_headers(content)[0])
    assert tag.names == SPACE_NAMES[REC709]
