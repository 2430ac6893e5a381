"""Which package a reference means while versions come, fail, move and go."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.packages import write_package
from filmgate.errors import (
    BusyError,
    ConnectionLostError,
    DeviceMemoryError,
    FilmgateError,
    ModelError,
    RetiredModelError,
    UnknownModelError,
)
from filmgate_server.gateway.changeover import RETRY_S, Changeover
from filmgate_server.registry.local import Package, load_package
from filmgate_server.registry.offer import Published
from filmgate_server.registry.snapshot import Snapshot, parse_line, to_line


class Workers:
    """Two workers that answer when a test says so.

    Attributes:
        asked: the digests of what they were to prepare, in order.
        warm: what new ones load first.
    """

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.warm: list[tuple[str, str]] = []

    def prepare(self, path: Path, digest: bytes) -> set[int]:
        """Ask both."""
        self.asked.append(digest)
        return {0, 1}

    def warm_from_now(self, warm: list[tuple[str, str]]) -> None:
        """Remember it."""
        self.warm = warm


class Case:
    """A changeover with version 1 of a model, and versions 2 and 3 to come."""

    def __init__(self, folder: Path) -> None:
        self.v1, self.v2, self.v3 = (
            load_package(write_package(folder / "toy" / f"{n}.0.0", version=f"{n}.0.0"))
            for n in (1, 2, 3)
        )
        self.now_s, self.outcomes, self.wanted = 0.0, [], []
        self.workers = Workers()
        self.changeover = Changeover(
            Snapshot((self.v1,)),
            ["toy"],
            self.wanted.append,
            self.outcomes.append,
            lambda: self.now_s,
        )
        self.changeover.pool = self.workers

    def take(self, *packages: Package, **published: object) -> None:
        """Let the librarian say this."""
        self.changeover.take(Snapshot(packages, published=Published(**published)))

    def answer(self, package: Package, error: FilmgateError | None = None) -> None:
        """Let both workers say this of a package."""
        for worker in (0, 1):
            self.changeover.prepared(worker, package.digest, error)

    def means(self, ref: str = "toy") -> str:
        """Return the version that a reference means now."""
        return self.changeover.resolve(ref).manifest.version


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """Return a changeover that serves version 1."""
    return Case(tmp_path)


def test_the_old_one_serves_until_every_worker_is_warm(case: Case) -> None:
    """One worker that has loaded the new version is not enough; then the name changes at once."""
    case.take(case.v1, case.v2)
    assert case.means() == "1.0.0"
    with pytest.raises(BusyError):
        case.means("toy@2.0.0")
    case.changeover.prepared(0, case.v2.digest, None)
    assert case.means() == "1.0.0"
    case.changeover.prepared(1, case.v2.digest, None)
    assert (case.means(), case.means("toy@1.0.0")) == ("2.0.0", "1.0.0")
    assert case.outcomes == ["served"]
    assert case.workers.warm == [(str(case.v2.path), case.v2.digest.hex())]


def test_the_old_one_stays_on_failure(case: Case) -> None:
    """A version that cannot be loaded is not offered, and whoever names it is told why."""
    case.take(case.v1, case.v2)
    case.answer(case.v2, ModelError("It has no such layer."))
    case.changeover.tick()
    assert (case.means(), case.outcomes, len(case.workers.asked)) == ("1.0.0", ["kept"], 1)
    assert [each.manifest.version for each in case.changeover.offer.packages()] == ["1.0.0"]
    with pytest.raises(UnknownModelError, match="no such layer"):
        case.means("toy@2.0.0")
    case.take(case.v1, case.v2, case.v3)
    case.answer(case.v3)
    assert case.means() == "3.0.0"


def test_a_full_device_is_tried_again(case: Case) -> None:
    """What found no memory may find it later; not at once."""
    case.take(case.v1, case.v2)
    case.answer(case.v2, DeviceMemoryError("It is full."))
    case.changeover.tick()
    assert len(case.workers.asked) == 1
    case.now_s = RETRY_S
    case.changeover.tick()
    case.answer(case.v2)
    assert case.means() == "2.0.0"


def test_a_worker_that_dies_may_die_of_something_else(case: Case) -> None:
    """After one death the version is tried again; after a second it is the version's fault."""
    case.take(case.v1, case.v2)
    for _ in range(2):
        assert case.outcomes == []
        case.changeover.prepared(0, case.v2.digest, ConnectionLostError("It has gone."))
    assert len(case.workers.asked) == 2
    assert (case.means(), case.outcomes) == ("1.0.0", ["kept"])


