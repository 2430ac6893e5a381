"""Panels in Python: windows of knobs, and widgets of one's own in a pane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

import nuke
from nuke import _world


class PythonPanel:
    """A window of knobs."""

    def __init__(self, title: str = "", id: str = "", scrollable: bool = True) -> None:
        _world.check_thread("nukescripts.PythonPanel")
        self._title, self._id = title, id
        self._held: dict[str, nuke.Knob] = {}

    def addKnob(self, knob: nuke.Knob) -> None:
        self._held[knob.name()] = knob

    def knobs(self) -> dict[str, nuke.Knob]:
        return dict(self._held)

    def addToPane(self, pane: Any = None) -> PythonPanel:
        """Show the panel in a pane: its widgets are made now."""
        for knob in self._held.values():
            if hasattr(knob, "_make"):
                knob._make()
        return self

    def show(self) -> None:
        self.addToPane()

    def hide(self) -> None:
        """Close the window."""


class WidgetKnob:
    """What a custom knob evaluates to: it makes the widget when the panel is shown."""

    def __init__(self, widget: Callable[[], Any]) -> None:
        self.widgetClass = widget

    def makeUI(self) -> Any:
        self.widget = self.widgetClass()
        return self.widget


def registerPanel(id: str, command: Callable[[], Any]) -> None:
    """Keep how a panel is made, so that saved layouts can bring it back."""
    _world.current().panels[id] = command


def unregisterPanel(id: str, command: Any = None) -> None:
    _world.current().panels.pop(id, None)


def restorePanel(id: str) -> Any:
    """Make a panel that a saved layout names."""
    return _world.current().panels[id]()


def registerWidgetAsPanel(
    widget: str,
    name: str,
    id: str,
    create: bool = False,
) -> Optional[PythonPanel]:
    """Offer a widget in the Pane menu; *widget* is the dotted name of its class, as text."""

    class Panel(PythonPanel):
        def __init__(self) -> None:
            super().__init__(name, id)
            made = f"__import__('nukescripts').panels.WidgetKnob({widget})"
            self.customKnob = nuke.PyCustom_Knob(name, "", made)
            self.addKnob(self.customKnob)

    def add_panel() -> PythonPanel:
        return Panel().addToPane()

    nuke.menu("Pane").addCommand(name, add_panel)
    registerPanel(id, add_panel)
    return Panel() if create else None
