"""Which server a command talks to."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.keys import Keyring
from fakes.service import TOKEN, Service
from filmgate import link
from filmgate.endpoint import Endpoint, publish_endpoint
from filmgate.keys import KeyPair, load_public_key, make_pair, save_pair

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


def keyed(keyring: Keyring, folder: Path, name: str) -> tuple[object, ...]:
    """Write the files of an artist of a studio; return the options that name them."""
    curve = keyring.curve(name)
    save_pair(folder / "my.key", KeyPair(curve.public.decode(), curve.secret.decode()), name)
    save_pair(folder / "gate.public", KeyPair(load_public_key(keyring.server_key)), "server")
    return ("--key", folder / "my.key", "--gateway-key", folder / "gate.public", "--wait", 5)


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    """Return the keys of a studio with one artist."""
    made = Keyring(tmp_path_factory.mktemp("keys"))
    made.authorise("alice", "film", models=["denoise*"])
    return made


@pytest.fixture(scope="module")
def studio(keyring: Keyring, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server that lets keys in."""
    folder = tmp_path_factory.mktemp("studio")
    with Service(folder, handshakes_per_s=500, **keyring.settings) as running:
        yield running


def test_a_token_that_lies_about_does_not_beat_a_key(
    lonely: Command, studio: Service, keyring: Keyring, tmp_path: Path
) -> None:
    """The file of another server on the same port is left alone where a key is set."""
    publish_endpoint(Endpoint(studio.port, "of another server", 1))
    options = keyed(keyring, tmp_path, "alice")
    assert "state" in lonely("status", "--json", "--server", studio.address, *options).out


def test_a_model_that_a_key_does_not_cover_is_explained(
    lonely: Command, studio: Service, keyring: Keyring, tmp_path: Path
) -> None:
    """Nobody looks for a fault in a package because his key does not open it."""
    options = keyed(keyring, tmp_path, "alice")
    said = lonely("models", "show", "negate", "--server", studio.address, *options, code=2).err
    assert "Your key opens no model 'negate'. It opens denoise@" in said


def test_with_a_key_nothing_is_said_in_the_clear(
    lonely: Command, service: Service, tmp_path: Path
) -> None:
    """A server that does not encrypt hears nothing, even if its token is known."""
    publish_endpoint(Endpoint(service.port, TOKEN, service.process.pid))
    options = keyed(Keyring(tmp_path / "keys"), tmp_path, "alice")
    said = lonely("status", "--server", service.address, *options, code=77).err
    assert "does not encrypt" in said


def test_silence_is_waited_through_and_may_pass(
    lonely: Command,
    studio: Service,
    keyring: Keyring,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A busy server and another server's key look alike: both are named, and the code is 75."""
    monkeypatch.setattr(link, "RECONNECT_MS", (10, 20))
    monkeypatch.setattr(link, "BACKOFF_S", (0.01, 0.02))
    options = keyed(keyring, tmp_path, "alice")
    save_pair(tmp_path / "gate.public", KeyPair(make_pair().public), "another server")
    said = lonely("status", "--server", studio.address, *options, code=75).err
    assert said.count("Trying again ...") == 1
    assert "too busy" in said
    assert "another server's" in said


def test_a_host_that_nobody_knows_is_named(lonely: Command) -> None:
    """A typing error in the address is not the same as a server that is away."""
    said = lonely("status", "--server", "tcp://gaet.invalid:5700", "--wait", "0.1", code=75).err
    assert "no host 'gaet.invalid'" in said


def test_a_bad_setting_is_named(lonely: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable, the mend and the exit code 78."""
    monkeypatch.setenv("FILMGATE_SERVER", "gate")
    said = lonely("models", code=78).err
    assert "environment FILMGATE_SERVER" in said
    assert "tcp://" in said
