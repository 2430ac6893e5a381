"""Entries of tool menus: a command that is a text, or an object of Python that decides."""

from __future__ import annotations

from typing import Any, Optional, Union

from unreal._enums import MultiBlockType, ToolMenuInsertType, ToolMenuStringCommandType
from unreal._objects import Class, Object, StructBase
from unreal._properties import prop
from unreal._reflection import event
from unreal._session import current
from unreal._values import Array, Name, Text


class ToolMenuOwner(StructBase):
    def __init__(self, name: Union[Name, str] = "None") -> None:
        self._name = Name(name)


class ToolMenuInsert(StructBase):
    name: Name = prop()
    position: ToolMenuInsertType = prop()

    def __init__(
        self,
        name: Union[Name, str] = "None",
        position: ToolMenuInsertType = ToolMenuInsertType.DEFAULT,
    ) -> None:
        self._fill(locals())


class ToolMenuContext(StructBase):
    def __init__(self) -> None:
        self._objects: list[Any] = []

    def find_by_class(self, class_: Union[Class, type]) -> Any:
        return next((each for each in self._objects if isinstance(each, class_._held)), None)


class ContentBrowserAssetContextMenuContext(Object):
    def get_selected_objects(self) -> Array[Object]:
        found = [current().assets[path] for path in current().selection if path in current().assets]
        return Array._of(Object, found)


class ToolMenuEntry(StructBase):
    name: Name = prop()
    owner: ToolMenuOwner = prop()
    type: MultiBlockType = prop()
    insert_position: ToolMenuInsert = prop()
    script_object: Optional[ToolMenuEntryScript] = prop()

    def __init__(
        self,
        name: Union[Name, str] = "None",
        owner: Optional[ToolMenuOwner] = None,
        type: MultiBlockType = MultiBlockType.NONE,
        user_interface_action_type: Any = None,
        tutorial_highlight_name: Union[Name, str] = "None",
        insert_position: Optional[ToolMenuInsert] = None,
        should_close_window_after_menu_selection: bool = False,
        script_object: Optional[ToolMenuEntryScript] = None,
        style_name_override: Union[Name, str] = "None",
    ) -> None:
        for key, value in locals().items():
            if key in ("name", "owner", "type", "insert_position", "script_object") and value:
                self._fill({key: value})
        self._label, self._tip, self._icon = Text(), Text(), ""
        self._command: tuple[Any, str] = (None, "")

    def set_label(self, label: Union[Text, str]) -> None:
        self._label = Text(label)

    def get_label(self) -> Text:
        return self._label

    def set_tool_tip(self, tool_tip: Union[Text, str]) -> None:
        self._tip = Text(tool_tip)

    def get_tool_tip(self) -> Text:
        return self._tip

    def set_icon(
        self,
        style_set_name: Union[Name, str],
        style_name: Union[Name, str] = "None",
        small_style_name: Union[Name, str] = "None",
    ) -> None:
        self._icon = str(style_name)

    def set_string_command(
        self, type: ToolMenuStringCommandType, custom_type: Union[Name, str], string: str
    ) -> None:
        self._command = (type, string)


class ToolMenuEntryScript(Object):
    _place = ("", "", "")
    _label: Any = ""
    _tip: Any = ""

    def init_entry(
        self,
        owner_name: Union[Name, str],
        menu: Union[Name, str],
        section: Union[Name, str],
        name: Union[Name, str],
        label: Union[Text, str] = "",
        tool_tip: Union[Text, str] = "",
    ) -> None:
        self._owner = str(owner_name)
        self._place = (str(menu), str(section), str(name))
        self._label, self._tip = Text(label), Text(tool_tip)

    def register_menu_entry(self) -> None:
        from unreal._menus import ToolMenus

        ToolMenus.add_menu_entry_object(self)

    def unregister_menu_entry(self) -> None:
        from unreal._menus import ToolMenus

        ToolMenus.remove_menu_entry_object(self)

    @event
    def execute(self, context: ToolMenuContext) -> None:
        pass

    @event
    def is_visible(self, context: ToolMenuContext) -> bool:
        return True

    @event
    def can_execute(self, context: ToolMenuContext) -> bool:
        return True

    @event
    def get_label(self, context: ToolMenuContext) -> Text:
        return Text(self._label)

    @event
    def get_tool_tip(self, context: ToolMenuContext) -> Text:
        return Text(self._tip)
