"""The shelf: nodes of models where the artist looks, the panel, and a list that is asked for."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from fakes.echo import EchoServer
from fakes.secluded import seclude
from filmgate.errors import RequestError

ROOT = Path(__file__).resolve().parents[3] / "plugins" / "houdini"
FILE = ROOT / "toolbar" / "filmgate.shelf"
PATIENCE_S = 20.0


class Bench:
    """A session with a network that is looked at, and a server that lists models.

    Args:
        hou: the module.
        world: the user's hands.
    """

    def __init__(self, hou: Any, world: Any) -> None:
        self.hou, self.world = hou, world
        self.shelf = importlib.import_module("filmgate_houdini.shelf")
        self.sessions = importlib.import_module("filmgate_houdini.sessions")
        for table in ("sop", "cop", "top"):
            hou.hda.installFile(str(ROOT / "otls" / f"filmgate_{table}_infer.1.0.hda"))

    def look_at(self, kind: str) -> Any:
        """Open a network editor on a new network of a kind."""
        panes = importlib.import_module("hou._panes")
        network = self.hou.node("/obj").createNode(kind)
        panes.open_tab(self.hou.paneTabType.NetworkEditor, network)
        return network

    def list_models(self) -> None:
        """Ask the server for its models, as the shelf does."""
        self.shelf.refresh()
        assert self.world.run_until(lambda: bool(self.hou.ui.statusMessage()[0]), PATIENCE_S)


@pytest.fixture
def bench(hou: Any, world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Return a session with a server configured."""
    seclude(tmp_path, monkeypatch)
    with EchoServer() as server:
        monkeypatch.setenv("FILMGATE_SERVER", server.address)
        made = Bench(hou, world)
        yield made
        made.sessions.close_hubs()


def test_the_file_names_tools_that_the_plugin_has(hou: Any) -> None:
    """Every tool of the shelf is there, and each is one call of a function that exists."""
    root = ElementTree.parse(FILE).getroot()  # noqa: S314 - our own file
    tools = {each.get("name"): each.findtext("script") or "" for each in root.findall("tool")}
    shelf = importlib.import_module("filmgate_houdini.shelf")

    (toolshelf,) = root.findall("toolshelf")
    assert [each.get("name") for each in toolshelf.findall("memberTool")] == list(tools)
    for script in tools.values():
        found = re.search(r'start\.load\("shelf"\)\.(\w+)\(', script)
        assert found is not None
        assert callable(getattr(shelf, found[1]))


def test_a_chosen_model_becomes_a_node_below_what_is_selected(bench: Bench) -> None:
    """It knows its model and is connected; one undo takes it away."""
    network = bench.look_at("copnet")
    bench.list_models()
    above = network.createNode("null")
    above.setSelected(True, clear_all_selected=True)
    bench.world.answers.append((0,))

    bench.shelf.choose({})

    (node,) = (each for each in network.children() if each.type().name().startswith("filmgate::"))
    assert node.evalParm("filmgate_model") == "echo@champion"
    assert node.inputs()[0] == above
    assert node.parm("filmgate_p_strength") is not None
    assert bench.sessions.session(node).node_state.model == "echo@champion"


def test_a_model_of_pictures_has_no_place_among_geometry(bench: Bench) -> None:
    """The artist is told where it has one."""
    bench.look_at("geo")
    bench.list_models()
    model = bench.sessions.hub().catalogue.models()[0]

    with pytest.raises(RequestError, match="no place"):
        bench.shelf.create(model)


def test_where_no_network_is_open_the_tool_says_so(bench: Bench) -> None:
    """Nothing is made anywhere else."""
    bench.shelf.choose({})

    assert "network" in bench.world.messages[-1]


def test_no_models_yet_means_ask_for_them(bench: Bench) -> None:
    """The text names the tool that does."""
    bench.look_at("copnet")

    bench.shelf.choose({})

    assert "Refresh" in bench.world.messages[-1]


def test_refresh_says_how_many_there_are(bench: Bench) -> None:
    """In the status line: no window stands in the way."""
    bench.list_models()

    assert "2 models are known." in bench.hou.ui.statusMessage()[0]


def test_a_server_that_is_away_is_said_in_the_status_line(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what helps; the artist goes on."""
    monkeypatch.setattr(
        bench.sessions,
        "hub",
        lambda: SimpleNamespace(
            catalogue=SimpleNamespace(refresh=lambda done: done(RequestError("It is away.")))
        ),
    )

    bench.shelf.refresh()
    bench.world.run_events()

    text, severity = bench.hou.ui.statusMessage()
    assert "It is away." in text
    assert severity == bench.hou.severityType.Warning


def test_the_tab_menu_uses_houdinis_own_tools_where_there_are_some(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They place and wire a node as artists know it; without them it is made all the same."""
    called: list[Any] = []
    tools = SimpleNamespace(genericTool=lambda kwargs, name: called.append((kwargs, name)))
    monkeypatch.setitem(importlib.import_module("sys").modules, "soptoolutils", tools)
    bench.look_at("geo")
    bench.shelf.place({"pane": 1}, "filmgate::infer")
    assert called == [({"pane": 1}, "filmgate::infer")]
    bench.world.panes.clear()
    network = bench.look_at("copnet")

    bench.shelf.place({}, "filmgate::infer")

    assert [each.type().name() for each in network.children()] == ["filmgate::infer::1.0"]
