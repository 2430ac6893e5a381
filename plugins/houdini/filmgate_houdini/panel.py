"""The Filmgate panel in a pane of Houdini; ``python_panels/filmgate.pypanel`` asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hou

from filmgate.errors import FilmgateError
from filmgate.wire.records import ModelSummary
from filmgate_houdini import sessions, shelf

if TYPE_CHECKING:
    from filmgate.ui.qt import QtWidgets

INTERFACE = "filmgate_panel"
"""Saved desktops name the panel by it: it never changes."""


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


def leave() -> None:
    """Take notice that a pane was closed: Houdini deletes the widget, work goes on."""


def add_node(model: ModelSummary) -> None:
    """Make a node of *model* in the network that the artist looks at."""
    try:
        shelf.create(model)
    except FilmgateError as error:
        hou.ui.displayMessage(str(error), title=shelf.TITLE)
