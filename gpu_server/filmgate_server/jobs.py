"""Jobs and executions: who waits for which work, and where it stands."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from filmgate.digest import canonical_digest
from filmgate.wire.messages import JobEnded
from filmgate.wire.records import BlobRef, Wish
from filmgate_server.registry.local import Package
from filmgate_server.store import Blob, Key


@dataclass(frozen=True)
class Owner:
    """Whom a job belongs to: a session, and the artist and show it was opened for."""

    session: bytes
    user: str
    show: str


@dataclass(frozen=True)
class Work:
    """Everything that determines the pixels, resolved: no aliases, no defaults left open.

    *time* is the result's source time in frames, which matters where a model takes several frames.
    """

    show: str
    package: Package
    params: Mapping[str, Any]
    inputs: tuple[BlobRef, ...]
    layers: Mapping[str, str]
    wish: Wish
    numerics: str
    time: float = 0.0

    def key(self) -> bytes:
        """Return the work key: the digest of the canonical encoding of all of it."""
        inputs = [[ref.name, ref.time, ref.view, ref.media, ref.digest] for ref in self.inputs]
        wish = self.wish
        fields: dict[str, Any] = {
            "show": self.show,
            "package": self.package.digest,
            "params": dict(self.params),
            "inputs": inputs,
            "layers": dict(self.layers),
            "wish": [wish.mode, wish.compression, wish.depth, wish.preview],
            "numerics": self.numerics,
        }
        if self.package.manifest.temporal.kind != "frame":
            fields["time"] = self.time
        return canonical_digest(fields)


@dataclass(frozen=True)
class Outcome:
    """What an execution produced; cached by work key while its blobs are there."""

    outputs: tuple[BlobRef, ...]
    warnings: tuple[str, ...]
    timings_ms: Mapping[str, int]


@dataclass
class Job:
    """One submission.

    Attributes:
        id: the client's random name for it.
        owner: whom it belongs to.
        work_key: what it wants done.
        lease_s: how long it lives while its session is away.
        priority: ``interactive`` or ``batch``.
        deadline_s: when it expires in any case; None for never.
        execution: the work under way; None once it is ready.
        outcome: what can be fetched; None before.
        pins: the outputs kept for it.
        away_since_s: when its session vanished; None while it is there.
        ending: its outcome, while the journal could not take it yet.
    """

    id: bytes
    owner: Owner
    work: Work
    work_key: bytes
    lease_s: float
    priority: str = "interactive"
    deadline_s: float | None = None
    execution: int | None = None
    outcome: Outcome | None = None
    pins: list[Blob] = field(default_factory=list[Blob])
    away_since_s: float | None = None
    ending: JobEnded | None = None


@dataclass
class Execution:
    """One run of some work, for one or more jobs.

    Attributes:
        number: its name between gateway and worker.
        work: what to run.
        work_key: its digest.
        user: the artist who asked first.
        priority: ``interactive`` or ``batch``.
        missing: digests of inputs that have not arrived.
        pins: the inputs kept for it.
        promised_bytes: memory set aside for its outputs.
        jobs: the jobs that wait for it.
        stage: as `filmgate.wire.messages.STAGES` names it.
        worker: the worker it runs on; None while it waits.
        deaths: how many workers have died while they ran nothing else.
    """

    number: int
    work: Work
    work_key: bytes
    user: str
    priority: str
    missing: set[bytes]
    pins: list[Blob] = field(default_factory=list[Blob])
    promised_bytes: int = 0
    jobs: set[bytes] = field(default_factory=set[bytes])
    stage: str = "missing"
    worker: int | None = None
    deaths: int = 0
    done: int = 0
    total: int = 0


class JobTable:
    """The open jobs and the executions under way, found by whichever name is at hand."""

    def __init__(self) -> None:
        self.jobs: dict[bytes, Job] = {}
        self.executions: dict[int, Execution] = {}
        self._by_work: dict[Key, int] = {}
        self._numbers = itertools.count(1)

    def execution_for(self, show: str, work_key: bytes) -> Execution | None:
        """Return the execution that is already doing this work for this show."""
        number = self._by_work.get((show, work_key))
        return None if number is None else self.executions[number]

    def new_execution(self, job: Job, priority: str, missing: Iterable[bytes]) -> Execution:
        """Open an execution of the work that *job* wants."""
        work, work_key, user = job.work, job.work_key, job.owner.user
        execution = Execution(next(self._numbers), work, work_key, user, priority, set(missing))
        self.executions[execution.number] = execution
        self._by_work[(work.show, work_key)] = execution.number
        return execution

    def close_execution(self, execution: Execution) -> None:
        """Forget an execution that has finished or is no longer wanted."""
        self.executions.pop(execution.number, None)
        key = (execution.work.show, execution.work_key)
        if self._by_work.get(key) == execution.number:
            del self._by_work[key]

    def retire_execution(self, execution: Execution) -> None:
        """Let no further job join: it is being cancelled."""
        self._by_work.pop((execution.work.show, execution.work_key), None)

    def jobs_of(self, session: bytes) -> list[Job]:
        """Return the open jobs of a session."""
        return [job for job in self.jobs.values() if job.owner.session == session]

    def waiting_for(self, show: str, digest: bytes) -> list[Execution]:
        """Return the executions of *show* that lack this input."""
        return [
            execution
            for execution in self.executions.values()
            if digest in execution.missing and execution.work.show == show
        ]
