"""The connection of a host: lazy, shared, made again, and over when the host says so."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Optional

import pytest

from fakes.scripted import ScriptedServer
from fakes.waiting import wait_until
from filmgate.client import Client
from filmgate.config import Config, load_config
from filmgate.endpoint import FOLDER_VARIABLE, Endpoint, publish_endpoint
from filmgate.errors import ConfigError, ConnectionLostError, DeniedError, FilmgateError
from filmgate.host.connection import (
    CONNECTED,
    CONNECTING,
    IDLE,
    LOST,
    NONE,
    Connection,
)
from filmgate.host.interpreter import local_interpreter
from filmgate.host.paths import PathMap
from filmgate.local_server import scrub_environment
from filmgate.wire.messages import Hello, to_error

PATIENCE_S = 20.0
posix = pytest.mark.skipif(os.name == "nt", reason="a script stands in for an interpreter")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no server of the real user be found."""
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Config]:
    """Return what makes settings without those of the real user."""
    environ = dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "XDG_CONFIG_HOME"), str(tmp_path))
    return lambda **given: load_config(given, environ)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Play a server."""
    with ScriptedServer() as playing:
        yield playing


@pytest.fixture
def asking() -> Iterator[ThreadPoolExecutor]:
    """Return threads that ask: asking for a client waits."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def connect(
    settings: Callable[..., Config], own_threads: Callable[[], list[str]]
) -> Iterator[Callable[..., Connection]]:
    """Return what makes connections, and close them in the end."""
    made: list[Connection] = []

    def make(server: str = "", changed: Callable[[], None] = lambda: None) -> Connection:
        made.append(Connection(settings(server=server), changed=changed))
        return made[-1]

    yield make
    for connection in made:
        connection.close()
    assert not own_threads()


def nobody() -> str:
    """Return an address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"tcp://127.0.0.1:{listening.getsockname()[1]}"


def test_nothing_happens_before_somebody_asks(
    server: ScriptedServer,
    connect: Callable[..., Connection],
    own_threads: Callable[[], list[str]],
) -> None:
    """Making a connection starts no thread and says nothing to the server."""
    connection = connect(server.address)
    assert connection.state().kind == IDLE
    assert not own_threads()
    assert server.silent(100)


def test_all_who_ask_get_the_same_client(
    server: ScriptedServer, connect: Callable[..., Connection], asking: ThreadPoolExecutor
) -> None:
    """One hello reaches the server, whoever asks; then the state says so."""
    connection = connect(server.address)
    asked = [asking.submit(connection.client) for _ in range(4)]
    server.welcome()
    assert len({id(future.result(PATIENCE_S)) for future in asked}) == 1
    assert (connection.state().kind, connection.state().server) == (CONNECTED, server.address)
    assert server.silent(100)


def test_no_server_at_all_is_told_with_a_remedy(connect: Callable[..., Connection]) -> None:
    """Where none is configured and none runs, the artist learns what to do."""
    connection = connect()
    with pytest.raises(ConnectionLostError, match="No server is configured") as caught:
        connection.client(0.1)
    assert "FILMGATE_SERVER" in caught.value.remedy
    state = connection.state()
    assert state.kind == NONE
    assert state.problem is not None
    assert state.problem.remedy == caught.value.remedy


def test_a_server_of_ones_own_is_found(
    server: ScriptedServer, connect: Callable[..., Connection], asking: ThreadPoolExecutor
) -> None:
    """Without any setting, the user's server on this machine is used, with its token."""
    publish_endpoint(Endpoint(server.port, "let me in", os.getpid()))
    asked = asking.submit(connect().client)
    # To see whether it listens, its port was knocked at: that says nothing.
    assert server.welcome().token == "let me in"  # noqa: S105 - of a server of this test
    assert asked.result(PATIENCE_S).server == server.address


def test_after_a_failure_the_next_call_tries_again(
    connect: Callable[..., Connection], asking: ThreadPoolExecutor
) -> None:
    """A server that is started later is used without anything being reset."""
    address = nobody()
    connection = connect(address)
    with pytest.raises(ConnectionLostError, match="did not answer"):
        connection.client(0.1)
    assert connection.state().kind == LOST
    with ScriptedServer(int(address.rpartition(":")[2])) as late:
        asked = asking.submit(connection.client, PATIENCE_S)
        late.welcome()
        assert asked.result(PATIENCE_S).server == address
        assert connection.state().problem is None


def test_those_who_wait_together_share_the_failure(
    connect: Callable[..., Connection], asking: ThreadPoolExecutor
) -> None:
    """A hundred frames do not wait for the same dead server one after the other."""
    told: list[str] = []
    connection = connect(nobody(), lambda: told.append(connection.state().kind))
    first = asking.submit(connection.client, 1.0)
    wait_until(lambda: connection.state().kind == CONNECTING, "the attempt to begin")
    with pytest.raises(ConnectionLostError, match="did not answer"):
        connection.client(1.0)
    assert isinstance(first.exception(PATIENCE_S), ConnectionLostError)
    assert told == [CONNECTING, LOST]


