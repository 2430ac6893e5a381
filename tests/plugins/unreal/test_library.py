"""The Blueprint nodes: results in the order that a Blueprint sees, and never an exception."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.echo import EchoServer
from fakes.editor_desk import EditorDesk, answer, plain_result

ROCK = "/Game/T_Rock"


@pytest.fixture
def server() -> Iterator[EchoServer]:
    """Return a server whose answers the editor can import."""
    with EchoServer() as echo:
        answer(echo, plain_result())
        yield echo


@pytest.fixture
def desk(
    server: EchoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EditorDesk]:
    """Return an editor with a texture."""
    made = EditorDesk(tmp_path, monkeypatch, server=server.address)
    made.texture(ROCK, {each: [0, 64, 128, 255] * 2 for each in "RGB"}, 4, srgb=True)
    yield made
    made.close()


def node(name: str, *args: Any) -> tuple[Any, ...]:
    """Run a node as a Blueprint does; return its outputs, the first first."""
    from unreal._reflection import called_by_blueprint  # noqa: PLC0415

    from filmgate_unreal.library import FilmgateLibrary  # noqa: PLC0415

    return called_by_blueprint(FilmgateLibrary, f"filmgate_{name}", *args)


def test_a_texture_goes_through_by_nodes_alone(desk: EditorDesk, server: EchoServer) -> None:
    """Run, look, accept: what a TD builds a tool of."""
    assert node("run", ROCK, "echo", '{"strength": 2.0}') == (True,)
    desk.until(lambda: node("state", ROCK, "echo") == ("fresh", 1.0), "it is fresh")
    assert node("accept", ROCK, "echo") == (f"{ROCK}_echo.T_Rock_echo",)
    assert [each.params["strength"] for each in server.submitted] == [2.0]


def test_the_word_comes_before_the_number(desk: EditorDesk) -> None:
    """A Blueprint gets several results in reverse: the state is its first output."""
    assert node("state", ROCK, "echo") == ("not run yet", 0.0)


def test_models_are_an_array_of_names(desk: EditorDesk) -> None:
    """What the list on disk has; nothing before anybody has asked."""
    assert [list(found) for found in node("models")] == [[]]
    desk.list_models()
    assert [list(found) for found in node("models")] == [["echo", "echo-window"]]


def test_what_is_under_way_is_cancelled(desk: EditorDesk, server: EchoServer) -> None:
    """The node says whether there was anything to cancel."""
    server.allow(0)
    node("run", ROCK, "echo", "")
    desk.until(lambda: bool(server.submitted), "it is at the server")
    assert node("cancel", ROCK, "echo") == (True,)
    desk.until(lambda: "cancelled" in server.ended, "the server has heard")
    desk.until(lambda: node("cancel", ROCK, "echo") == (False,), "nothing is under way")


def test_a_result_is_forgotten_once(desk: EditorDesk) -> None:
    """The node says whether there was one."""
    node("run", ROCK, "echo", "")
    desk.until(lambda: node("state", ROCK, "echo") == ("fresh", 1.0), "it is there")
    assert (node("discard", ROCK, "echo"), node("discard", ROCK, "echo")) == ((True,), (False,))


@pytest.mark.parametrize(
    ("name", "args", "outputs", "said"),
    [
        ("run", (ROCK, "echo", "gain=2"), (False,), "is no JSON object"),
        ("run", (ROCK, "echo", "[1]"), (False,), "is no JSON object"),
        ("accept", (ROCK, "echo"), ("",), "no result for T_Rock"),
        ("accept", ("/Game/Nothing", "echo"), ("",), "/Game/Nothing is no texture"),
        ("run", ("/Game/Nothing", "echo", ""), (False,), "/Game/Nothing is no texture"),
        ("state", ("/Game/Nothing", "echo"), ("error", 0.0), "/Game/Nothing is no texture"),
    ],
)
def test_what_fails_is_told_and_gives_nothing(
    desk: EditorDesk, name: str, args: Any, outputs: Any, said: str
) -> None:
    """An exception would end the Blueprint, a dialog would stop it at each asset of many."""
    assert node(name, *args) == outputs
    assert any(said in text for text in desk.editor.errors())
    desk.editor.tick(5)
    assert desk.editor.dialogs == []
