"""Textures: their source art out, results in; never the compressed mips that the GPU has."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Callable, Optional

import unreal

from filmgate.disk import storage_errors
from filmgate.errors import InputError
from filmgate.host.freshness import UNKNOWN
from filmgate.host.port import Moment
from filmgate.host.receipt import EXR_MAGIC
from filmgate.job import Payload
from filmgate.manifest import Manifest
from filmgate.wire.records import ColourSpec
from filmgate_unreal import render_targets
from filmgate_unreal.bitmaps import parse_bitmap, to_exr

FRAME = 1
"""The only frame of a single texture."""

DATA, LINEAR = "Raw", "Linear Rec.709 (sRGB)"
"""Spaces of the configs that every server has: numbers that are no colours, and the engine's own."""

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

_COPIED = (
    "compression_settings",  # first: the others may follow from it
    "srgb",
    "lod_group",
    "mip_gen_settings",
    "address_x",
    "address_y",
    "filter",
    "flip_green_channel",
    "compression_no_alpha",
    "virtual_texture_streaming",
    "never_stream",
    "power_of_two_mode",
    "adjust_brightness",
    "adjust_brightness_curve",
    "adjust_vibrance",
    "adjust_saturation",
    "adjust_rgb_curve",
    "adjust_hue",
    "adjust_min_alpha",
    "adjust_max_alpha",
)
"""Settings that say how the engine builds a texture from its source art."""


class TextureSource:
    """What a model gets of a texture, or of a sequence of them.

    Args:
        frames: the asset's path of each frame; a single texture is frame `FRAME`.
    """

    kind = "image"

    def __init__(self, frames: Mapping[int, str]) -> None:
        self.frames = dict(frames)
        self._prepared: dict[str, tuple[str, bytes]] = {}

    @classmethod
    def of(cls, path: str) -> TextureSource:
        """Return the source that is one texture."""
        return cls({FRAME: path})

    @property
    def path(self) -> str:
        """The asset of the first frame, which names the source."""
        return self.frames[min(self.frames)]

    def label(self) -> str:
        """Return what artists call it."""
        return asset_name(self.path)

    def span(self) -> tuple[int, int]:
        """Return the first and the last frame."""
        return min(self.frames), max(self.frames)

    def colour(self) -> ColourSpec:
        """Return what the numbers are that are sent."""
        return ColourSpec(space=space_of(load(self.path)))

    def fingerprint(self, moment: Moment) -> str:
        """Return what changes with the source art and with how it is read; see `fingerprint_of`."""
        path = self.frames.get(round(moment.time))
        return UNKNOWN if path is None else fingerprint_of(load(path))

    def capture(self, manifest: Manifest, name: str, moment: Moment) -> Optional[Payload]:
        """Return the source art as an EXR file; only the main input is connected.

        Raises:
            InputError: there is no such texture, or the editor cannot export it.
        """
        if name != manifest.main_input.name:
            return None
        path = self._path(moment)
        known = self._prepared.pop(path, None)
        texture = load(path)
        fresh = known is not None and known[0] == fingerprint_of(texture)
        content = known[1] if known is not None and fresh else export(texture)()
        return Payload(name, content, time=moment.time, view=moment.view)

    def prepare(self, moment: Moment) -> Callable[[], None]:
        """Export the source art; what is left for another thread turns it into what is sent.

        Raises:
            InputError: there is no such texture, or the editor cannot export it.
        """
        path = self._path(moment)
        texture = load(path)
        mark, convert = fingerprint_of(texture), export(texture)

        def rest() -> None:
            self._prepared[path] = (mark, convert())

        return rest

    def preview(self, files: Mapping[int, Path]) -> Optional[unreal.Object]:
        """Return a transient texture of the first frame."""
        path = files[min(files)].as_posix()
        return unreal.RenderingLibrary.import_file_as_texture2d(render_targets.world(), path)

    def accept(self, files: Mapping[int, Path], target: str) -> list[unreal.Object]:
        """Make or replace a texture for each frame, built as its source is.

        Raises:
            InputError: the editor does not take a file.
        """
        single = len(self.frames) == 1
        names = {frame: target if single else f"{target}_{frame:04d}" for frame in files}
        return [
            import_exr(path, names[frame], load(self.frames[frame]))
            for frame, path in sorted(files.items())
        ]

    def _path(self, moment: Moment) -> str:
        path = self.frames.get(round(moment.time))
        if path is None:
            text = f"{self.label()} has no frame {moment.time:g}."
            raise InputError(text, "Choose one of its frames.", {"frame": moment.time})
        return path


def load(path: str) -> unreal.Texture2D:
    """Return a texture.

    Raises:
        InputError: there is none of that name.
    """
    asset = unreal.load_asset(path)
    if not isinstance(asset, unreal.Texture2D):
        raise InputError(f"{path} is no texture.", "Select a texture (Texture2D).", {"path": path})
    return asset


def asset_name(path: str) -> str:
    """Return the last part of an asset's path."""
    return path.rpartition("/")[2].partition(".")[0]


def package_path(asset: unreal.Object) -> str:
    """Return an asset's path without the object's name: ``/Game/Rocks/T_Rock``."""
    return asset.get_path_name().partition(".")[0]


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
    primaries = texture.get_editor_property("source_color_settings").get_editor_property("color_space")
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
    """Return a bitmap as floats; 16 bits are linear in the engine whatever its sRGB setting says."""
    bitmap = parse_bitmap(content)
    return to_exr(bitmap, curved and bitmap.bits == 8)


def import_exr(path: Path, target: str, like: unreal.Texture2D) -> unreal.Texture2D:
    """Make or replace the texture *target* of a result, with the settings of another.

    Args:
        path: the EXR file.
        target: the package's path.
        like: the texture that the result was made of.

    Raises:
        InputError: the editor does not take the file.
    """
    folder, _, name = target.rpartition("/")
    task = unreal.AssetImportTask()
    task.set_editor_properties(
        {
            "filename": path.as_posix(),
            "destination_path": folder,
            "destination_name": name,
            "automated": True,
            "replace_existing": True,
            "save": False,
            "factory": unreal.TextureFactory(),
        }
    )
    unreal.AssetToolsHelpers.get_asset_tools().import_asset_tasks([task])
    found = [each for each in task.get_objects() if isinstance(each, unreal.Texture2D)]
    if not found:
        text = f"The editor did not import {path.as_posix()}."
        raise InputError(text, "Its log says why.", {"path": path.as_posix()})
    copy_settings(like, found[0])
    return found[0]


def copy_settings(source: unreal.Texture2D, target: unreal.Texture2D) -> None:
    """Let the engine build *target* as it builds *source*: compression, sRGB, normal and the rest."""
    target.modify()
    for name in _COPIED:
        target.set_editor_property(name, source.get_editor_property(name))

