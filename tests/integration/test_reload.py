"""Models change while jobs flow: the old serves until the new one is warm, and no job is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.accounts import running
from fakes.bucket import Bucket
from fakes.packages import write_package
from fakes.plates import random_tensor, tensor_payload, tensor_pixels
from fakes.service import Service
from fakes.waiting import wait_until
from filmgate.client import Client
from filmgate.errors import FilmgateError, RetiredModelError, UnknownModelError
from filmgate.job import Job, Work
from filmgate_server.registry.shared import SharedRegistry, open_registry
from filmgate_server.registry.signatures import load_publisher, make_publisher

POLL_S = 0.2

TIMES = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        return {"color": inputs["color"] * FACTOR}

    def infer_tensors(self, inputs, outputs, params, step):
        from filmgate_server.runtime.tensors import to_array
        to_array(outputs["color"])[...] = to_array(inputs["color"]) * FACTOR
        step(1, 1)
"""

BROKEN = "raise RuntimeError('it was never tried')\n"

RunService = Callable[..., Service]


class Site:
    """A shared registry with one publisher whom the server trusts.

    Args:
        folder: for everything.

    Attributes:
        registry: the shared registry.
        settings: for the server.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.registry: SharedRegistry = open_registry(str(folder / "shared"))
        secret, public = make_publisher("ann", folder / "ann")
        (folder / "trusted").mkdir()
        shutil.copy(public, folder / "trusted")
        self._key = load_publisher(secret)
        self.settings: dict[str, Any] = {
            "registry": str(folder / "shared"),
            "registry_cache": str(folder / "cache"),
            "trusted_publishers": str(folder / "trusted"),
            "registry_poll_s": POLL_S,
        }

    def publish(self, factor: int, code: str = TIMES, signed: bool = True) -> str:
        """Publish version *factor*.0.0, which multiplies by that; return its digest."""
        path = write_package(
            self._folder / f"work-{factor}",
            version=f"{factor}.0.0",
            code=code.replace("FACTOR", str(factor)),
        )
        return self.registry.publish(path, "ann", self._key if signed else None).digest


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return a registry with version 1."""
    site = Site(tmp_path)
    site.publish(1)
    return site


@pytest.fixture
def run_service(tmp_path: Path) -> RunService:
    """Return what makes a server; it runs while it is a context."""
    return lambda **settings: Service(tmp_path, **{"log_level": "info", **settings})


def submit(client: Client, model: str = "toy", seed: int = 1) -> Job:
    """Submit a small tensor."""
    return client.submit(Work(model, (tensor_payload(random_tensor(seed)),)))


def factor_of(job: Job, seed: int = 1) -> tuple[int, str]:
    """Wait for a job; return what it was multiplied by, and the digest of the package."""
    result = job.result()
    given, found = random_tensor(seed), tensor_pixels(result.output("color"))
    factor = round(float(found.flat[0] / given.flat[0]))
    assert np.array_equal(found, given * np.float32(factor))
    return factor, result.package_digest.hex()


def served(client: Client, model: str = "toy") -> int:
    """Return which version serves now; 0 for none."""
    try:
        return factor_of(submit(client, model))[0]
    except UnknownModelError:
        return 0


def test_a_version_that_is_published_serves_and_no_job_is_lost(site, run_service) -> None:
    """While jobs flow, each is computed by the version that it was accepted with."""
    digests = {1: site.registry.release("toy", "1.0.0").digest}
    with run_service(**site.settings) as service, service.client() as client:
        wait_until(lambda: served(client) == 1, lambda: service.log)
        digests[2] = site.publish(2)
        jobs: list[Job] = []
        while served(client) != 2:
            jobs += [submit(client, seed=number) for number in range(3)]
        seeds = [number % 3 for number in range(len(jobs))]
        ends = [factor_of(job, seed) for job, seed in zip(jobs, seeds, strict=True)]
        assert all(digests[factor] == digest for factor, digest in ends)
        assert sorted({factor for factor, _ in ends}) in ([1], [1, 2])
        assert [factor for factor, _ in ends] == sorted(factor for factor, _ in ends)
        assert [model.version for model in client.models() if model.name == "toy"] == [
            *("2.0.0", "1.0.0")
        ]


def test_an_alias_moves_there_and_back(site, run_service) -> None:
    """An alias serves what it was moved to, and again what it pointed to before."""
    site.publish(2)
    site.registry.move_alias("toy", "champion", "1.0.0", "ann")
    with run_service(**site.settings) as service, service.client() as client:
        for version in (1, 2, 1):
            site.registry.move_alias("toy", "champion", f"{version}.0.0", "ann")
            wait_until(lambda v=version: served(client, "toy@champion") == v, lambda: service.log)
        assert served(client) == 2
        aliases = {model.version: model.aliases for model in client.models() if model.name == "toy"}
        assert aliases == {"2.0.0": (), "1.0.0": ("champion",)}
        assert client.manifest("toy@champion").version == "1.0.0"


