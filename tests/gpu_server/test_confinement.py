"""What a model's code can reach: nothing that belongs to the server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fakes.frames import exr, part, rgb
from fakes.pool import FakeBroker, make_package, tensor_blob
from filmgate.params import resolve_parameters
from filmgate.wire.records import EXR_MEDIA
from filmgate_server.pool.settings import PoolSettings
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.numerics import engine_versions
from filmgate_server.zoo import ZOO_FOLDER

BLOB = tensor_blob(np.zeros((4, 4, 3), np.float32).tobytes(), (4, 4, 3))

SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "a secret",
    "AWS_SESSION_TOKEN": "a session",
    "FILMGATE_SERVER_SERVER_KEY": "/etc/filmgate/server.key",
    "FILMGATE_TOKEN": "a token",
    "HTTPS_PROXY": "http://user:password@proxy:3128",
    "SSH_AUTH_SOCK": "/run/agent",
}

TELLS = """
import os
class Model:
    def infer(self, inputs, params, step):
        raise ValueError({expression})
"""

OPENED = """
def opened(pid, name):
    try:
        if name in ("fd", "ns"):
            folder = f"/proc/{pid}/{name}"
            return [os.readlink(f"{folder}/{entry}") for entry in os.listdir(folder)] != []
        with open(f"/proc/{pid}/{name}", "rb") as file:
            file.seek(4096 if name == "mem" else 0)
            return file.read(1) != b""
    except OSError as error:
        return error.errno not in (1, 13)
"""

LEAVE = "from filmgate_server.worker.confinement import leave_network; print(leave_network())"


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBroker]:
    """Return a broker whose own environment holds secrets."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with FakeBroker(PoolSettings()) as broker:
        yield broker


def told(broker: FakeBroker, folder: Path, expression: str) -> str:
    """Return what *expression* is to a model's code."""
    package = make_package(folder, TELLS.format(expression=expression), "tells")
    broker.run(1, package, broker.blob(BLOB))
    broker.until(lambda: broker.ended(1))
    return broker.errors[1].text


def test_no_secret_of_the_environment_reaches_a_model(broker: FakeBroker, tmp_path: Path) -> None:
    """Keys, tokens and proxies of the server stay with the server."""
    text = told(broker, tmp_path, "' '.join([*os.environ, *os.environ.values()])")
    assert "PATH" in text
    for name, value in SECRETS.items():
        assert name not in text
        assert value not in text


def test_only_channel_and_memory_are_open(tmp_path: Path) -> None:
    """No file or socket of the server is open in a worker, not even one that could be inherited."""
    secret = tmp_path / "server.key"
    secret.write_text("the key")
    with secret.open() as file, socket.create_server(("127.0.0.1", 0)) as listener:
        for fd in (file.fileno(), listener.fileno()):
            os.set_inheritable(fd, True)
        with FakeBroker(PoolSettings()) as broker:
            folder = Path(f"/proc/{broker.pid}/fd")
            opened = [str(path.readlink()) for path in folder.iterdir()]
    sockets = [target for target in opened if target.startswith("socket:")]
    assert len(sockets) == 1
    assert not [target for target in opened if "server.key" in target]


def test_model_cannot_reach_the_network(tmp_path: Path) -> None:
    """Where the system permits it, not even this machine's own ports are there."""
    if why_not := left_in_a_process():
        pytest.skip(f"no process may leave the network here: {why_not}")
    with socket.create_server(("127.0.0.1", 0)) as listener, FakeBroker(PoolSettings()) as broker:
        port = listener.getsockname()[1]
        expression = f"__import__('socket').create_connection(('127.0.0.1', {port}), 5)"
        text = told(broker, tmp_path, expression)
    assert "OSError" in text or "unreachable" in text


def left_in_a_process() -> str:
    """Return why a process cannot leave the network; empty when it can."""
    command = [sys.executable, "-c", LEAVE]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_process_that_stays_says_why() -> None:
    """A process of several threads and no rights goes on, and the reason is known."""
    code = (
        "import os, threading\n"
        "from filmgate_server.worker.confinement import leave_network\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "print(leave_network())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "does not permit" in done.stdout


def test_model_has_no_privileges(broker: FakeBroker, tmp_path: Path) -> None:
    """Whoever started the server, no capability is left, and no program gives one back."""
    expression = "' '.join(open('/proc/thread-self/status').read().split())"
    words = told(broker, tmp_path, expression).split()
    kept = dict(pairwise(words))
    for name in ("CapInh:", "CapPrm:", "CapEff:", "CapAmb:"):
        assert int(kept[name], 16) == 0
    assert kept["NoNewPrivs:"] == "1"
    if os.geteuid() == 0:
        assert int(kept["CapBnd:"], 16) == 0


def test_model_cannot_look_into_the_gateway(broker: FakeBroker, tmp_path: Path) -> None:
    """Its environment, its memory and its files hold what no model shall have."""
    if os.geteuid() != 0 and (why_not := left_in_a_process()):
        pytest.skip(f"a process of the same user can be looked into here: {why_not}")
    names = ("environ", "mem", "maps", "fd", "ns")
    expression = f"[name for name in {names!r} if opened(os.getppid(), name)]"
    code = TELLS.format(expression=expression) + OPENED
    package = make_package(tmp_path, code, "looks")
    broker.run(1, package, broker.blob(BLOB))
    broker.until(lambda: broker.ended(1))
    assert "ValueError: []" in broker.errors[1].text


@pytest.mark.parametrize("name", ["denoise", "identity", "negate", "smooth"])
def test_zoo_runs_without_privileges(broker: FakeBroker, name: str) -> None:
    """What a worker gives up keeps no engine from working."""
    package = load_package(ZOO_FOLDER / name)
    engine = package.manifest.runtime.engine
    if engine not in engine_versions():
        pytest.skip(f"{engine} is not installed: the extra [{engine}]")
    params = resolve_parameters(package.manifest.params, {})
    image = broker.blob(exr(part(rgb(3))), media=EXR_MEDIA)
    broker.run(1, package.path, image, params=params)
    broker.until(lambda: broker.ended(1))
    assert 1 in broker.outputs, broker.errors
