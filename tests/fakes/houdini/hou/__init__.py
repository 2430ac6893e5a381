"""A stand-in for Houdini's Python API, for tests: its rules, without its speed.

What is public here is what the real module offers, under the same names. Behind it, `hou._world`
is the session: `hou._fresh` makes one, and the `World` that it returns plays the user.
"""

from __future__ import annotations

from hou import _nodes, _world
from hou._attribs import (
    Attrib as Attrib,
    AttribDataId as AttribDataId,
)
from hou._constants import (
    attribData as attribData,
    attribScope as attribScope,
    attribType as attribType,
    confirmType as confirmType,
    exprLanguage as exprLanguage,
    fileType as fileType,
    folderType as folderType,
    hdaEventType as hdaEventType,
    hipFileEventType as hipFileEventType,
    imageLayerBorder as imageLayerBorder,
    imageLayerProjection as imageLayerProjection,
    imageLayerStorageType as imageLayerStorageType,
    imageLayerTypeInfo as imageLayerTypeInfo,
    labelParmType as labelParmType,
    licenseCategoryType as licenseCategoryType,
    menuType as menuType,
    nodeEventType as nodeEventType,
    nodeFlag as nodeFlag,
    nodeTypeSource as nodeTypeSource,
    numericData as numericData,
    paneTabType as paneTabType,
    parmCondType as parmCondType,
    parmData as parmData,
    parmLook as parmLook,
    parmNamingScheme as parmNamingScheme,
    parmTemplateType as parmTemplateType,
    playbarEvent as playbarEvent,
    primType as primType,
    scriptLanguage as scriptLanguage,
    severityType as severityType,
    stringParmType as stringParmType,
    updateMode as updateMode,
    vdbData as vdbData,
    volumeStorageType as volumeStorageType,
    volumeVisualization as volumeVisualization,
)
from hou._cop import (
    CopNode as CopNode,
)
from hou._elements import (
    Face as Face,
    Point as Point,
    Polygon as Polygon,
    Prim as Prim,
    Vertex as Vertex,
)
from hou._enums import (
    EnumValue as EnumValue,
)
from hou._errors import (
    Error as Error,
    GeometryPermissionError as GeometryPermissionError,
    InvalidInput as InvalidInput,
    InvalidNodeType as InvalidNodeType,
    InvalidSize as InvalidSize,
    LoadWarning as LoadWarning,
    NodeError as NodeError,
    NodeWarning as NodeWarning,
    NotAvailable as NotAvailable,
    ObjectWasDeleted as ObjectWasDeleted,
    OperationFailed as OperationFailed,
    OperationInterrupted as OperationInterrupted,
    PermissionError as PermissionError,
)
from hou._geometry import (
    Geometry as Geometry,
)
from hou._groups import (
    PointGroup as PointGroup,
    PrimGroup as PrimGroup,
)
from hou._hda import (
    HDADefinition as HDADefinition,
    HDAModule as HDAModule,
    HDASection as HDASection,
    hda as hda,
)
from hou._interrupts import (
    InterruptableOperation as InterruptableOperation,
)
from hou._items import (
    NetworkMovableItem as NetworkMovableItem,
)
from hou._layers import (
    ImageLayer as ImageLayer,
)
from hou._lists import (
    MenuParmTemplate as MenuParmTemplate,
    StringParmTemplate as StringParmTemplate,
)
from hou._node import (
    Node as Node,
    NodeConnection as NodeConnection,
)
from hou._numbers import (
    FloatParmTemplate as FloatParmTemplate,
    IntParmTemplate as IntParmTemplate,
    ToggleParmTemplate as ToggleParmTemplate,
)
from hou._opnode import (
    OpNode as OpNode,
)
from hou._panes import (
    Desktop as Desktop,
    NetworkEditor as NetworkEditor,
    PaneTab as PaneTab,
    PythonPanel as PythonPanel,
    PythonPanelInterface as PythonPanelInterface,
    pypanel as pypanel,
)
from hou._parms import (
    Parm as Parm,
    ParmTuple as ParmTuple,
)
from hou._scene import (
    UndosDisabler as UndosDisabler,
    UndosGroup as UndosGroup,
    hipFile as hipFile,
    undos as undos,
)
from hou._session import (
    applicationName as applicationName,
    applicationPlatformInfo as applicationPlatformInfo,
    applicationVersion as applicationVersion,
    applicationVersionString as applicationVersionString,
    cd as cd,
    ch as ch,
    copNodeTypeCategory as copNodeTypeCategory,
    copyNodesTo as copyNodesTo,
    copyNodesToClipboard as copyNodesToClipboard,
    evalParm as evalParm,
    expandString as expandString,
    findFile as findFile,
    fps as fps,
    frame as frame,
    frameToTime as frameToTime,
    getenv as getenv,
    homeHoudiniDirectory as homeHoudiniDirectory,
    houdiniPath as houdiniPath,
    intFrame as intFrame,
    isUIAvailable as isUIAvailable,
    licenseCategory as licenseCategory,
    node as node,
    nodeBySessionId as nodeBySessionId,
    nodes as nodes,
    nodeType as nodeType,
    nodeTypeCategories as nodeTypeCategories,
    objNodeTypeCategory as objNodeTypeCategory,
    parent as parent,
    parm as parm,
    parmTuple as parmTuple,
    pasteNodesFromClipboard as pasteNodesFromClipboard,
    phm as phm,
    playbar as playbar,
    putenv as putenv,
    pwd as pwd,
    root as root,
    ropNodeTypeCategory as ropNodeTypeCategory,
    selectedNodes as selectedNodes,
    setFrame as setFrame,
    setTime as setTime,
    sopNodeTypeCategory as sopNodeTypeCategory,
    text as text,
    time as time,
    timeToFrame as timeToFrame,
    topNodeTypeCategory as topNodeTypeCategory,
    unsetenv as unsetenv,
    updateModeSetting as updateModeSetting,
)
from hou._sop import (
    ObjNode as ObjNode,
    SopNode as SopNode,
)
from hou._template_group import (
    ParmTemplateGroup as ParmTemplateGroup,
)
from hou._templates import (
    ButtonParmTemplate as ButtonParmTemplate,
    FolderParmTemplate as FolderParmTemplate,
    LabelParmTemplate as LabelParmTemplate,
    ParmTemplate as ParmTemplate,
    SeparatorParmTemplate as SeparatorParmTemplate,
)
from hou._top import (
    TopNode as TopNode,
)
from hou._types import (
    NodeType as NodeType,
    NodeTypeCategory as NodeTypeCategory,
    OpNodeType as OpNodeType,
    OpNodeTypeCategory as OpNodeTypeCategory,
)
from hou._ui import (
    qt as qt,
    ui as ui,
)
from hou._vdb import (
    VDB as VDB,
)
from hou._vectors import (
    BoundingBox as BoundingBox,
    BoundingRect as BoundingRect,
    Matrix3 as Matrix3,
    Matrix4 as Matrix4,
    Vector2 as Vector2,
    Vector3 as Vector3,
    hmath as hmath,
)
from hou._verbs import (
    OpVerb as OpVerb,
    SopVerb as SopVerb,
)
from hou._volume import (
    Volume as Volume,
)


def _fresh(version: str = "21.0", mode: str = "gui") -> _world.World:
    """Begin a session of a release: "gui" for Houdini, "hython" for its Python without one."""
    world = _world.replace(version, mode)
    _nodes.add_all()
    _nodes.new_scene()
    return world
