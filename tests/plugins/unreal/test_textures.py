"""Textures: what of an asset is sent, and with which settings a result comes back."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakes.secluded import make_manifest
from filmgate.errors import InputError
from filmgate.host.plain_exr import PlainImage, Plane, Window, parse_plain_exr, to_plain_exr
from filmgate.host.port import Moment

Texture = Callable[..., Any]
WIDTH, HEIGHT = 4, 2
CODES = [0, 1, 40, 64, 128, 200, 254, 255]
NOW = Moment(1.0)
MANIFEST = make_manifest()


def planes(codes: Any = CODES) -> dict[str, Any]:
    """Return three channels that differ."""
    return {"R": codes, "G": codes[::-1], "B": codes}


def sent(path: str) -> Any:
    """Return the picture that is sent for a texture."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    payload = TextureSource.of(path).capture(MANIFEST, "color", NOW)
    assert payload is not None
    return parse_plain_exr(payload.data)


def floats(image: Any, letter: str) -> list[float]:
    """Return a channel's values."""
    return array("f", bytes(image.planes[letter].data)).tolist()


def curve(code: int) -> float:
    """Return the light of a code of sRGB, as a float of 32 bits."""
    value = code / 255
    light = value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
    return array("f", [light])[0]


def test_source_art_of_8_bits_is_sent_as_linear_light(texture: Texture) -> None:
    """An sRGB texture is scene-linear on the wire, and said to be."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    texture("/Game/T_Rock", planes(), WIDTH, kind="BGRA8", srgb=True)
    image = sent("/Game/T_Rock")
    assert floats(image, "R") == [curve(code) for code in CODES]
    assert floats(image, "G") == [curve(code) for code in CODES[::-1]]
    assert TextureSource.of("/Game/T_Rock").colour().space == "Linear Rec.709 (sRGB)"


@pytest.mark.parametrize("compression", ["TC_NORMALMAP", "TC_MASKS", "TC_GRAYSCALE", "TC_DEFAULT"])
def test_data_is_sent_as_it_is(unreal: Any, texture: Texture, compression: str) -> None:
    """Normals, masks and roughness are numbers, never colours: no curve, and no space."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    setting = getattr(unreal.TextureCompressionSettings, compression)
    texture("/Game/T_N", planes(), WIDTH, kind="BGRA8", srgb=False, compression_settings=setting)
    assert floats(sent("/Game/T_N"), "R") == list(array("f", (code / 255 for code in CODES)))
    assert TextureSource.of("/Game/T_N").colour().space == "Raw"


def test_a_normal_map_is_data_even_with_the_srgb_setting(unreal: Any, texture: Texture) -> None:
    """A setting that somebody forgot makes no colours of normals."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    setting = unreal.TextureCompressionSettings.TC_NORMALMAP
    texture("/Game/T_N", planes(), WIDTH, kind="BGRA8", srgb=True, compression_settings=setting)
    assert TextureSource.of("/Game/T_N").colour().space == "Raw"


def test_floats_are_sent_as_the_editor_wrote_them(unreal: Any, texture: Texture) -> None:
    """The editor's EXR goes out whole: highlights, negatives and all."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    values = [0.0, -0.5, 0.18, 1.0, 7.5, 60000.0, 0.001953125, 2.0]
    hdr = unreal.TextureCompressionSettings.TC_HDR
    texture(
        "/Game/T_Sky", planes(values), WIDTH, kind="RGBA32F", srgb=False, compression_settings=hdr
    )
    payload = TextureSource.of("/Game/T_Sky").capture(MANIFEST, "color", NOW)
    assert payload is not None
    assert bytes(payload.data[:4]) == b"\x76\x2f\x31\x01"
    assert TextureSource.of("/Game/T_Sky").colour().space == "Linear Rec.709 (sRGB)"


