"""The panes of the desktop: network editors, and panels that Python makes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional
from xml.etree import ElementTree

from hou import _scripts, _world
from hou._constants import paneTabType
from hou._enums import EnumValue
from hou._errors import OperationFailed
from hou._guard import Guarded

if TYPE_CHECKING:
    from hou._node import Node


class PaneTab(Guarded):
    """A tab of a pane."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._kind, self._name = args
        self._current = True

    def type(self) -> EnumValue:
        return self._kind

    def name(self) -> str:
        return self._name

    def isCurrentTab(self) -> bool:
        return self._current

    def setIsCurrentTab(self) -> None:
        for each in _world.current().panes:
            each._current = each is self

    def close(self) -> None:
        _world.current().panes.remove(self)


class NetworkEditor(PaneTab):
    """A view of a network."""

    def pwd(self) -> Node:
        return self._network

    def setPwd(self, node: Node) -> None:
        self._network = node


class PythonPanelInterface(Guarded):
    """What a `.pypanel` file says of one panel."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._element, self._path = args

    def name(self) -> str:
        return self._element.get("name")

    def label(self) -> str:
        return self._element.get("label")

    def script(self) -> str:
        return self._element.findtext("script")

    def filePath(self) -> str:
        return self._path


class PythonPanel(PaneTab):
    """A panel that Python makes."""

    _interface: Optional[PythonPanelInterface] = None
    _widget: Any = None

    def activeInterface(self) -> Optional[PythonPanelInterface]:
        return self._interface

    def setActiveInterface(self, interface: PythonPanelInterface) -> None:
        """Show an interface: its script's onCreateInterface makes the widget."""
        self._interface = interface
        names = _scripts.run(
            interface.script(), {"kwargs": {"paneTab": self}}, _world.current().pwd
        )
        self._widget = names["onCreateInterface"]()

    def activeInterfaceRootWidget(self) -> Any:
        return self._widget


class Desktop(Guarded):
    """The panes that are open."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._name = args[0]

    def name(self) -> str:
        return self._name

    def paneTabs(self) -> tuple[PaneTab, ...]:
        return tuple(_world.current().panes)

    def paneTabOfType(self, type: EnumValue, index: int = 0) -> Optional[PaneTab]:
        found = [each for each in self.paneTabs() if each.type() is type]
        return found[index] if index < len(found) else None

    def createFloatingPaneTab(
        self,
        pane_tab_type: EnumValue,
        position: Any = (),
        size: Any = (),
        python_panel_interface: Any = None,
        immediate: bool = False,
    ) -> PaneTab:
        made = open_tab(pane_tab_type)
        if python_panel_interface is not None and isinstance(made, PythonPanel):
            made.setActiveInterface(pypanel.interfaceByName(python_panel_interface))  # type: ignore[arg-type]
        return made


class pypanel(Guarded):
    """The panels that files bring."""

    @staticmethod
    def installFile(file_path: str) -> None:
        if not os.path.isfile(file_path):
            raise OperationFailed(f"Unable to open file: {file_path}")
        root = ElementTree.parse(file_path).getroot()
        if root.tag != "pythonPanelDocument":
            raise OperationFailed(f"{file_path} is no document of panels")
        for each in root.findall("interface"):
            made = PythonPanelInterface(each, file_path)
            _world.current().interfaces[made.name()] = made

    @staticmethod
    def interfaces() -> dict[str, PythonPanelInterface]:
        return dict(_world.current().interfaces)

    @staticmethod
    def interfaceByName(name: str) -> Optional[PythonPanelInterface]:
        return _world.current().interfaces.get(name)


def open_tab(kind: EnumValue, network: Any = None) -> Any:
    """Open a tab, of a network where one is given."""
    world = _world.current()
    kinds: dict[Any, Any] = {
        paneTabType.NetworkEditor: NetworkEditor,
        paneTabType.PythonPanel: PythonPanel,
    }
    made = kinds.get(kind, PaneTab)(kind, f"panetab{len(world.panes) + 1}")
    if isinstance(made, NetworkEditor):
        made._network = network if network is not None else world.root
    world.panes.append(made)
    return made
