"""The sessions of a scene: copies, deletion, undo, several servers, another scene."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.echo import EchoServer
from fakes.hip import PLATE, Hip, PlateSource
from fakes.secluded import seclude
from filmgate.manifest import parse_manifest
from filmgate.testing import CONTRACT_MODELS

MANIFEST = parse_manifest(CONTRACT_MODELS[0])


@pytest.fixture
def server() -> Iterator[EchoServer]:
    """Return a server that answers."""
    with EchoServer() as echo:
        yield echo


@pytest.fixture
def hip(
    hou: Any, server: EchoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hip]:
    """Return a scene, with that server configured."""
    seclude(tmp_path, monkeypatch)
    monkeypatch.setenv("FILMGATE_SERVER", server.address)
    from filmgate_houdini import sessions, sop  # noqa: PLC0415 - found once Houdini is

    monkeypatch.setattr(sop, "SopSource", PlateSource)
    yield Hip(hou)
    sessions.close_hubs()


@pytest.fixture
def sessions(hip: Hip) -> Any:
    """Return the module."""
    from filmgate_houdini import sessions  # noqa: PLC0415 - found once the fixture ran

    return sessions


@pytest.fixture
def node(hip: Hip) -> Any:
    """Return a node below a plate."""
    return hip.node(MANIFEST, hip.script(PLATE))


def settle(hip: Hip, session: Any) -> None:
    """Let the event loop turn until nothing is under way."""
    world = hip.hou._world.current()
    assert world.run_until(lambda: not session.busy)
    world.run_events()


def test_a_node_has_one_session(sessions: Any, node: Any) -> None:
    """However often it is asked for, and by whichever object."""
    assert sessions.session(node) is sessions.session(node)
    assert sessions.known(node) is sessions.session(node)


def test_looking_makes_no_session(sessions: Any, node: Any) -> None:
    """A node that was only seen has none."""
    sessions.host(node)
    assert sessions.known(node) is None


def test_a_copy_is_a_node_of_its_own(sessions: Any, hip: Hip, node: Any) -> None:
    """It carries the original's state, and another identity from its first cook on."""
    original = sessions.session(node).node
    (copy,) = hip.network.copyItems([node])
    assert sessions.session(copy).node != original
    assert sessions.session(node).node == original
    assert len(sessions.hosts()) == 2


def test_a_deleted_node_cancels_its_jobs(
    sessions: Any, hip: Hip, node: Any, server: EchoServer
) -> None:
    """The server is not left with work that nobody wants."""
    server.allow(0)
    node.cook(force=True)
    world = hip.hou._world.current()
    assert world.run_until(lambda: bool(server.submitted))
    node.destroy()
    assert world.run_until(lambda: server.ended == ["cancelled"])
    assert sessions.hosts() == []


def test_undo_brings_a_deleted_node_back(sessions: Any, hip: Hip, node: Any) -> None:
    """With its identity, and so with its results."""
    before = sessions.session(node).node
    path = node.path()
    node.destroy()
    hip.hou.undos.performUndo()
    assert sessions.session(hip.hou.node(path)).node == before


def test_another_scene_ends_everything(
    sessions: Any, hip: Hip, node: Any, server: EchoServer
) -> None:
    """Nothing of the old scene is called any more, and its jobs end."""
    server.allow(0)
    node.cook(force=True)
    world = hip.hou._world.current()
    assert world.run_until(lambda: bool(server.submitted))
    hip.hou.hipFile.clear(suppress_save_prompt=True)
    assert world.run_until(lambda: server.ended == ["cancelled"])
    assert (sessions.hosts(), list(world.loop_callbacks)) == ([], [])


def test_a_scene_after_another_is_served(sessions: Any, hip: Hip, server: EchoServer) -> None:
    """The event loop is taken part in again."""
    sessions.session(hip.node(MANIFEST, hip.script(PLATE)))
    hip.hou.hipFile.clear(suppress_save_prompt=True)
    again = Hip(hip.hou)
    node = again.node(MANIFEST, again.script(PLATE))
    node.cook(force=True)
    settle(again, sessions.session(node))
    assert server.ended == ["result"]


def test_nodes_may_have_servers_of_their_own(sessions: Any, hip: Hip, node: Any) -> None:
    """One artist tries another server with one node; the others go on."""
    before = sessions.session(node)
    with EchoServer() as other:
        node.parm("filmgate_server").set(other.address)
        after = sessions.session(node)
        node.cook(force=True)
        assert hip.hou._world.current().run_until(lambda: other.ended == ["result"])
        sessions.close_all()
    assert after is not before


def test_an_undone_choice_is_read_again(sessions: Any, hip: Hip, node: Any) -> None:
    """What the scene says counts, not what the session remembers."""
    session = sessions.session(node)
    host = sessions.host(node)
    before = session.node_state
    with host.undoable("choose"):
        session.choose("echo-window")
    assert sessions.session(node).node_state.model == "echo-window"
    hip.hou.undos.performUndo()
    assert sessions.session(node).node_state == before
