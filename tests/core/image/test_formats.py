"""Files of other kinds than EXR: every code survives, and the space is stated or asked for."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO
import pytest
from numpy.typing import NDArray

from filmgate.errors import (
    ColourError,
    DamagedImageError,
    FilmgateError,
    ImageTooLargeError,
    LayerError,
    RequestError,
    UnsupportedImageError,
)
from filmgate.image.colorimetry import colour_tags
from filmgate.image.colour import builtin_config
from filmgate.image.container import Limits
from filmgate.image.delivery import Delivery, Encoded
from filmgate.image.formats import fitting_depth, format_of
from filmgate.image.frame import Part
from filmgate.image.header import text_attribute
from filmgate.image.picture import Picture, load_picture, load_spec

oiio: Any = OpenImageIO

SHAPE = (12, 16)
TIME_CODE = (0x01020304, 7)


@dataclass(frozen=True)
class Kind:
    """A kind of file that OpenImageIO writes for these tests."""

    suffix: str
    stored: str
    bits: int = 0
    channels: int = 3

    def codes(self) -> NDArray[Any]:
        """Return every code there is, or random ones, or floats on both sides of 0 to 1."""
        shape = (*SHAPE, self.channels)
        random = np.random.default_rng(self.bits + self.channels)
        if not self.bits:
            floats = random.normal(0.5, 2.0, shape)
            return (np.abs(floats) if self.suffix == "hdr" else floats).astype(np.float32)
        codes = random.integers(0, 1 << self.bits, shape)
        codes[0, 0], codes[0, 1] = 0, (1 << self.bits) - 1
        if self.channels in (2, 4):
            codes[:3, :, -1] = 0  # colours that nobody sees
        if self.bits in (8, 16):
            return codes.astype(self.stored)
        left = 16 - self.bits
        return ((codes << left) | (codes >> (self.bits - left))).astype(np.uint16)


KINDS = [
    Kind("png", "uint8", 8),
    Kind("png", "uint8", 8, 1),
    Kind("png", "uint8", 8, 2),
    Kind("png", "uint8", 8, 4),
    Kind("png", "uint16", 16, 4),
    Kind("dpx", "uint8", 8),
    Kind("dpx", "uint16", 10),
    Kind("dpx", "uint16", 10, 4),
    Kind("dpx", "uint16", 12),
    Kind("dpx", "uint16", 16),
    Kind("tif", "uint8", 8, 4),
    Kind("tif", "uint16", 16, 4),
    Kind("tiff", "float"),
    Kind("hdr", "float"),
    Kind("tx", "uint8", 8),
    Kind("tx", "uint16", 16, 4),
    Kind("tx", "float"),
]


def save(path: Path, codes: NDArray[Any], stored: str, **attributes: Any) -> None:
    """Write a file as any other program would."""
    height, width, channels = codes.shape
    spec = oiio.ImageSpec(width, height, channels, stored)
    for name, value in attributes.items():
        spec.attribute(name.replace("__", ":"), value)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec), output.geterror()
    assert output.write_image(codes)
    assert output.close()


def stored(path: Path, kind: str) -> NDArray[Any]:
    """Return the codes of a file as they are, multiplied by nothing."""
    wish = oiio.ImageSpec()
    wish.attribute("oiio:UnassociatedAlpha", 1)
    return oiio.ImageInput.open(str(path), wish).read_image(kind)


def saved(folder: Path, kind: Kind, **attributes: Any) -> Path:
    """Write a file of *kind* that says what it holds."""
    path = folder / f"in.{kind.suffix}"
    if kind.suffix == "dpx":
        attributes.setdefault("dpx__Transfer", "Linear")
    bits = {"oiio__BitsPerSample": kind.bits} if kind.bits else {}
    save(path, kind.codes(), kind.stored, oiio__UnassociatedAlpha=1, **bits, **attributes)
    return path


def encoded(path: Path, picture: Picture, target: str = "", **changed: Any) -> Encoded:
    """Write what was read as another file, of the same kind unless said otherwise."""
    part = changed.pop("part", picture.plate.parts[0])
    kind = format_of(target or path)
    assert kind is not None
    delivery = Delivery(kind, changed.get("depth", ""), "", builtin_config())
    like = None if target else load_spec(path)
    return delivery.encode(part, list(part.channels), picture.depth, like, colours=True)


def attribute(picture: Picture, name: str) -> str:
    """Return a text of the header."""
    return picture.plate.parts[0].header.text(name)


@pytest.mark.parametrize(
    "kind", KINDS, ids=lambda kind: f"{kind.suffix}{kind.bits}x{kind.channels}"
)
def test_every_code_comes_back(tmp_path: Path, kind: Kind) -> None:
    """Read, and written as the same kind, a file has the same codes, type and channels."""
    path, back = saved(tmp_path, kind), tmp_path / f"back.{kind.suffix}"
    result = encoded(path, load_picture(path, "ACEScg"))
    back.write_bytes(result.content)
    assert np.array_equal(stored(back, kind.stored), stored(path, kind.stored))
    ours, theirs = load_spec(back), load_spec(path)
    assert (ours.format, ours.channelnames) == (theirs.format, theirs.channelnames)
    assert result.clipped == 0


def test_codes_become_parts_of_one(tmp_path: Path) -> None:
    """The largest code is 1.0, and 10 bits are 1023 steps, not what they are widened to."""
    codes = np.zeros((*SHAPE, 3), np.uint16)
    codes[0, 0] = [(code << 6) | (code >> 4) for code in (1023, 512, 1)]
    save(tmp_path / "in.dpx", codes, "uint16", oiio__BitsPerSample=10, dpx__Transfer="Linear")
    channels = load_picture(tmp_path / "in.dpx").plate.parts[0].channels
    values = [float(channels[name][0, 0]) for name in "RGB"]
    assert values == [1.0, float(np.float32(512 / 1023)), float(np.float32(1 / 1023))]


def test_colours_are_multiplied_by_alpha(tmp_path: Path) -> None:
    """A PNG's colours are straight, an EXR's multiplied; hidden ones stay for a PNG alone."""
    codes = np.zeros((*SHAPE, 4), np.uint8)
    codes[...] = (255, 51, 0, 51)
    codes[0, 0, 3] = 0
    save(tmp_path / "in.png", codes, "uint8", oiio__UnassociatedAlpha=1)
    for keeps, hidden in ((True, 1.0), (False, 0.0)):
        channels = load_picture(tmp_path / "in.png", keeps_hidden=keeps).plate.parts[0].channels
        assert float(channels["R"][1, 1]) == pytest.approx(0.2)
        assert float(channels["G"][1, 1]) == pytest.approx(0.04)
        assert float(channels["R"][0, 0]) == hidden


@pytest.mark.parametrize(
    ("kind", "attributes", "space", "noted"),
    [
        (Kind("png", "uint8", 8), {}, "srgb_rec709_scene", False),
        (Kind("jpg", "uint8", 8), {}, "srgb_rec709_scene", False),
        (Kind("hdr", "float"), {}, "lin_rec709_scene", False),
        (Kind("tif", "float"), {}, "lin_rec709_scene", True),
        (Kind("tif", "uint8", 8), {}, "srgb_rec709_scene", True),
        (Kind("tx", "uint8", 8), {}, "lin_rec709_scene", True),
        (Kind("dpx", "uint16", 10), {"dpx__Transfer": "Linear"}, "lin_rec709_scene", False),
    ],
)
def test_the_space_is_stated(
    tmp_path: Path, kind: Kind, attributes: dict[str, Any], space: str, noted: bool
) -> None:
    """By the kind, by the header, or by an assumption that is told."""
    picture = load_picture(saved(tmp_path, kind, **attributes))
    assert attribute(picture, "colorInteropID") == space
    assert bool(picture.notes) is noted


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        (Kind("dpx", "uint16", 10), {"dpx__Transfer": "Printing density"}),
        (Kind("dpx", "uint16", 10), {"dpx__Transfer": "Logarithmic"}),
        (Kind("dpx", "uint16", 10), {"dpx__Transfer": "ITU-R 709-4"}),
        (Kind("tif", "uint16", 16), {}),
    ],
)
def test_a_space_that_nobody_knows_is_asked_for(
    tmp_path: Path, kind: Kind, attributes: dict[str, Any]
) -> None:
    """A logarithm of unknown kind is never guessed; a name given by hand counts."""
    path = saved(tmp_path, kind, **attributes)
    with pytest.raises(ColourError, match="--space"):
        load_picture(path)
    assert attribute(load_picture(path, "ACEScct"), "oiio:ColorSpace") == "ACEScct"
    assert not attribute(load_picture(path, needs_space=False), "colorInteropID")


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    total = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + total


def profile(colorants: list[float], curve: bytes) -> bytes:
    """Return a minimal ICC profile of a display."""
    columns = [colorants[place : place + 3] for place in (0, 3, 6)]
    parts = [struct.pack(">4s4x3i", b"XYZ ", *(round(v * 65536) for v in xyz)) for xyz in columns]
    names = (b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC")
    body, table, start = b"", b"", 132 + 12 * len(names)
    for name, part in zip(names, [*parts, curve, curve, curve], strict=True):
        table += struct.pack(">4sII", name, start + len(body), len(part))
        body += part
    head = struct.pack(">I12s4s4s12s4s88x", start + len(body), b"mntr".rjust(12), b"RGB ", b"XYZ ",
                       b"", b"acsp")  # fmt: skip
    return head + struct.pack(">I", len(names)) + table + body


SRGB_COLORANTS = [0.4361, 0.2225, 0.0139, 0.3851, 0.7169, 0.0971, 0.1431, 0.0606, 0.7141]
P3_COLORANTS = [0.5151, 0.2412, -0.0011, 0.2919, 0.6922, 0.0419, 0.1572, 0.0666, 0.7841]
ADOBE_COLORANTS = [0.6097, 0.3111, 0.0195, 0.2053, 0.6257, 0.0609, 0.1492, 0.0632, 0.7446]
SRGB_CURVE = struct.pack(
    ">4s4xHxx5i",
    b"para",
    3,
    *(round(v * 65536) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)),
)
GAMMA_22 = struct.pack(">4s4xIH", b"curv", 1, 563)
SRGB_PROFILE, P3_PROFILE = profile(SRGB_COLORANTS, SRGB_CURVE), profile(P3_COLORANTS, SRGB_CURVE)
ADOBE_PROFILE = profile(ADOBE_COLORANTS, GAMMA_22)

P3_NUMBERS = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)


CMYK_JPEG = (
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwBQNzxGPDJQRkFGWlVQX3jIgnhubnj1r7mRyP//////////////////////"
    "/////////////////////////////8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABQAAQAAAAAAAAAAAAAAAAAAAAT/"
    "xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oADgRDAE0AWQBLAAA/AGmmmv/Z"
)
"""8 x 8 px of no ink, four components."""


def icc_chunk(content: bytes) -> bytes:
    """Return a profile as a PNG holds it."""
    return chunk(b"iCCP", b"any name\0\0" + zlib.compress(content))


def save_png(path: Path, *chunks: bytes) -> None:
    """Write a PNG of random codes with further chunks behind its header."""
    codes = np.random.default_rng(1).integers(0, 256, (*SHAPE, 3), np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in codes)
    size = struct.pack(">IIBBBBB", SHAPE[1], SHAPE[0], 8, 2, 0, 0, 0)
    picture = (*chunks, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + b"".join(picture))


@pytest.mark.parametrize(
    ("stated", "space"),
    [
        (chunk(b"gAMA", struct.pack(">I", 100000)), "lin_rec709_scene"),
        (chunk(b"gAMA", struct.pack(">I", 55556)), "g18_rec709_scene"),
        (chunk(b"gAMA", struct.pack(">I", 45455)), "g22_rec709_scene"),
        (chunk(b"cHRM", P3_NUMBERS), "srgb_p3d65_scene"),
        (chunk(b"cICP", bytes([12, 13, 0, 1])), "srgb_p3d65_scene"),
        (chunk(b"cICP", bytes([1, 13, 0, 1])), "srgb_rec709_scene"),
        (chunk(b"sRGB", b"\0") + chunk(b"gAMA", struct.pack(">I", 45455)), "srgb_rec709_scene"),
        (icc_chunk(SRGB_PROFILE), "srgb_rec709_scene"),
        (icc_chunk(P3_PROFILE), "srgb_p3d65_scene"),
        (icc_chunk(profile(SRGB_COLORANTS, GAMMA_22)), "g22_rec709_scene"),
    ],
)
def test_what_a_png_says_counts_and_stays(tmp_path: Path, stated: bytes, space: str) -> None:
    """Curve and primaries get their name, which every config of ours knows; the result's too."""
    path, back = tmp_path / "in.png", tmp_path / "back.png"
    save_png(path, stated)
    picture = load_picture(path)
    assert attribute(picture, "colorInteropID") == space
    assert not picture.notes
    tags = colour_tags(picture.plate.parts[0].header)
    assert any(builtin_config().find(name) for tag in tags for name in tag.names)
    back.write_bytes(encoded(path, picture).content)
    assert attribute(load_picture(back), "colorInteropID") == space


