"""`filmgate panel`: the panel in a window of its own."""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import dataclass

from filmgate.cli.options import SiteOptions
from filmgate.errors import ConfigError
from filmgate.exits import EXIT_OK
from filmgate.host.hub import Hub

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
_LOOK_EVERY_MS = 200
"""How often Python gets a chance to see Ctrl-C while Qt waits."""


@dataclass(frozen=True, kw_only=True)
class PanelOptions(SiteOptions):
    """What `filmgate panel` takes."""


def open_panel(options: PanelOptions) -> int:
    """Show the server, its queue, its models and a log in a window, until that is closed.

    A server that was started from the window ends with it.
    """
    _demand_display()
    # Qt is loaded only for this command: it is large, and another machine need not have it.
    from filmgate.ui.panel import STANDALONE, FilmgatePanel  # noqa: PLC0415
    from filmgate.ui.qt import QtCore, application, run_events  # noqa: PLC0415

    interrupted = threading.Event()

    def look() -> None:
        if interrupted.is_set():
            app.quit()

    # From the first moment on: an exception inside one of Qt's calls would crash the process.
    signal.signal(signal.SIGINT, lambda _number, _frame: interrupted.set())
    app = application("filmgate")
    hub = Hub(options.config())
    panel = FilmgatePanel(hub, tabs=STANDALONE)
    looking = QtCore.QTimer(panel)
    looking.timeout.connect(look)
    looking.start(_LOOK_EVERY_MS)
    panel.show()
    try:
        return run_events(app) or EXIT_OK
    finally:
        panel.close()
        hub.close()


def _demand_display() -> None:
    """Say so where no window can be opened: Qt would abort the process.

    Raises:
        ConfigError: there is no display.
    """
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in _DISPLAYS):
        raise ConfigError(
            "No display is set, so no window can be opened.",
            "Run it where your windows are, or use `filmgate status --watch` here.",
        )
