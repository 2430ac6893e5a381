"""The buttons and menus of a node: which models there are, versions, upgrades, what is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fakes.echo import EchoServer
from fakes.hip import Hip, heightfield
from fakes.secluded import seclude
from filmgate.testing import CONTRACT_MODELS

GRID = {"name": "height", "kind": "volume", "axes": ["y", "x", "c"], "channels": ["height"]}


def document(name: str, version: str = "1.0.0", **sections: Any) -> Mapping[str, Any]:
    """Return the manifest of a model of heightfields."""
    return {
        "model": {"name": name, "version": version, "task": "terrain", "summary": "For tests."},
        "licence": {"code": "Apache-2.0", "weights": "none"},
        "inputs": [GRID],
        "outputs": [{**GRID, "replaces": "height"}],
        "runtime": {"engine": "array", "entry": "model.py:Model"},
        "params": [{"name": "gain", "type": "float", "default": 1.0}],
        **sections,
    }


MODELS = (*CONTRACT_MODELS, document("detail"), document("erode"))


@pytest.fixture
def server() -> Iterator[EchoServer]:
    """Return a server with models of pictures and of heightfields."""
    with EchoServer(MODELS) as echo:
        yield echo


@pytest.fixture
def hip(
    hou: Any, server: EchoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hip]:
    """Return a scene, with that server configured."""
    seclude(tmp_path, monkeypatch)
    monkeypatch.setenv("FILMGATE_SERVER", server.address)
    from filmgate_houdini import sessions  # noqa: PLC0415 - found once Houdini is

    yield Hip(hou)
    sessions.close_hubs()


@pytest.fixture
def node(hip: Hip) -> Any:
    """Return a new node below a terrain, as the tab menu makes it."""
    made = hip.network.createNode("filmgate::infer")
    made.setInput(0, hip.supply(heightfield(hip.hou, 2, 2)))
    return made


def world(hip: Hip) -> Any:
    """Return the user's hands."""
    return hip.hou._world.current()


def tokens(hip: Hip, node: Any, parm: str) -> list[str]:
    """Return what a menu offers."""
    return [token for token, _ in world(hip).menu_of(node, parm)]


def opened(hip: Hip, node: Any) -> list[str]:
    """Return the model menu once everything in it is known."""
    from filmgate_houdini import sessions  # noqa: PLC0415 - found once the fixture ran

    heard: list[Any] = []
    sessions.hub().catalogue.refresh(heard.append)
    assert world(hip).run_until(lambda: heard == [None])
    return tokens(hip, node, "filmgate_model")


def test_a_new_node_asks_nobody(hip: Hip, node: Any, server: EchoServer) -> None:
    """Neither when it is made nor while it has no model."""
    world(hip).run_events(5)
    assert server.hellos == 0


def test_the_menu_has_what_the_context_can_feed(hip: Hip, node: Any) -> None:
    """Models of geometry, and none of pictures; by the alias that moves on."""
    assert opened(hip, node) == ["detail@champion", "erode@champion"]


def test_an_empty_menu_asks_for_the_next_time(hip: Hip, node: Any, server: EchoServer) -> None:
    """Opening it waits for nobody."""
    assert tokens(hip, node, "filmgate_model") == []
    assert world(hip).run_until(lambda: bool(tokens(hip, node, "filmgate_model")))


def test_choosing_a_model_makes_its_parameters(hip: Hip, node: Any) -> None:
    """A model that was published a moment ago is there with its settings."""
    opened(hip, node)
    world(hip).edit(node, "filmgate_model", "detail@champion")
    world(hip).run_events()
    assert node.evalParm("filmgate_p_gain") == 1.0
    assert node.evalParm("filmgate_version") == "1.0.0"


def test_a_model_that_is_not_on_disk_is_asked_for(hip: Hip, node: Any) -> None:
    """Its parameters appear when the server has answered; Houdini does not wait."""
    world(hip).edit(node, "filmgate_model", "erode")
    assert world(hip).run_until(lambda: node.parm("filmgate_p_gain") is not None)


