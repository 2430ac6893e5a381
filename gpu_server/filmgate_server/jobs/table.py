"""Jobs and executions: who waits for which work, and where it stands."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from filmgate.digest import canonical_digest
from filmgate.wire.messages import JobEnded
from filmgate.wire.records import BlobRef, Wish
from filmgate_server.index import Index
from filmgate_server.pool.messages import NO_COLOUR, ColourOrder
from filmgate_server.registry.local import Package
from filmgate_server.store.content import Blob, Key


@dataclass(frozen=True)
class Owner:
    """Whom a job belongs to: a session, and the artist and show it was opened for."""

    session: bytes
    user: str
    show: str


@dataclass(frozen=True)
class Work:
    """Everything that determines the pixels, resolved: no aliases, no defaults left open.

    *time* is the result's source time in frames, which matters where a model takes several frames;
    *colour* matters where it takes colours.
    """

    show: str
    package: Package
    params: Mapping[str, Any]
    inputs: tuple[BlobRef, ...]
    layers: Mapping[str, str]
    wish: Wish
    numerics: str
    time: float = 0.0
    colour: ColourOrder = NO_COLOUR

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
        colour = self.colour
        if any(entry.is_colour for entry in self.package.manifest.inputs):
            fields["colour"] = [colour.space, colour.working, colour.default, colour.config]
        return canonical_digest(fields)


@dataclass(frozen=True)
class Outcome:
    """What an execution produced; cached by work key while its blobs are there.

    Attributes:
        outputs: what can be fetched.
        warnings: what the artist should know.
        timings_ms: by stage.
        numerics: what really ran.
    """

    outputs: tuple[BlobRef, ...]
    warnings: tuple[str, ...]
    timings_ms: Mapping[str, int]
    numerics: str


@dataclass
class Job:
    """One submission.

    Attributes:
        id: the client's random name for it.
        owner: whom it belongs to.
        work_key: what it wants done.
        lease_s: how long it lives while its session is away.
        priority: ``interactive`` or ``batch``.
        lane: a newer job of the same artist, show, class and lane takes its place; empty for none.
        deadline_s: when it expires in any case; None for never.
        execution: the work under way; None once it is ready.
        outcome: what can be fetched; None before.
        pins: the outputs kept for it.
        held: what of the store's memory is counted for its artist.
        away_since_s: when its session vanished; None while it is there.
        ending: its outcome, while the journal could not take it yet.
    """

    id: bytes
    owner: Owner
    work: Work
    work_key: bytes
    lease_s: float
    priority: str = "interactive"
    lane: str = ""
    deadline_s: float | None = None
    execution: int | None = None
    outcome: Outcome | None = None
    pins: list[Blob] = field(default_factory=list[Blob])
    held: list[Hashable] = field(default_factory=list[Hashable])
    away_since_s: float | None = None
    ending: JobEnded | None = None


@dataclass
class Execution:
    """One run of some work, for one or more jobs.

    Attributes:
        number: its name between gateway and worker.
        work: what to run.
        work_key: its digest.
        user: the artist in whose line it stands and who is charged; one who still wants it.
        priority: ``interactive`` if one of its jobs is, else ``batch``.
        missing: digests of inputs that have not arrived.
        deadline_s: when the first of its jobs expires; None for never.
        pins: the inputs kept for it.
        promised_bytes: memory set aside for its outputs.
        promised_segments: how many segments those may take.
        jobs: the jobs that wait for it, the oldest first.
        stage: as `filmgate.wire.messages.STAGES` names it.
        worker: the worker it runs on; None while it waits.
        deaths: how many workers have died while they ran nothing else.
        place: how much work its clients were told is before it.
        done: how many tiles are done, of *total*.
    """

    number: int
    work: Work
    work_key: bytes
    user: str
    priority: str
    missing: set[bytes]
    deadline_s: float | None = None
    pins: list[Blob] = field(default_factory=list[Blob])
    promised_bytes: int = 0
    promised_segments: int = 0
    jobs: dict[bytes, Job] = field(default_factory=dict[bytes, Job])
    stage: str = "missing"
    worker: int | None = None
    deaths: int = 0
    place: int = 0
    done: int = 0
    total: int = 0

    def is_for(self, session: bytes) -> bool:
        """Return whether a job of this session waits for it."""
        return any(job.owner.session == session for job in self.jobs.values())

    @property
    def standing(self) -> tuple[str, str, float | None]:
        """Artist, priority and deadline."""
        return self.user, self.priority, self.deadline_s

    @property
    def users(self) -> list[str]:
        """The artists who want it in its priority, the one in whose line it stands first."""
        wanted = {job.owner.user for job in self.jobs.values() if job.priority == self.priority}
        return sorted(wanted, key=lambda user: (user != self.user, user))

    def stand(self) -> None:
        """Take priority and deadline from the jobs, and the artist where theirs has left."""
        jobs = self.jobs.values()
        priorities = {job.priority for job in jobs}
        self.priority = "interactive" if "interactive" in priorities else "batch"
        deadlines = [job.deadline_s for job in jobs if job.deadline_s is not None]
        self.deadline_s = min(deadlines, default=None)
        users = [job.owner.user for job in jobs]
        if users and self.user not in users:
            self.user = users[0]


class JobTable:
    """The open jobs and the executions under way, found by whichever name is at hand.

    Attributes:
        jobs: by their names; change them with `add`, `move` and `drop` alone.
        executions: by their numbers.
    """

    def __init__(self) -> None:
        self.jobs: dict[bytes, Job] = {}
        self.executions: dict[int, Execution] = {}
        self._by_work: dict[Key, int] = {}
        self._by_session: Index[bytes, Job] = Index()
        self._by_user: Index[str, Job] = Index()
        self._by_lane: Index[tuple[str, ...], Job] = Index()
        self._lacking: Index[Key, Execution] = Index()
        self._numbers = itertools.count(1)

    def add(self, job: Job) -> None:
        """Take in an accepted job."""
        self.jobs[job.id] = job
        self._by_session.add(job.owner.session, job.id, job)
        self._by_user.add(job.owner.user, job.id, job)
        if job.lane:
            self._by_lane.add(_lane_of(job), job.id, job)

    def move(self, job: Job, owner: Owner) -> None:
        """Bind a job to another session of its artist."""
        self._by_session.drop(job.owner.session, job.id)
        job.owner = owner
        self._by_session.add(owner.session, job.id, job)

    def drop(self, job: Job) -> None:
        """Forget a job that has ended."""
        del self.jobs[job.id]
        self._by_session.drop(job.owner.session, job.id)
        self._by_user.drop(job.owner.user, job.id)
        self._by_lane.drop(_lane_of(job), job.id)

    def jobs_of(self, session: bytes) -> list[Job]:
        """Return the open jobs of a session, the oldest first."""
        return self._by_session.at(session)

    def count_of(self, user: str) -> int:
        """Return how many open jobs an artist has."""
        return self._by_user.count(user)

    @property
    def artists(self) -> int:
        """How many artists have open jobs."""
        return len(self._by_user)

    def older_in_lane(self, job: Job) -> list[Job]:
        """Return the other jobs of the same lane that have no result yet."""
        lane = self._by_lane.at(_lane_of(job)) if job.lane else []
        return [other for other in lane if other.id != job.id and other.outcome is None]

    def execution_for(self, show: str, work_key: bytes) -> Execution | None:
        """Return the execution that is already doing this work for this show."""
        number = self._by_work.get((show, work_key))
        return None if number is None else self.executions[number]

    def new_execution(self, job: Job, missing: Iterable[bytes]) -> Execution:
        """Open an execution of the work that *job* wants."""
        work, work_key, user = job.work, job.work_key, job.owner.user
        number = next(self._numbers)
        execution = Execution(number, work, work_key, user, job.priority, set(missing))
        self.executions[number] = execution
        self._by_work[(work.show, work_key)] = number
        for digest in execution.missing:
            self._lacking.add((work.show, digest), number, execution)
        return execution

    def arrived(self, execution: Execution, digest: bytes) -> None:
        """Note that an execution lacks an input no longer."""
        execution.missing.discard(digest)
        self._lacking.drop((execution.work.show, digest), execution.number)

    def close_execution(self, execution: Execution) -> None:
        """Forget an execution that has finished or is no longer wanted."""
        self.executions.pop(execution.number, None)
        for digest in execution.missing:
            self._lacking.drop((execution.work.show, digest), execution.number)
        key = (execution.work.show, execution.work_key)
        if self._by_work.get(key) == execution.number:
            del self._by_work[key]

    def retire_execution(self, execution: Execution) -> None:
        """Let no further job join: it is being cancelled."""
        self._by_work.pop((execution.work.show, execution.work_key), None)

    def waiting_for(self, show: str, digest: bytes) -> list[Execution]:
        """Return the executions of *show* that lack this input."""
        return list(self.lacking(show, digest))

    def lacking(self, show: str, digest: bytes) -> Iterator[Execution]:
        """Go through them one by one; none may be added or dropped meanwhile."""
        return self._lacking.each((show, digest))


def _lane_of(job: Job) -> tuple[str, ...]:
    """Return what is equal in one lane; a farm that acts for an artist only ever has batch work."""
    return job.owner.user, job.owner.show, job.priority, job.lane
