"""`filmgate doctor`."""

from __future__ import annotations

import json
from importlib import metadata
from typing import Any

import pytest

import filmgate as package

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
