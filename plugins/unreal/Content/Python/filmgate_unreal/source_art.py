"""The source art of textures: what it stands for, and how the editor hands it out.

Never the compressed mips that the GPU has: a model would see the compression's blocks.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Callable, Optional

import unreal

from filmgate.disk import storage_errors
from filmgate.errors import InputError
from filmgate.host.freshness import UNKNOWN
from filmgate.host.receipt import EXR_MAGIC
from filmgate_unreal.bitmaps import Bitmap, parse_bitmap, to_exr

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

_COLOURS = (_TC.TC_DEFAULT, _TC.TC_BC7, _TC.TC_EDITOR_ICON)
_SPACES = (
    (unreal.TextureColorSpace.TCS_REC2020, "Linear Rec.2020"),
    (unreal.TextureColorSpace.TCS_ACESAP0, "ACES2065-1"),
    (unreal.TextureColorSpace.TCS_ACESAP1, "ACEScg"),
    (unreal.TextureColorSpace.TCS_P3D65, "Linear P3-D65"),
)


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
    return f"{mark} {space_of(texture)} {is_curved(texture)}" if mark else UNKNOWN


def is_curved(texture: unreal.Texture2D) -> bool:
    """Say whether 8-bit source art is read with the curve of sRGB."""
    return bool(texture.get_editor_property("srgb"))


def space_of(texture: unreal.Texture2D) -> str:
    """Return the colour space of what is sent: linear light, or data that no model may convert.

    Normals, masks, heights and everything that the engine reads without a curve are data.
    """
    if not (is_float(texture) or (is_curved(texture) and _compression(texture) in _COLOURS)):
        return DATA
    primaries = texture.get_editor_property("source_color_settings").get_editor_property(
        "color_space"
    )
    return next((name for space, name in _SPACES if space == primaries), LINEAR)


def is_float(texture: unreal.Texture2D) -> bool:
    """Say whether the source art is of floats, as a rule: its compression keeps highlights."""
    return _compression(texture) in _FLOATS


def _compression(texture: unreal.Texture2D) -> unreal.TextureCompressionSettings:
    return texture.get_editor_property("compression_settings")


def export(texture: unreal.Texture2D) -> Callable[[], bytes]:
    """Let the editor write the source art; return what turns that into an EXR file's bytes.

    Of floats it writes EXR files, which stay as they are; of whole numbers TGA or PNG, because its
    EXRs hold halves. What was written is known by its content alone: the name promises nothing.

    Raises:
        InputError: no exporter takes the texture.
    """
    curved = is_curved(texture)
    for exporter, suffix in _exporters(is_float(texture)):
        content = _exported(texture, exporter, suffix)
        if content.startswith(EXR_MAGIC):
            return lambda found=content: found
        if content:
            return lambda found=content: _converted(found, curved)
    name = texture.get_name()
    text = f"The editor cannot export the source art of {name}."
    remedy = "Import it from an EXR, PNG or TGA file; a cooked texture has no source art."
    raise InputError(text, remedy, {"path": texture.get_path_name()})


def alpha_of(texture: unreal.Texture2D) -> Optional[Bitmap]:
    """Return the source art where it has an alpha that says something; None where all is opaque.

    Of floats it cannot be told: the editor's EXR files are compressed, and always have one.
    """
    if is_float(texture):
        return None
    for exporter, suffix in _exporters(floats=False)[:-1]:
        content = _exported(texture, exporter, suffix)
        if content and not content.startswith(EXR_MAGIC):
            bitmap = parse_bitmap(content)
            plane = bitmap.planes.get("A", b"")
            return bitmap if plane.count(255) < len(plane) else None
    return None


def _exporters(floats: bool) -> list[tuple[unreal.Exporter, str]]:
    exr = (unreal.TextureExporterEXR(), ".exr")
    others = [(unreal.TextureExporterTGA(), ".tga"), (unreal.TextureExporterPNG(), ".png")]
    return [exr, *others] if floats else [*others, exr]


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


def _converted(content: bytes, curved: bool) -> bytes:
    """Return a bitmap as floats; 16 bits are linear in the engine whatever the sRGB setting is."""
    bitmap = parse_bitmap(content)
    return to_exr(bitmap, curved and bitmap.bits == 8)
