"""The scene's file, and undo. A scene is stored as JSON: its own format is nobody's business."""

from __future__ import annotations

import json
import os
from typing import Any, Callable, Optional

from hou import _copies, _nodes, _world
from hou._constants import hipFileEventType
from hou._enums import EnumValue
from hou._errors import OperationFailed
from hou._guard import Guarded


def _fire(event: EnumValue) -> None:
    for call in list(_world.current().hip_callbacks):
        call(event)


class hipFile(Guarded):
    """The scene's file."""

    @staticmethod
    def save(file_name: Optional[str] = None, save_to_recent_files: bool = True) -> None:
        world = _world.current()
        _fire(hipFileEventType.BeforeSave)
        if file_name:
            world.hip_name = _absolute(file_name)
        managers = world.root._children
        records = {each._name: _copies.to_record(each, managers) for each in managers}
        scene = {"frame": world.frame, "range": world.range, "managers": records}
        with open(world.hip_name, "w", encoding="utf-8") as file:
            json.dump(scene, file)
        world.modified, world.hip_new = False, False
        _fire(hipFileEventType.AfterSave)

    @staticmethod
    def load(
        file_name: str, suppress_save_prompt: bool = False, ignore_load_warnings: bool = False
    ) -> None:
        world = _world.current()
        path = _absolute(file_name)
        if not os.path.isfile(path):
            raise OperationFailed(f"Unable to open file: {file_name}")
        with open(path, encoding="utf-8") as file:
            scene = json.load(file)
        _fire(hipFileEventType.BeforeLoad)
        world.hip_name, world.hip_new = path, False
        _empty()
        world.loading = True
        try:
            world.frame, world.range = scene["frame"], tuple(scene["range"])
            for each in world.root._children:
                _copies.fill(each, scene["managers"][each._name])
        finally:
            world.loading = False
        world.modified = False
        _fire(hipFileEventType.AfterLoad)

    @staticmethod
    def clear(suppress_save_prompt: bool = False) -> bool:
        world = _world.current()
        _fire(hipFileEventType.BeforeClear)
        world.hip_name, world.hip_new, world.frame = "untitled.hip", True, 1.0
        _empty()
        _fire(hipFileEventType.AfterClear)
        return True

    @staticmethod
    def name() -> str:
        return _world.current().hip_name

    @staticmethod
    def path() -> str:
        return _absolute(_world.current().hip_name)

    @staticmethod
    def basename() -> str:
        return _world.current().hip_name.rpartition("/")[2]

    @staticmethod
    def setName(file_name: str) -> None:
        _world.current().hip_name = file_name.replace("\\", "/")

    @staticmethod
    def isNewFile() -> bool:
        return _world.current().hip_new

    @staticmethod
    def isLoadingHipFile() -> bool:
        return _world.current().loading

    @staticmethod
    def hasUnsavedChanges() -> bool:
        return _world.current().modified

    @staticmethod
    def addEventCallback(callback: Callable[[EnumValue], None]) -> None:
        _world.current().hip_callbacks.append(callback)

    @staticmethod
    def removeEventCallback(callback: Callable[[EnumValue], None]) -> None:
        calls = _world.current().hip_callbacks
        if callback not in calls:
            raise OperationFailed("The callback was not registered")
        calls.remove(callback)

    @staticmethod
    def eventCallbacks() -> tuple[Callable[[EnumValue], None], ...]:
        return tuple(_world.current().hip_callbacks)


def _absolute(name: str) -> str:
    return os.path.abspath(name).replace("\\", "/")


def _empty() -> None:
    """End all nodes, without a word to those that ask to be told when one is deleted."""
    for each in _world.current().root._below():
        each._deleted = True
    _nodes.new_scene()


class UndosGroup(Guarded):
    """Changes that are one step of undo."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._label = args[0]

    def label(self) -> str:
        return self._label

    def __enter__(self) -> UndosGroup:
        _world.current().undo.begin(self._label)
        return self

    def __exit__(self, type: Any, value: Any, traceback: Any) -> None:
        _world.current().undo.end()


class UndosDisabler(Guarded):
    """Changes that undo knows nothing of."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __enter__(self) -> UndosDisabler:
        _world.current().undo.disabled += 1
        return self

    def __exit__(self, type: Any, value: Any, traceback: Any) -> None:
        _world.current().undo.disabled -= 1


class undos(Guarded):
    """What can be taken back."""

    @staticmethod
    def group(label: str, editor: Any = None) -> UndosGroup:
        return UndosGroup(label)

    @staticmethod
    def disabler() -> UndosDisabler:
        return UndosDisabler()

    @staticmethod
    def areEnabled() -> bool:
        return not _world.current().undo.disabled

    @staticmethod
    def performUndo() -> bool:
        return _world.current().undo.undo()

    @staticmethod
    def performRedo() -> bool:
        return _world.current().undo.redo()

    @staticmethod
    def undoLabels() -> tuple[str, ...]:
        return tuple(step.name for step in reversed(_world.current().undo.done))

    @staticmethod
    def redoLabels() -> tuple[str, ...]:
        return tuple(step.name for step in reversed(_world.current().undo.undone))

    @staticmethod
    def clear() -> None:
        _world.current().undo.clear()
