"""Menus, toolbars and what invoking an entry does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional, Union

from nuke import _world
from nuke._guard import Guarded, on_main


class MenuItem(Guarded):
    """One entry of a menu."""

    def __init__(
        self, name: str, command: Union[str, Callable[[], Any], None] = None, **shown: Any
    ) -> None:
        self._name = name
        self._command = command
        self._icon = str(shown.get("icon") or "")
        self._shortcut = str(shown.get("shortcut") or "")
        self._tooltip = str(shown.get("tooltip") or "")
        self._enabled = True
        self._visible = True

    def name(self) -> str:
        return self._name

    def icon(self) -> str:
        return self._icon

    def setIcon(self, icon: str) -> None:
        self._icon = icon

    def shortcut(self) -> str:
        return self._shortcut

    def setShortcut(self, keySequence: str) -> None:
        self._shortcut = keySequence

    def script(self) -> str:
        return self._command if isinstance(self._command, str) else ""

    def setScript(self, script: str) -> None:
        self._command = script

    def setEnabled(self, enabled: bool, recursive: bool) -> None:
        self._enabled = enabled

    def setVisible(self, visible: bool) -> None:
        self._visible = visible

    def invoke(self) -> None:
        """Do what choosing the entry does; while it does nothing can be rendered."""
        if not self._enabled:
            return
        with _world.current().handling():
            if isinstance(self._command, str):
                exec(self._command, _world.current().names)
            elif self._command is not None:
                self._command()


class _Holder(Guarded):
    """What holds entries; slashes in the names of entries make menus in it."""

    _name: str
    _items: dict[str, MenuItem]

    def _walk_to(self, path: str) -> tuple[_Holder, str]:
        here: _Holder = self
        *menus, last = path.split("/")
        for name in menus:
            here = here.addMenu(name)
        return here, last

    def addCommand(
        self,
        name: str,
        command: Union[str, Callable[[], Any], None] = None,
        shortcut: str = "",
        icon: str = "",
        tooltip: str = "",
        index: int = -1,
        readonly: bool = False,
        shortcutContext: int = 0,
    ) -> MenuItem:
        menu, last = self._walk_to(name)
        item = MenuItem(last, command, shortcut=shortcut, icon=icon, tooltip=tooltip)
        menu._insert(item, index)
        return item

    def addMenu(self, name: str, icon: str = "", tooltip: str = "", index: int = -1) -> Menu:
        menu, last = self._walk_to(name)
        known = menu._items.get(last)
        if isinstance(known, Menu):
            return known
        made = Menu(last, icon=icon, tooltip=tooltip)
        menu._insert(made, index)
        return made

    def _insert(self, item: MenuItem, index: int) -> None:
        items = [known for known in self._items.values() if known._name != item._name]
        items.insert(len(items) if index < 0 else index, item)
        self._items = {known._name: known for known in items}

    def addSeparator(self, index: int = -1) -> MenuItem:
        item = MenuItem(f"-{len(self._items)}")
        self._insert(item, index)
        return item

    def addAction(self, action: Any) -> bool:
        return True

    def clearMenu(self) -> bool:
        self._items.clear()
        return True

    def removeItem(self, name: str) -> None:
        self._items.pop(name, None)

    def findItem(self, name: str) -> Optional[MenuItem]:
        first, _, rest = name.partition("/")
        item = self._items.get(first)
        if not rest or item is None:
            return item
        return item.findItem(rest) if isinstance(item, Menu) else None

    def menu(self, name: str) -> Optional[Menu]:
        item = self.findItem(name)
        return item if isinstance(item, Menu) else None

    def items(self) -> list[MenuItem]:
        return list(self._items.values())

    def updateMenuItems(self) -> None:
        """Show what changed."""

    def name(self) -> str:
        return self._name


class Menu(_Holder, MenuItem):
    """A menu."""

    def __init__(
        self, name: str, command: Union[str, Callable[[], Any], None] = None, **shown: Any
    ) -> None:
        MenuItem.__init__(self, name, command, **shown)
        self._items = {}


class ToolBar(_Holder):
    """A menu that stands at the side."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._items = {}


NAMES = ("Nuke", "Pane", "Nodes", "Properties", "Animation", "Viewer", "Node Graph", "Axis")


@on_main
def menu(name: str) -> Menu:
    """Return one of the interface's menus, which only a session with a GUI has."""
    world = _world.current()
    if not world.gui:
        raise RuntimeError("nuke.menu: there is no interface")
    if name not in NAMES:
        raise ValueError(f"{name} is no menu of Nuke")
    return world.menus.setdefault(name, Menu(name))


@on_main
def toolbar(name: str, create: bool = True) -> Optional[ToolBar]:
    world = _world.current()
    if not world.gui:
        raise RuntimeError("nuke.toolbar: there is no interface")
    if name not in world.toolbars and not create:
        return None
    return world.toolbars.setdefault(name, ToolBar(name))
