"""The menus: made of what is on disk, and made again when the server has other models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.echo import EchoServer
from fakes.editor_desk import EditorDesk
from filmgate.testing import CONTRACT_MODELS

TOOLS = "LevelEditor.MainMenu.Tools.Filmgate"
TEXTURE = "ContentBrowser.AssetContextMenu.Texture2D.Filmgate"
ACTOR = "LevelEditor.ActorContextMenu.Filmgate"
VOLUME = {"kind": "volume", "axes": ["y", "x", "c"], "channels": ["height"]}
TERRAIN = {
    **CONTRACT_MODELS[0],
    "model": {**CONTRACT_MODELS[0]["model"], "name": "terrain", "summary": "Makes detail."},
    "inputs": [{"name": "height", **VOLUME}],
    "outputs": [{"name": "height", **VOLUME}],
}
CLOUD = {
    **TERRAIN,
    "model": {**TERRAIN["model"], "name": "cloud"},
    "inputs": [{"name": "density", "kind": "volume", "channels": ["density"]}],
    "outputs": [{"name": "density", "kind": "volume", "channels": ["density"]}],
}

RETIME = {
    **CONTRACT_MODELS[0],
    "model": {**CONTRACT_MODELS[0]["model"], "name": "retime"},
    "temporal": {"kind": "between"},
}
COMPARE = {
    **CONTRACT_MODELS[0],
    "model": {**CONTRACT_MODELS[0]["model"], "name": "compare"},
    "inputs": [*CONTRACT_MODELS[0]["inputs"], {"name": "other", "channels": ["R", "G", "B"]}],
}
"""Models that one texture is not enough for."""


@pytest.fixture
def server() -> Iterator[EchoServer]:
    """Return a server with models for textures, landscapes and clouds."""
    with EchoServer([*CONTRACT_MODELS, TERRAIN, CLOUD, RETIME, COMPARE]) as echo:
        yield echo


@pytest.fixture
def desk(
    server: EchoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EditorDesk]:
    """Return an editor with that server configured, which was not asked yet."""
    made = EditorDesk(tmp_path, monkeypatch, server=server.address)
    yield made
    made.close()


def entries(menu: str) -> dict[str, str]:
    """Return the labels of a menu's entries."""
    from unreal import _menus  # noqa: PLC0415

    return _menus.entries(menu)


def test_with_no_models_the_menu_offers_to_ask(desk: EditorDesk, server: EchoServer) -> None:
    """A new installation has one entry, which asks the server in the background."""
    from unreal import _menus  # noqa: PLC0415

    assert [*entries(TEXTURE)] == ["FilmgateNone"]
    _menus.click(TEXTURE, "FilmgateNone")
    desk.until(lambda: "Filmgate_echo" in entries(TEXTURE), "the models are listed")
    assert "FilmgateNone" not in entries(TEXTURE)
    assert server.hellos == 1


def test_the_kind_of_selection_decides_the_models(desk: EditorDesk) -> None:
    """Textures get models that one image is enough for, landscapes those of heightfields."""
    desk.list_models()
    assert [*entries(TEXTURE)] == ["Filmgate_echo", "Filmgate_echo-window"]
    assert [*entries(ACTOR)] == ["Filmgate_terrain"]


def test_the_list_for_the_panel_follows_the_selection(desk: EditorDesk) -> None:
    """With a landscape selected the tab lists what landscapes can be given to."""
    from filmgate_unreal import selection, sessions  # noqa: PLC0415

    desk.list_models()
    assert selection.kinds() == []
    desk.landscape([32768] * 6, 3)
    assert selection.kinds() == [selection.VOLUME]
    found = selection.models(sessions.hub().catalogue, selection.kinds())
    assert [each.name for each in found] == ["terrain"]


def test_menus_survive_being_made_again(desk: EditorDesk) -> None:
    """Nothing is listed twice, and what the server has no more is gone."""
    from filmgate_unreal import menu  # noqa: PLC0415

    desk.list_models()
    before = {place: entries(place) for place in (TOOLS, TEXTURE, ACTOR)}
    menu.rebuild()
    assert {place: entries(place) for place in before} == before


def test_a_server_that_cannot_be_asked_is_a_dialog(desk: EditorDesk, server: EchoServer) -> None:
    """The menu asks in the background; what goes wrong comes at a tick."""
    from unreal import _menus  # noqa: PLC0415

    server.stop()
    _menus.click(TOOLS, "FilmgateRefresh")
    assert desk.editor.dialogs == []
    desk.until(lambda: bool(desk.editor.dialogs), "the dialog came")


def test_every_command_of_the_menus_runs(desk: EditorDesk) -> None:
    """No entry fails with a traceback that only the log would show."""
    from unreal import _menus  # noqa: PLC0415

    desk.list_models()
    for name in entries(TOOLS):
        _menus.click(TOOLS, name)
    for name in entries(TEXTURE):
        _menus.click(TEXTURE, name)
    for name in entries(ACTOR):
        _menus.click(ACTOR, name)
    assert not [text for text in desk.editor.errors() if "Traceback" in text]
    assert any("Select textures" in str(text) for _, text in desk.editor.dialogs)


def test_nothing_of_ours_is_outside_our_menus(desk: EditorDesk) -> None:
    """The parents hold one sub-menu, with the name of the product."""
    desk.list_models()
    for place in (TOOLS, TEXTURE, ACTOR):
        parent = entries(place.rpartition(".")[0])
        assert [label for label in parent.values() if "ilmgate" in label] == ["Filmgate"]
