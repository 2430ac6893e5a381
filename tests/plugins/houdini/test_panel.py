"""The panel in a pane of the stand-in for Houdini."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from fakes.secluded import seclude

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("qtpy", reason="THE PANEL IS NOT TESTED: QtPy is not installed here")

FILE = Path(__file__).resolve().parents[3] / "plugins/houdini/python_panels/filmgate.pypanel"


@pytest.fixture
def panel(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return the plugin's module in a session with nothing configured."""
    seclude(tmp_path, monkeypatch)
    yield importlib.import_module("filmgate_houdini.panel")
    importlib.import_module("filmgate_houdini.sessions").close_hubs()


def test_the_file_says_what_houdini_asks_for(hou: Any) -> None:
    """One interface, under the name that saved desktops know, with both of its functions."""
    root = ElementTree.parse(FILE).getroot()  # noqa: S314 - our own file

    (interface,) = root.findall("interface")
    assert root.tag == "pythonPanelDocument"
    shelf = importlib.import_module("filmgate_houdini.shelf")
    assert interface.get("name") == shelf.INTERFACE
    script = interface.findtext("script") or ""
    compile(script, str(FILE), "exec")
    assert "def onCreateInterface():" in script
    assert interface.find("includeInPaneTabMenu") is not None


def test_importing_it_loads_no_qt(hou: Any) -> None:
    """Only who opens the pane pays for it."""
    had = {name for name in sys.modules if name.startswith("filmgate.ui")}

    importlib.import_module("filmgate_houdini.panel")

    assert {name for name in sys.modules if name.startswith("filmgate.ui")} == had


def test_houdini_makes_it_from_the_file(panel: Any, hou: Any, qtbot: Any) -> None:
    """In a pane of its own, without a word to any server."""
    hou.pypanel.installFile(str(FILE))
    shelf = importlib.import_module("filmgate_houdini.shelf")

    shelf.show_panel()

    tab = hou.ui.curDesktop().paneTabOfType(hou.paneTabType.PythonPanel)
    widget = tab.activeInterfaceRootWidget()
    qtbot.addWidget(widget)
    assert widget.windowTitle() == "Filmgate"
    assert not widget.models.card.add.isHidden()
    shelf.show_panel()
    assert len(hou.ui.curDesktop().paneTabs()) == 1


def test_settings_that_cannot_be_used_are_shown_in_the_pane(
    panel: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Houdini would leave the pane empty."""
    monkeypatch.setenv("FILMGATE_SERVR", "tcp://gate:5700")

    widget = panel.make()

    qtbot.addWidget(widget)
    assert "FILMGATE_SERVER" in widget.text()
