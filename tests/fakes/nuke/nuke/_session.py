"""Functions about the session: frames, views, messages, plugins, layers."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional, Union

from nuke import _callbacks, _context, _expressions, _flags, _formats, _world
from nuke._formats import Format
from nuke._guard import on_main
from nuke._nodes import Node


@on_main
def frame(f: Optional[float] = None) -> int:
    """Return the frame of the time line, or go to one."""
    root = _world.current().root
    if f is not None:
        root.setFrame(f)
    return int(root._frame())


@on_main
def views() -> list[str]:
    return list(_world.current().root._views)


@on_main
def addView(s: str) -> None:
    _world.current().root.addView(s)


@on_main
def deleteView(s: str) -> None:
    _world.current().root.deleteView(s)


@on_main
def addFormat(s: str) -> Format:
    made = _formats.parse_format(s)
    formats_ = _world.current().formats
    formats_[:] = [known for known in formats_ if known.name() != made.name()]
    formats_.append(made)
    return made


@on_main
def formats() -> list[Format]:
    return list(_world.current().formats)


@on_main
def modified(state: Optional[bool] = None) -> bool:
    """Return whether the script differs from what was saved, or say whether it does."""
    world = _world.current()
    if state is not None:
        world.modified = bool(state)
    return world.modified


@on_main
def expression(s: str) -> float:
    root = _world.current().root
    return _expressions.evaluate(s, root._knobs["frame"], root._frame(), root._views[0])


@on_main
def value(knob: str, default: Optional[str] = None) -> str:
    """Return a knob's text, by `node.knob`."""
    node, _, name = knob.rpartition(".")
    found = _world.current().group._find(node) if node != "root" else _world.current().root
    if found is None or name not in found._knobs:
        if default is None:
            raise RuntimeError(f"{knob} is no knob")
        return default
    return str(found._knobs[name].value())


@on_main
def filename(node: Node, i: int = 0) -> Optional[str]:
    """Return the path in a node's file knob; with nuke.REPLACE for the frame of now."""
    knob: Any = node._knobs.get("file")
    if knob is None:
        return None
    at = _context.now()
    path = str(knob._evaluated(at.frame, at.view))
    if i & _flags.REPLACE:
        path = _expressions.expand_path(path, at.frame, at.view)
    return _callbacks.filter_filename(path, node) or None


@on_main
def pluginPath() -> list[str]:
    return list(_world.current().plugin_path)


def _run_start(folder: str) -> None:
    """Run what a folder brings: init.py always, menu.py where there is a GUI."""
    for name in ("init.py", "menu.py") if _world.current().gui else ("init.py",):
        path = Path(folder) / name
        if path.is_file():
            names = {"__file__": str(path), "__name__": name[:-3], "__builtins__": __builtins__}
            exec(compile(path.read_text("utf-8"), str(path), "exec"), names)


def _caller_folder() -> str:
    names: Any = sys._getframe(3).f_globals
    return os.path.dirname(os.path.abspath(names.get("__file__", "."))) or "."


def _plugin_folders(args: Any) -> Iterator[str]:
    """Return full paths; a relative one is beside the file that calls, as in Nuke."""
    for given in [args] if isinstance(args, str) else list(args):
        path = os.path.expanduser(given)
        yield path if os.path.isabs(path) else os.path.join(_caller_folder(), path)


@on_main
def pluginAddPath(args: Union[str, list[str]], addToSysPath: bool = True) -> None:
    """Look for plugins in a folder first; Python finds modules there too."""
    for folder in _plugin_folders(args):
        _add_folder(folder, True, addToSysPath)


@on_main
def pluginAppendPath(args: Union[str, list[str]], addToSysPath: bool = True) -> None:
    """Look for plugins in a folder last."""
    for folder in _plugin_folders(args):
        _add_folder(folder, False, addToSysPath)


def _add_folder(folder: str, first: bool, python: bool) -> None:
    folder = os.path.normpath(folder).replace("\\", "/")
    world = _world.current()
    if folder in world.plugin_path:
        return
    world.plugin_path.insert(0 if first else len(world.plugin_path), folder)
    if python and folder not in sys.path:
        sys.path.insert(0 if first else len(sys.path), folder)
    _run_start(folder)


def launch(*folders: str) -> None:
    """Start as with these folders on NUKE_PATH."""
    for folder in folders:
        _add_folder(folder, True, True)


@on_main
def script_directory() -> str:
    return os.path.dirname(_world.current().root.name())


@on_main
def updateUI() -> None:
    """Let the interface draw itself; the callbacks of that name run."""
    world = _world.current()
    for node in list(world.root._walk()):
        _callbacks.fire_at_node("updateUI", node)


@on_main
def autolabel() -> Optional[str]:
    return _callbacks.autolabel_text(_world.current().this[-1][0])  # type: ignore[arg-type]


@on_main
def undo() -> None:
    _world.current().undo.undo()


@on_main
def redo() -> None:
    _world.current().undo.redo()


@on_main
def show(n: Node, forceFloat: bool = False) -> None:
    n.showControlPanel(forceFloat)


@on_main
def stripFrameRange(clipname: str) -> str:
    return re.sub(r"\s+-?\d+-?-?\d*$", "", clipname)


class GlobalsEnvironment:
    """`nuke.env`: what kind of session this is."""

    def _held(self) -> dict[str, Any]:
        world = _world.current()
        profile = world.profile
        system = {"linux": "LINUX", "win32": "WIN32", "darwin": "MACOS"}.get(sys.platform, "LINUX")
        return {
            "gui": world.gui,
            "interactive": world.mode in ("gui",),
            "NukeVersionMajor": profile.major,
            "NukeVersionMinor": profile.minor,
            "NukeVersionRelease": profile.release,
            "NukeVersionString": f"{profile.major}.{profile.minor}v{profile.release}",
            "ExecutablePath": sys.executable,
            "studio": False,
            "nukex": False,
            "indie": world.edition == "indie",
            "nc": world.edition == "nc",
            "hiero": False,
            "numCPUs": os.cpu_count() or 1,
            **{name: name == system for name in ("LINUX", "WIN32", "MACOS")},
        }

    def get(self, name: str, default: Any = None) -> Any:
        return self._held().get(name, default)

    def keys(self) -> list[str]:
        return list(self._held())

    def items(self) -> list[tuple[str, Any]]:
        return list(self._held().items())

    def values(self) -> list[Any]:
        return list(self._held().values())

    def __getitem__(self, index: str) -> Any:
        return self._held()[index]

    def __contains__(self, other: str) -> bool:
        return other in self._held()
