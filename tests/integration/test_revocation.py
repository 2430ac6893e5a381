"""Keys that are replaced, revoked or not enough: told, written down, and shut soon."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from fakes.keys import Keyring
from fakes.peer import Peer
from fakes.plates import negate_tensor
from fakes.service import Service
from filmgate.wire.messages import CachePurge, Error, Hello, JobRefused

SHOW, OTHER = "film", "tv"


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    """Return the keys of two artists and of a farm."""
    made = Keyring(tmp_path_factory.mktemp("keys"))
    made.authorise("alice", SHOW)
    made.authorise("bob", SHOW, OTHER)
    made.authorise("farm", SHOW, role="farm", artists=["bob"])
    return made


@pytest.fixture(scope="module")
def studio(keyring: Keyring, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server that lets keys in and has an audit log."""
    settings = {**keyring.settings, "audit_log": str(keyring.audit_log)}
    with Service(tmp_path_factory.mktemp("studio"), **settings) as service:
        yield service


def enter(studio: Service, keyring: Keyring, name: str, hello: bool = True, **hi: Any) -> Peer:
    """Connect with a key."""
    return Peer(studio.port, hello, keyring.options(name), **{"user": "", "token": "", **hi})


def lines(path: Path) -> list[dict[str, Any]]:
    """Read an audit log."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def denials(path: Path) -> list[dict[str, Any]]:
    """Read who was denied what."""
    return [line for line in lines(path) if line["event"] == "denied"]


def test_a_replaced_key_enters_no_more(studio: Service, keyring: Keyring) -> None:
    """A connection that is still open from before a key was replaced opens no session with it."""
    with enter(studio, keyring, "alice") as peer:
        former = keyring.pairs.pop("alice").public
        keyring.authorise("alice", SHOW)
        assert peer.expect(Error).code == "denied"
        peer.send(Hello((1,)))
        assert peer.expect(Error).code == "denied"
    denied = [line for line in denials(keyring.audit_log) if line["what"] == "session"]
    assert denied[-1]["public_key"] == former


def test_a_denied_connection_is_shut(studio: Service, keyring: Keyring) -> None:
    """Whoever is not let in and stays holds his connection for seconds, not for ever."""
    with enter(studio, keyring, "farm", hello=False) as peer:
        watch = peer.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        peer.send(Hello((1,), show=OTHER))
        assert peer.expect(Error).code == "denied"
        assert watch.poll(20_000)
        peer.socket.disable_monitor()
        watch.close(0)


def test_a_denial_is_written_once_with_its_author(studio: Service, keyring: Keyring) -> None:
    """Requests, jobs and hellos that are denied stand in the log with key and show, once each."""
    before = len(denials(keyring.audit_log))
    with (
        enter(studio, keyring, "bob", show=SHOW) as bob,
        enter(studio, keyring, "farm", user="bob") as farm,
        enter(studio, keyring, "bob", hello=False) as stranger,
    ):
        bob.send(CachePurge(SHOW))
        assert bob.expect(Error).code == "denied"
        farm.submit(negate_tensor(8)[0])
        assert farm.expect(JobRefused).code == "denied"
        stranger.send(Hello((1,), show="elsewhere"))
        assert stranger.expect(Error).code == "denied"
    denied = denials(keyring.audit_log)[before:]
    assert [(each["what"], each["key"], each["show"]) for each in denied] == [
        ("request", "bob", SHOW),
        ("job", "farm", SHOW),
        ("session", "bob", "elsewhere"),
    ]
