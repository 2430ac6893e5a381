"""A stand-in for Nuke's Python API, for tests: its rules, without its pixels' speed.

What is public here is what the real module offers, under the same names. Behind it, `nuke._world`
is the session: `nuke._fresh` makes one, and the `World` that it returns plays the user.
"""

from __future__ import annotations

import sys

from nuke import _formats, _graph, _layers, _world
from nuke._boxes import (
    Box as Box,
    Info as Info,
)
from nuke._choices import (
    CascadingEnumeration_Knob as CascadingEnumeration_Knob,
    Channel_Knob as Channel_Knob,
    ChannelMask_Knob as ChannelMask_Knob,
    Enumeration_Knob as Enumeration_Knob,
    Format_Knob as Format_Knob,
    Link_Knob as Link_Knob,
    MultiView_Knob as MultiView_Knob,
    OneView_Knob as OneView_Knob,
    Pulldown_Knob as Pulldown_Knob,
    Radio_Knob as Radio_Knob,
)
from nuke._context import (
    OutputContext as OutputContext,
)
from nuke._events import (
    addAfterBackgroundFrameRender as addAfterBackgroundFrameRender,
    addAfterBackgroundRender as addAfterBackgroundRender,
    addAfterFrameRender as addAfterFrameRender,
    addAfterRender as addAfterRender,
    addAutolabel as addAutolabel,
    addBeforeBackgroundRender as addBeforeBackgroundRender,
    addBeforeFrameRender as addBeforeFrameRender,
    addBeforeRender as addBeforeRender,
    addFilenameFilter as addFilenameFilter,
    addKnobChanged as addKnobChanged,
    addOnCreate as addOnCreate,
    addOnDestroy as addOnDestroy,
    addOnScriptClose as addOnScriptClose,
    addOnScriptLoad as addOnScriptLoad,
    addOnScriptSave as addOnScriptSave,
    addOnUserCreate as addOnUserCreate,
    addRenderProgress as addRenderProgress,
    addUpdateUI as addUpdateUI,
    removeAfterBackgroundFrameRender as removeAfterBackgroundFrameRender,
    removeAfterBackgroundRender as removeAfterBackgroundRender,
    removeAfterFrameRender as removeAfterFrameRender,
    removeAfterRender as removeAfterRender,
    removeAutolabel as removeAutolabel,
    removeBeforeBackgroundRender as removeBeforeBackgroundRender,
    removeBeforeFrameRender as removeBeforeFrameRender,
    removeBeforeRender as removeBeforeRender,
    removeFilenameFilter as removeFilenameFilter,
    removeKnobChanged as removeKnobChanged,
    removeOnCreate as removeOnCreate,
    removeOnDestroy as removeOnDestroy,
    removeOnScriptClose as removeOnScriptClose,
    removeOnScriptLoad as removeOnScriptLoad,
    removeOnScriptSave as removeOnScriptSave,
    removeOnUserCreate as removeOnUserCreate,
    removeRenderProgress as removeRenderProgress,
    removeUpdateUI as removeUpdateUI,
)
from nuke._flags import (
    ALWAYS_SAVE as ALWAYS_SAVE,
    DISABLED as DISABLED,
    DO_NOT_WRITE as DO_NOT_WRITE,
    ENDLINE as ENDLINE,
    EXPRESSIONS as EXPRESSIONS,
    HIDDEN_INPUTS as HIDDEN_INPUTS,
    INPUTS as INPUTS,
    INVISIBLE as INVISIBLE,
    KNOB_CHANGED_RECURSIVE as KNOB_CHANGED_RECURSIVE,
    LINKINPUTS as LINKINPUTS,
    NO_ANIMATION as NO_ANIMATION,
    NO_MULTIVIEW as NO_MULTIVIEW,
    NO_UNDO as NO_UNDO,
    READ_ONLY as READ_ONLY,
    REPLACE as REPLACE,
    REPLACE_VIEWS as REPLACE_VIEWS,
    SAVE_MENU as SAVE_MENU,
    STARTLINE as STARTLINE,
    TABBEGINCLOSEDGROUP as TABBEGINCLOSEDGROUP,
    TABBEGINGROUP as TABBEGINGROUP,
    TABENDGROUP as TABENDGROUP,
    TABKNOB as TABKNOB,
    TO_SCRIPT as TO_SCRIPT,
    TO_VALUE as TO_VALUE,
    WRITE_ALL as WRITE_ALL,
    WRITE_NON_DEFAULT_ONLY as WRITE_NON_DEFAULT_ONLY,
    WRITE_USER_KNOB_DEFS as WRITE_USER_KNOB_DEFS,
)
from nuke._formats import (
    Format as Format,
)
from nuke._graph import (
    NodeConstructor as NodeConstructor,
    Nodes as Nodes,
    activeGroup as activeGroup,
    allNodes as allNodes,
    createNode as createNode,
    delete as delete,
    dependencies as dependencies,
    dependentNodes as dependentNodes,
    exists as exists,
    invertSelection as invertSelection,
    knobDefault as knobDefault,
    nodesSelected as nodesSelected,
    nodeTypes as nodeTypes,
    root as root,
    selectAll as selectAll,
    selectedNode as selectedNode,
    selectedNodes as selectedNodes,
    thisClass as thisClass,
    thisGroup as thisGroup,
    thisKnob as thisKnob,
    thisNode as thisNode,
    thisParent as thisParent,
    thisRoot as thisRoot,
    thisView as thisView,
    toNode as toNode,
)
from nuke._knobs import (
    BeginTabGroup_Knob as BeginTabGroup_Knob,
    EndTabGroup_Knob as EndTabGroup_Knob,
    Help_Knob as Help_Knob,
    Knob as Knob,
    Obsolete_Knob as Obsolete_Knob,
    Tab_Knob as Tab_Knob,
    Text_Knob as Text_Knob,
)
from nuke._layers import (
    Layer as Layer,
    channels as channels,
    layers as layers,
)
from nuke._menus import (
    Menu as Menu,
    MenuItem as MenuItem,
    ToolBar as ToolBar,
    menu as menu,
    toolbar as toolbar,
)
from nuke._messages import (
    CancelledError as CancelledError,
    ask as ask,
    askWithCancel as askWithCancel,
    critical as critical,
    debug as debug,
    error as error,
    getFramesAndViews as getFramesAndViews,
    getInput as getInput,
    message as message,
    tprint as tprint,
    warning as warning,
)
from nuke._node import Node as Node
from nuke._nodes import (
    BackdropNode as BackdropNode,
    Group as Group,
    Root as Root,
    Viewer as Viewer,
)
from nuke._numbers import Array_Knob as Array_Knob
from nuke._ranges import (
    FrameRange as FrameRange,
    FrameRanges as FrameRanges,
)
from nuke._render import (
    cancel as cancel,
    execute as execute,
    executeMultiple as executeMultiple,
    executing as executing,
)
from nuke._scripts import (
    load as load,
    nodeCopy as nodeCopy,
    nodeDelete as nodeDelete,
    nodePaste as nodePaste,
    scriptClear as scriptClear,
    scriptClose as scriptClose,
    scriptName as scriptName,
    scriptOpen as scriptOpen,
    scriptReadFile as scriptReadFile,
    scriptReadText as scriptReadText,
    scriptSave as scriptSave,
    scriptSaveAs as scriptSaveAs,
    scriptSaveToTemp as scriptSaveToTemp,
)
from nuke._session import (
    GlobalsEnvironment as GlobalsEnvironment,
    addFormat as addFormat,
    addView as addView,
    autolabel as autolabel,
    deleteView as deleteView,
    expression as expression,
    filename as filename,
    formats as formats,
    frame as frame,
    modified as modified,
    pluginAddPath as pluginAddPath,
    pluginAppendPath as pluginAppendPath,
    pluginPath as pluginPath,
    redo as redo,
    script_directory as script_directory,
    show as show,
    stripFrameRange as stripFrameRange,
    undo as undo,
    updateUI as updateUI,
    value as value,
    views as views,
)
from nuke._texts import (
    EvalString_Knob as EvalString_Knob,
    File_Knob as File_Knob,
    FreeType_Knob as FreeType_Knob,
    Multiline_Eval_String_Knob as Multiline_Eval_String_Knob,
    Password_Knob as Password_Knob,
    PyCustom_Knob as PyCustom_Knob,
    PyScript_Knob as PyScript_Knob,
    PythonCustomKnob as PythonCustomKnob,
    PythonKnob as PythonKnob,
    Script_Knob as Script_Knob,
    String_Knob as String_Knob,
)
from nuke._threads import (
    ProgressTask as ProgressTask,
    RunInMainThread as RunInMainThread,
    Undo as Undo,
    executeInMainThread as executeInMainThread,
    executeInMainThreadWithResult as executeInMainThreadWithResult,
)
from nuke._values import (
    AColor_Knob as AColor_Knob,
    BBox_Knob as BBox_Knob,
    Boolean_Knob as Boolean_Knob,
    Color_Knob as Color_Knob,
    Disable_Knob as Disable_Knob,
    Double_Knob as Double_Knob,
    Int_Knob as Int_Knob,
    Unsigned_Knob as Unsigned_Knob,
    UV_Knob as UV_Knob,
    WH_Knob as WH_Knob,
    XY_Knob as XY_Knob,
    XYZ_Knob as XYZ_Knob,
)

