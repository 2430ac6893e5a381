"""Functions of the module: the session, time, where one is, nodes by path, variables."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, Optional

from hou import _copies, _expressions, _node, _world
from hou._constants import licenseCategoryType, updateMode
from hou._enums import EnumValue
from hou._errors import OperationFailed
from hou._guard import Guarded, on_main
from hou._hda import HDAModule
from hou._node import Node
from hou._parms import Parm, ParmTuple
from hou._types import NodeType, NodeTypeCategory, OpNodeTypeCategory
from hou._vectors import Vector2


@on_main
def isUIAvailable() -> bool:
    return _world.current().gui


@on_main
def applicationName() -> str:
    return "houdini" if _world.current().gui else "hbatch"


@on_main
def applicationVersion(include_patch: bool = False) -> tuple[int, int, int]:
    profile = _world.current().profile
    return (profile.major, profile.minor, profile.build)


@on_main
def applicationVersionString() -> str:
    return ".".join(map(str, applicationVersion()))


@on_main
def applicationPlatformInfo() -> str:
    return {"linux": "linux-x86_64-gcc11.2", "darwin": "macosx-arm64-clang15"}.get(
        sys.platform, "windows-x86_64-cl19.35"
    )


@on_main
def licenseCategory() -> EnumValue:
    return licenseCategoryType.Commercial


@on_main
def root() -> Node:
    return _world.current().root


@on_main
def pwd() -> Node:
    """Return the node whose code runs, or where the session stands."""
    return _world.current().pwd


@on_main
def cd(path: str) -> None:
    found = node(path)
    if found is None:
        raise OperationFailed(f"There is no node {path}")
    _world.current().pwd = found


@on_main
def parent() -> Optional[Node]:
    return pwd().parent()


@on_main
def phm() -> HDAModule:
    at: Any = pwd()
    return at.hdaModule()


@on_main
def node(path: str) -> Optional[Node]:
    return _node.find(path, _world.current().pwd)


@on_main
def nodes(paths: Sequence[str]) -> tuple[Node, ...]:
    return tuple(found for found in map(node, paths) if found is not None)


@on_main
def nodeBySessionId(session_id: int) -> Optional[Node]:
    below = _world.current().root._below()
    return next((each for each in below if each._session_id == session_id), None)


@on_main
def selectedNodes(include_hidden: bool = False) -> tuple[Node, ...]:
    return tuple(_world.current().selected)


@on_main
def parm(path: str) -> Optional[Parm]:
    holder, _, name = path.rpartition("/")
    found: Any = node(holder) if holder else pwd()
    return found.parm(name) if found is not None else None


@on_main
def parmTuple(path: str) -> Optional[ParmTuple]:
    holder, _, name = path.rpartition("/")
    found: Any = node(holder) if holder else pwd()
    return found.parmTuple(name) if found is not None else None


@on_main
def evalParm(path: str) -> Any:
    found = parm(path)
    if found is None:
        raise OperationFailed(f"Invalid parm name: {path}")
    return found.eval()


@on_main
def ch(path: str) -> Any:
    return evalParm(path)


@on_main
def copyNodesTo(nodes: Sequence[Node], destination_node: Node) -> tuple[Node, ...]:
    return _copies.copy_into(nodes, destination_node)


@on_main
def copyNodesToClipboard(nodes: Sequence[Node]) -> None:
    _world.current().clipboard = _copies.to_text(nodes)


@on_main
def pasteNodesFromClipboard(destination_node: Node) -> None:
    _copies.paste(_world.current().clipboard, destination_node)


# ---- time -----------------------------------------------------------------------------------


@on_main
def frame(full_precision: bool = False) -> float:
    return float(_world.current().frame)


@on_main
def intFrame() -> int:
    return round(_world.current().frame)


@on_main
def setFrame(frame: float) -> None:
    _world.current().frame = float(frame)


@on_main
def time() -> float:
    return frameToTime(_world.current().frame)


@on_main
def setTime(time: float) -> None:
    _world.current().frame = timeToFrame(time)


@on_main
def fps() -> float:
    return _world.FPS


@on_main
def frameToTime(frame: float) -> float:
    return (frame - 1) / _world.FPS


@on_main
def timeToFrame(time: float, full_precision: bool = False) -> float:
    return time * _world.FPS + 1


class playbar(Guarded):
    """The time line."""

    @staticmethod
    def frameRange() -> Vector2:
        return Vector2(_world.current().range)

    @staticmethod
    def setFrameRange(start: float, end: float) -> None:
        _world.current().range = (float(start), float(end))

    @staticmethod
    def playbackRange() -> Vector2:
        return Vector2(_world.current().range)

    @staticmethod
    def isPlaying() -> bool:
        return _world.current().playing


# ---- types ----------------------------------------------------------------------------------


@on_main
def nodeType(category_or_name: Any, internal_name: Optional[str] = None) -> Optional[NodeType]:
    if internal_name is None:
        category, _, name = category_or_name.partition("/")
    else:
        category, name = category_or_name.name(), internal_name
    return _world.current().types.get(f"{category}/{name}")


@on_main
def nodeTypeCategories() -> dict[str, NodeTypeCategory]:
    names = sorted({each._category for each in _world.current().types.values()})
    return {name: OpNodeTypeCategory(name, None) for name in names}


@on_main
def sopNodeTypeCategory() -> OpNodeTypeCategory:
    return OpNodeTypeCategory("Sop", None)


@on_main
def objNodeTypeCategory() -> OpNodeTypeCategory:
    return OpNodeTypeCategory("Object", None)


@on_main
def copNodeTypeCategory() -> OpNodeTypeCategory:
    return OpNodeTypeCategory("Cop", None)


@on_main
def topNodeTypeCategory() -> OpNodeTypeCategory:
    return OpNodeTypeCategory("Top", None)


@on_main
def ropNodeTypeCategory() -> OpNodeTypeCategory:
    return OpNodeTypeCategory("Driver", None)


# ---- variables and paths --------------------------------------------------------------------


@on_main
def getenv(name: str, default_value: Optional[str] = None) -> Optional[str]:
    world = _world.current()
    found = _expressions.value_of(name, world.frame)
    return default_value if found is None else found


@on_main
def putenv(name: str, value: str) -> None:
    _world.current().variables[name] = value


@on_main
def unsetenv(name: str) -> None:
    _world.current().variables.pop(name, None)


@on_main
def homeHoudiniDirectory() -> str:
    found = os.environ.get("HOUDINI_USER_PREF_DIR")
    if found is None:
        raise OperationFailed("The stand-in's home needs HOUDINI_USER_PREF_DIR")
    return found.replace("\\", "/")


@on_main
def houdiniPath(pathvar: Optional[str] = None) -> tuple[str, ...]:
    found = os.environ.get(pathvar or "HOUDINI_PATH", "")
    return tuple(each for each in found.split(os.pathsep) if each and each != "&")


@on_main
def findFile(file_name: str) -> str:
    for folder in houdiniPath():
        path = f"{folder}/{file_name}"
        if os.path.exists(path):
            return path
    raise OperationFailed(f"Could not find {file_name}")


@on_main
def expandString(str: str, expand_tilde: bool = True) -> str:
    return text.expandString(str)


class text(Guarded):
    """Texts with variables; names that are made to fit."""

    @staticmethod
    def expandString(str: str, expand_tilde: bool = True) -> str:
        world = _world.current()
        return _expressions.expand(str, world.frame, world.pwd)

    @staticmethod
    def expandStringAtFrame(str: str, frame: float, expand_tilde: bool = True) -> str:
        return _expressions.expand(str, frame, _world.current().pwd)

    @staticmethod
    def variableName(str: str, safe_chars: Optional[str] = None) -> str:
        kept = safe_chars or ""
        made = "".join(c if c.isalnum() or c == "_" or c in kept else "_" for c in str)
        return f"_{made}" if made[:1].isdigit() else made

    @staticmethod
    def abspath(path: str, anchor_path: Optional[str] = None) -> str:
        anchor = anchor_path or _expressions.value_of("HIP", 1.0)
        return os.path.normpath(os.path.join(anchor, path)).replace("\\", "/")

    @staticmethod
    def normpath(path: str) -> str:
        return os.path.normpath(path).replace("\\", "/")


@on_main
def updateModeSetting() -> EnumValue:
    return _world.current().update_mode or updateMode.AutoUpdate
