"""From one version of a model to the next: the old one serves until the new one is warm."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog

from filmgate.errors import (
    BusyError,
    ConnectionLostError,
    DeviceMemoryError,
    FilmgateError,
    UnknownModelError,
)
from filmgate_server.registry.local import Package, Problem
from filmgate_server.registry.offer import Offer
from filmgate_server.registry.records import is_alias
from filmgate_server.registry.snapshot import Snapshot

RETRY_S = 30.0
"""A device that is full today may have room later."""

DEATHS_MAX = 2
"""A worker may have died of something else."""

log = structlog.get_logger()


class Workers(Protocol):
    """The pool, as far as a change of models needs it."""

    def prepare(self, path: Path, digest: bytes) -> set[int]:
        """Ask every worker that is ready to load a package; return who was asked."""
        ...

    def warm_from_now(self, warm: list[tuple[str, str]]) -> None:
        """Let workers that are started from now on load these packages first."""
        ...


@dataclass
class Trial:
    """A package that is to serve.

    Attributes:
        package: the package.
        asked: the workers that have not answered yet.
        is_warm: whether all that were asked have loaded it.
        deaths: how many workers went meanwhile.
        error: why it cannot serve.
        again_at_s: when it may be tried again.
    """

    package: Package
    asked: set[int] = field(default_factory=set[int])
    is_warm: bool = False
    deaths: int = 0
    error: FilmgateError | None = None
    again_at_s: float = 0.0


class Changeover:
    """Decides what each reference means, and changes it only to what is warm.

    A name, a name with a version and a name with an alias each point to a package. Where one should
    point to another package than it does, the workers load that one first; on failure the old one
    stays. A reference that pointed to nothing, or to what is there no more, changes at once.

    Args:
        snapshot: what there is at the start, all of which is offered.
        warm: references whose packages new workers load first.
        ask: has a release that is not here fetched.
        count: told of each change, by its outcome: ``served`` or ``kept``.
        clock: monotonic seconds.

    Attributes:
        offer: what can be asked for now.
        pool: who loads packages; set it before anything changes.
        listener: told of each new offer; nobody at first.
        trouble: why the shared registry could not be read; empty if it could.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        warm: Iterable[str],
        ask: Callable[[str], None],
        count: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pool: Workers | None = None
        self.listener: Callable[[Offer], None] | None = None
        self.trouble = ""
        self._snapshot = snapshot
        self._warm = tuple(warm)
        self._ask = ask
        self._count = count
        self._clock = clock
        self._started = False
        self._logged: set[tuple[Path, str]] = set()
        self._trials: dict[bytes, Trial] = {}
        self._serving: dict[str, Package] = _references(snapshot)
        self._note_snapshot()
        self.offer = self._new_offer()

    def resolve(self, ref: str) -> Package:
        """Find a package; one that is published and not here is fetched.

        Raises:
            FilmgateError: as `Offer.resolve` raises.
        """
        try:
            return self.offer.resolve(ref)
        except BusyError:
            if missing := self.offer.absent(ref):
                self._ask(missing)
            raise

    def warm_packages(self) -> list[tuple[str, str]]:
        """Return folder and digest of each package that a worker loads first.

        Raises:
            UnknownModelError: there is no such model, and the registry can be read.
        """
        found = [self._find_warm(ref) for ref in self._warm]
        return [(str(each.path), each.digest.hex()) for each in found if each is not None]

    def _find_warm(self, ref: str) -> Package | None:
        try:
            return self.resolve(ref)
        except (BusyError, UnknownModelError) as error:
            if isinstance(error, UnknownModelError) and not self.trouble and not self._started:
                raise
            log.warning("model not warm", model=ref, error=str(error))
            return None

    def take(self, snapshot: Snapshot) -> None:
        """Go over to what there is now, as far as it is warm."""
        self._started = True
        self._snapshot = snapshot
        self._note_snapshot()
        self._advance()

    def prepared(self, worker: int, digest: bytes, error: FilmgateError | None) -> None:
        """Note what a worker says of a package that it was asked to load."""
        trial = self._trials.get(digest)
        if trial is None or worker not in trial.asked:
            return  # it is wanted no more
        trial.asked.discard(worker)
        if isinstance(error, ConnectionLostError) and trial.deaths + 1 < DEATHS_MAX:
            trial.deaths += 1
            trial.asked.clear()
        elif error is not None:
            self._give_up(trial, error)
        elif not trial.asked:
            trial.is_warm = True
        self._advance()

    def tick(self) -> None:
        """Try what could not be tried before."""
        now_s = self._clock()
        for trial in self._trials.values():
            if trial.error is not None and now_s >= trial.again_at_s:
                trial.error = None
            self._try(trial)

    def _advance(self) -> None:
        """Point to what is warm, and have the rest loaded."""
        wanted = _references(self._snapshot)
        here = {package.digest for package in self._snapshot.packages}
        kept = self._kept_aliases(wanted, here)
        self._plan_trials(wanted, here)
        settled = {ref: self._settle(ref, package, here) for ref, package in wanted.items()}
        served = {ref: package for ref, package in settled.items() if package is not None}
        changed = {**kept, **served} != self._serving
        self._serving = {**kept, **served}
        for digest in [digest for digest, each in self._trials.items() if each.is_warm]:
            self._count("served")
            log.info("model serves", model=self._trials.pop(digest).package.reference)
        for trial in self._trials.values():
            self._try(trial)
        self._publish(changed)

    def _plan_trials(self, wanted: Mapping[str, Package], here: set[bytes]) -> None:
        """Try what a reference should point to and does not, and nothing else."""
        needed = {
            package.digest: package
            for ref, package in wanted.items()
            if self._stays(ref, package, here)
        }
        self._trials = {
            digest: self._trials.get(digest) or Trial(package) for digest, package in needed.items()
        }

    def _stays(self, ref: str, package: Package, here: set[bytes]) -> bool:
        """Say whether *ref* points to another package that can serve until *package* is warm."""
        current = self._serving.get(ref)
        if current is None or current.digest == package.digest:
            return False
        return current.digest in here or current.path == package.path

    def _settle(self, ref: str, package: Package, here: set[bytes]) -> Package | None:
        """Return what *ref* points to from now on; None while that is nothing."""
        trial = self._trials.get(package.digest)
        if trial is None or trial.is_warm:
            return package
        if self._stays(ref, package, here):
            return self._serving[ref]
        return package if ref in self._serving else None

    def _kept_aliases(self, wanted: Mapping[str, Package], here: set[bytes]) -> dict[str, Package]:
        """Return the aliases whose new package is still to come: they stay where they are."""
        return {
            ref: package
            for ref, package in self._serving.items()
            if ref not in wanted and package.digest in here and self._is_awaited(ref)
        }

    def _is_awaited(self, ref: str) -> bool:
        """Say whether *ref* is an alias of a version that is in use and not here."""
        published, (name, _, alias) = self._snapshot.published, ref.partition("@")
        return published.aliases.get(name, {}).get(alias) in published.absent.get(name, {})

    def _try(self, trial: Trial) -> None:
        if trial.asked or trial.is_warm or trial.error is not None or self.pool is None:
            return
        trial.asked = self.pool.prepare(trial.package.path, trial.package.digest)

    def _give_up(self, trial: Trial, error: FilmgateError) -> None:
        again = isinstance(error, DeviceMemoryError)
        trial.error, trial.asked = error, set()
        trial.again_at_s = self._clock() + RETRY_S if again else float("inf")
        self._count("kept")
        reference = trial.package.reference
        log.error("model cannot serve, the old one stays", model=reference, error=str(error))

    def _publish(self, changed: bool) -> None:
        self.offer = self._new_offer()
        if self.pool is not None and changed:
            self.pool.warm_from_now(self.warm_packages())
        if self.listener is not None:
            self.listener(self.offer)

    def _new_offer(self) -> Offer:
        versions = [each for ref, each in self._serving.items() if ref == each.reference]
        pointers = {ref: each for ref, each in self._serving.items() if ref != each.reference}
        tried = [
            Problem(_place(each.package), each.error or BusyError("It is being loaded."))
            for each in self._trials.values()
        ]
        return Offer(
            versions, [*tried, *self._snapshot.problems], pointers, self._snapshot.published
        )

    def _note_snapshot(self) -> None:
        """Write into the log what is new of what is wrong."""
        problems = {(each.path, str(each.error)) for each in self._snapshot.problems}
        for path, text in sorted(problems - self._logged):
            log.warning("package not usable", path=str(path), error=text)
        self._logged = problems
        if self._snapshot.trouble != self.trouble:
            self.trouble = self._snapshot.trouble
            if self.trouble:
                log.warning("the registry cannot be read", error=self.trouble)


def _references(snapshot: Snapshot) -> dict[str, Package]:
    """Return what each reference should point to: the latest comes first in *snapshot*."""
    found: dict[str, Package] = {}
    for package in Offer(snapshot.packages).packages():
        found[package.reference] = package
        found.setdefault(package.manifest.name, package)
    for name, aliases in snapshot.published.aliases.items():
        for alias, version in aliases.items():
            if is_alias(alias) and f"{name}@{version}" in found:
                found[f"{name}@{alias}"] = found[f"{name}@{version}"]
    return found


def _place(package: Package) -> Path:
    return Path(package.manifest.name) / package.manifest.version
