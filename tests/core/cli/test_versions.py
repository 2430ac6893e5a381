"""Versions of a model that the server holds, fetches, or no longer gives."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.packages import write_package
from fakes.service import TOKEN, Service
from filmgate.digest import digest_text
from filmgate.endpoint import Endpoint, publish_endpoint
from filmgate.image.exr import load_exr
from filmgate_server.registry.shared import SharedRegistry, open_registry
from filmgate_server.registry.signatures import load_publisher, make_publisher

Command = Any
"""What `conftest.Command` is: tests import nothing from each other."""

TIMES = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        return {"color": inputs["color"] * FACTOR}
"""


@pytest.fixture
def registry(tmp_path: Path) -> SharedRegistry:
    """Return a registry of three versions, each of which multiplies by its number.

    The second is retired, and the alias ``old`` means it.
    """
    registry = open_registry(str(tmp_path / "shared"))
    secret, public = make_publisher("ann", tmp_path / "ann")
    (tmp_path / "trusted").mkdir()
    shutil.copy(public, tmp_path / "trusted")
    for number in (1, 2, 3):
        path = write_package(
            tmp_path / f"work-{number}",
            version=f"{number}.0.0",
            code=TIMES.replace("FACTOR", str(number)),
        )
        registry.publish(path, "ann", load_publisher(secret))
    registry.move_alias("toy", "old", "2.0.0", "ann")
    registry.retire("toy", "2.0.0", "it ghosts", "bob")
    return registry


@pytest.fixture
def studio(
    lonely: Command, registry: SharedRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Command]:
    """The command with a server that has looked at the registry and holds the latest version."""
    settings: dict[str, Any] = {
        "registry": str(tmp_path / "shared"),
        "registry_cache": str(tmp_path / "cache"),
        "trusted_publishers": str(tmp_path / "trusted"),
        "registry_poll_s": 0.2,
    }
    with Service(tmp_path, **settings) as service:
        publish_endpoint(Endpoint(service.port, TOKEN, service.process.pid))
        monkeypatch.setenv("FILMGATE_SERVER", service.address)
        lonely("models", "show", "toy@3.0.0")
        yield lonely


@pytest.fixture
def noisy(tmp_path: Path, plate: Any) -> Path:
    """A frame that holds 0.5 everywhere."""
    (tmp_path / "in.exr").write_bytes(plate(0.5))
    return tmp_path / "in.exr"


def test_an_older_version_is_fetched_and_run(
    studio: Command, registry: SharedRegistry, noisy: Path
) -> None:
    """What the server did not hold, by its version or its digest, comes from the registry."""
    target = noisy.with_name("out.exr")
    digest = digest_text(bytes.fromhex(registry.release("toy", "1.0.0").digest))
    assert "toy 1.0.0" in studio("models", "show", f"toy@{digest}").out
    studio("run", "toy@1.0.0", noisy, target)
    assert (load_exr(target).parts[0].channels["R"] == 0.5).all()
    studio("run", "toy", noisy, target, "--overwrite")
    assert (load_exr(target).parts[0].channels["R"] == 1.5).all()


@pytest.mark.parametrize("reference", ["toy@2.0.0", "toy@old"])
def test_a_retired_version_says_why(studio: Command, noisy: Path, reference: str) -> None:
    """An artist reads who took it out of use, and why, by its version or by an alias."""
    said = studio("run", reference, noisy, noisy.with_name("out.exr"), code=2).err
    assert "by bob: it ghosts" in said


def test_a_version_that_nobody_published_is_unknown(studio: Command, noisy: Path) -> None:
    """The error lists what there is."""
    said = studio("run", "toy@9.0.0", noisy, noisy.with_name("out.exr"), code=2).err
    assert "toy@3.0.0" in said
