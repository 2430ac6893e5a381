"""Workers load a package ahead of its first frame, and say how that went."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.pool import NEGATIVE, FakeBroker, make_package
from filmgate.errors import ConnectionLostError, FilmgateError
from filmgate_server.registry.local import load_package


class Answers:
    """What workers have said, in order."""

    def __init__(self) -> None:
        self.said: list[tuple[int, bytes, FilmgateError | None]] = []

    def prepared(self, worker: int, digest: bytes, error: FilmgateError | None) -> None:
        """Remember it."""
        self.said.append((worker, digest, error))


@pytest.fixture(scope="module")
def broker() -> Iterator[FakeBroker]:
    """Return a pool of one worker."""
    with FakeBroker() as running:
        yield running


def prepare(broker: FakeBroker, path: Path) -> FilmgateError | None:
    """Have a package loaded; return what the worker says of it."""
    answers, digest = Answers(), load_package(path).digest
    broker.pool.preparations = answers
    assert broker.pool.prepare(path, digest) == {0}
    broker.until(lambda: bool(answers.said))
    ((worker, told, error),) = answers.said
    assert (worker, told) == (0, digest)
    return error


def test_a_prepared_package_is_resident(broker: FakeBroker, tmp_path: Path) -> None:
    """Its first frame will find it there."""
    path = make_package(tmp_path, NEGATIVE)
    assert prepare(broker, path) is None
    broker.until(lambda: load_package(path).digest in broker.pool.residents()[0])


def test_a_package_that_cannot_be_loaded(broker: FakeBroker, tmp_path: Path) -> None:
    """The worker says why, and goes on."""
    error = prepare(broker, make_package(tmp_path, "raise RuntimeError('no such thing')", "bad"))
    assert isinstance(error, FilmgateError)
    assert "no such thing" in error.text
    assert prepare(broker, make_package(tmp_path, NEGATIVE, "good")) is None


def test_a_package_that_kills_its_worker(broker: FakeBroker, tmp_path: Path) -> None:
    """Whoever asked is told that the worker has gone; its successor takes work."""
    code = "import os\nos._exit(3)"
    assert isinstance(prepare(broker, make_package(tmp_path, code, "deadly")), ConnectionLostError)
    broker.until(lambda: bool(broker.pool.free_slots(express=False)))
    assert prepare(broker, make_package(tmp_path, NEGATIVE, "alive")) is None