def test_a_broken_version_is_not_used(site, run_service) -> None:
    """Where the new version cannot be loaded the old one serves on, and the log says why."""
    with run_service(**site.settings) as service, service.client() as client:
        wait_until(lambda: served(client) == 1, lambda: service.log)
        site.publish(2, BROKEN)
        wait_until(lambda: "the old one stays" in service.log, lambda: service.log)
        assert served(client) == 1
        assert [model.version for model in client.models() if model.name == "toy"] == ["1.0.0"]
        with pytest.raises(FilmgateError, match="never tried"):
            submit(client, "toy@2.0.0").result()


def test_code_without_a_signature_is_not_run(site, run_service, tmp_path: Path) -> None:
    """A release that nobody vouches for is refused by name, and its code is never executed."""
    witness = tmp_path / "executed"
    site.publish(2, f"open({str(witness)!r}, 'w').close()\n{TIMES}", signed=False)
    with run_service(**site.settings) as service, service.client() as client:
        wait_until(lambda: served(client) == 1, lambda: service.log)
        with pytest.raises(UnknownModelError, match="signed"):
            submit(client, "toy@2.0.0").result()
        assert not witness.exists()


def test_a_retired_version_is_refused(site, run_service) -> None:
    """A job for a retired version is told who retired it and why; the one before serves."""
    site.publish(2)
    with run_service(**site.settings) as service, service.client() as client:
        wait_until(lambda: served(client) == 2, lambda: service.log)
        site.registry.retire("toy", "2.0.0", "it ghosts", "bob")
        wait_until(lambda: served(client) == 1, lambda: service.log)
        with pytest.raises(RetiredModelError, match="by bob: it ghosts"):
            submit(client, "toy@2.0.0").result()


def test_an_older_version_is_fetched_when_it_is_asked_for(site, run_service) -> None:
    """What nobody needs is not fetched at first; a job that names it waits and gets it."""
    site.publish(2)
    with run_service(**site.settings) as service, service.client() as client:
        wait_until(lambda: served(client) == 2, lambda: service.log)
        assert [model.version for model in client.models() if model.name == "toy"] == ["2.0.0"]
        assert factor_of(submit(client, "toy@1.0.0"))[0] == 1


def test_a_server_starts_while_the_registry_is_away(site, run_service, tmp_path: Path) -> None:
    """What was fetched before serves, its aliases too."""
    site.registry.move_alias("toy", "champion", "1.0.0", "ann")
    with run_service(**site.settings) as service:
        with service.client() as client:
            wait_until(lambda: served(client, "toy@champion") == 1, lambda: service.log)
        (tmp_path / "shared").rename(tmp_path / "away")
        (tmp_path / "shared").write_text("a file where the mount should be")
        service.restart()
        with service.client() as client:
            assert served(client, "toy@champion") == 1


def test_a_changed_folder_serves_once_it_is_warm(run_service, tmp_path: Path) -> None:
    """A researcher edits a package in a configured folder: the change serves, a broken one not."""
    path = write_package(tmp_path / "models" / "toy", code=TIMES.replace("FACTOR", "3"))
    settings = {"models": [str(tmp_path / "models")], "registry_poll_s": POLL_S}
    with run_service(**settings) as service, service.client() as client:
        assert served(client) == 3
        (path / "model.py").write_text(TIMES.replace("FACTOR", "4"), encoding="utf-8")
        wait_until(lambda: served(client) == 4, lambda: service.log)
        (path / "model.py").write_text(BROKEN, encoding="utf-8")
        wait_until(lambda: "the old one stays" in service.log, lambda: service.log)
        assert served(client) == 4
        (path / "model.toml").rename(path / "model.bak")
        wait_until(lambda: "lacks the file 'model.toml'" in service.log, lambda: service.log)
        assert served(client) == 4
        (path / "model.bak").rename(path / "model.toml")
        (path / "model.py").write_text(TIMES.replace("FACTOR", "5"), encoding="utf-8")
        wait_until(lambda: served(client) == 5, lambda: service.log)


def test_a_librarian_that_is_killed_comes_back(site, run_service) -> None:
    """Without a librarian everything serves on; its successor sees what was published since."""
    with run_service(**site.settings) as service, service.client() as client:
        wait_until(lambda: served(client) == 1, lambda: service.log)
        (librarian,) = running("filmgate_server.registry.librarian", service.process.pid)
        librarian.kill()
        site.publish(2)
        wait_until(lambda: served(client) == 2, lambda: service.log)


def test_a_bucket_is_a_registry_too(site, run_service, tmp_path: Path, monkeypatch) -> None:
    """From a real S3 store models come as from a folder; a wrong secret takes nothing else down."""
    with Bucket(tmp_path) as bucket:
        bucket.let_in(monkeypatch)
        address = bucket.address(tmp_path)
        site.registry = open_registry(address, bucket.endpoint)
        site.publish(3)
        settings = {**site.settings, "registry": address, "registry_endpoint": bucket.endpoint}
        with run_service(**settings) as service, service.client() as client:
            wait_until(lambda: served(client) == 3, lambda: service.log)
            site.publish(4)
            wait_until(lambda: served(client) == 4, lambda: service.log)
        bucket.let_in(monkeypatch, secret="wrong")  # noqa: S106
        with run_service(**settings) as service, service.client() as client:
            wait_until(lambda: "registry cannot be read" in service.log, lambda: service.log)
            assert "Check the access key" in service.log
            assert served(client) == 4
