"""`filmgate serve`: starting, staying and leaving."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from fakes.keys import Keyring
from fakes.waiting import wait_until
from filmgate.endpoint import Endpoint, load_endpoint
from filmgate.errors import FilmgateError
from filmgate.local_server import LocalServer

WAIT_S = 50.0
OWNER = """
import os, signal
from filmgate.local_server import LocalServer

with LocalServer() as endpoint:
    print(endpoint.pid, endpoint.port, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Keep the endpoints of this test apart from the user's own."""
    for name in list(os.environ):
        if name.startswith("FILMGATE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return tmp_path / "filmgate"


@pytest.fixture
def serve(runtime: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start servers as a user would, and kill what is left of them."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "filmgate_server", "serve", "--port", "0"]
        started.append(subprocess.Popen([*command, "--http-port", "-1", *options]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def published(runtime: Path) -> Endpoint:
    """Wait for the endpoint's file and return what it says."""
    wait_until(lambda: list(runtime.glob("server-*.json")), "the endpoint's file")
    endpoint = load_endpoint(next(runtime.glob("server-*.json")))
    assert endpoint is not None
    return endpoint


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all its descendants."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def is_gone(process: psutil.Process) -> bool:
    """Say whether nothing runs any more; a zombie that nobody waits for counts as gone."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_server_is_announced_to_its_user_alone(
    serve: Callable[[], subprocess.Popen[bytes]], runtime: Path
) -> None:
    """Port and token stand in a file that only its user can read; SIGTERM removes it."""
    process = serve()
    endpoint = published(runtime)
    path = next(runtime.iterdir())
    assert path.stat().st_mode & 0o077 == 0
    assert runtime.stat().st_mode & 0o077 == 0
    assert endpoint.pid == process.pid
    assert len(endpoint.token) == 64
    members = family(process.pid)
    process.terminate()
    assert process.wait(WAIT_S) == 0
    assert list(runtime.iterdir()) == []
    wait_until(lambda: all(is_gone(member) for member in members), "every process is gone")


def test_a_server_that_nobody_would_find_does_not_start(runtime: Path) -> None:
    """Where others could put a token too, the mend is told before anything is started."""
    runtime.mkdir()
    runtime.chmod(0o755)
    command = [sys.executable, "-m", "filmgate_server", "serve", "--port", "0"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=WAIT_S)
    assert ended.returncode != 0
    assert f"chmod 700 {runtime.as_posix()}" in ended.stderr
    assert "ready" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_dead_gateway_is_started_again_at_its_place(
    serve: Callable[[], subprocess.Popen[bytes]], runtime: Path
) -> None:
    """After SIGKILL of the gateway another one listens on the same port, with the same token."""
    process = serve()
    endpoint = published(runtime)
    first = psutil.Process(process.pid).children()[0]
    first.kill()
    supervisor = psutil.Process(process.pid)
    wait_until(lambda: {c.pid for c in supervisor.children()} - {first.pid}, "another gateway")
    wait_until(lambda: listens(endpoint.port), "it listens")
    assert published(runtime) == endpoint


def test_a_second_signal_stops_at_once(
    serve: Callable[[], subprocess.Popen[bytes]], runtime: Path
) -> None:
    """Who asks twice does not wait for a gateway that is stopped in its tracks."""
    process = serve("--drain-s", "600")
    published(runtime)
    gateway = psutil.Process(process.pid).children()[0]
    gateway.suspend()
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)  # another one: two alike may arrive as one
    assert process.wait(WAIT_S) == 0
    wait_until(lambda: is_gone(gateway), "the gateway is gone")


def test_an_embedded_server_ends_with_its_context() -> None:
    """It answers on its port while it is needed; afterwards no process and no port is left."""
    with LocalServer() as endpoint:
        members = family(endpoint.pid)
        assert listens(endpoint.port)
        assert len(members) >= 3
    wait_until(lambda: all(is_gone(member) for member in members), "every process is gone")
    wait_until(lambda: not listens(endpoint.port), "the port is free")


def test_an_embedded_server_is_not_announced(runtime: Path) -> None:
    """It belongs to one client: nobody else should find it."""
    with LocalServer():
        assert not runtime.exists()


def test_an_embedded_server_dies_with_a_killed_owner() -> None:
    """After kill -9 of the client nothing of its server runs or listens."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    with owner.stdout:
        pid, port = map(int, owner.stdout.readline().split())
    assert owner.wait(WAIT_S) == -signal.SIGKILL
    wait_until(lambda: not psutil.pid_exists(pid) or is_gone(psutil.Process(pid)), "it is gone")
    wait_until(lambda: not listens(port), "the port is free")


def test_a_killed_supervisor_takes_everything_along(
    serve: Callable[[], subprocess.Popen[bytes]], runtime: Path
) -> None:
    """After kill -9 of the supervisor no process of the server is left."""
    process = serve()
    endpoint = published(runtime)
    members = family(process.pid)
    process.kill()
    process.wait()
    wait_until(lambda: all(is_gone(member) for member in members), "every process is gone")
    wait_until(lambda: not listens(endpoint.port), "the port is free")


def test_a_setting_that_cannot_be_used_reaches_the_client() -> None:
    """The embedded server's own error arrives typed, not as a time-out."""
    with (
        pytest.raises(FilmgateError, match="--workers none") as caught,
        LocalServer(options=("--workers", "none")),
    ):
        pass
    assert caught.value.code == "config"


def test_an_interpreter_without_the_server_is_a_typed_error(tmp_path: Path) -> None:
    """The last words of whatever was started stand in the error."""
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONNOUSERSITE": "1"}
    (tmp_path / "filmgate_server.py").write_text("raise ImportError('not installed')")
    with pytest.raises(FilmgateError, match="not installed"), LocalServer(environ=environ):
        pass


def test_a_bind_beyond_this_machine_is_refused() -> None:
    """The server says why, and ends with an error."""
    command = [sys.executable, "-m", "filmgate_server", "serve", "--host", "0.0.0.0"]  # noqa: S104
    ended = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert ended.returncode == 70
    assert "without encryption" in ended.stderr


@pytest.mark.parametrize("option", ["--port", "--http-port"])
def test_a_taken_port_ends_the_start(option: str) -> None:
    """A server that cannot listen says so at once and starts nothing."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        others = [other for other in ("--port", "--http-port") if other != option]
        command = [sys.executable, "-m", "filmgate_server", "serve", option, port, others[0], "0"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 70
    assert f"Port {port} cannot be used" in ended.stderr
    assert option in ended.stderr


def test_the_log_can_be_json(tmp_path: Path, runtime: Path) -> None:
    """With --log-json each line of the log is an object."""
    log = tmp_path / "log"
    with log.open("wb") as stderr:
        command = [sys.executable, "-m", "filmgate_server", "serve", "--port", "0", "--log-json"]
        process = subprocess.Popen([*command, "--http-port", "-1"], stderr=stderr)
    published(runtime)
    process.terminate()
    assert process.wait(WAIT_S) == 0
    lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
    assert "ready" in [json.loads(line)["event"] for line in lines]


def listens(port: int) -> bool:
    """Say whether somebody accepts connections on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def keyed(tmp_path: Path, *options: str) -> list[str]:
    """Return the command that starts a server with keys."""
    keyring = Keyring(tmp_path / "keys")
    given = [f"--{name.replace('_', '-')}={value}" for name, value in keyring.settings.items()]
    return [sys.executable, "-m", "filmgate_server", "serve", *given, *options]


@pytest.mark.parametrize("host", ["192.0.2.7", "eth99", "gate.lan"])
def test_a_host_that_is_not_this_machines_is_named(tmp_path: Path, host: str) -> None:
    """No port would help: the remedy lists the interfaces that there are."""
    command = keyed(tmp_path, "--host", host, "--port", "5799")
    ended = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert ended.returncode == 70
    assert f"{host} is neither" in ended.stderr
    assert socket.if_nameindex()[0][1] in ended.stderr
    assert "--port" not in ended.stderr


def test_a_server_listens_on_an_interface(tmp_path: Path) -> None:
    """A network interface stands for its address."""
    interface = socket.if_nameindex()[0][1]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = keyed(tmp_path, "--host", interface, "--port", port, "--http-port", "-1")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        assert any(f"at tcp://{interface}:{port}" in line for line in process.stderr)
    finally:
        process.terminate()
        process.communicate(timeout=WAIT_S)
