"""The panel on a real hub and a real server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from filmgate.config import load_config
from filmgate.host.hub import Hub
from filmgate.ui.panel import FilmgatePanel

pytest.importorskip("filmgate_server", reason="no server is installed in a host's interpreter")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a hub with nothing configured, and no server of this user in sight."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    made = Hub(load_config({"local_python": sys.executable}, {}), tmp_path / "cache")
    yield made
    made.close()


def test_a_server_of_ones_own_is_started_shown_and_stopped(hub: Hub, qtbot: Any) -> None:
    """From an empty panel to its models with their cards, by one button."""
    panel = FilmgatePanel(hub)
    qtbot.addWidget(panel)
    panel.show()
    head = panel.head
    qtbot.waitUntil(lambda: "No server is configured" in head.problem.text())
    head.start.click()
    qtbot.waitUntil(lambda: bool(head.devices.rows), timeout=40_000)
    qtbot.waitUntil(lambda: panel.models.list.model.rowCount() > 0, timeout=20_000)
    names = [model.name for model in panel.models.list.model.rows]
    assert "denoise" in names
    panel.tabs.setCurrentWidget(panel.models)
    panel.models.list.choose(names.index("denoise"))
    qtbot.waitUntil(lambda: "Open Image Denoise" in panel.models.card.text.toPlainText())
    assert "Apache-2.0" in panel.models.card.text.toPlainText()
    head.stop.click()
    qtbot.waitUntil(lambda: "No server is configured" in head.problem.text(), timeout=20_000)


def test_a_hub_that_closes_is_survived(hub: Hub, qtbot: Any) -> None:
    """Nuke ends, or another script is opened."""
    panel = FilmgatePanel(hub)
    qtbot.addWidget(panel)
    panel.show()
    hub.close()
    panel.refresh()
    qtbot.waitUntil(lambda: "closed" in panel.head.problem.text())
