"""The enums in use, each with the entries that are."""

from __future__ import annotations

from unreal._entries import EnumBase, entry


class TextureCompressionSettings(EnumBase):
    TC_DEFAULT: TextureCompressionSettings = entry()
    TC_NORMALMAP: TextureCompressionSettings = entry()
    TC_MASKS: TextureCompressionSettings = entry()
    TC_GRAYSCALE: TextureCompressionSettings = entry()
    TC_DISPLACEMENTMAP: TextureCompressionSettings = entry()
    TC_VECTOR_DISPLACEMENTMAP: TextureCompressionSettings = entry()
    TC_HDR: TextureCompressionSettings = entry()
    TC_EDITOR_ICON: TextureCompressionSettings = entry()
    TC_ALPHA: TextureCompressionSettings = entry()
    TC_HDR_COMPRESSED: TextureCompressionSettings = entry()
    TC_BC7: TextureCompressionSettings = entry()
    TC_HALF_FLOAT: TextureCompressionSettings = entry()
    TC_SINGLE_FLOAT: TextureCompressionSettings = entry()
    TC_HDR_F32: TextureCompressionSettings = entry()


class TextureGroup(EnumBase):
    TEXTUREGROUP_WORLD: TextureGroup = entry()
    TEXTUREGROUP_WORLD_NORMAL_MAP: TextureGroup = entry()
    TEXTUREGROUP_WORLD_SPECULAR: TextureGroup = entry()
    TEXTUREGROUP_CHARACTER: TextureGroup = entry()
    TEXTUREGROUP_CHARACTER_NORMAL_MAP: TextureGroup = entry()
    TEXTUREGROUP_UI: TextureGroup = entry()
    TEXTUREGROUP_16_BIT_DATA: TextureGroup = entry()


class TextureMipGenSettings(EnumBase):
    TMGS_FROM_TEXTURE_GROUP: TextureMipGenSettings = entry()
    TMGS_SIMPLE_AVERAGE: TextureMipGenSettings = entry()
    TMGS_NO_MIPMAPS: TextureMipGenSettings = entry()
    TMGS_LEAVE_EXISTING_MIPS: TextureMipGenSettings = entry()


class TextureAddress(EnumBase):
    TA_WRAP: TextureAddress = entry()
    TA_CLAMP: TextureAddress = entry()
    TA_MIRROR: TextureAddress = entry()


class TextureFilter(EnumBase):
    TF_NEAREST: TextureFilter = entry()
    TF_BILINEAR: TextureFilter = entry()
    TF_TRILINEAR: TextureFilter = entry()
    TF_DEFAULT: TextureFilter = entry()


class TextureRenderTargetFormat(EnumBase):
    RTF_R8: TextureRenderTargetFormat = entry()
    RTF_RG8: TextureRenderTargetFormat = entry()
    RTF_RGBA8: TextureRenderTargetFormat = entry()
    RTF_RGBA8_SRGB: TextureRenderTargetFormat = entry()
    RTF_R16F: TextureRenderTargetFormat = entry()
    RTF_RG16F: TextureRenderTargetFormat = entry()
    RTF_RGBA16F: TextureRenderTargetFormat = entry()
    RTF_R32F: TextureRenderTargetFormat = entry()
    RTF_RG32F: TextureRenderTargetFormat = entry()
    RTF_RGBA32F: TextureRenderTargetFormat = entry()
    RTF_RGB10A2: TextureRenderTargetFormat = entry()


class AppReturnType(EnumBase):
    NO: AppReturnType = entry()
    YES: AppReturnType = entry()
    YES_ALL: AppReturnType = entry()
    NO_ALL: AppReturnType = entry()
    CANCEL: AppReturnType = entry()
    OK: AppReturnType = entry()
    RETRY: AppReturnType = entry()
    CONTINUE: AppReturnType = entry()


class AppMsgType(EnumBase):
    OK: AppMsgType = entry()
    YES_NO: AppMsgType = entry()
    OK_CANCEL: AppMsgType = entry()
    YES_NO_CANCEL: AppMsgType = entry()
    CANCEL_RETRY_CONTINUE: AppMsgType = entry()


class AppMsgCategory(EnumBase):
    WARNING: AppMsgCategory = entry()
    ERROR: AppMsgCategory = entry()
    SUCCESS: AppMsgCategory = entry()
    INFO: AppMsgCategory = entry()


class MultiBlockType(EnumBase):
    NONE: MultiBlockType = entry()
    HEADING: MultiBlockType = entry()
    MENU_ENTRY: MultiBlockType = entry()
    SEPARATOR: MultiBlockType = entry()
    TOOL_BAR_BUTTON: MultiBlockType = entry()
    WIDGET: MultiBlockType = entry()


class MultiBoxType(EnumBase):
    MENU_BAR: MultiBoxType = entry()
    TOOL_BAR: MultiBoxType = entry()
    MENU: MultiBoxType = entry()
    BUTTON_ROW: MultiBoxType = entry()


class ToolMenuStringCommandType(EnumBase):
    COMMAND: ToolMenuStringCommandType = entry()
    PYTHON: ToolMenuStringCommandType = entry()
    CUSTOM: ToolMenuStringCommandType = entry()


class ToolMenuInsertType(EnumBase):
    DEFAULT: ToolMenuInsertType = entry()
    BEFORE: ToolMenuInsertType = entry()
    AFTER: ToolMenuInsertType = entry()
    FIRST: ToolMenuInsertType = entry()


class ToolMenuSectionAlign(EnumBase):
    DEFAULT: ToolMenuSectionAlign = entry()
    FIRST: ToolMenuSectionAlign = entry()


class AssetTypeActivationOpenedMethod(EnumBase):
    EDIT: AssetTypeActivationOpenedMethod = entry()
    VIEW: AssetTypeActivationOpenedMethod = entry()


class TextureColorSpace(EnumBase):
    TCS_NONE: TextureColorSpace = entry()
    TCS_S_RGB: TextureColorSpace = entry()
    TCS_REC2020: TextureColorSpace = entry()
    TCS_ACESAP0: TextureColorSpace = entry()
    TCS_ACESAP1: TextureColorSpace = entry()
    TCS_P3DCI: TextureColorSpace = entry()
    TCS_P3D65: TextureColorSpace = entry()
    TCS_CUSTOM: TextureColorSpace = entry()


class TextureSourceEncoding(EnumBase):
    TSE_NONE: TextureSourceEncoding = entry()
    TSE_LINEAR: TextureSourceEncoding = entry()
    TSE_S_RGB: TextureSourceEncoding = entry()
    TSE_ST2084: TextureSourceEncoding = entry()


class CompositeTextureMode(EnumBase):
    CTM_DISABLED: CompositeTextureMode = entry()
    CTM_NORMAL_ROUGHNESS_TO_GREEN: CompositeTextureMode = entry()


class TexturePowerOfTwoSetting(EnumBase):
    NONE: TexturePowerOfTwoSetting = entry()
    PAD_TO_POWER_OF_TWO: TexturePowerOfTwoSetting = entry()
    PAD_TO_SQUARE_POWER_OF_TWO: TexturePowerOfTwoSetting = entry()


class BlendMode(EnumBase):
    BLEND_OPAQUE: BlendMode = entry()
    BLEND_MASKED: BlendMode = entry()
    BLEND_TRANSLUCENT: BlendMode = entry()
    BLEND_ADDITIVE: BlendMode = entry()