@pytest.mark.parametrize(
    "stated",
    [
        chunk(b"gAMA", struct.pack(">I", 70000)),
        chunk(b"cHRM", P3_NUMBERS) + chunk(b"gAMA", struct.pack(">I", 45455)),
        chunk(b"cICP", bytes([9, 16, 0, 1])),
        chunk(b"cICP", bytes([1, 13, 0, 0])),
        icc_chunk(ADOBE_PROFILE),
        icc_chunk(SRGB_PROFILE[:200]),
        icc_chunk(b""),
        chunk(b"iCCP", b"no profile"),
    ],
)
def test_what_a_png_says_in_vain_is_asked_for(tmp_path: Path, stated: bytes) -> None:
    """Gamma 2.2 of wide primaries, PQ or a strange profile are not sRGB; a name given counts."""
    save_png(tmp_path / "in.png", stated)
    with pytest.raises(ColourError, match="--space") as caught:
        load_picture(tmp_path / "in.png")
    assert "says" in str(caught.value) or "profile" in str(caught.value)
    picture = load_picture(tmp_path / "in.png", "ACEScct")
    assert attribute(picture, "oiio:ColorSpace") == "ACEScct"


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_profiles_of_other_kinds_count(tmp_path: Path, suffix: str) -> None:
    """Those of sRGB and Display P3 are known by their numbers, Adobe RGB is asked for."""
    expected = {SRGB_PROFILE: "srgb_rec709_scene", P3_PROFILE: "srgb_p3d65_scene"}
    kind, octets = Kind(suffix, "uint8", 8), oiio.TypeDesc
    for content in (*expected, ADOBE_PROFILE):
        path = tmp_path / f"in.{suffix}"
        spec = oiio.ImageSpec(SHAPE[1], SHAPE[0], 3, "uint8")
        numbers = np.frombuffer(content, np.uint8)
        spec.attribute("ICCProfile", octets(f"uint8[{len(content)}]"), numbers)
        output = oiio.ImageOutput.create(str(path))
        assert output.open(str(path), spec)
        assert output.write_image(kind.codes())
        assert output.close()
        if content in expected:
            picture = load_picture(path)
            assert attribute(picture, "colorInteropID") == expected[content]
            assert not picture.notes
        else:
            with pytest.raises(ColourError, match="ICC profile"):
                load_picture(path)


