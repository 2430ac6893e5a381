"""The source art of textures: what it stands for, and how the editor hands it out.

Never the compressed mips that the GPU has: a model would see the compression's blocks.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Callable, Optional

import unreal

from filmgate.disk import storage_errors
from filmgate.errors import InputError
from filmgate.host.freshness import UNKNOWN
from filmgate.host.receipt import EXR_MAGIC
from filmgate_unreal.bitmaps import Bitmap, parse_bitmap, png_bits, to_exr

DATA, LINEAR = "Raw", "Linear Rec.709 (sRGB)"
"""Spaces that every server knows: numbers that are no colours, and the engine's own light."""

_TC = unreal.TextureCompressionSettings
_FLOATS = (
    _TC.TC_HDR,
    _TC.TC_HDR_F32,
    _TC.TC_HDR_COMPRESSED,
    _TC.TC_HALF_FLOAT,
    _TC.TC_SINGLE_FLOAT,
)
"""Compressions of textures whose source art is of floats, as a rule."""

_COLOURS = (_TC.TC_DEFAULT, _TC.TC_BC7, _TC.TC_EDITOR_ICON, _TC.TC_GRAYSCALE)

_TCS = unreal.TextureColorSpace
_SPACES = (
    (_TCS.TCS_NONE, LINEAR),  # the project's working space, which Python cannot ask for
    (_TCS.TCS_S_RGB, LINEAR),
    (_TCS.TCS_REC2020, "Linear Rec.2020"),
    (_TCS.TCS_ACESAP0, "ACES2065-1"),
    (_TCS.TCS_ACESAP1, "ACEScg"),
    (_TCS.TCS_P3D65, "Linear P3-D65"),
)

_TSE = unreal.TextureSourceEncoding
_ENCODINGS = ((_TSE.TSE_LINEAR, False), (_TSE.TSE_S_RGB, True))
"""Encodings that say more than the sRGB setting does, and whether they are sRGB's curve."""

_FLOAT_BITS = 32


def load(path: str) -> unreal.Texture2D:
    """Return a texture.

    Raises:
        InputError: there is none of that name.
    """
    asset = unreal.load_asset(path)
    if not isinstance(asset, unreal.Texture2D):
        raise InputError(f"{path} is no texture.", "Select a texture (Texture2D).", {"path": path})
    return asset


def fingerprint_of(texture: unreal.Texture2D) -> str:
    """Return a text that changes with the source art and the settings that say what it means.

    Unknown where the engine cannot tell: before the function for it existed.
    """
    ask = getattr(texture, "blueprint_get_texture_source_id_string", None)
    mark = ask() if ask is not None else None
    if not mark:
        return UNKNOWN
    meant = (_encoding(texture), _primaries(texture), _compression(texture))
    curves = [texture.get_editor_property(name) for name in ("srgb", "use_legacy_gamma")]
    return " ".join(map(str, (mark, *curves, *meant)))


def is_curved(texture: unreal.Texture2D, bits: int = 8) -> bool:
    """Say whether source art of so many bits is read with the curve of sRGB.

    An encoding that was chosen by hand holds for any; the sRGB setting for 8 bits alone.

    Raises:
        InputError: it is read with another curve.
    """
    encoding = _encoding(texture)
    for known, curved in _ENCODINGS:
        if encoding == known:
            return curved
    if encoding != _TSE.TSE_NONE:
        raise _refused(texture, f"is read with the encoding {encoding}", "sRGB or Linear")
    curved = bits == 8 and bool(texture.get_editor_property("srgb"))
    if curved and texture.get_editor_property("use_legacy_gamma"):
        raise _refused(texture, "is read with the legacy gamma", "sRGB, with Use Legacy Gamma off")
    return curved


def space_of(texture: unreal.Texture2D) -> str:
    """Return the colour space of what is sent: linear light, or data that no model may convert.

    Normals, masks, heights and everything that the engine reads without a curve are data, unless
    somebody chose an encoding.

    Raises:
        InputError: they are colours of a space that not every server knows.
    """
    if not (is_float(texture) or (_is_light(texture) and _compression(texture) in _COLOURS)):
        return DATA
    primaries = _primaries(texture)
    for known, name in _SPACES:
        if primaries == known:
            return name
    raise _refused(texture, f"has the colour space {primaries}", "one of its standard spaces")


def _is_light(texture: unreal.Texture2D) -> bool:
    """Say whether its codes stand for light."""
    return _encoding(texture) != _TSE.TSE_NONE or bool(texture.get_editor_property("srgb"))


