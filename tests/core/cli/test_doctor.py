"""`filmgate doctor`."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import filmgate as package
from filmgate.keys import KeyPair, make_pair, save_pair

Command = Any
"""What `conftest.Command` is: tests import nothing from each other."""


def findings(said: str) -> dict[str, dict[str, str]]:
    """Return what the doctor found, by name."""
    return {finding["name"]: finding for finding in json.loads(said)}


def test_a_healthy_site_has_no_problem(filmgate: Command) -> None:
    """Versions, devices, settings with origin and the server's answer; exit code 0."""
    found = findings(filmgate("doctor", "--json").out)
    assert found["filmgate"]["value"] == package.__version__
    assert found["numpy"]["value"] == metadata.version("numpy")
    assert "cores" in found["CPU"]["value"]
    assert found["server"]["value"].endswith("from environment FILMGATE_SERVER")
    assert "workers on cpu" in found["connection"]["value"]
    assert not [name for name, finding in found.items() if finding["problem"]]


def test_without_a_server_there_is_nothing_to_mend(lonely: Command) -> None:
    """Where the server is installed, `run` starts its own: that is no problem."""
    assert "starts one for itself" in lonely("doctor").out


def test_an_unreachable_server_is_a_problem_with_a_mend(lonely: Command) -> None:
    """Exit code 1; what is wrong and what to do stand together."""
    said = lonely("doctor", "--server", "tcp://127.0.0.1:9", "--json", code=1).out
    connection = findings(said)["connection"]
    assert "tcp://127.0.0.1:9" in connection["problem"]
    assert connection["mend"]


def test_a_broken_setting_does_not_stop_the_doctor(
    lonely: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be used is named among the other findings."""
    monkeypatch.setenv("FILMGATE_SERVER", "gate")
    said = lonely("doctor", code=1).out
    assert "FILMGATE_SERVER" in said
    assert "numpy" in said


def keys(folder: Path) -> tuple[Path, Path]:
    """Write a key, and the public one of a server."""
    mine, theirs = folder / "a.key", folder / "server.public"
    save_pair(mine, make_pair(), "alice")
    save_pair(theirs, KeyPair(make_pair().public), "server")
    return mine, theirs


def test_sound_keys_are_shown_by_their_public_half(lonely: Command, tmp_path: Path) -> None:
    """What an artist sends to the people who run the server stands there, the secret does not."""
    mine, theirs = keys(tmp_path)
    said = lonely("doctor", "--key", mine, "--gateway-key", theirs, "--json").out
    public, secret = (line.split(" = ")[1] for line in mine.read_text().splitlines()[2:])
    found = findings(said)["keys"]
    assert public in found["value"]
    assert not found["problem"]
    assert secret not in said


def test_what_is_wrong_with_keys_is_found(lonely: Command, tmp_path: Path) -> None:
    """A key that others can read, half a pair of settings, and none where one is needed."""
    mine, theirs = keys(tmp_path)
    alone = findings(lonely("doctor", "--key", mine, "--json", code=1).out)["keys"]
    assert "gateway_key is not" in alone["problem"]
    mine.chmod(0o644)
    both = ("--key", mine, "--gateway-key", theirs)
    found = findings(lonely("doctor", *both, "--json", code=1).out)["keys"]
    assert "other users may read it" in found["problem"]
    assert "chmod 600" in found["mend"]
    far = lonely("doctor", "--server", "tcp://gate.invalid:5700", "--json", code=1).out
    assert "let only keys in" in findings(far)["keys"]["problem"]


def test_a_folder_that_is_not_believed_is_named(lonely: Command, tmp_path: Path) -> None:
    """Where others could put a token, one's own server is not found: every command says why."""
    folder = tmp_path / "run" / "filmgate"
    folder.mkdir()
    folder.chmod(0o755)
    found = findings(lonely("doctor", "--json", code=1).out)["own servers"]
    assert "chmod 700" in found["mend"]
    said = lonely("status", code=75).err
    assert folder.as_posix() in said
    assert "chmod 700" in said


def test_what_plugins_use_is_looked_at(
    lonely: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their folder, as the path map spells it, and a Python that is not there."""
    monkeypatch.setenv("FILMGATE_PATHS", f"Z:/={tmp_path.as_posix()}")
    monkeypatch.setenv("FILMGATE_CACHE", "Z:/cache")
    monkeypatch.setenv("FILMGATE_LOCAL_PYTHON", "Z:/none/python")
    found = findings(lonely("doctor", "--json", code=1).out)
    assert found["cache"]["value"] == "Z:/cache   from environment FILMGATE_CACHE"
    assert found["cache folder"]["value"].startswith(f"{tmp_path.as_posix()}/cache, ")
    assert not found["cache folder"]["problem"]
    assert f"{tmp_path.as_posix()}/none/python" in found["own server's Python"]["problem"]
