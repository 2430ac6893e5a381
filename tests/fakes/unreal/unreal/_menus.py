"""Tool menus: what is added to them, and the user's clicks on it."""

from __future__ import annotations

from typing import Any, Optional, Union

from unreal._enums import (
    MultiBoxType,
    ToolMenuInsertType,
    ToolMenuSectionAlign,
    ToolMenuStringCommandType,
)
from unreal._menu_entries import (
    ContentBrowserAssetContextMenuContext,
    ToolMenuContext,
    ToolMenuEntry,
    ToolMenuEntryScript,
)
from unreal._objects import Object
from unreal._properties import prop
from unreal._session import current
from unreal._values import Name, Text


class ToolMenuBase(Object):
    pass


class ToolMenu(ToolMenuBase):
    menu_name: Name = prop()
    menu_parent: Name = prop()
    menu_type: MultiBoxType = prop(MultiBoxType.MENU)

    def _post_init(self) -> None:
        self._sections: dict[str, str] = {}
        self._entries: dict[str, tuple[str, Any]] = {}

    def add_section(
        self,
        section_name: Union[Name, str],
        label: Union[Text, str] = "",
        insert_name: Union[Name, str] = "None",
        insert_type: ToolMenuInsertType = ToolMenuInsertType.DEFAULT,
        alignment: ToolMenuSectionAlign = ToolMenuSectionAlign.DEFAULT,
    ) -> None:
        self._sections[str(section_name)] = str(label)

    def add_menu_entry(self, section_name: Union[Name, str], args: ToolMenuEntry) -> None:
        self._sections.setdefault(str(section_name), "")
        self._entries[str(args.name)] = (str(section_name), args)

    def add_menu_entry_object(self, object: ToolMenuEntryScript) -> None:
        self._entries[object._place[2]] = (object._place[1], object)

    def remove_menu_entry_object(self, object: ToolMenuEntryScript) -> None:
        self._entries.pop(object._place[2], None)

    def add_sub_menu(
        self,
        owner: Union[Name, str],
        section_name: Union[Name, str],
        name: Union[Name, str],
        label: Union[Text, str],
        tool_tip: Union[Text, str] = "",
    ) -> ToolMenu:
        made = ToolMenus.get().extend_menu(f"{self.menu_name}.{name}")
        made._label = str(label)
        self._entries[str(name)] = (str(section_name), made)
        return made

    _label = ""


class ToolMenus(Object):
    def _post_init(self) -> None:
        self._menus: dict[str, ToolMenu] = {}
        self._refreshed = 0

    @classmethod
    def get(cls) -> ToolMenus:
        session = current()
        if session.menus is None:
            session.menus = ToolMenus()
            for name in _KNOWN if session.mode != "commandlet" else ():
                session.menus.extend_menu(name)
        return session.menus

    def find_menu(self, name: Union[Name, str]) -> Optional[ToolMenu]:
        return self._menus.get(str(name))

    def extend_menu(self, name: Union[Name, str]) -> ToolMenu:
        if str(name) not in self._menus:
            self._menus[str(name)] = made = ToolMenu()
            made._values["menu_name"] = Name(name)
        return self._menus[str(name)]

    def register_menu(
        self,
        name: Union[Name, str],
        parent: Union[Name, str] = "None",
        type: MultiBoxType = MultiBoxType.MENU,
        warn_if_already_registered: bool = True,
    ) -> ToolMenu:
        if str(name) in self._menus and warn_if_already_registered:
            current().write("Warning", f"Menu already registered: {name}")
        return self.extend_menu(name)

    def is_menu_registered(self, name: Union[Name, str]) -> bool:
        return str(name) in self._menus

    def refresh_all_widgets(self) -> None:
        self._refreshed += 1

    def refresh_menu_widget(self, name: Union[Name, str]) -> bool:
        self._refreshed += 1
        return str(name) in self._menus

    def remove_menu(self, menu_name: Union[Name, str]) -> None:
        self._menus.pop(str(menu_name), None)

    def remove_entry(
        self, menu_name: Union[Name, str], section: Union[Name, str], name: Union[Name, str]
    ) -> None:
        if str(menu_name) in self._menus:
            self._menus[str(menu_name)]._entries.pop(str(name), None)

    def unregister_owner_by_name(self, owner_name: Union[Name, str]) -> None:
        for menu in self._menus.values():
            kept = {
                key: held
                for key, held in menu._entries.items()
                if _owner(held[1]) != Name(owner_name)
            }
            menu._entries = kept

    @classmethod
    def add_menu_entry_object(cls, menu_entry_object: ToolMenuEntryScript) -> bool:
        cls.get().extend_menu(menu_entry_object._place[0]).add_menu_entry_object(menu_entry_object)
        return True

    @classmethod
    def remove_menu_entry_object(cls, menu_entry_object: ToolMenuEntryScript) -> bool:
        menu = cls.get().find_menu(menu_entry_object._place[0])
        if menu is not None:
            menu.remove_menu_entry_object(menu_entry_object)
        return menu is not None


_KNOWN = (
    "LevelEditor.MainMenu",
    "LevelEditor.MainMenu.Tools",
    "LevelEditor.MainMenu.Window",
    "LevelEditor.ActorContextMenu",
    "ContentBrowser.AssetContextMenu",
    "ContentBrowser.AssetContextMenu.Texture2D",
    "ContentBrowser.FolderContextMenu",
)


def _owner(held: Any) -> Name:
    if isinstance(held, ToolMenuEntry):
        return held.owner._name
    return Name(getattr(held, "_owner", "None"))


def entries(menu_name: str) -> dict[str, str]:
    """Return the labels of the entries that a menu shows now, by name."""
    menu = ToolMenus.get().find_menu(menu_name)
    found = menu._entries if menu else {}
    return {name: _label(held) for name, (_, held) in found.items() if _visible(held)}


def _context() -> ToolMenuContext:
    made = ToolMenuContext()
    made._objects.append(ContentBrowserAssetContextMenuContext())
    return made


def _label(held: Any) -> str:
    if isinstance(held, ToolMenuEntryScript):
        return str(held.get_label(_context()))
    return str(held._label)


def _visible(held: Any) -> bool:
    return not isinstance(held, ToolMenuEntryScript) or bool(held.is_visible(_context()))


def click(menu_name: str, name: str) -> None:
    """Click an entry; what it raises goes to the log alone.

    Raises:
        LookupError: there is no such entry, or it cannot be clicked.
    """
    menu = ToolMenus.get().find_menu(menu_name)
    held = menu._entries.get(name, (None, None))[1] if menu else None
    if held is None or not _visible(held):
        raise LookupError(f"no entry {name} in {menu_name}")
    if isinstance(held, ToolMenuEntryScript):
        if not held.can_execute(_context()):
            raise LookupError(f"{name} is greyed out")
        current()._call(held.execute, _context())
        return
    kind, text = held._command
    if kind is ToolMenuStringCommandType.PYTHON:
        current().run_string(text)