def test_a_named_colour_space_is_named_to_the_server(unreal: Any, texture: Texture) -> None:
    """Source art that was imported as ACEScg is said to be so."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    made = texture("/Game/T_Rock", planes(), WIDTH, kind="BGRA8", srgb=True)
    settings = made.get_editor_property("source_color_settings")
    settings.set_editor_property("color_space", unreal.TextureColorSpace.TCS_ACESAP1)
    made.set_editor_property("source_color_settings", settings)
    assert TextureSource.of("/Game/T_Rock").colour().space == "ACEScg"


def coloured(unreal: Any, made: Any, encoding: str = "TSE_NONE", space: str = "TCS_NONE") -> None:
    """Choose how the source art of a texture is read."""
    settings = made.get_editor_property("source_color_settings").copy()
    settings.set_editor_property(
        "encoding_override", getattr(unreal.TextureSourceEncoding, encoding)
    )
    settings.set_editor_property("color_space", getattr(unreal.TextureColorSpace, space))
    made.set_editor_property("source_color_settings", settings)


@pytest.mark.parametrize(("encoding", "curved"), [("TSE_LINEAR", False), ("TSE_S_RGB", True)])
@pytest.mark.parametrize("srgb", [True, False])
def test_an_encoding_that_was_chosen_goes_before_srgb(
    unreal: Any, texture: Texture, encoding: str, curved: bool, srgb: bool
) -> None:
    """The engine reads the codes by it, whatever the sRGB setting says; they are colours then."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    made = texture("/Game/T_Rock", planes(), WIDTH, kind="BGRA8", srgb=srgb)
    coloured(unreal, made, encoding)
    expected = [curve(code) if curved else array("f", [code / 255])[0] for code in CODES]
    assert floats(sent("/Game/T_Rock"), "R") == expected
    assert TextureSource.of("/Game/T_Rock").colour().space == "Linear Rec.709 (sRGB)"


@pytest.mark.parametrize(
    ("encoding", "space", "legacy"),
    [
        ("TSE_ST2084", "TCS_NONE", False),
        ("TSE_NONE", "TCS_CUSTOM", False),
        ("TSE_NONE", "TCS_P3DCI", False),
        ("TSE_NONE", "TCS_NONE", True),
    ],
)
def test_colours_that_nobody_can_name_are_refused(
    unreal: Any, texture: Texture, encoding: str, space: str, legacy: bool
) -> None:
    """A wrong curve or wrong primaries would be wrong colours without a word."""
    made = texture("/Game/T_Rock", planes(), WIDTH, kind="BGRA8", use_legacy_gamma=legacy)
    coloured(unreal, made, encoding, space)
    with pytest.raises(InputError, match="T_Rock") as caught:
        sent("/Game/T_Rock")
    assert "import it anew" in caught.value.remedy


def test_floats_behind_a_curve_are_refused(unreal: Any, texture: Texture) -> None:
    """The editor's EXR goes out as it is, which would be display light."""
    hdr = unreal.TextureCompressionSettings.TC_HDR
    made = texture("/Game/T_Sky", planes(), WIDTH, kind="RGBA32F", compression_settings=hdr)
    coloured(unreal, made, "TSE_S_RGB")
    with pytest.raises(InputError, match="floats behind a curve"):
        sent("/Game/T_Sky")


def test_a_grey_picture_is_light(unreal: Any, texture: Texture) -> None:
    """Greyscale with sRGB is a picture; without, it is data."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    grey = unreal.TextureCompressionSettings.TC_GRAYSCALE
    texture("/Game/T_G", planes(), WIDTH, kind="BGRA8", srgb=True, compression_settings=grey)
    assert TextureSource.of("/Game/T_G").colour().space == "Linear Rec.709 (sRGB)"


@pytest.mark.parametrize("kind", ["G16", "RGBA16"])
def test_all_16_bits_are_sent(texture: Texture, kind: str) -> None:
    """A TGA would be scaled to 8 bits, with a line in the log that nobody reads."""
    codes = [0, 1, 257, 12345, 32768, 40000, 65534, 65535]
    texture("/Game/T_H", {"R": codes, "G": codes, "B": codes}, WIDTH, kind=kind, srgb=True)
    assert floats(sent("/Game/T_H"), "R") == list(array("f", (code / 65535 for code in codes)))


def test_an_accepted_result_is_sent_as_the_floats_that_it_is(
    texture: Texture, tmp_path: Path
) -> None:
    """It has the compression of a source of 8 bits; a second model gets its floats all the same."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    texture("/Game/T_Rock", planes(), WIDTH, kind="BGRA8", srgb=True)
    result = write(tmp_path / "color.0001.exr", 4.5)
    TextureSource.of("/Game/T_Rock").accept({1: result}, "/Game/T_Rock_x")
    assert set(floats(sent("/Game/T_Rock_x"), "R")) == {4.5}