def test_a_lost_connection_is_seen_and_taken_up_again(
    connect: Callable[..., Connection], asking: ThreadPoolExecutor
) -> None:
    """The same client goes on, so that its open jobs do."""
    with ScriptedServer() as first:
        connection = connect(first.address)
        asked = asking.submit(connection.client)
        first.welcome()
        client = asked.result(PATIENCE_S)
    wait_until(lambda: connection.state().kind == LOST, "the loss to be seen")
    with ScriptedServer(first.port) as second:
        again = asking.submit(connection.client, PATIENCE_S)
        second.welcome(resumed=True)
        assert again.result(PATIENCE_S) is client


def test_a_client_that_was_turned_away_is_replaced(
    server: ScriptedServer, connect: Callable[..., Connection], asking: ThreadPoolExecutor
) -> None:
    """Where the server let nobody in, another hello is said when somebody asks again."""
    connection = connect(server.address)
    asked = asking.submit(connection.client, 0.3)
    turn_away(server)
    assert isinstance(asked.exception(PATIENCE_S), DeniedError)
    problem = connection.state().problem
    assert problem is not None
    assert problem.code == "denied"
    again = asking.submit(connection.client)
    server.welcome()
    assert isinstance(again.result(PATIENCE_S), Client)


def turn_away(server: ScriptedServer) -> None:
    """Answer the next hello with a denial."""
    _, received = server.expect(Hello)
    server.route = received.route
    server.answer(received, to_error(DeniedError("No token.")))


@pytest.mark.parametrize("end", [Connection.reset, Connection.close])
def test_an_attempt_under_way_is_ended(
    end: Callable[[Connection], None],
    connect: Callable[..., Connection],
    asking: ThreadPoolExecutor,
) -> None:
    """Whoever waits a minute for a server is released when the host drops the connection."""
    connection = connect(nobody())
    asked = asking.submit(connection.client, 60.0)
    wait_until(lambda: connection.state().kind == CONNECTING, "the attempt to begin")
    end(connection)
    assert isinstance(asked.exception(PATIENCE_S), ConnectionLostError)


def test_after_its_end_it_is_asked_in_vain(connect: Callable[..., Connection]) -> None:
    """A closed connection makes no other."""
    connection = connect(nobody())
    connection.close()
    with pytest.raises(ConnectionLostError, match="closed"):
        connection.client(60.0)


# A server of one's own.


STAND_IN = """\
#!{python}
import json, os, sys
with open({seen!r}, "w") as file:
    json.dump(dict(arguments=sys.argv[1:], environ=dict(os.environ), pid=os.getpid()), file)
{body}
sys.stdin.read()
"""
READY = 'print(json.dumps(dict(port={port}, token="of its own")), flush=True)'


@pytest.fixture
def stand_in(tmp_path: Path) -> Callable[[str], Path]:
    """Return what writes a program that behaves as a server's interpreter does."""

    def write(body: str) -> Path:
        path = tmp_path / "python"
        seen = str(tmp_path / "seen.json")
        path.write_text(STAND_IN.format(python=sys.executable, seen=seen, body=body), "utf-8")
        path.chmod(0o755)
        return path

    return write


def seen(tmp_path: Path) -> str:
    """Return what the program was started with; empty while it was not."""
    path = tmp_path / "seen.json"
    return path.read_text("utf-8") if path.exists() else ""


def started(connection: Connection, python: Path) -> Future[Optional[FilmgateError]]:
    """Start a server of one's own; the result is how that went."""
    told: Future[Optional[FilmgateError]] = Future()
    connection.start_local(str(python), told.set_result)
    return told


