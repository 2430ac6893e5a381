"""Textures: source art, the settings that it is built with, and the build that settings start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from unreal._asset_tools import Exporter, Factory
from unreal._assets import AssetImportData
from unreal._enums import (
    CompositeTextureMode,
    TextureAddress,
    TextureColorSpace,
    TextureCompressionSettings,
    TextureFilter,
    TextureGroup,
    TextureMipGenSettings,
    TexturePowerOfTwoSetting,
    TextureRenderTargetFormat,
    TextureSourceEncoding,
)
from unreal._images import Image
from unreal._objects import Object, StructBase
from unreal._properties import only, prop
from unreal._session import current
from unreal._structs import LinearColor


class TextureSourceColorSettings(StructBase):
    encoding_override: TextureSourceEncoding = prop()
    color_space: TextureColorSpace = prop()

    def __init__(
        self,
        encoding_override: TextureSourceEncoding = TextureSourceEncoding.TSE_NONE,
        color_space: TextureColorSpace = TextureColorSpace.TCS_NONE,
        *more: Any,
    ) -> None:
        self._fill({"encoding_override": encoding_override, "color_space": color_space})


class StreamableRenderAsset(Object):
    never_stream: bool = prop(False)


class Texture(StreamableRenderAsset):
    """A texture is built anew when a setting was changed with notice, never in silence."""

    compression_settings: TextureCompressionSettings = prop()
    adjust_brightness: float = prop(1.0)
    adjust_brightness_curve: float = prop(1.0)
    adjust_vibrance: float = prop(0.0)
    adjust_saturation: float = prop(1.0)
    adjust_rgb_curve: float = prop(1.0)
    adjust_hue: float = prop(0.0)
    adjust_min_alpha: float = prop(0.0)
    adjust_max_alpha: float = prop(1.0)
    lod_bias: int = prop(0)
    compression_no_alpha: bool = prop(False)
    defer_compression: bool = prop(False)
    lod_group: TextureGroup = prop()
    mip_gen_settings: TextureMipGenSettings = prop()
    power_of_two_mode: TexturePowerOfTwoSetting = prop()
    filter: TextureFilter = prop(TextureFilter.TF_DEFAULT)
    srgb: bool = prop(True)
    flip_green_channel: bool = prop(False)
    max_texture_size: int = prop(0)
    virtual_texture_streaming: bool = prop(False)
    use_legacy_gamma: bool = prop(False)
    composite_texture: Optional[Texture] = prop()
    composite_texture_mode: CompositeTextureMode = prop()
    composite_power: float = prop(1.0)
    _only = {
        "asset_import_data": only("AssetImportData", AssetImportData, read_only=True),
        "source_color_settings": only("TextureSourceColorSettings"),
    }

    _source: Optional[Image] = None
    """Source art; None for what only the graphics device holds."""
    _pixels: Optional[Image] = None
    """What is drawn: a preview has these alone."""
    _builds = 0
    _source_id = 0
    """Changes with the source art, never with a setting."""

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "_source": self._source, "_pixels": self._pixels}

    def _restore(self, state: Mapping[str, Any]) -> None:
        super()._restore(state)
        self._source_id = next(current().serial)
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

    def blueprint_get_texture_source_id_string(self) -> Optional[str]:
        return f"{id(self._source):x}{self._source_id:x}" if self._source else None

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


class TextureExporterTGA(TextureExporterGeneric):
    _extension = "tga"


class TextureExporterPNG(TextureExporterGeneric):
    _extension = "png"
