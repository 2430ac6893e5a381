"""Textures: source art, the settings that it is built with, and the build that settings start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from unreal._assets import AssetImportData, Exporter, Factory
from unreal._enums import (
    TextureAddress,
    TextureCompressionSettings as Compression,
    TextureFilter,
    TextureGroup,
    TextureMipGenSettings,
    TextureRenderTargetFormat,
)
from unreal._images import Image
from unreal._objects import Object, StructBase
from unreal._properties import only, prop


class LinearColor(StructBase):
    r: float = prop(0.0)
    g: float = prop(0.0)
    b: float = prop(0.0)
    a: float = prop(0.0)

    def __init__(self, r: float = 0.0, g: float = 0.0, b: float = 0.0, a: float = 0.0) -> None:
        self._fill(locals())


class StreamableRenderAsset(Object):
    lod_bias: int = prop(0)
    never_stream: bool = prop(False)


class Texture(StreamableRenderAsset):
    """A texture is built anew when a setting was changed with notice, never in silence."""

    compression_settings: Compression = prop()
    compression_no_alpha: bool = prop(False)
    defer_compression: bool = prop(False)
    lod_group: TextureGroup = prop()
    mip_gen_settings: TextureMipGenSettings = prop()
    filter: TextureFilter = prop(TextureFilter.TF_DEFAULT)
    srgb: bool = prop(True)
    flip_green_channel: bool = prop(False)
    max_texture_size: int = prop(0)
    virtual_texture_streaming: bool = prop(False)
    _only = {"asset_import_data": only("AssetImportData", AssetImportData, read_only=True)}

    _source: Optional[Image] = None
    """Source art; None for what only the graphics device holds."""
    _pixels: Optional[Image] = None
    """What is drawn: a preview has these alone."""
    _builds = 0

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "_source": self._source, "_pixels": self._pixels}

    def _restore(self, state: Mapping[str, Any]) -> None:
        super()._restore(state)
        self._build()

    def _told(self, name: str) -> None:
        self._build()

    def _build(self) -> None:
        self._builds += 1


class Texture2D(Texture):
    address_x: TextureAddress = prop()
    address_y: TextureAddress = prop()

    def _registry_tags(self) -> dict[str, str]:
        image = self._image()
        return {"Dimensions": f"{image.width}x{image.height}"} if image else {}

    def _image(self) -> Optional[Image]:
        return self._source or self._pixels

    def blueprint_get_size_x(self) -> int:
        image = self._image()
        return image.width if image else 0

    def blueprint_get_size_y(self) -> int:
        image = self._image()
        return image.height if image else 0


class TextureRenderTarget(Texture):
    pass


class TextureRenderTarget2D(TextureRenderTarget):
    """Pixels on the graphics device; sizes and format are set by the editor's properties alone."""

    size_x: int = prop(0)
    size_y: int = prop(0)
    render_target_format: TextureRenderTargetFormat = prop()
    clear_color: LinearColor = prop()


class TextureFactory(Factory):
    """Makes textures of files.

    Its settings stand in for those that an import would choose, for new textures.
    """

    _makes = Texture2D
    _only = {
        "compression_settings": only("TextureCompressionSettings"),
        "lod_group": only("TextureGroup"),
        "mip_gen_settings": only("TextureMipGenSettings"),
        "create_material": only("bool"),
        "defer_compression": only("bool"),
        "flip_normal_map_green_channel": only("bool"),
    }


class TextureExporterGeneric(Exporter):
    pass


class TextureExporterEXR(TextureExporterGeneric):
    _extension = "exr"


class TextureExporterHDR(TextureExporterGeneric):
    _extension = "hdr"


class TextureExporterPNG(TextureExporterGeneric):
    _extension = "png"
