"""Textures: their source art out, results in."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Callable, Optional

import unreal

from filmgate.disk import storage_errors
from filmgate.errors import InputError
from filmgate.host.freshness import UNKNOWN
from filmgate.host.plain_exr import Plane, parse_plain_exr, to_plain_exr
from filmgate.host.port import Moment
from filmgate.job import Payload
from filmgate.manifest import Manifest
from filmgate.wire.records import ColourSpec
from filmgate_unreal import render_targets
from filmgate_unreal.bitmaps import Bitmap, grown, to_floats
from filmgate_unreal.source_art import alpha_of, export, fingerprint_of, load, space_of

PLAIN = "none"
"""The compression of results, which `with_alpha` reads."""

FRAME = 1
"""The only frame of a single texture."""

_COPIED = (
    "compression_settings",
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
    "composite_texture",
    "composite_texture_mode",
    "composite_power",
)
"""Settings that say how the engine builds a texture from its source art, but for its colours."""


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

    def prepare(self, manifest: Manifest, moment: Moment) -> Callable[[], None]:
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
            _accepted(path, names[frame], load(self.frames[frame]))
            for frame, path in sorted(files.items())
        ]

    def _path(self, moment: Moment) -> str:
        path = self.frames.get(round(moment.time))
        if path is None:
            text = f"{self.label()} has no frame {moment.time:g}."
            raise InputError(text, "Choose one of its frames.", {"frame": moment.time})
        return path


def asset_name(path: str) -> str:
    """Return the last part of an asset's path."""
    return path.rpartition("/")[2].partition(".")[0]


def package_path(asset: unreal.Object) -> str:
    """Return an asset's path without the object's name: ``/Game/Rocks/T_Rock``."""
    return asset.get_path_name().partition(".")[0]


def _accepted(path: Path, target: str, source: unreal.Texture2D) -> unreal.Texture2D:
    """Make a texture of a result, with the alpha of its source, which no model answers."""
    alpha = alpha_of(source)
    if alpha is None:
        return import_exr(path, target, source)
    with tempfile.TemporaryDirectory(prefix="filmgate-") as folder:
        whole = Path(folder) / path.name
        with storage_errors(whole):
            whole.write_bytes(with_alpha(path.read_bytes(), alpha))
        return import_exr(whole, target, source)


def with_alpha(content: bytes, source: Bitmap) -> bytes:
    """Return a result with the alpha of its source; it grows by repeated pixels, none is blended.

    Raises:
        InputError: the result is not a whole multiple of the source.
    """
    image = parse_plain_exr(content)
    width, height = image.data_window.width, image.data_window.height
    factor = width // source.width
    if factor < 1 or (source.width * factor, source.height * factor) != (width, height):
        text = f"The result has {width} x {height} pixels, the source {source.width} x "
        raise InputError(f"{text}{source.height}.", "Choose a model that keeps proportions.")
    alpha = to_floats(grown(source, "A", factor), source.bits, curved=False)
    return to_plain_exr(replace(image, planes={**image.planes, "A": Plane("float", alpha)}))


def import_exr(path: Path, target: str, like: unreal.Texture2D) -> unreal.Texture2D:
    """Make or replace the texture *target* of a result, with the settings of another.

    Args:
        path: the EXR file.
        target: the package's path.
        like: the texture that the result was made of.

    Raises:
        InputError: the editor does not take the file.
    """
    if unreal.EditorAssetLibrary.does_asset_exist(target):
        unreal.load_asset(target).modify()  # else undo would not bring its pixels back
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
    """Let the engine build *target*, a result, as it builds *source*.

    The space of its colours is the same; its floats are linear, whatever encoding the source has.
    """
    target.modify()
    never = unreal.PropertyAccessChangeNotifyMode.NEVER  # each notice would build it anew
    for name in _COPIED:
        target.set_editor_property(name, source.get_editor_property(name), never)
    colours = source.get_editor_property("source_color_settings").copy()
    colours.set_editor_property("encoding_override", unreal.TextureSourceEncoding.TSE_NONE)
    target.set_editor_property("source_color_settings", colours, never)
    always = unreal.PropertyAccessChangeNotifyMode.ALWAYS
    target.set_editor_property("srgb", source.get_editor_property("srgb"), always)
