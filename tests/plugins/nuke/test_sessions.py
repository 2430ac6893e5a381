"""Which node is which: copies, renames, deletes, undo, several at once, scripts opened again."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.secluded import make_manifest, seclude
from filmgate.errors import ConfigError

Make = Callable[..., Any]


@pytest.fixture
def make(nuke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Return what makes a node as the menu does; every session ends with the test."""
    seclude(tmp_path, monkeypatch)
    from filmgate_nuke import callbacks, node, sessions  # noqa: PLC0415 - found once Nuke is

    callbacks.register()

    def make_node(model: str = "grade") -> Any:
        group = node.create(make_manifest(model), model)
        sessions.session(group)
        return group

    yield make_node
    sessions.close_hubs()


def session(group: Any) -> Any:
    """Return a node's session."""
    from filmgate_nuke import sessions  # noqa: PLC0415

    return sessions.session(group)


def identity(group: Any) -> str:
    """Return the identity that is stored in the node."""
    from filmgate_nuke import stored  # noqa: PLC0415

    found: str = json.loads(stored.from_knob(group["filmgate_state"].value()))["node"]
    return found


def copied(nuke: Any, group: Any, path: Path) -> Any:
    """Copy a node and paste it, as an artist does."""
    group.selectOnly()
    nuke.nodeCopy(str(path))
    return nuke.nodePaste(str(path))