@posix
def test_a_server_of_ones_own_gets_a_clean_environment(
    server: ScriptedServer,
    connect: Callable[..., Connection],
    stand_in: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the host set for its own libraries is gone, and the server's token is used."""
    for name in ("PYTHONHOME_OF_HOST", "LD_PRELOAD", "QT_PLUGIN_PATH", "DYLD_LIBRARY_PATH"):
        monkeypatch.setenv(name, "of-the-host")
    connection = connect()
    told = started(connection, stand_in(READY.format(port=server.port)))
    assert server.welcome().token == "of its own"  # noqa: S105 - of a server of this test
    assert told.result(PATIENCE_S) is None
    assert connection.state().kind == CONNECTED
    assert connection.client().server == server.address
    assert "of-the-host" not in seen(tmp_path)
    assert "filmgate_server" in seen(tmp_path)


@posix
def test_a_server_of_ones_own_is_used_until_it_is_stopped(
    server: ScriptedServer,
    connect: Callable[..., Connection],
    stand_in: Callable[[str], Path],
    asking: ThreadPoolExecutor,
) -> None:
    """Dropping the connection keeps the server; stopping it leaves none."""
    connection = connect()
    told = started(connection, stand_in(READY.format(port=server.port)))
    server.welcome()
    told.result(PATIENCE_S)
    connection.reset()
    asked = asking.submit(connection.client)
    server.welcome()
    assert asked.result(PATIENCE_S).server == server.address
    connection.stop_local()
    assert connection.state().kind == NONE
    with pytest.raises(ConnectionLostError, match="No server is configured"):
        connection.client(0.1)


@posix
def test_a_server_that_dies_is_not_waited_for(
    server: ScriptedServer,
    connect: Callable[..., Connection],
    stand_in: Callable[[str], Path],
) -> None:
    """One's own server that has crashed does not come back: the artist is told at once."""
    connection = connect()
    body = READY.format(port=server.port) + "\nsys.exit(1)"
    told = started(connection, stand_in(body))
    server.welcome()
    told.result(PATIENCE_S)
    server.close()
    wait_until(lambda: connection.state().kind == LOST, "the loss to be seen")
    with pytest.raises(ConnectionLostError, match="No server is configured"):
        connection.client(60.0)


@posix
def test_why_a_server_did_not_start_is_told(
    connect: Callable[..., Connection], stand_in: Callable[[str], Path]
) -> None:
    """Its last words reach the artist, and the state keeps them."""
    connection = connect()
    told = started(connection, stand_in('sys.exit("no module named filmgate_server")'))
    error = told.result(PATIENCE_S)
    assert error is not None
    assert "no module named filmgate_server" in error.text
    problem = connection.state().problem
    assert problem is not None
    assert problem.text == error.text


@posix
def test_a_start_is_ended_with_the_connection(
    connect: Callable[..., Connection], stand_in: Callable[[str], Path], tmp_path: Path
) -> None:
    """A host that closes does not wait for a server that is never ready."""
    connection = connect()
    told = started(connection, stand_in(""))
    wait_until(lambda: seen(tmp_path).endswith("}"), "the program to be started")
    connection.close()
    assert isinstance(told.result(0), ConnectionLostError)


def test_an_interpreter_that_is_not_there_is_named(
    settings: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the path, and the setting that would be right."""
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = settings(local_python=(tmp_path / "none" / "python").as_posix())
    for config, word in ((missing, "none/python"), (settings(), "Nothing says")):
        with pytest.raises(ConfigError, match=word) as caught:
            local_interpreter(config, PathMap())
        assert "FILMGATE_LOCAL_PYTHON" in caught.value.remedy


@posix
def test_the_interpreter_of_the_command_is_found(
    settings: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where `filmgate` is on the PATH, its own interpreter runs the server, links or not."""
    environment, linked = tmp_path / "environment", tmp_path / "linked"
    for folder, name in ((environment, "python"), (environment, "filmgate")):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("#!/bin/sh\n", "utf-8")
        (folder / name).chmod(0o755)
    linked.mkdir()
    (linked / "filmgate").symlink_to(environment / "filmgate")
    monkeypatch.setenv("PATH", str(linked))
    assert local_interpreter(settings(), PathMap()) == str(environment / "python")


def test_only_the_hosts_own_variables_are_taken_away() -> None:
    """Licences, paths and our own settings stay, whatever the case of their names."""
    kept = {"PATH": "a", "FILMGATE_SERVER_WORKERS": "2", "foundry_LICENSE": "b", "LD_DEBUG": "c"}
    gone = {
        "PYTHONPATH": "",
        "Pythonhome": "",
        "LD_LIBRARY_PATH": "",
        "QT_API": "",
        "LD_PRELOAD": "",
    }
    assert scrub_environment({**kept, **gone, "DYLD_INSERT_LIBRARIES": ""}) == kept


HOST = """
import os, sys
from filmgate.host.connection import Connection
from filmgate.config import load_config
connection = Connection(load_config({"server": sys.argv[1]}))
connection.client(20)
connection.start_local(sys.argv[2])
print("going", flush=True)
"""


@posix
def test_a_host_that_exits_does_not_hang(
    server: ScriptedServer, stand_in: Callable[[str], Path], repository: Path
) -> None:
    """Nobody has closed anything, and a server is being started: the process ends all the same."""
    environ = {**os.environ, "PYTHONPATH": str(repository / "core")}
    command = [sys.executable, "-c", HOST, server.address, str(stand_in(""))]
    host = subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    server.welcome()
    out, said = host.communicate(timeout=PATIENCE_S)
    assert (host.returncode, out, said) == (0, "going\n", "")
