"""What all nodes of a host process share."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Callable

import pytest

from fakes.scripted import ScriptedServer
from filmgate.config import Config, load_config
from filmgate.endpoint import FOLDER_VARIABLE
from filmgate.errors import ConnectionLostError, InputError, StorageError
from filmgate.host.board import INFO
from filmgate.host.connection import CONNECTED
from filmgate.host.hub import Hub

PATIENCE_S = 20.0
NODE = "0123456789abcdef" * 2


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Config]:
    """Return what makes settings without those, and the servers, of the real user."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    environ = dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "XDG_CONFIG_HOME"), str(tmp_path))
    return lambda **given: load_config(given, environ)


@pytest.fixture
def opened(
    settings: Callable[..., Config], tmp_path: Path, own_threads: Callable[[], list[str]]
) -> Iterator[Callable[..., Hub]]:
    """Return what makes hubs, and close them in the end; no thread may be left."""
    made: list[Hub] = []

    def make(**given: str) -> Hub:
        made.append(Hub(settings(**{"cache": (tmp_path / "cache").as_posix(), **given})))
        return made[-1]

    yield make
    for hub in made:
        hub.close()
    assert not own_threads()


def test_making_one_starts_nothing(
    opened: Callable[..., Hub], own_threads: Callable[[], list[str]]
) -> None:
    """Opening a script that holds nodes costs no thread and no word to the server."""
    with ScriptedServer() as server:
        hub = opened(server=server.address)
        hub.catalogue.models()
        hub.takes(NODE).all()
        hub.link.state()
        assert not server.poll(100)
        assert not own_threads()


def test_everything_lies_in_the_folder_of_the_settings(
    opened: Callable[..., Hub], tmp_path: Path
) -> None:
    """`cache` and `cache_gb` count."""
    hub = opened(cache_gb="1.5")
    assert hub.folder == tmp_path / "cache"
    assert hub.cache.quota_bytes == 1_500_000_000
    assert hub.takes(NODE).folder == tmp_path / "cache" / "takes" / NODE
    assert hub.paths.here("/a") == "/a"


@pytest.mark.skipif(sys.platform == "win32", reason="of the names in the map, ours is POSIX's")
def test_the_cache_is_spelled_for_this_platform(
    opened: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A site file for all platforms may name the folder as one of them does, or the home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    mapped = f"Z:/={tmp_path.as_posix()}"
    assert opened(cache="Z:/cache", paths=mapped).folder == tmp_path / "cache"
    assert opened(cache="~/cache").folder == tmp_path / "cache"


@pytest.mark.parametrize("node", ["", "../../etc", NODE.upper(), NODE + "\n"])
def test_a_node_cannot_name_any_folder(opened: Callable[..., Hub], node: str) -> None:
    """A script comes from anywhere: its identities are checked."""
    with pytest.raises(InputError, match="identity"):
        opened().takes(node)


def test_calls_run_in_order_on_one_thread(
    opened: Callable[..., Hub], caplog: pytest.LogCaptureFixture
) -> None:
    """One that fails is logged, and the next one runs; none runs on the caller's thread."""
    hub = opened()
    ran: list[tuple[int, threading.Thread]] = []
    last: Future[None] = Future()

    def fail() -> None:
        raise RuntimeError("a call")

    with caplog.at_level(logging.ERROR):
        for number in range(3):
            hub.background(lambda number=number: ran.append((number, threading.current_thread())))
            hub.background(fail)
        hub.background(lambda: last.set_result(None))
        last.result(PATIENCE_S)
    assert [number for number, _ in ran] == [0, 1, 2]
    assert len({thread for _, thread in ran} | {threading.main_thread()}) == 2
    assert "a call in the background failed" in caplog.text


def test_lookups_go_on_while_the_server_is_waited_for(opened: Callable[..., Hub]) -> None:
    """Sending has a thread of its own."""
    hub = opened(server="tcp://127.0.0.1:9")
    released: Future[bool] = Future()
    looked = threading.Event()
    hub.sending(lambda: released.set_result(looked.wait(PATIENCE_S)))
    hub.background(looked.set)
    assert released.result(PATIENCE_S)


def test_what_has_not_begun_is_dropped_at_the_end(opened: Callable[..., Hub]) -> None:
    """A host that closes waits for the call under way and for no other, then or later."""
    hub = opened(server="tcp://127.0.0.1:9")
    begun, ended, ran = threading.Event(), threading.Event(), threading.Event()

    def linger() -> None:
        begun.set()
        with pytest.raises(ConnectionLostError):
            hub.link.client(60.0)
        ended.set()

    hub.background(linger)
    hub.background(ran.set)
    assert begun.wait(PATIENCE_S)
    hub.close()
    hub.background(ran.set)
    assert ended.is_set()
    assert not ran.is_set()


def test_a_hub_may_be_closed_from_its_own_thread_and_twice(opened: Callable[..., Hub]) -> None:
    """Whatever notices that the host is leaving may end the hub."""
    hub = opened()
    told: Future[None] = Future()

    def leave() -> None:
        hub.close()
        told.set_result(None)

    hub.background(leave)
    told.result(PATIENCE_S)
    hub.close()


def test_panels_hear_of_the_connection(opened: Callable[..., Hub]) -> None:
    """Whoever listens to the board sees the server come."""
    with ScriptedServer() as server:
        hub = opened(server=server.address)
        kinds: list[str] = []
        hub.board.listen(lambda: kinds.append(hub.link.state().kind))
        told: Future[None] = Future()
        hub.background(lambda: (hub.link.client(), told.set_result(None)))
        server.welcome()
        told.result(PATIENCE_S)
        hub.board.note(INFO, "")
        assert kinds[-1] == CONNECTED


@pytest.mark.skipif(os.name == "nt", reason="a folder's permissions are POSIX's")
def test_a_folder_that_cannot_be_made_is_an_error(
    opened: Callable[..., Hub], tmp_path: Path
) -> None:
    """The error names the path, and it is no traceback."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="file"):
        opened(cache=(tmp_path / "file" / "cache").as_posix())
