"""The editor around it: selections, worlds, actors, paths, the log, ticks, subsystems."""

from __future__ import annotations

import math
import os
from typing import Any, Callable, Optional, TypeVar, Union

from unreal._assets import AssetData, _data_of
from unreal._guard import guard
from unreal._landscape import Actor, SceneComponent, bounds
from unreal._objects import (
    BlueprintFunctionLibrary,
    Class,
    EditorSubsystem,
    Object,
    World,
)
from unreal._session import current
from unreal._structs import Vector
from unreal._values import Array, Name

_T = TypeVar("_T")


class EditorUtilityLibrary(BlueprintFunctionLibrary):
    @classmethod
    def get_selected_assets(cls) -> Array[Object]:
        found = [current().assets.get(path) for path in current().selection]
        return Array._of(Object, [each for each in found if each is not None])

    @classmethod
    def get_selected_assets_of_class(cls, asset_class: Union[Class, type]) -> Array[Object]:
        found = [each for each in cls.get_selected_assets() if isinstance(each, asset_class._held)]
        return Array._of(Object, found)

    @classmethod
    def get_selected_asset_data(cls) -> Array[AssetData]:
        return Array._of(AssetData, [_data_of(each) for each in cls.get_selected_assets()])

    @classmethod
    def get_selection_set(cls) -> Array[Actor]:
        return Array._of(Actor, current().selected_actors)

    @classmethod
    def get_current_content_browser_path(cls) -> Optional[str]:
        return "/Game" if current().mode == "editor" else None

    @classmethod
    def add_source_widget(
        cls,
        widget_blueprint: Any,
        widget_class: Union[Class, type],
        widget_name: Union[Name, str],
        widget_parent_name: Union[Name, str],
    ) -> Any:
        from unreal._widgets import add

        return add(widget_blueprint, widget_class, str(widget_name), str(widget_parent_name))


class UnrealEditorSubsystem(EditorSubsystem):
    def get_editor_world(self) -> World:
        return current().world

    def get_game_world(self) -> Optional[World]:
        return None


class EditorActorSubsystem(EditorSubsystem):
    def get_all_level_actors(self) -> Array[Actor]:
        return Array._of(Actor, current().actors)

    def get_selected_level_actors(self) -> Array[Actor]:
        return Array._of(Actor, current().selected_actors)


class Paths(BlueprintFunctionLibrary):
    @classmethod
    def project_dir(cls) -> str:
        return f"{current().project}/"

    @classmethod
    def project_saved_dir(cls) -> str:
        return f"{current().project}/Saved/"

    @classmethod
    def project_intermediate_dir(cls) -> str:
        return f"{current().project}/Intermediate/"

    @classmethod
    def project_content_dir(cls) -> str:
        return f"{current().project}/Content/"

    @classmethod
    def project_config_dir(cls) -> str:
        return f"{current().project}/Config/"

    @classmethod
    def project_plugins_dir(cls) -> str:
        return f"{current().project}/Plugins/"

    @classmethod
    def get_project_file_path(cls) -> str:
        return f"{current().project}/Project.uproject"

    @classmethod
    def convert_relative_path_to_full(cls, path: str, base_path: str = "") -> str:
        joined = os.path.join(base_path or current().project, path)
        end = "/" if path.endswith("/") else ""
        return os.path.abspath(joined).replace(os.sep, "/") + end

    @classmethod
    def file_exists(cls, path: str) -> bool:
        return os.path.isfile(path)


class SystemLibrary(BlueprintFunctionLibrary):
    @classmethod
    def get_engine_version(cls) -> str:
        return f"{current().profile.version}-00000000+++UE5+Release-{current().profile.version[:3]}"

    @classmethod
    def is_unattended(cls) -> bool:
        return current().unattended

    @classmethod
    def is_valid(cls, object: Optional[Object]) -> bool:
        return object is not None and object._alive

    @classmethod
    def get_command_line(cls) -> str:
        said = {"editor": "", "unattended": "-unattended -nullrhi"}
        return said.get(current().mode, "-run=pythonscript -unattended -nullrhi")

    @classmethod
    def get_path_name(cls, object: Optional[Object]) -> str:
        return object.get_path_name() if object else ""

    @classmethod
    def get_component_bounds(cls, component: SceneComponent) -> tuple[Vector, Vector, float]:
        """Return the middle, half the size and the radius of a box along the world's axes."""
        middle, half = bounds([component])
        return middle, half, math.hypot(half.x, half.y, half.z)

    @classmethod
    def execute_console_command(
        cls,
        world_context_object: Optional[Object],
        command: str,
        specific_player: Optional[Object] = None,
    ) -> None:
        if command.upper() == "TRANSACTION UNDO":
            current().undo_stack.undo()
            return
        name, _, value = command.partition(" ")
        current().console[name] = value

    @classmethod
    def get_console_variable_int_value(cls, variable_name: str) -> int:
        return int(float(current().console.get(variable_name, "0") or 0))

    @classmethod
    def transact_object(cls, object: Object) -> None:
        object.modify()


# ---- functions of the module ----------------------------------------------------------------


@guard
def log(arg: Any) -> None:
    current().write("Display", str(arg))


@guard
def log_warning(arg: Any) -> None:
    current().write("Warning", str(arg))


@guard
def log_error(arg: Any) -> None:
    current().write("Error", str(arg))


class _Handle:
    """What registering returns; an opaque object."""


def _register(where: dict[object, Any], callable: Callable[..., Any]) -> object:
    handle = _Handle()
    where[handle] = callable
    return handle


@guard
def register_slate_pre_tick_callback(callable: Callable[[float], None]) -> object:
    return _register(current().pre_ticks, callable)


@guard
def unregister_slate_pre_tick_callback(handle: object) -> None:
    current().pre_ticks.pop(handle, None)


@guard
def register_slate_post_tick_callback(callable: Callable[[float], None]) -> object:
    return _register(current().post_ticks, callable)


@guard
def unregister_slate_post_tick_callback(handle: object) -> None:
    current().post_ticks.pop(handle, None)


@guard
def register_python_shutdown_callback(callable: Callable[[], None]) -> object:
    return _register(current().shutdown, callable)


@guard
def unregister_python_shutdown_callback(handle: object) -> None:
    current().shutdown.pop(handle, None)


@guard
def get_editor_subsystem(subsystem: type[_T]) -> _T:
    kind = subsystem._held if isinstance(subsystem, Class) else subsystem
    return current().subsystems.setdefault(kind, None) or _start(kind)


def _start(kind: Any) -> Any:
    current().subsystems[kind] = made = kind()
    return made


@guard
def new_object(
    type: type[_T],
    outer: Optional[Object] = None,
    name: Union[Name, str] = "",
    base_type: Optional[Object] = None,
) -> _T:
    kind = type._held if isinstance(type, Class) else type
    return kind(outer, str(name) or "None")


@guard
def load_asset(name: str, type: Any = None, follow_redirectors: bool = True) -> Any:
    from unreal._assets import _find

    return _find(name)


@guard
def load_object(
    outer: Optional[Object], name: str, type: Any = None, follow_redirectors: bool = True
) -> Any:
    return load_asset(name)


@guard
def is_editor() -> bool:
    return True


@guard
def get_interpreter_executable_path() -> str:
    return f"{current().project}/Engine/Binaries/ThirdParty/Python3/python"


@guard
def collect_garbage() -> None:
    """Objects live as long as Python refers to them."""


@guard
def get_default_object(type: type[_T]) -> _T:
    kind = type._held if isinstance(type, Class) else type
    return kind.get_default_object()
