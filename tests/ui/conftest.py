"""Fixtures of the panel: a hub that answers as told, and a panel on it, without a screen."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from filmgate.errors import ConfigError

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
try:
    from fakes.shown import ADDRESS, ShownHub, make_model, make_page, make_run
    from filmgate.ui import qt as _qt
except ConfigError as error:
    pytest.skip(f"THE PANEL IS NOT TESTED: {error}", allow_module_level=True)


@pytest.fixture
def desk() -> ShownHub:
    """Return a hub that answers as told."""
    return ShownHub()


@pytest.fixture
def panel(desk: ShownHub, qtbot: Any) -> Any:
    """Return a panel that is shown, on the desk."""
    from filmgate.ui.panel import FilmgatePanel  # noqa: PLC0415 - after the platform is chosen

    made = FilmgatePanel(desk, offers_nodes=True)  # pyright: ignore[reportArgumentType]
    qtbot.addWidget(made)
    made.show()
    yield made
    desk.link.gate.set()
    made.close()


@pytest.fixture
def kit() -> SimpleNamespace:
    """Return what makes pages, runs and models, as tests import nothing from each other."""
    return SimpleNamespace(page=make_page, run=make_run, model=make_model, qt=_qt, address=ADDRESS)