def test_what_is_gone_is_replaced_at_once(case: Case) -> None:
    """Where the old version was retired, nothing can serve until the other one is warm."""
    case.take(case.v1, case.v2)
    case.answer(case.v2)
    case.take(case.v1, retired={"toy": {"2.0.0": "it ghosts"}})
    assert case.means() == "1.0.0"
    with pytest.raises(UnknownModelError, match="it ghosts"):
        case.means("toy@2.0.0")


def test_an_alias_waits_for_its_version(case: Case) -> None:
    """While the version is fetched and loaded the alias means what it meant."""
    case.take(case.v1, aliases={"toy": {"champion": "1.0.0"}})
    case.take(
        case.v1,
        aliases={"toy": {"champion": "2.0.0"}},
        absent={"toy": {"2.0.0": case.v2.digest.hex()}},
    )
    assert case.means("toy@champion") == "1.0.0"
    case.take(case.v1, case.v2, aliases={"toy": {"champion": "2.0.0"}})
    assert case.means("toy@champion") == "1.0.0"
    case.answer(case.v2)
    assert case.means("toy@champion") == "2.0.0"
    case.take(case.v1, case.v2)
    with pytest.raises(UnknownModelError):
        case.means("toy@champion")


def test_an_alias_never_hides_a_version(case: Case) -> None:
    """What pins a version or a digest means that and nothing else, whatever aliases there are."""
    pin = f"blake3:{case.v1.digest.hex()}"
    case.take(case.v1, case.v2, aliases={"toy": {"1.0.0": "2.0.0", pin: "2.0.0"}})
    case.answer(case.v2)
    assert (case.means("toy@1.0.0"), case.means(f"toy@{pin}")) == ("1.0.0", "1.0.0")


def test_an_alias_of_a_retired_version(case: Case) -> None:
    """A server that runs says of it what one says that has just been started."""
    case.take(case.v1, aliases={"toy": {"champion": "1.0.0"}})
    now = Published({"toy": {"champion": "2.0.0"}}, {"toy": {"2.0.0": "it ghosts"}})
    case.changeover.take(Snapshot((case.v1,), published=now))
    fresh = Changeover(Snapshot((case.v1,), published=now), (), case.wanted.append, lambda _: None)
    for changeover in (case.changeover, fresh):
        with pytest.raises(RetiredModelError, match="it ghosts"):
            changeover.resolve("toy@champion")


def test_what_is_published_and_not_here_is_asked_for(case: Case) -> None:
    """A job that names an absent version has it fetched, and is told to come again."""
    digest = case.v2.digest.hex()
    case.take(case.v1, absent={"toy": {"2.0.0": digest}})
    for ref in ("toy@2.0.0", f"toy@blake3:{digest}"):
        with pytest.raises(BusyError):
            case.means(ref)
    assert case.wanted == ["toy@2.0.0", "toy@2.0.0"]


def test_a_version_that_is_wanted_no_more_is_not_waited_for(case: Case) -> None:
    """Where a still newer version comes meanwhile, only that one takes the place."""
    case.take(case.v1, case.v2)
    case.take(case.v1, case.v2, case.v3)
    case.answer(case.v2)
    assert case.means() == "1.0.0"
    case.answer(case.v3)
    assert (case.means(), case.outcomes) == ("3.0.0", ["served"])


def test_a_snapshot_survives_the_pipe(case: Case) -> None:
    """What the gateway reads is what the librarian said, manifests and all."""
    snapshot = Snapshot((case.v1, case.v2), (), Published({"toy": {"champion": "1.0.0"}}), "away")
    assert parse_line(to_line(snapshot), {}) == snapshot
