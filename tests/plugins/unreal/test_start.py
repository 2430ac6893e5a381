"""The editor's start: nothing keeps it from starting, and no network is asked."""

from __future__ import annotations

import runpy
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.echo import EchoServer
from fakes.editor_desk import PLUGIN
from fakes.secluded import seclude

TOOLS = "LevelEditor.MainMenu.Tools"


@pytest.fixture
def ended() -> Iterator[None]:
    """End what the plugin has begun."""
    yield
    from filmgate_unreal import sessions, ticks  # noqa: PLC0415

    ticks.stop()
    sessions.close_hubs()


def entries(menu: str) -> dict[str, str]:
    """Return the labels of a menu's entries."""
    from unreal import _menus  # noqa: PLC0415

    return _menus.entries(menu)


def run() -> None:
    """Run the file that the editor runs."""
    runpy.run_path(str(PLUGIN / "init_unreal.py"))


@pytest.mark.usefixtures("ended")
@pytest.mark.parametrize("version", ["5.3", "5.4", "5.5", "5.6"])
@pytest.mark.parametrize("mode", ["editor", "unattended", "commandlet"])
def test_the_plugin_starts_in_every_release_and_mode(
    fresh: Callable[..., Any],
    version: str,
    mode: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Menus, ticks and nodes are there, and the log has no red line."""
    seclude(tmp_path, monkeypatch)
    editor = fresh(version, mode)
    run()
    assert editor.errors() == []
    assert "Accept Results" in entries(f"{TOOLS}.Filmgate").values()
    assert len(editor.post_ticks) == 1


@pytest.mark.usefixtures("ended")
def test_the_start_asks_no_network(
    session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred editors that start at once make no connection."""
    seclude(tmp_path, monkeypatch)
    with EchoServer() as server:
        monkeypatch.setenv("FILMGATE_SERVER", server.address)
        run()
        session.tick(5)
        assert server.hellos == 0


def test_the_editors_end_ends_everything(
    fresh: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No thread of ours keeps the process alive, and no callback is left."""
    seclude(tmp_path, monkeypatch)
    editor = fresh()
    before = set(threading.enumerate())
    run()
    from filmgate_unreal import sessions  # noqa: PLC0415

    called = threading.Event()
    sessions.hub().background(called.set)
    assert called.wait(5.0)
    editor.close()
    assert set(threading.enumerate()) <= before
    assert editor.post_ticks == {}


@pytest.mark.usefixtures("ended")
def test_a_bad_setting_is_told_in_the_menu(
    session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The editor starts; one entry says what is wrong."""
    from unreal import _menus  # noqa: PLC0415

    seclude(tmp_path, monkeypatch)
    monkeypatch.setenv("FILMGATE_CACHE_GB", "plenty")
    run()
    assert "Filmgate cannot start…" in entries(TOOLS).values()
    _menus.click(TOOLS, "FilmgateUnavailable")
    assert "plenty" in session.dialogs[-1][1]


@pytest.mark.usefixtures("ended")
def test_a_module_that_is_missing_is_told_in_the_menu(
    session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle for another Python, or none: the editor starts all the same."""
    seclude(tmp_path, monkeypatch)
    for name in [name for name in sys.modules if name.partition(".")[0] == "filmgate_unreal"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "filmgate.host.vendor", None)
    run()
    assert "Filmgate cannot start…" in entries(TOOLS).values()
    assert any("Filmgate cannot start" in text for _, text in session.log)
