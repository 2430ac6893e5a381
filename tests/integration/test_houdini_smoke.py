"""The script that is shipped to be run in a real Houdini does what it says, in the stand-in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.scripts import load_script
from fakes.secluded import seclude
from fakes.service import MIB, TOKEN, Service
from filmgate.endpoint import Endpoint, publish_endpoint

ROOT = Path(__file__).resolve().parents[2]
SERVER_BYTES = 768 * MIB

for _folder in (ROOT / "plugins" / "houdini", ROOT / "tests" / "fakes" / "houdini"):
    if str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server with the zoo."""
    with Service(tmp_path_factory.mktemp("smoke"), models_bytes=SERVER_BYTES) as running:
        yield running


@pytest.fixture
def smoke(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return the script, in a fresh hython that knows the server's key."""
    import hou  # noqa: PLC0415 - found once the stand-in is on the path

    stand_in: Any = hou
    seclude(tmp_path, monkeypatch)
    publish_endpoint(Endpoint(service.port, TOKEN, service.process.pid))
    monkeypatch.setenv("FILMGATE_SERVER", "")
    world = stand_in._fresh("21.0", "hython")
    yield load_script("houdini", "smoke")
    assert not world.violations


def test_all_of_it_goes_well(
    smoke: Any, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every kind of data, a cancel, freezing, a scene that is opened again, and no server."""
    code = smoke.main(["--server", service.address])

    said = capsys.readouterr().out
    assert code == 0, said
    assert said.count("ok      ") == 15
    assert "costs no job" not in said
    assert "All is well in Houdini 21." in said


def test_what_fails_is_said(
    smoke: Any, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model that the server lacks ends it at the first step, with what there is instead."""
    code = smoke.main(["--server", service.address, "--model", "nothing-of-that-kind"])

    said = capsys.readouterr().out
    assert code == 1, said
    assert "FAILED" in said
    assert "negate" in said