def test_hython_waits_for_the_parameters(
    fresh: Any, server: EchoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script can set them in its next line."""
    fresh(mode="hython")
    seclude(tmp_path, monkeypatch)
    monkeypatch.setenv("FILMGATE_SERVER", server.address)
    import hou  # noqa: PLC0415 - found once the fixture ran

    from filmgate_houdini import sessions  # noqa: PLC0415

    hip = Hip(hou)
    node = hip.network.createNode("filmgate::infer")
    world(hip).edit(node, "filmgate_model", "erode")
    assert node.evalParm("filmgate_p_gain") == 1.0
    sessions.close_hubs()


def test_a_model_set_by_a_script_is_cooked(hip: Hip, node: Any, server: EchoServer) -> None:
    """Scripts set parameters and call no callback."""
    server.allow(0)
    node.parm("filmgate_model").set("erode")
    node.cook(force=True)
    assert world(hip).run_until(lambda: bool(server.submitted))
    assert server.submitted[0].model.startswith("erode@")


def test_choosing_a_model_is_one_undo_step(hip: Hip, node: Any) -> None:
    """Undo takes back all of it: the node has the earlier model again."""
    opened(hip, node)
    world(hip).edit(node, "filmgate_model", "detail@champion")
    world(hip).run_events()
    before = node.userData("filmgate_state")
    world(hip).edit(node, "filmgate_model", "erode@champion")
    assert node.userData("filmgate_state") != before
    hip.hou.undos.performUndo()
    assert node.userData("filmgate_state") == before


def test_without_a_newer_version_the_artist_is_told(hip: Hip, node: Any) -> None:
    """Upgrade always answers."""
    opened(hip, node)
    world(hip).edit(node, "filmgate_model", "detail@champion")
    world(hip).press(node, "filmgate_upgrade")
    assert "newest version" in world(hip).messages[-1]


@pytest.mark.parametrize(("answer", "version"), [(0, "2.0.0"), (1, "1.0.0")])
def test_an_upgrade_is_shown_and_asked_for(
    hip: Hip, node: Any, server: EchoServer, answer: int, version: str
) -> None:
    """The artist reads what changes; a no changes nothing."""
    opened(hip, node)
    world(hip).edit(node, "filmgate_model", "detail@champion")
    from filmgate_houdini import sessions  # noqa: PLC0415 - found once the fixture ran

    newer = document("detail", "2.0.0", params=[{"name": "depth", "type": "float", "default": 3.0}])
    with EchoServer((newer,)) as other:
        hub = sessions.hub()
        asked = EchoClient(hub, other.address)
        asked.refresh(hip)
        world(hip).answers.append(answer)
        world(hip).press(node, "filmgate_upgrade")
    assert "New parameter depth." in world(hip).messages[-1]
    assert sessions.session(node).node_state.version == version
    assert (node.parm("filmgate_p_depth") is not None) == (version == "2.0.0")


class EchoClient:
    """Another server's list in the place of the hub's own.

    Args:
        hub: whose list.
        address: of the other server.
    """

    def __init__(self, hub: Any, address: str) -> None:
        from filmgate.config import load_config  # noqa: PLC0415
        from filmgate.host.hub import Hub  # noqa: PLC0415

        self._hub, self._other = hub, Hub(load_config({"server": address}))

    def refresh(self, hip: Hip) -> None:
        """Ask the other server, and let the hub know its models."""
        heard: list[Any] = []
        self._other.catalogue.refresh(heard.append)
        assert world(hip).run_until(lambda: bool(heard))
        self._hub.catalogue = self._other.catalogue
        self._other.link.close()


def test_a_failure_behind_a_button_is_told(hip: Hip, node: Any) -> None:
    """Without a model there is nothing to freeze; no traceback is shown."""
    world(hip).press(node, "filmgate_freeze")
    assert "no fresh result" in world(hip).messages[-1]


def test_cancel_without_a_session_is_nothing(hip: Hip, node: Any, server: EchoServer) -> None:
    """The button may be pressed at any time."""
    world(hip).press(node, "filmgate_cancel")
    assert (server.hellos, world(hip).messages) == (0, [])


def test_the_match_is_written_on_the_node(hip: Hip, node: Any) -> None:
    """The label says what is missing, and nothing is sent."""
    other = hip.supply(heightfield(hip.hou, 2, 2, ("mask",)), "mask1")
    node.setInput(0, other)
    opened(hip, node)
    world(hip).edit(node, "filmgate_model", "detail@champion")
    with pytest.raises(hip.hou.OperationFailed):
        node.cook(force=True)
    world(hip).run_events()
    assert node.parm("filmgate_match").evalAsString().startswith("There is no heightfield layer")