def test_an_exporter_that_writes_something_else_is_found_out(
    session: Any, unreal: Any, texture: Texture
) -> None:
    """A Radiance file called .exr would lose half of the light: an error says what helps."""
    from filmgate.errors import UnsupportedImageError  # noqa: PLC0415

    session.exports_as["exr"] = "hdr"
    hdr = unreal.TextureCompressionSettings.TC_HDR
    values = [0.5] * 8
    texture(
        "/Game/T_Sky", planes(values), WIDTH, kind="RGBA16F", srgb=False, compression_settings=hdr
    )
    with pytest.raises(UnsupportedImageError) as caught:
        sent("/Game/T_Sky")
    assert caught.value.remedy


def test_a_texture_without_source_art_is_an_error(unreal: Any, texture: Texture) -> None:
    """What only the GPU has is never sent."""
    made = texture("/Game/T_Cooked", planes(), WIDTH, kind="BGRA8")
    made._source = None
    with pytest.raises(InputError, match="source art of T_Cooked"):
        sent("/Game/T_Cooked")


def test_other_assets_are_refused(unreal: Any) -> None:
    """A path that is no texture is named."""
    from filmgate_unreal.source_art import load  # noqa: PLC0415

    with pytest.raises(InputError, match="/Game/Nothing is no texture"):
        load("/Game/Nothing")


def test_only_the_main_input_is_connected(texture: Texture) -> None:
    """A model's other inputs are left to the model."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    texture("/Game/T_Rock", planes(), WIDTH, kind="BGRA8")
    assert TextureSource.of("/Game/T_Rock").capture(MANIFEST, "normal", NOW) is None


def test_the_fingerprint_follows_the_source_art(texture: Texture) -> None:
    """A new picture, and another meaning of the same one, are both seen."""
    from unreal import _images  # noqa: PLC0415 - found once the stand-in is on the path

    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    made = texture("/Game/T_Rock", planes(), WIDTH, kind="BGRA8", srgb=True)
    source = TextureSource.of("/Game/T_Rock")
    first = source.fingerprint(NOW)
    assert first == source.fingerprint(NOW) != ""
    made.set_editor_property("srgb", False)
    second = source.fingerprint(NOW)
    made._source = _images.make_image(WIDTH, HEIGHT, "BGRA8", planes(CODES[::-1]))
    assert len({first, second, source.fingerprint(NOW)}) == 3


def test_an_editor_that_cannot_tell_knows_no_fingerprint(
    fresh: Callable[..., Any], texture: Texture
) -> None:
    """Releases without the function capture again; pixels decide."""
    from filmgate_unreal.source_art import fingerprint_of  # noqa: PLC0415

    class Older:
        """A texture of an older release."""

    assert fingerprint_of(Older()) == ""  # type: ignore[arg-type]


def write(path: Path, value: float = 0.25) -> Path:
    """Write a result of twice the size, as a server answers it."""
    window = Window(0, 0, 2 * WIDTH - 1, 2 * HEIGHT - 1)
    plane = Plane("float", array("f", [value] * 4 * WIDTH * HEIGHT).tobytes())
    path.write_bytes(to_plain_exr(PlainImage(window, window, dict.fromkeys("RGB", plane))))
    return path


def test_a_result_is_built_as_its_source_is(unreal: Any, texture: Texture, tmp_path: Path) -> None:
    """Compression, sRGB, normal and group are those of the source: an import chooses others."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    compression = unreal.TextureCompressionSettings.TC_NORMALMAP
    group = unreal.TextureGroup.TEXTUREGROUP_WORLD_NORMAL_MAP
    texture(
        "/Game/T_N",
        planes(),
        WIDTH,
        kind="BGRA8",
        srgb=False,
        compression_settings=compression,
        lod_group=group,
        flip_green_channel=True,
    )
    result = write(tmp_path / "color.0001.exr")
    (made,) = TextureSource.of("/Game/T_N").accept({1: result}, "/Game/T_N_upscale")
    assert made.get_path_name() == "/Game/T_N_upscale.T_N_upscale"
    assert (made.blueprint_get_size_x(), made.blueprint_get_size_y()) == (2 * WIDTH, 2 * HEIGHT)
    for name, value in (
        ("compression_settings", compression),
        ("srgb", False),
        ("lod_group", group),
        ("flip_green_channel", True),
    ):
        assert made.get_editor_property(name) == value, name


