"""The Filmgate panel in a pane of Nuke."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nuke

from filmgate.errors import FilmgateError
from filmgate.wire.records import ModelSummary
from filmgate_nuke import menus, sessions

if TYPE_CHECKING:
    from filmgate.ui.qt import QtWidgets

NAME = "Filmgate"
ID = "filmgate.panel"
"""Saved workspaces name the panel by it: it never changes."""

MAKE = "__import__('filmgate_nuke.panel', fromlist=['make']).make"
"""What Nuke evaluates to make the widget, in whatever namespace that happens."""


def register() -> None:
    """Offer the panel in Nuke's list of panes; Qt is loaded when somebody opens it."""
    if not nuke.GUI:
        return
    from nukescripts import panels  # noqa: PLC0415 - there is none without an interface

    panels.registerWidgetAsPanel(MAKE, NAME, ID)


def make() -> QtWidgets.QWidget:
    """Return the panel; where it cannot work, a text that says why and what helps.

    Raises:
        ConfigError: not even Qt can be loaded.
    """
    from filmgate.ui.labels import wrapped  # noqa: PLC0415 - loads Qt
    from filmgate.ui.panel import FilmgatePanel  # noqa: PLC0415 - loads Qt

    try:
        panel = FilmgatePanel(sessions.hub(), offers_nodes=True)
    except FilmgateError as error:
        return wrapped(str(error))
    panel.node_wanted.connect(add_node)
    return panel


def add_node(model: ModelSummary) -> None:
    """Make a node of *model* where Nuke makes nodes now."""
    try:
        menus.create(model)
    except FilmgateError as error:
        nuke.message(str(error))
