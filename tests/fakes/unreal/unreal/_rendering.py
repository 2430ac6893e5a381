"""Render targets and previews: what only a graphics device does; -nullrhi has none."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable
from typing import Any, Optional

from unreal import _images
from unreal._enums import BlendMode, TextureCompressionSettings, TextureRenderTargetFormat
from unreal._objects import BlueprintFunctionLibrary, Object, StructBase, transient
from unreal._session import current
from unreal._structs import LinearColor, Vector2D
from unreal._textures import Texture, Texture2D, TextureRenderTarget2D

_IMAGES = {
    TextureRenderTargetFormat.RTF_R16F: "R16F",
    TextureRenderTargetFormat.RTF_R32F: "R32F",
    TextureRenderTargetFormat.RTF_RGBA16F: "RGBA16F",
    TextureRenderTargetFormat.RTF_RGBA32F: "RGBA32F",
    TextureRenderTargetFormat.RTF_RGBA8: "BGRA8",
    TextureRenderTargetFormat.RTF_RGBA8_SRGB: "BGRA8",
    TextureRenderTargetFormat.RTF_R8: "G8",
}


class DrawToRenderTargetContext(StructBase):
    def __init__(self) -> None:
        pass


class Canvas(Object):
    """What is drawn goes to a render target when the drawing ends."""

    _target: Any = None

    def draw_texture(
        self,
        render_texture: Optional[Texture],
        screen_position: Vector2D,
        screen_size: Vector2D,
        coordinate_position: Vector2D,
        coordinate_size: Optional[Vector2D] = None,
        render_color: Optional[LinearColor] = None,
        blend_mode: BlendMode = BlendMode.BLEND_TRANSLUCENT,
        rotation: float = 0.0,
        pivot_point: Optional[Vector2D] = None,
    ) -> None:
        """Draw a whole texture over the whole target; nothing else is stood in for."""
        image = render_texture and (render_texture._pixels or render_texture._source)
        target = self._target
        whole = (screen_size.x, screen_size.y) == (target.size_x, target.size_y)
        if not image or not whole or (image.width, image.height) != (target.size_x, target.size_y):
            raise NotImplementedError("the stand-in draws pixel on pixel alone")
        if blend_mode is not BlendMode.BLEND_OPAQUE:
            raise NotImplementedError("the stand-in blends nothing")
        srgb = render_texture.srgb and not image.is_float
        planes = _images.to_linear(image, srgb)
        put(target, {name: _coded(plane, target) for name, plane in planes.items()})


class RenderingLibrary(BlueprintFunctionLibrary):
    @classmethod
    def create_render_target2d(
        cls,
        world_context_object: Optional[Object],
        width: int = 256,
        height: int = 256,
        format: TextureRenderTargetFormat = TextureRenderTargetFormat.RTF_RGBA16F,
        clear_color: Optional[LinearColor] = None,
        auto_generate_mip_maps: bool = False,
        support_ua_vs: bool = False,
    ) -> Optional[TextureRenderTarget2D]:
        if width <= 0 or height <= 0 or _world(world_context_object) is None:
            return None
        made = TextureRenderTarget2D(transient())
        made._values.update(size_x=width, size_y=height, render_target_format=format)
        fill(made, clear_color or LinearColor(0, 0, 0, 1))
        return made

    @classmethod
    def clear_render_target2d(
        cls,
        world_context_object: Optional[Object],
        texture_render_target: TextureRenderTarget2D,
        clear_color: Optional[LinearColor] = None,
    ) -> None:
        if _can_render("ClearRenderTarget2D"):
            fill(texture_render_target, clear_color or LinearColor(0, 0, 0, 1))

    @classmethod
    def release_render_target2d(cls, texture_render_target: TextureRenderTarget2D) -> None:
        texture_render_target._pixels = None

    @classmethod
    def export_render_target(
        cls,
        world_context_object: Optional[Object],
        texture_render_target: TextureRenderTarget2D,
        file_path: str,
        file_name: str,
    ) -> None:
        """Write what the target holds under exactly this name; the kind is not asked about."""
        image = texture_render_target._pixels
        if not _can_render("ExportRenderTarget") or image is None:
            current().write("Warning", "FailedExportRenderTarget")
            return
        kind = current().render_target_exports_as or ("exr" if image.is_float else "png")
        _write(file_path, file_name, _images.write(image, False, kind))

    @classmethod
    def begin_draw_canvas_to_render_target(
        cls, world_context_object: Optional[Object], texture_render_target: TextureRenderTarget2D
    ) -> tuple[Optional[Canvas], Vector2D, DrawToRenderTargetContext]:
        size = Vector2D(texture_render_target.size_x, texture_render_target.size_y)
        if not _can_render("BeginDrawCanvasToRenderTarget"):
            return None, size, DrawToRenderTargetContext()
        canvas = Canvas(transient())
        canvas._target = texture_render_target
        context = DrawToRenderTargetContext()
        context._canvas = canvas
        return canvas, size, context

    @classmethod
    def end_draw_canvas_to_render_target(
        cls, world_context_object: Optional[Object], context: DrawToRenderTargetContext
    ) -> None:
        canvas = getattr(context, "_canvas", None)
        if canvas is not None:
            canvas._alive = False

    @classmethod
    def export_texture2d(
        cls,
        world_context_object: Optional[Object],
        texture: Texture2D,
        file_path: str,
        file_name: str,
    ) -> None:
        image = texture._source or texture._pixels
        if image is not None:
            _write(file_path, file_name, _images.write(image, texture.srgb, "hdr"))

    @classmethod
    def import_file_as_texture2d(
        cls, world_context_object: Optional[Object], filename: str
    ) -> Optional[Texture2D]:
        try:
            with open(filename, "rb") as file:
                return _preview(file.read())
        except OSError as error:
            current().write("Warning", f"Failed to read {filename}: {error}")
            return None

    @classmethod
    def import_buffer_as_texture2d(
        cls, world_context_object: Optional[Object], buffer: Iterable[int]
    ) -> Optional[Texture2D]:
        return _preview(bytes(buffer))


def fill(target: TextureRenderTarget2D, colour: LinearColor) -> None:
    """Give every pixel of a target one colour."""
    count = target.size_x * target.size_y
    white = 1.0 if "F" in _kind(target) else 255.0
    names = _images.CHANNELS.get(_kind(target), "RGBA")
    values = {"R": colour.r, "G": colour.g, "B": colour.b, "A": colour.a}
    planes = {name: array("d", [values[name] * white]) * count for name in names}
    put(target, planes)


def put(target: TextureRenderTarget2D, planes: dict[str, Any]) -> None:
    """Draw into a target."""
    image = _images.make_image(target.size_x, target.size_y, _kind(target), planes)
    target._pixels = _images.to_halves(image) if "16F" in image.kind else image


def _coded(plane: Any, target: TextureRenderTarget2D) -> Any:
    """Return what a target keeps of linear light: codes that are rounded, or the floats."""
    if "F" in _kind(target):
        return plane
    return array("d", (round(min(max(each, 0.0), 1.0) * 255.0) for each in plane))


def _kind(target: TextureRenderTarget2D) -> str:
    return _IMAGES.get(target.render_target_format, "RGBA16F")


def _preview(content: bytes) -> Optional[Texture2D]:
    """Return a texture that is no asset and has no source art: it cannot be saved or exported."""
    try:
        image = _images.parse(content)
    except ValueError as error:
        current().write("Warning", f"Failed to import a texture: {error}")
        return None
    made = Texture2D(transient())
    made._pixels = _images.to_halves(image)
    made._values["srgb"] = not image.is_float
    if image.is_float:
        made._values["compression_settings"] = TextureCompressionSettings.TC_HDR
    return made


def _world(context: Optional[Object]) -> Any:
    return context and current().world


def _can_render(what: str) -> bool:
    if not current().renders:
        current().write("Warning", f"{what}: no graphics device (-nullrhi)")
    return current().renders


def _write(folder: str, name: str, content: bytes) -> None:
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)
