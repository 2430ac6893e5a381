"""What a service manager is told."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from filmgate_server.config import ServerConfig
from filmgate_server.operations.notify import ALIVE, READY, VARIABLE, Notifier, status_line
from filmgate_server.supervisor import STOP_GRACE_S


@pytest.fixture
def manager() -> Iterator[socket.socket]:
    """Return a socket that is not bound yet."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(10)
        yield listener


def test_lines_arrive_in_one_datagram(manager: socket.socket, tmp_path: Path) -> None:
    """Ready and a text are told together, as sd_notify(3) writes them."""
    path = str(tmp_path / "notify")
    manager.bind(path)
    Notifier({VARIABLE: path}).tell(READY, status_line("serving on port 5700"))
    assert manager.recv(4096) == b"READY=1\nSTATUS=serving on port 5700"


def test_an_abstract_socket_is_found(manager: socket.socket, tmp_path: Path) -> None:
    """An address that begins with @ has no file."""
    name = f"filmgate-{tmp_path.name}"
    manager.bind("\0" + name)
    Notifier({VARIABLE: "@" + name}).tell(ALIVE)
    assert manager.recv(4096) == b"WATCHDOG=1"


def test_nobody_need_listen(tmp_path: Path) -> None:
    """Without a manager, or with one that has gone, nothing is raised."""
    Notifier({}).tell(READY)
    Notifier({VARIABLE: str(tmp_path / "gone")}).tell(READY)


def test_the_example_unit_gives_the_server_what_it_needs(repository: Path) -> None:
    """It hears the gateway, allows the drain, lets the audit log be written, dumps no pixels."""
    text = (repository / "examples" / "systemd" / "filmgate.service").read_text(encoding="utf-8")
    unit = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
    wanted = {"Type": "notify", "NotifyAccess": "all", "KillMode": "mixed", "LimitCORE": "0"}
    wanted["LogsDirectory"] = wanted["StateDirectory"] = "filmgate"  # all else is read-only
    assert {name: unit.get(name) for name in wanted} == wanted
    drain_s: float = ServerConfig.model_fields["drain_s"].default
    assert int(unit["TimeoutStopSec"]) > drain_s + STOP_GRACE_S
    assert int(unit["WatchdogSec"]) > 0