def test_a_result_has_the_colour_space_of_its_source(
    unreal: Any, texture: Texture, tmp_path: Path
) -> None:
    """Its primaries are those of the source; its floats are behind no curve any more."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    made = texture("/Game/T_Rock", planes(), WIDTH, kind="BGRA8", srgb=True)
    coloured(unreal, made, "TSE_S_RGB", "TCS_ACESAP1")
    result = write(tmp_path / "color.0001.exr")
    (found,) = TextureSource.of("/Game/T_Rock").accept({1: result}, "/Game/T_Rock_x")
    colours = found.get_editor_property("source_color_settings")
    assert colours.color_space == unreal.TextureColorSpace.TCS_ACESAP1
    assert colours.encoding_override == unreal.TextureSourceEncoding.TSE_NONE
    before = made.get_editor_property("source_color_settings")
    assert before.encoding_override == unreal.TextureSourceEncoding.TSE_S_RGB


def test_a_result_goes_with_the_same_normals(unreal: Any, texture: Texture, tmp_path: Path) -> None:
    """Roughness that is made of a normal map still is."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    mode = unreal.CompositeTextureMode.CTM_NORMAL_ROUGHNESS_TO_GREEN
    normals = texture("/Game/T_N", planes(), WIDTH, kind="BGRA8", srgb=False)
    texture(
        "/Game/T_R",
        planes(),
        WIDTH,
        kind="BGRA8",
        srgb=False,
        composite_texture=normals,
        composite_texture_mode=mode,
        composite_power=4.0,
    )
    result = write(tmp_path / "color.0001.exr")
    (made,) = TextureSource.of("/Game/T_R").accept({1: result}, "/Game/T_R_x")
    assert made.composite_texture is normals
    assert (made.composite_texture_mode, made.composite_power) == (mode, 4.0)


def test_a_result_is_built_once_for_all_its_settings(texture: Texture, tmp_path: Path) -> None:
    """Each build of a large texture takes seconds: one for the import, one for the settings."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    texture("/Game/T_Rock", planes(), WIDTH, kind="BGRA8", srgb=True)
    result = write(tmp_path / "color.0001.exr")
    (made,) = TextureSource.of("/Game/T_Rock").accept({1: result}, "/Game/T_Rock_x")
    assert made._builds == 2


def test_the_alpha_of_the_source_comes_back(unreal: Any, texture: Texture, tmp_path: Path) -> None:
    """A mask is not sent; the result gets it again, in repeated pixels and as a fraction."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    texture("/Game/T_Leaf", {**planes(), "A": CODES}, WIDTH, kind="BGRA8")
    assert sorted(sent("/Game/T_Leaf").planes) == ["B", "G", "R"]
    result = write(tmp_path / "color.0001.exr")
    (made,) = TextureSource.of("/Game/T_Leaf").accept({1: result}, "/Game/T_Leaf_upscale")
    first = [code / 255 for code in CODES[:WIDTH] for _ in range(2)]
    assert list(made._source.planes["A"])[: 4 * WIDTH] == pytest.approx(first * 2)


def test_an_import_that_fails_is_an_error(session: Any, texture: Texture, tmp_path: Path) -> None:
    """The editor's import says nothing but a line in the log; the artist is told."""
    from filmgate_unreal.textures import TextureSource  # noqa: PLC0415

    texture("/Game/T_Rock", planes(), WIDTH, kind="BGRA8")
    session.import_fails = True
    result = write(tmp_path / "color.0001.exr")
    with pytest.raises(InputError, match="did not import"):
        TextureSource.of("/Game/T_Rock").accept({1: result}, "/Game/T_Rock_x")