env = GlobalsEnvironment()
nodes = Nodes()
render = execute
expr = expression
untitled = "Untitled"
GUI: bool = True
INTERACTIVE: bool = True
NUKE_VERSION_MAJOR: int = 0
NUKE_VERSION_MINOR: int = 0
NUKE_VERSION_RELEASE: int = 0
NUKE_VERSION_STRING: str = ""
EXE_PATH: str = sys.executable
THREADS: int = 1
rawArgs: list[str] = []

_ONLY_IN_SOME = {"activeGroup": activeGroup}


def _fresh(version: str = "16.0", mode: str = "gui") -> _world.World:
    """End the session and start another: a release, and `gui`, `-t` or `-x`."""
    world = _world.replace(version, mode)
    world.layers.update({name: list(names) for name, names in _layers.LAYERS.items()})
    world.formats += [_formats.parse_format(text) for text in _formats.DEFAULTS]
    world.root = _graph.start_root()
    world.root["format"]._set_default(_formats.find_format("HD_1080"))
    world.root["proxy_format"]._set_default(_formats.find_format("PC_Video"))
    world.names["nuke"] = sys.modules[__name__]
    _publish(world)
    return world


def _publish(world: _world.World) -> None:
    """Let the module's constants say which release and which kind of session this is."""
    names, profile = globals(), world.profile
    names["GUI"] = world.gui
    names["INTERACTIVE"] = world.mode == "gui"
    names["NUKE_VERSION_MAJOR"] = profile.major
    names["NUKE_VERSION_MINOR"] = profile.minor
    names["NUKE_VERSION_RELEASE"] = profile.release
    names["NUKE_VERSION_STRING"] = env["NukeVersionString"]
    names["rawArgs"] = [sys.executable, *([] if world.gui else [world.mode])]
    for name, member in _ONLY_IN_SOME.items():
        names.pop(name, None)
        if name not in profile.missing:
            names[name] = member


_fresh()
