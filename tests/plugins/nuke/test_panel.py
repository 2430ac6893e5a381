"""The panel in a pane of the stand-in for Nuke."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("qtpy", reason="THE PANEL IS NOT TESTED: QtPy is not installed here")


@pytest.fixture
def panel_module(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the plugin's module in a session with nothing configured."""
    for name in [name for name in os.environ if name.startswith("FILMGATE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FILMGATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    from filmgate_nuke import panel, sessions  # noqa: PLC0415 - needs the stand-in's session

    yield panel
    sessions.close_hubs()


def test_nuke_lists_it_and_loads_no_qt_for_that(panel_module: Any, world: Any) -> None:
    """Only who opens the pane pays for it."""
    had = {name for name in sys.modules if name.startswith("filmgate.ui")}
    panel_module.register()
    assert panel_module.ID in world.panels
    assert {name for name in sys.modules if name.startswith("filmgate.ui")} == had


def test_what_nuke_evaluates_makes_the_panel(panel_module: Any, qtbot: Any) -> None:
    """In a namespace that has none of our names, and without a word to any server."""
    widget = eval(panel_module.MAKE, {})()  # noqa: S307 - as Nuke does
    qtbot.addWidget(widget)
    assert widget.windowTitle() == "Filmgate"
    from filmgate_nuke import sessions  # noqa: PLC0415 - needs the stand-in's session

    assert sessions.hub().link.state().kind == "none"
    assert not widget.models.card.add.isHidden()


def test_settings_that_cannot_be_used_are_shown_in_the_pane(
    panel_module: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nuke would print a traceback and leave the pane empty."""
    monkeypatch.setenv("FILMGATE_SERVR", "tcp://gate:5700")
    widget = panel_module.make()
    qtbot.addWidget(widget)
    assert "FILMGATE_SERVER" in widget.text()


def test_without_an_interface_nothing_is_registered(fresh: Any) -> None:
    """A farm has no panes."""
    world = fresh(mode="-t")
    from filmgate_nuke import panel  # noqa: PLC0415 - needs the stand-in's session

    panel.register()
    assert panel.ID not in world.panels
