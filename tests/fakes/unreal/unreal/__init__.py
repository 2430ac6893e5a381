"""A stand-in for Unreal's Python API, for tests: its rules, without its engine.

What is public here is what the real module offers, under the same names. `unreal._fresh` makes a
session, and the `Session` that it returns plays the user and the editor's own life.
"""

from __future__ import annotations

import sys
from typing import Any

from unreal import _objects, _session
from unreal._asset_tools import (
    AssetExportTask as AssetExportTask,
    AssetImportTask as AssetImportTask,
    AssetTools as AssetTools,
    AssetToolsHelpers as AssetToolsHelpers,
    Exporter as Exporter,
    Factory as Factory,
)
from unreal._assets import (
    AssetData as AssetData,
    AssetImportData as AssetImportData,
    EditorAssetLibrary as EditorAssetLibrary,
    TopLevelAssetPath as TopLevelAssetPath,
)
from unreal._delegates import (
    MulticastDelegateBase as MulticastDelegateBase,
    OnButtonClickedEvent as OnButtonClickedEvent,
)
from unreal._dialogs import (
    AssetEditorSubsystem as AssetEditorSubsystem,
    EditorDialog as EditorDialog,
)
from unreal._editor import (
    EditorActorSubsystem as EditorActorSubsystem,
    EditorUtilityLibrary as EditorUtilityLibrary,
    Paths as Paths,
    SystemLibrary as SystemLibrary,
    UnrealEditorSubsystem as UnrealEditorSubsystem,
    collect_garbage as collect_garbage,
    get_default_object as get_default_object,
    get_editor_subsystem as get_editor_subsystem,
    get_interpreter_executable_path as get_interpreter_executable_path,
    is_editor as is_editor,
    load_asset as load_asset,
    load_object as load_object,
    log as log,
    log_error as log_error,
    log_warning as log_warning,
    new_object as new_object,
    register_python_shutdown_callback as register_python_shutdown_callback,
    register_slate_post_tick_callback as register_slate_post_tick_callback,
    register_slate_pre_tick_callback as register_slate_pre_tick_callback,
    unregister_python_shutdown_callback as unregister_python_shutdown_callback,
    unregister_slate_post_tick_callback as unregister_slate_post_tick_callback,
    unregister_slate_pre_tick_callback as unregister_slate_pre_tick_callback,
)
from unreal._entries import (
    EnumBase as EnumBase,
    PropertyAccessChangeNotifyMode as PropertyAccessChangeNotifyMode,
)
from unreal._enums import (
    AppMsgCategory as AppMsgCategory,
    AppMsgType as AppMsgType,
    AppReturnType as AppReturnType,
    AssetTypeActivationOpenedMethod as AssetTypeActivationOpenedMethod,
    BlendMode as BlendMode,
    CompositeTextureMode as CompositeTextureMode,
    MultiBlockType as MultiBlockType,
    MultiBoxType as MultiBoxType,
    TextureAddress as TextureAddress,
    TextureColorSpace as TextureColorSpace,
    TextureCompressionSettings as TextureCompressionSettings,
    TextureFilter as TextureFilter,
    TextureGroup as TextureGroup,
    TextureMipGenSettings as TextureMipGenSettings,
    TexturePowerOfTwoSetting as TexturePowerOfTwoSetting,
    TextureRenderTargetFormat as TextureRenderTargetFormat,
    TextureSourceEncoding as TextureSourceEncoding,
    ToolMenuInsertType as ToolMenuInsertType,
    ToolMenuSectionAlign as ToolMenuSectionAlign,
    ToolMenuStringCommandType as ToolMenuStringCommandType,
)
from unreal._graphs import (
    MovieGraphConfig as MovieGraphConfig,
    MovieGraphDeferredRenderPassNode as MovieGraphDeferredRenderPassNode,
    MovieGraphEvaluatedConfig as MovieGraphEvaluatedConfig,
    MovieGraphImagePassBaseNode as MovieGraphImagePassBaseNode,
    MovieGraphNode as MovieGraphNode,
    MovieGraphPathTracerRenderPassNode as MovieGraphPathTracerRenderPassNode,
    MovieGraphScriptBase as MovieGraphScriptBase,
    MovieGraphSettingNode as MovieGraphSettingNode,
    MovieGraphTraversalContext as MovieGraphTraversalContext,
)
from unreal._landscape import (
    Actor as Actor,
    ActorComponent as ActorComponent,
    Landscape as Landscape,
    LandscapeComponent as LandscapeComponent,
    LandscapeProxy as LandscapeProxy,
    PartitionActor as PartitionActor,
    PrimitiveComponent as PrimitiveComponent,
    SceneComponent as SceneComponent,
)
from unreal._menu_entries import (
    ContentBrowserAssetContextMenuContext as ContentBrowserAssetContextMenuContext,
    ToolMenuContext as ToolMenuContext,
    ToolMenuEntry as ToolMenuEntry,
    ToolMenuEntryScript as ToolMenuEntryScript,
    ToolMenuInsert as ToolMenuInsert,
    ToolMenuOwner as ToolMenuOwner,
)
from unreal._menus import (
    ToolMenu as ToolMenu,
    ToolMenuBase as ToolMenuBase,
    ToolMenus as ToolMenus,
)
from unreal._movies import (
    MovieGraphRenderDataIdentifier as MovieGraphRenderDataIdentifier,
    MovieGraphRenderLayerOutputData as MovieGraphRenderLayerOutputData,
    MovieGraphRenderOutputData as MovieGraphRenderOutputData,
    MoviePipelineColorSetting as MoviePipelineColorSetting,
    MoviePipelineConfigBase as MoviePipelineConfigBase,
    MoviePipelineExecutorBase as MoviePipelineExecutorBase,
    MoviePipelineExecutorJob as MoviePipelineExecutorJob,
    MoviePipelineExecutorShot as MoviePipelineExecutorShot,
    MoviePipelineLinearExecutorBase as MoviePipelineLinearExecutorBase,
    MoviePipelineOutputData as MoviePipelineOutputData,
    MoviePipelineOutputSetting as MoviePipelineOutputSetting,
    MoviePipelinePassIdentifier as MoviePipelinePassIdentifier,
    MoviePipelinePIEExecutor as MoviePipelinePIEExecutor,
    MoviePipelinePrimaryConfig as MoviePipelinePrimaryConfig,
    MoviePipelineQueue as MoviePipelineQueue,
    MoviePipelineQueueSubsystem as MoviePipelineQueueSubsystem,
    MoviePipelineRenderPassOutputData as MoviePipelineRenderPassOutputData,
    MoviePipelineSetting as MoviePipelineSetting,
    MoviePipelineShotOutputData as MoviePipelineShotOutputData,
    MoviePipelineWorkFinished as MoviePipelineWorkFinished,
    OnMoviePipelineExecutorFinished as OnMoviePipelineExecutorFinished,
)
from unreal._objects import (
    BlueprintFunctionLibrary as BlueprintFunctionLibrary,
    Class as Class,
    DynamicSubsystem as DynamicSubsystem,
    EditorSubsystem as EditorSubsystem,
    Interface as Interface,
    Object as Object,
    Package as Package,
    StructBase as StructBase,
    Subsystem as Subsystem,
    World as World,
)
from unreal._reflection import (
    generate_class as generate_class,
    generate_enum as generate_enum,
    generate_struct as generate_struct,
    uclass as uclass,
    uenum as uenum,
    ufunction as ufunction,
    uproperty as uproperty,
    ustruct as ustruct,
    uvalue as uvalue,
)
from unreal._rendering import (
    Canvas as Canvas,
    DrawToRenderTargetContext as DrawToRenderTargetContext,
    RenderingLibrary as RenderingLibrary,
)
from unreal._structs import (
    DirectoryPath as DirectoryPath,
    FilePath as FilePath,
    LinearColor as LinearColor,
    Rotator as Rotator,
    Vector as Vector,
    Vector2D as Vector2D,
    Vector4 as Vector4,
)
from unreal._tasks import (
    EditorUtilitySubsystem as EditorUtilitySubsystem,
    EditorUtilityTask as EditorUtilityTask,
    ScopedSlowTask as ScopedSlowTask,
)
from unreal._textures import (
    StreamableRenderAsset as StreamableRenderAsset,
    Texture as Texture,
    Texture2D as Texture2D,
    TextureExporterEXR as TextureExporterEXR,
    TextureExporterGeneric as TextureExporterGeneric,
    TextureExporterHDR as TextureExporterHDR,
    TextureExporterPNG as TextureExporterPNG,
    TextureExporterTGA as TextureExporterTGA,
    TextureFactory as TextureFactory,
    TextureRenderTarget as TextureRenderTarget,
    TextureRenderTarget2D as TextureRenderTarget2D,
    TextureSourceColorSettings as TextureSourceColorSettings,
)
from unreal._transactions import (
    ScopedEditorTransaction as ScopedEditorTransaction,
)
from unreal._values import (
    Array as Array,
    Map as Map,
    Name as Name,
    Text as Text,
)
from unreal._widgets import (
    BaseWidgetBlueprint as BaseWidgetBlueprint,
    Blueprint as Blueprint,
    BlueprintCore as BlueprintCore,
    BlueprintEditorLibrary as BlueprintEditorLibrary,
    Button as Button,
    ContentWidget as ContentWidget,
    DetailsView as DetailsView,
    EditorUtilityWidget as EditorUtilityWidget,
    EditorUtilityWidgetBlueprint as EditorUtilityWidgetBlueprint,
    EditorUtilityWidgetBlueprintFactory as EditorUtilityWidgetBlueprintFactory,
    PanelWidget as PanelWidget,
    PropertyViewBase as PropertyViewBase,
    TextBlock as TextBlock,
    TextLayoutWidget as TextLayoutWidget,
    UserWidget as UserWidget,
    UserWidgetBlueprint as UserWidgetBlueprint,
    VerticalBox as VerticalBox,
    Visual as Visual,
    Widget as Widget,
    WidgetBlueprint as WidgetBlueprint,
)

_MISSING: list[tuple[Any, str, Any]] = []
"""What the session's release lacks: the module or class that has it in others, its name, itself."""


def _fresh(version: str = "5.6", mode: str = "editor", project: str = "") -> _session.Session:
    """End the session and start another: a release; `editor`, `unattended` or `commandlet`."""
    session = _session.replace(version, mode, project)
    session.world = _objects.World()
    for owner, name, held in _MISSING:
        setattr(owner, name, held)
    _MISSING.clear()
    for each in sorted(session.profile.missing):
        _take_away(each)
    return session


def _take_away(path: str) -> None:
    """Remove a name that a release lacks, so that `hasattr` says so."""
    owner_name, _, name = path.rpartition(".")
    owner = globals()[owner_name] if owner_name else sys.modules[__name__]
    _MISSING.append((owner, name, vars(owner)[name]))
    delattr(owner, name)


_fresh()