def _refused(texture: unreal.Texture2D, what: str, instead: str) -> InputError:
    text = f"{texture.get_name()} {what}, which Filmgate does not take away."
    remedy = f"Convert the picture, import it anew, and set its source's colours to {instead}."
    return InputError(text, remedy, {"path": texture.get_path_name()})


def is_float(texture: unreal.Texture2D) -> bool:
    """Say whether the source art is of floats, as a rule: its compression keeps highlights."""
    return _compression(texture) in _FLOATS


def _compression(texture: unreal.Texture2D) -> unreal.TextureCompressionSettings:
    return texture.get_editor_property("compression_settings")


def _encoding(texture: unreal.Texture2D) -> unreal.TextureSourceEncoding:
    settings = texture.get_editor_property("source_color_settings")
    return settings.get_editor_property("encoding_override")


def _primaries(texture: unreal.Texture2D) -> unreal.TextureColorSpace:
    settings = texture.get_editor_property("source_color_settings")
    return settings.get_editor_property("color_space")


def export(texture: unreal.Texture2D) -> Callable[[], bytes]:
    """Let the editor write the source art; return what turns that into an EXR file's bytes.

    Of floats it writes EXR files, which stay as they are; of whole numbers PNG or TGA, because its
    EXRs hold halves. What was written is known by its content alone: the name promises nothing.

    Raises:
        InputError: no exporter takes the texture, or it is read in a way that nobody can undo here.
    """
    space_of(texture)
    curves = {bits: is_curved(texture, bits) for bits in (8, 16)}
    content = _source_file(texture)
    if content.startswith(EXR_MAGIC):
        if is_curved(texture, _FLOAT_BITS):
            raise _refused(texture, "has floats behind a curve", "Linear")
        return lambda: content
    if content:
        return lambda: _converted(content, curves)
    name = texture.get_name()
    text = f"The editor cannot export the source art of {name}."
    remedy = "Import it from an EXR, PNG or TGA file; a cooked texture has no source art."
    raise InputError(text, remedy, {"path": texture.get_path_name()})


def alpha_of(texture: unreal.Texture2D) -> Optional[Bitmap]:
    """Return the source art where it has an alpha that says something; None where all is opaque.

    Of floats it cannot be told: the editor's EXR files are compressed, and always have one.
    """
    content = b"" if is_float(texture) else _codes(texture)
    if not content or content.startswith(EXR_MAGIC):
        return None
    bitmap = parse_bitmap(content)
    plane = bitmap.planes.get("A", b"")
    return bitmap if plane.count(255) < len(plane) else None


def _source_file(texture: unreal.Texture2D) -> bytes:
    """Return a file that holds all of the source art; nothing where no exporter writes one.

    What a compression says of the source art is a guess: accepted results are of floats and keep
    the compression of their source.
    """
    if is_float(texture):
        return _floats(texture) or _codes(texture)
    return _codes(texture) or _floats(texture)


def _floats(texture: unreal.Texture2D) -> bytes:
    return _exported(texture, unreal.TextureExporterEXR(), ".exr")


def _codes(texture: unreal.Texture2D) -> bytes:
    """Return whole numbers as PNG or TGA; nothing where the source art is of floats.

    A TGA is read much faster, but the editor may scale 16 bits to the 8 that it has: a PNG says how
    many there are.
    """
    png = _exported(texture, unreal.TextureExporterPNG(), ".png")
    if png_bits(png) != 8:
        return png
    return _exported(texture, unreal.TextureExporterTGA(), ".tga") or png


def _exported(texture: unreal.Texture2D, exporter: unreal.Exporter, suffix: str) -> bytes:
    """Return what an exporter writes; nothing where it does not take the texture."""
    with tempfile.TemporaryDirectory(prefix="filmgate-") as folder:
        path = Path(folder) / f"source{suffix}"
        task = unreal.AssetExportTask()
        task.set_editor_properties(
            {
                "object": texture,
                "exporter": exporter,
                "filename": path.as_posix(),
                "automated": True,
                "prompt": False,
                "replace_identical": True,
            }
        )
        written = unreal.Exporter.run_asset_export_task(task)
        with storage_errors(path):
            return path.read_bytes() if written and path.is_file() else b""


def _converted(content: bytes, curves: Mapping[int, bool]) -> bytes:
    """Return a bitmap as floats, without the curve that its number of bits is read with."""
    bitmap = parse_bitmap(content)
    return to_exr(bitmap, curves[bitmap.bits])
