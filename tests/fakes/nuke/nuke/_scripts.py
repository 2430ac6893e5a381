"""Scripts: opening, saving, clearing, copying and pasting."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Optional, Union

from nuke import _callbacks, _graph, _reading, _world, _writing
from nuke._guard import on_main
from nuke._nodes import Node, Root

CLIPBOARD = "%clipboard%"


def _slashes(path: str) -> str:
    return os.path.abspath(path).replace("\\", "/")


@on_main
def scriptName() -> str:
    """Return the script's path; a script that was never saved has none, which is an error."""
    name = str(_world.current().root._knobs["name"]._state or "")
    if not name:
        raise RuntimeError("Nothing is currently saved")
    return name


def _save(path: str) -> None:
    root = _world.current().root
    _callbacks.fire_at_node("onScriptSave", root)
    root._knobs["name"]._state = path
    target = Path(path)
    scratch = target.with_name(f"{target.name}.saving")
    scratch.write_text(_writing.whole_script(root), encoding="utf-8")
    os.replace(scratch, target)
    _world.current().modified = False


@on_main
def scriptSaveAs(filename: Optional[str] = None, overwrite: Union[int, bool] = -1) -> None:
    """Save to a path; an existing file is asked about, and without a GUI refused."""
    if not filename:
        raise RuntimeError("No filename specified")
    path = _slashes(filename)
    if Path(path).exists() and not (overwrite and overwrite != -1):
        raise RuntimeError("File already exists and overwrite not specified")
    _save(path)


@on_main
def scriptSave(filename: Optional[str] = None) -> bool:
    _save(_slashes(filename) if filename else scriptName())
    return True


@on_main
def scriptSaveToTemp(str: str) -> str:
    descriptor, path = tempfile.mkstemp(suffix=".nk")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(_writing.whole_script(_world.current().root))
    return path.replace("\\", "/")


@on_main
def scriptClear(ignoreUnsavedChanges: bool = False) -> None:
    """Leave the script: its callbacks for that run, then it is empty and unnamed."""
    world = _world.current()
    _callbacks.fire_at_node("onScriptClose", world.root)
    for node in world.root._walk():
        node._gone = True
    frame = world.root._knobs["format"]._default
    small = world.root._knobs["proxy_format"]._default
    world.root = _start(frame, small)
    world.groups.clear()
    world.undo.done.clear()
    world.undo.undone.clear()
    world.modified = False


def _start(full: object, small: object) -> Root:
    root = _graph.start_root()
    root._knobs["format"]._set_default(full)
    root._knobs["proxy_format"]._set_default(small)
    return root


@on_main
def scriptClose(ignoreUnsavedChanges: bool = False) -> None:
    scriptClear(ignoreUnsavedChanges)


@on_main
def scriptOpen(filename: Optional[str] = None) -> None:
    """Replace the script by one from disk; it is not modified by what its callbacks load."""
    if not filename or not Path(filename).is_file():
        raise RuntimeError(f"{filename}: No such file or directory")
    path = _slashes(filename)
    text = Path(path).read_text(encoding="utf-8")
    world = _world.current()
    scriptClear()
    with _loading():
        world.root._knobs["name"]._state = path
        _reading.read_script(text, world.root)
        world.root._knobs["name"]._state = path
    world.modified = False
    world.undo.done.clear()
    _callbacks.fire_at_node("onScriptLoad", world.root)


class _loading:
    """While a script is read nothing counts as a change."""

    def __enter__(self) -> None:
        _world.current().loading += 1

    def __exit__(self, *error: object) -> None:
        _world.current().loading -= 1


@on_main
def load(s: str) -> None:
    scriptOpen(s)


@on_main
def scriptReadText(s: str) -> None:
    """Add the nodes of a text to the script."""
    _insert(s)


@on_main
def scriptReadFile(s: str) -> None:
    _insert(Path(s).read_text(encoding="utf-8"))


def _insert(text: str) -> list[Node]:
    """Add nodes to the current group as one undo step."""
    world = _world.current()
    world.undo.begin("Paste")
    try:
        with _loading():
            nodes = _reading.read_script(text, world.group)
    finally:
        world.undo.end()
    world.touch()
    return nodes


@on_main
def nodeCopy(s: str) -> None:
    """Write what is selected to a file, or to the clipboard."""
    world = _world.current()
    chosen = [node for node in world.group._children if node.isSelected()]
    if not chosen:
        raise RuntimeError("Nothing selected")
    text = _writing.some_nodes(chosen)
    if s in (CLIPBOARD, "clipboard"):
        world.clipboard = text
    else:
        Path(s).write_text(text, encoding="utf-8")


@on_main
def nodePaste(s: str) -> Optional[Node]:
    """Add nodes from a file or the clipboard; names that are taken become new ones."""
    world = _world.current()
    text = world.clipboard if s in (CLIPBOARD, "clipboard") else Path(s).read_text("utf-8")
    for node in world.group._children:
        node.setSelected(False)
    nodes = _insert(text)
    for node in nodes:
        node.setSelected(True)
    return nodes[-1] if nodes else None


@on_main
def nodeDelete(s: bool = False) -> bool:
    chosen = [node for node in _world.current().group._children if node.isSelected()]
    for node in chosen:
        _graph.delete(node)
    return bool(chosen)