def test_a_cache_whose_path_nuke_would_evaluate_is_refused(
    nuke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File knobs take # for the frame's number; the remedy names the setting."""
    seclude(tmp_path, monkeypatch)
    monkeypatch.setenv("FILMGATE_CACHE", str(tmp_path / "take#1"))
    from filmgate_nuke import sessions  # noqa: PLC0415

    with pytest.raises(ConfigError, match="'#'") as caught:
        sessions.hub("tcp://elsewhere:1")
    assert "`cache`" in caught.value.remedy


def test_node_has_one_session(make: Make) -> None:
    """Asking again gives the same one, and what it is stands in the node."""
    group = make()

    assert session(group) is session(group)
    assert session(group).node == identity(group)


def test_pasted_copy_gets_an_identity_of_its_own(make: Make, nuke: Any, tmp_path: Path) -> None:
    """Original and copy never share takes: one's rerun would show in the other."""
    group = make()

    copy = copied(nuke, group, tmp_path / "copy.nk")

    assert copy is not None
    assert identity(copy) != identity(group)
    assert session(copy) is not session(group)
    assert session(group).node == identity(group)


def test_copy_of_a_copy_is_told_apart_too(make: Make, nuke: Any, tmp_path: Path) -> None:
    """However often a node is pasted, every node is one of its own."""
    group = make()
    copies = [copied(nuke, group, tmp_path / "copy.nk") for _ in range(3)]

    assert len({identity(each) for each in (group, *copies)}) == 4


def test_cut_and_pasted_node_stays_what_it_was(make: Make, nuke: Any, tmp_path: Path) -> None:
    """A node whose original is gone keeps its identity, and with it its takes."""
    group = make()
    before = identity(group)
    group.selectOnly()
    nuke.nodeCopy(str(tmp_path / "cut.nk"))
    nuke.delete(group)

    pasted = nuke.nodePaste(str(tmp_path / "cut.nk"))

    assert identity(pasted) == before
    assert session(pasted).node == before


def test_rename_changes_nothing(make: Make) -> None:
    """The session goes with the node, not with its name."""
    group = make()
    before = session(group)

    group.setName("Beauty")

    assert session(group) is before


def test_deleted_node_closes_its_session_and_undo_brings_it_back(make: Make, nuke: Any) -> None:
    """After undo the node is what it was, with a session of its own again."""
    group = make()
    before, name = session(group), group.name()
    node = before.node

    nuke.delete(group)
    nuke.undo()

    back = nuke.toNode(name)
    assert session(back) is not before
    assert session(back).node == node


def test_several_nodes_keep_apart(make: Make) -> None:
    """Three nodes, three sessions, each with its own model."""
    groups = [make(name) for name in ("one", "two", "three")]

    assert len({session(group).node for group in groups}) == 3
    assert [session(group).manifest.name for group in groups] == ["one", "two", "three"]


def test_script_that_is_opened_has_its_nodes_and_asks_no_network(
    make: Make, nuke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Saved, closed and opened: the same identity, and not one connection was tried."""
    monkeypatch.setenv("FILMGATE_SERVER", "tcp://127.0.0.1:9")
    group = make()
    name, node = group.name(), identity(group)
    path = str(tmp_path / "shot.nk")
    nuke.scriptSaveAs(path)
    nuke.scriptClear()
    monkeypatch.setattr(socket.socket, "connect", refuse)

    nuke.scriptOpen(path)

    opened = nuke.toNode(name)
    assert session(opened).node == node
    assert session(opened)._hub.link.state().kind == "idle"


def refuse(*_: object) -> None:
    """Stand in for every attempt to reach somebody."""
    raise AssertionError("the network was asked")


def test_two_nodes_of_one_identity_in_a_script_are_parted(
    make: Make, nuke: Any, tmp_path: Path
) -> None:
    """A script that was put together by hand opens with every node one of its own."""
    group = make()
    path = tmp_path / "shot.nk"
    nuke.scriptSaveAs(str(path))
    nuke.scriptClear()

    nuke.scriptOpen(str(path))
    nuke.scriptReadFile(str(path))

    groups = [each for each in nuke.allNodes("Group") if each.knob("filmgate_state")]
    del group
    assert len(groups) == 2
    assert len({identity(each) for each in groups}) == 2


def test_closing_a_script_closes_every_session(make: Make, nuke: Any) -> None:
    """Nothing of one script goes on in the next."""
    from filmgate_nuke import sessions  # noqa: PLC0415

    group = make()
    before = session(group)

    nuke.scriptClear()

    assert sessions.watched() == []
    assert not before.busy


def test_undone_upgrade_is_seen_by_the_session(make: Make, nuke: Any) -> None:
    """The state is the node's: what undo restores there counts."""
    from filmgate.host.upgrade import Upgrade  # noqa: PLC0415
    from filmgate_nuke import node, sessions  # noqa: PLC0415

    group = make()
    newer = make_manifest(version="2.0.0")
    before = session(group).manifest.version
    with sessions.host(group).undoable("Upgrade"):
        node.rebuild(group, newer)
        session(group).upgrade(Upgrade("2.0.0", "ab" * 32, (), newer))
    assert session(group).manifest.version == "2.0.0"

    nuke.undo()

    assert session(group).manifest.version == before


def test_server_of_the_nodes_own_is_another_hub(make: Make) -> None:
    """A node may ask another server than the configured one; the others are not concerned."""
    from filmgate_nuke import sessions  # noqa: PLC0415

    group, other = make(), make()
    first = session(group)
    group["filmgate_server"].setValue("tcp://127.0.0.1:5799")

    assert session(group) is not first
    assert session(group).node == first.node
    assert sessions.hub("tcp://127.0.0.1:5799").config.server.value == "tcp://127.0.0.1:5799"
    assert sessions.hub(sessions.server_of(other)).config.server.value == ""


def test_sessions_leave_no_trace_in_the_script(make: Make, nuke: Any, world: Any) -> None:
    """Neither looking at a node nor its session's own notes are changes to save or to undo."""
    group = make()
    nuke.root().setModified(False)
    steps = world.undo_steps()

    session(group).clear()
    world.run_until(lambda: not session(group).busy)

    assert not nuke.root().modified()
    assert world.undo_steps() == steps


def test_baked_frame_is_known_without_a_place_for_the_cache(
    make: Make, nuke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Storage trouble on a farm stops no render of what is baked."""
    from filmgate.errors import StorageError  # noqa: PLC0415
    from filmgate.host.port import Moment  # noqa: PLC0415
    from filmgate.host.state import State  # noqa: PLC0415
    from filmgate_nuke import sessions  # noqa: PLC0415

    group = make()
    host = sessions.host(group)
    kept = json.loads(host.load_state())
    kept.update(baked={"color": "/show/color.%04d.exr"}, bake_frames="1-3")
    host.store_state(json.dumps(kept))

    def full(*_: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(sessions, "session", full)
    (watched,) = sessions.watched()

    assert watched.state_at(Moment(3)) is State.BAKED
    with pytest.raises(StorageError):
        watched.state_at(Moment(4))
