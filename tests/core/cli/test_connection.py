"""Which server a command talks to."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakes.service import TOKEN, Service
from filmgate.endpoint import Endpoint, publish_endpoint

Command = Any
"""What `conftest.Command` is: tests import nothing from each other."""


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"tcp://127.0.0.1:{server.getsockname()[1]}"


def test_without_a_server_one_is_started_and_said_so(
    lonely: Command, tmp_path: Path, plate: Callable[..., bytes]
) -> None:
    """A first user types one command: it starts a server, and nothing is left of that."""
    (tmp_path / "in.exr").write_bytes(plate(1.0))
    said = lonely("run", "identity", tmp_path / "in.exr", tmp_path / "out.exr").err
    assert "Starting a server for this command (none is configured)" in said
    assert (tmp_path / "out.exr").exists()
    assert list((tmp_path / "run").iterdir()) == []


def test_embedded_is_taken_at_its_word(lonely: Command, nobody: str) -> None:
    """With --embedded a configured server is left alone."""
    said = lonely("models", "--embedded", "--server", nobody, "--json")
    assert "Starting a server for this command (as asked)" in said.err
    assert "denoise" in [model["name"] for model in json.loads(said.out)]


@pytest.mark.parametrize("command", [("models",), ("status",), ("run", "identity", "a", "b.exr")])
def test_a_configured_server_is_never_replaced(
    lonely: Command, nobody: str, command: tuple[str, ...]
) -> None:
    """It is waited for; then the exit code is 75, and no server of our own was started."""
    said = lonely(*command, "--server", nobody, "--wait", "0.3", code=75).err
    assert nobody in said
    assert "Starting" not in said


def test_a_server_that_comes_later_is_waited_for(
    lonely: Command, nobody: str, tmp_path: Path
) -> None:
    """The token that appears while we wait is taken up: it was not there at the start."""
    process = lonely.start("models", "--json", "--server", nobody, "--wait", "40")
    assert process.stderr is not None
    assert "Waiting up to 40 s" in process.stderr.readline()
    late = Service(tmp_path)
    late.port = int(nobody.rpartition(":")[2])
    with late:
        publish_endpoint(Endpoint(late.port, TOKEN, late.process.pid))
        out, said = process.communicate(timeout=45)
    assert process.returncode == 0, said
    assert "denoise" in out


def test_ones_own_running_server_is_found(lonely: Command, service: Service) -> None:
    """Without any setting, the user's server on this machine is used, and named."""
    publish_endpoint(Endpoint(service.port, TOKEN, service.process.pid))
    said = lonely("models")
    assert f"Using your server at {service.address}" in said.err
    assert "gain" in said.out


def test_status_starts_nothing(lonely: Command) -> None:
    """Asking how the server is does not make one."""
    assert "filmgate serve" in lonely("status", code=75).err


def test_a_stranger_is_turned_away(lonely: Command, service: Service) -> None:
    """Without the token of its user, the server says no: exit code 77."""
    said = lonely("models", "--server", service.address, "--wait", "1", code=77).err
    assert "id: denied" in said


def test_a_token_that_is_not_found_is_told(
    lonely: Command, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Cron knows no XDG_RUNTIME_DIR: the error names file, folder and variable, `doctor` too."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("filmgate.cli.doctor._ANSWER_WITHIN_S", 1.0)
    said = lonely("status", "--server", service.address, "--wait", "1", code=77).err
    told = lonely("doctor", "--server", service.address, code=1).out
    for text in (said, told):
        assert f"server-{service.port}.json" in text
        assert f"{tmp_path.as_posix()}/filmgate-" in text
        assert "XDG_RUNTIME_DIR" in text


def test_a_bad_setting_is_named(lonely: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable, the mend and the exit code 78."""
    monkeypatch.setenv("FILMGATE_SERVER", "gate")
    said = lonely("models", code=78).err
    assert "environment FILMGATE_SERVER" in said
    assert "tcp://" in said