def test_cmyk_is_refused(tmp_path: Path) -> None:
    """Inks become light by a profile only, which nobody here applies."""
    path = tmp_path / "in.jpg"
    path.write_bytes(base64.b64decode(CMYK_JPEG))
    with pytest.raises(UnsupportedImageError, match="CMYK"):
        load_picture(path, "ACEScg")


def test_a_damaged_png_writes_nothing_to_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The typed error says it; libpng is not asked."""
    save_png(tmp_path / "in.png")
    content = bytearray((tmp_path / "in.png").read_bytes())
    content[60] ^= 1
    for damaged in (content, content[:-30]):
        (tmp_path / "in.png").write_bytes(damaged)
        for load in (load_picture, load_spec):
            with pytest.raises(DamagedImageError):
                load(tmp_path / "in.png")
    assert capfd.readouterr().err == ""


def test_time_code_and_aspect_are_kept(tmp_path: Path) -> None:
    """They go from a DPX into the EXR, and from there into the next DPX."""
    path = tmp_path / "in.dpx"
    spec = oiio.ImageSpec(16, 12, 3, "uint16")
    spec.attribute("oiio:BitsPerSample", 10)
    spec.attribute("dpx:Transfer", "Linear")
    spec.attribute("smpte:TimeCode", oiio.TypeDesc("timecode"), TIME_CODE)
    spec.attribute("PixelAspectRatio", 2.0)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec)
    assert output.write_image(np.zeros((12, 16, 3), np.uint16))
    assert output.close()
    picture = load_picture(path)
    header = picture.plate.parts[0].header
    assert header.pixel_aspect == 2.0
    assert header.attributes["timeCode"] == ("timecode", struct.pack("<2I", *TIME_CODE))
    (tmp_path / "back.dpx").write_bytes(encoded(path, picture).content)
    back = load_spec(tmp_path / "back.dpx")
    assert back.getattribute("smpte:TimeCode") == TIME_CODE
    assert back.getattribute("PixelAspectRatio") == 2.0
    assert back.getattribute("dpx:Transfer") == "Linear"


def test_what_a_format_cannot_hold_is_clipped_and_counted(tmp_path: Path) -> None:
    """Negative, too bright and NaN samples are counted; what rounds to a code is none of them."""
    path = saved(tmp_path, Kind("png", "uint8", 8))
    picture = load_picture(path)
    part = picture.plate.parts[0]
    red = np.full(SHAPE, 0.5, np.float32)
    red[0, :5] = (-0.1, 1.5, np.nan, 1.001, -0.001)
    result = encoded(path, picture, part=Part(part.header, {**part.channels, "R": red}))
    assert result.clipped == 3
    (tmp_path / "back.png").write_bytes(result.content)
    codes = stored(tmp_path / "back.png", "uint8")[0, :6, 0]
    assert codes.tolist() == [0, 255, 0, 255, 0, 128]


def test_a_linear_picture_becomes_srgb_in_a_png(tmp_path: Path) -> None:
    """Readers of PNG expect sRGB: linear 0.2140411 is its middle grey, 0.5; the note says so."""
    path = tmp_path / "in.hdr"
    save(path, np.full((*SHAPE, 3), 0.2140411, np.float32), "float")
    result = encoded(path, load_picture(path), "out.png", depth="16")
    assert any("sRGB" in note for note in result.notes)
    (tmp_path / "out.png").write_bytes(result.content)
    code = stored(tmp_path / "out.png", "uint16")[3, 3, 0] / 65535
    assert code == pytest.approx(0.5, abs=2e-3)  # Radiance keeps eight bits


def test_a_jpeg_has_no_alpha(tmp_path: Path) -> None:
    """The picture stands on black, and a note says so."""
    path = saved(tmp_path, Kind("png", "uint8", 8, 4))
    result = encoded(path, load_picture(path, keeps_hidden=False), "out.jpg")
    assert any("no alpha" in note for note in result.notes)
    (tmp_path / "out.jpg").write_bytes(result.content)
    codes = stored(tmp_path / "out.jpg", "uint8")
    assert codes.shape == (*SHAPE, 3)


def test_channels_that_are_no_picture_are_refused(tmp_path: Path) -> None:
    """Motion has two channels, which a PNG would take for grey and alpha."""
    path = saved(tmp_path, Kind("png", "uint8", 8))
    picture = load_picture(path)
    plane = np.zeros(SHAPE, np.float32)
    motion = Part(picture.plate.parts[0].header, {"motion.u": plane, "motion.v": plane})
    with pytest.raises(LayerError, match="no place"):
        encoded(path, picture, "out.png", part=motion)


def test_the_smallest_depth_that_keeps_everything() -> None:
    """A result is stored as its source was, or as exactly as the format can."""
    depths = [("out.png", "10"), ("out.dpx", "10"), ("out.tif", "12"), ("out.jpg", "16")]
    kinds = [(format_of(name), source) for name, source in depths]
    assert [fitting_depth(kind, source) for kind, source in kinds if kind] == [
        "16",
        "10",
        "16",
        "8",
    ]
    with pytest.raises(RequestError):
        format_of("out.gif")


@pytest.mark.parametrize(
    "kind", [Kind("png", "uint8", 8), Kind("jpg", "uint8", 8), *KINDS[6:7], *KINDS[10:15]]
)
def test_a_cut_file_is_damaged(tmp_path: Path, kind: Kind) -> None:
    """Half a file is an error, never half a picture."""
    path = saved(tmp_path, kind)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DamagedImageError):
        load_picture(path, "ACEScg")


def _huge_png(content: bytearray) -> None:
    struct.pack_into(">II", content, 16, 1_000_000, 1_000_000)
    struct.pack_into(">I", content, 29, zlib.crc32(bytes(content[12:29])))


def _huge_dpx(content: bytearray) -> None:
    order = ">" if content[:4] == b"SDPX" else "<"
    struct.pack_into(f"{order}II", content, 772, 1_000_000, 1_000_000)


@pytest.mark.parametrize(
    ("kind", "grow"), [(KINDS[0], _huge_png), (KINDS[6], _huge_dpx)], ids=["png", "dpx"]
)
def test_a_header_of_a_terabyte_allocates_nothing(
    tmp_path: Path, kind: Kind, grow: Callable[[bytearray], None]
) -> None:
    """The size is read from the header and refused before a pixel is."""
    path = saved(tmp_path, kind)
    content = bytearray(path.read_bytes())
    grow(content)
    path.write_bytes(content)
    with pytest.raises(ImageTooLargeError):
        load_picture(path)


def test_our_own_limits_count_too(tmp_path: Path) -> None:
    """What the library would read may still be more than we take."""
    path = saved(tmp_path, KINDS[0])
    for limits in (Limits(max_width=8), Limits(max_height=8), Limits(max_bytes=100)):
        with pytest.raises(ImageTooLargeError):
            load_picture(path, limits=limits)


def test_a_file_of_several_images_is_refused(tmp_path: Path) -> None:
    """The pages behind the first would be lost without a word."""
    path = tmp_path / "in.tif"
    spec = oiio.ImageSpec(16, 12, 3, "uint8")
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), (spec, spec))
    for page in range(2):
        assert not page or output.open(str(path), spec, "AppendSubimage")
        assert output.write_image(np.zeros((12, 16, 3), np.uint8))
    assert output.close()
    with pytest.raises(UnsupportedImageError, match="several"):
        load_picture(path)


def test_another_kind_under_a_wrong_name_is_told(tmp_path: Path) -> None:
    """Text that calls itself a picture is a typed error."""
    path = tmp_path / "in.png"
    path.write_text("no picture", encoding="utf-8")
    with pytest.raises(FilmgateError, match=r"in\.png"):
        load_picture(path)


def test_a_named_space_is_what_a_png_is_made_from(tmp_path: Path) -> None:
    """The header of a result counts where no space is named; ACEScg grey is sRGB grey."""
    path = saved(tmp_path, Kind("tiff", "float"))
    picture = load_picture(path, "ACEScg")
    part = picture.plate.parts[0]
    grey = {name: np.full(SHAPE, 0.2140411, np.float32) for name in "RGB"}
    said = part.header.with_attributes({"oiio:ColorSpace": text_attribute("ACEScg")})
    result = encoded(path, picture, "out.png", part=Part(said, grey))
    assert any("ACEScg" in note for note in result.notes)
    (tmp_path / "out.png").write_bytes(result.content)
    assert stored(tmp_path / "out.png", "uint16") / 65535 == pytest.approx(0.5, abs=2e-5)
