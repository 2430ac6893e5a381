"""The tab: a widget from Unreal 5.6 on, a details view before; no asset is shipped for either."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.echo import EchoServer
from fakes.editor_desk import PLUGIN, EditorDesk, answer, plain_result

ROCK = "/Game/T_Rock"
TOOLS = "LevelEditor.MainMenu.Tools.Filmgate"


@pytest.fixture
def server() -> Iterator[EchoServer]:
    """Return a server whose answers the editor can import."""
    with EchoServer() as echo:
        answer(echo, plain_result())
        yield echo


@pytest.fixture(params=["5.3", "5.6"])
def desk(
    request: Any, server: EchoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EditorDesk]:
    """Return an editor of each kind, with a texture."""
    made = EditorDesk(tmp_path, monkeypatch, version=request.param, server=server.address)
    made.texture(ROCK, {each: [0, 64, 128, 255] * 2 for each in "RGB"}, 4, srgb=True)
    made.list_models()
    yield made
    from filmgate_unreal import widget  # noqa: PLC0415

    widget._tab.__init__()  # type: ignore[misc]
    made.close()


def open_tab() -> Any:
    """Open the tab as the menu does; return what it shows."""
    from unreal import _menus  # noqa: PLC0415

    from filmgate_unreal import widget  # noqa: PLC0415

    _menus.click(TOOLS, "FilmgateOpen")
    return widget._tab.panel


def test_the_tab_opens_in_every_release(desk: EditorDesk) -> None:
    """From 5.6 on a widget with a details view in it, before that a details tab of its own."""
    panel = open_tab()
    assert panel is not None
    if desk.version == "5.6":
        (tab,) = desk.editor.tabs.values()
        assert tab.find_child_widget_by_name("Details").get_object() is panel
        assert str(tab.find_child_widget_by_name("Status").get_text()) == "Nothing under way"
    else:
        assert desk.editor.opened == [[panel]]
    assert not [text for text in desk.editor.errors() if "Filmgate" in text]


def test_opening_it_again_makes_no_second_one(desk: EditorDesk) -> None:
    """The tab comes to the front."""
    assert open_tab() is open_tab()
    assert len(desk.editor.tabs) <= 1


def test_the_buttons_do_the_work(desk: EditorDesk) -> None:
    """Choose a model, run it, accept what came."""
    panel = open_tab()
    assert list(panel.offered()) == ["echo@champion", "echo-window@champion"]
    panel.set_editor_property("model", "echo@champion")
    desk.editor.select(ROCK)
    desk.editor.answers.append(True)
    panel.run_model()
    waits = "1 waiting for Accept"
    desk.until(lambda: waits in str(panel.get_editor_property("status")), "the line tells")
    panel.accept_results()
    assert desk.unreal.EditorAssetLibrary.does_asset_exist(f"{ROCK}_echo")


def test_a_discard_and_a_cancel_are_heard(desk: EditorDesk, server: EchoServer) -> None:
    """The other buttons reach the same functions as the menu."""
    from filmgate_unreal import preview  # noqa: PLC0415

    panel = open_tab()
    desk.make("echo", ROCK)
    panel.discard_results()
    assert preview.waiting() == []
    server.allow(0)
    before = len(server.submitted)
    batch = desk.begin("echo-window", ROCK)
    desk.until(lambda: len(server.submitted) > before, "it is at the server")
    panel.cancel_everything()
    desk.until(lambda: not batch.busy, "it has ended")
    panel.refresh_models()


def test_the_repository_has_no_binary_asset() -> None:
    """A saved widget that uses our nodes would not compile at the editor's start."""
    assert not [*PLUGIN.parents[1].rglob("*.uasset"), *PLUGIN.parents[1].rglob("*.umap")]
