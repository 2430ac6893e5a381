"""A gateway without a socket and without workers: broker, dispatcher and store on a hand clock."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from filmgate.digest import CHUNK_BYTES, digest_blob
from filmgate.errors import CancelledError, FilmgateError
from filmgate.tensor import TENSOR_MEDIA
from filmgate.wire.messages import BlobPut, JobEnded, JobSubmit, Message
from filmgate.wire.records import BlobRef, Wish, WorkSpec
from filmgate_server.jobs.admission import Admission
from filmgate_server.jobs.broker import Broker
from filmgate_server.jobs.dispatcher import Dispatcher
from filmgate_server.jobs.intake import Intake
from filmgate_server.jobs.journal import Journal
from filmgate_server.jobs.table import JobTable, Owner
from filmgate_server.jobs.terms import Terms
from filmgate_server.operations.metrics import Metrics
from filmgate_server.pool.port import Assignment, ProducedOutput, WorkerInfo, WorkerState
from filmgate_server.registry.local import LocalRegistry
from filmgate_server.scheduling.estimates import Estimates
from filmgate_server.scheduling.scheduler import Scheduler
from filmgate_server.store.content import Blob, Store
from filmgate_server.store.segments import Arena, capacity_for

MIB = 1 << 20
TERMS = Terms(lease_s=60.0, artist_bytes_max=1 << 40)
"""Nobody is refused for what is theirs already, unless a test is about that."""

QUERY = 4711
"""The number of a question that `Gate.where` asks."""

ALICE = Owner(b"alice's session.", "alice", "film")
BOB = Owner(b"bob's session...", "bob", "film")
EVE = Owner(b"eve's session...", "eve", "other")
INFO = WorkerInfo(4711, "cpu:0", "cpu", {"array": "2.4.6"})

MODEL = """\
[model]
name = "negate"
version = "1.0.0"
task = "test"
summary = "Changes the sign of every value."

[licence]
code = "Apache-2.0"
weights = "none"

[[inputs]]
name = "color"

[[inputs]]
name = "albedo"
optional = true

[[outputs]]
name = "color"
replaces = "color"

[runtime]
engine = "array"
entry = "negate.py:Negate"

[[params]]
name = "gain"
type = "float"
default = 1.0
low = 0.0
high = 4.0
"""

M = TypeVar("M", bound=Message)


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class FakePool:
    """Stands in for `filmgate_server.pool.port.Pool`: a test decides what each worker does."""

    def __init__(self, events: Dispatcher, slots: int = 3) -> None:
        self.slots = slots
        self.express = 0
        self.running: dict[int, Assignment] = {}
        self.cancelled: list[int] = []
        self.granted: dict[int, tuple[int, ...]] = {}
        self.dropped: list[int] = []
        self.released: list[int] = []
        self.arena = Arena()
        self._events = events
        self._lent: dict[int, Any] = {}

    def start(self) -> None:
        self._events.ready(0, INFO)

    def stop(self) -> None:
        self.running.clear()

    def filenos(self) -> list[int]:
        return []

    def handle(self, fileno: int) -> None:
        """Nothing has descriptors here."""

    def tick(self, now_s: float) -> None:
        """Nothing happens by itself here."""

    def free_slots(self, express: bool) -> dict[int, int]:
        return {0: self.slots + (express and self.express) - len(self.running)}

    def residents(self) -> dict[int, frozenset[bytes]]:
        return {0: frozenset()}

    def states(self) -> tuple[WorkerState, ...]:
        state = "busy" if self.running else "idle"
        return (WorkerState(0, INFO.device, state, INFO.pid, len(self.running), (), 0, 0, {}),)

    def run(self, worker: int, assignment: Assignment) -> None:
        assert len(self.running) < self.slots + self.express
        self.running[assignment.execution] = assignment

    def cancel(self, execution: int) -> None:
        if execution in self.running:
            self.cancelled.append(execution)

    def grant(self, execution: int, sizes: Sequence[int] | None) -> None:
        if sizes is None:
            self.running.pop(execution, None)
        else:
            self.granted[execution] = tuple(sizes)

    def drop_input(self, segment_id: int) -> None:
        self.dropped.append(segment_id)

    def release_output(self, segment_id: int) -> None:
        self.released.append(segment_id)
        self.arena.give_back(self._lent.pop(segment_id))

    def trim_outputs(self, idle_bytes_max: int) -> None:
        self.arena.trim(idle_bytes_max)

    @property
    def output_bytes(self) -> tuple[int, int]:
        return self.arena.in_use_bytes, self.arena.idle_bytes

    # What a test makes the worker do.

    def ask_room(self, execution: int, size_bytes: int) -> bool:
        """Let the worker ask for the memory of its output; return whether it was granted."""
        self._events.reserve(execution, [size_bytes])
        return execution in self.granted

    def finish(
        self,
        execution: int,
        content: bytes,
        warnings: tuple[str, ...] = (),
        name: str = "color",
        infer_s: float = 0.002,
        numerics: str = "",
    ) -> None:
        """Let the worker hand over its output."""
        assignment = self.running.pop(execution)
        self.granted.pop(execution)
        segment = self.arena.take(len(content))
        segment.view[: len(content)] = content
        self._lent[segment.id] = segment
        digest, size_bytes, sums = digest_blob(content)
        main = assignment.inputs[0]
        output = ProducedOutput(
            name, main.time, main.view, main.media, segment, size_bytes, digest, sums
        )
        self._events.done(execution, [output], warnings, {"infer": infer_s}, numerics)

    def fail(self, execution: int, error: FilmgateError, infer_s: float = 0.0) -> None:
        """Let the execution end with an error."""
        self.running.pop(execution)
        self.granted.pop(execution, None)
        self._events.failed(execution, error, {"infer": infer_s})

    def stop_cancelled(self) -> None:
        """Let the worker notice every cancellation."""
        for execution in self.cancelled:
            if execution in self.running:
                self.fail(execution, CancelledError("stopped between tiles"))
        self.cancelled.clear()

    def lose(self) -> list[int]:
        """Let the worker die with all that it runs."""
        lost = list(self.running)
        self.running.clear()
        self.granted.clear()
        self._events.lost(0, lost, "signal 9")
        return lost


@dataclass
class Sent:
    """One message that the broker has sent."""

    session: bytes
    message: Message
    re: int | None


class Outbox:
    """Keeps what the broker sends."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []

    def send(self, session: bytes, message: Message, re: int | None = None) -> None:
        self.sent.append(Sent(session, message, re))


@dataclass
class Gate:
    """Broker, dispatcher and store, joined as the service joins them.

    Attributes:
        folder: where the model package and the journal are kept.
        budget_bytes: of the store.
        terms: of the broker.
        slots: how many executions the worker takes at once.
        journal_path: of the journal, where it is not in *folder*.
    """

    folder: Path
    budget_bytes: int = 64 * MIB
    terms: Terms = TERMS
    slots: int = 3
    journal_path: Path | None = None

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.outbox = Outbox()
        make_models(self.folder)
        self.registry = LocalRegistry([self.folder / "models"])
        self.table = JobTable()
        self.store = Store(self.budget_bytes, self.clock, lambda _: None)
        self.journal = Journal(self.journal_path or self.folder / "journal.sqlite", self.clock)
        metrics = Metrics()
        self.scheduler = Scheduler()
        self.estimates = Estimates()
        self.admission = Admission(
            self.table,
            self.store,
            self.estimates,
            self.terms,
            lambda: len(self.dispatcher.workers),
            self.clock,
        )
        intake = Intake(self.registry, self.store, 1 << 30, self._device)
        self.broker = Broker(
            self.table,
            self.store,
            self.journal,
            intake,
            self.outbox,
            metrics,
            self.admission,
            self.clock,
        )
        self.dispatcher = Dispatcher(
            self.table,
            self.store,
            self.scheduler,
            metrics,
            self.broker,
            self.clock,
            self.estimates,
        )
        self.broker.dispatcher = self.dispatcher
        self.pool = FakePool(self.dispatcher, self.slots)
        self.dispatcher.pool = self.pool
        self.pool.start()

    def _device(self) -> WorkerInfo | None:
        return self.dispatcher.workers.get(0)

    def __del__(self) -> None:
        """Give the descriptors back: a test run makes hundreds of gates."""
        with suppress(sqlite3.ProgrammingError):  # another thread collects it, and closes it so
            self.journal.close()
        for arena in (self.store._arena, self.pool.arena):
            arena.trim(0)
        for blob in [*self.store._blobs.values()]:
            blob.segment.close()

    # What clients do.

    def submit(
        self,
        owner: Owner,
        job_id: bytes,
        *contents: bytes,
        re: int = 0,
        priority: str = "interactive",
        deadline_ms: int = 0,
        lease_ms: int = 0,
        lane: str = "",
        **work: Any,
    ) -> Message:
        """Submit work on *contents* and return the answer."""
        submit = JobSubmit(job_id, spec(*contents, **work), priority, deadline_ms, lease_ms, lane)
        before = len(self.outbox.sent)
        self.broker.submit(owner, submit, re)
        return self.outbox.sent[before].message

    def put(self, owner: Owner, content: bytes, start: int = 0, end: int | None = None) -> None:
        """Upload *content*, or its pieces from byte *start* up to byte *end*."""
        digest, size, sums = digest_blob(content)
        for offset in range(start, size if end is None else end, CHUNK_BYTES):
            piece = memoryview(content)[offset : offset + CHUNK_BYTES]
            self.broker.put(
                owner, BlobPut(digest, size, offset, sums[offset // CHUNK_BYTES]), piece
            )

    def complete(self, execution: int, content: bytes) -> None:
        """Let the worker run an execution to its end."""
        assert self.pool.ask_room(execution, len(content))
        self.pool.finish(execution, content)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now_s += seconds
        self.dispatcher.tick()
        self.dispatcher.place()
        self.broker.tick()

    # What a test looks at.

    def sent(self, kind: type[M], job_id: bytes | None = None) -> list[M]:
        """Return the messages of one kind, perhaps only those about one job."""
        messages = [sent.message for sent in self.outbox.sent if isinstance(sent.message, kind)]
        return [m for m in messages if job_id is None or getattr(m, "job_id", b"") == job_id]

    def outcomes(self, job_id: bytes) -> set[str]:
        """Return every outcome that was ever told of a job."""
        return {ended.outcome for ended in self.sent(JobEnded, job_id)}

    def where(self, owner: Owner, job_id: bytes) -> Message:
        """Ask where a job stands."""
        self.broker.query(owner, job_id, QUERY)
        (answer,) = [sent.message for sent in self.outbox.sent if sent.re == QUERY][-1:]
        return answer


def make_models(folder: Path) -> None:
    """Write the package that every `Gate` offers; its digest never changes."""
    package = folder / "models" / "negate"
    package.mkdir(parents=True, exist_ok=True)
    (package / "model.toml").write_text(MODEL, encoding="utf-8", newline="\n")
    (package / "negate.py").write_text("class Negate: ...\n", encoding="utf-8", newline="\n")


def spec(*contents: bytes, **work: Any) -> WorkSpec:
    """Return work on *contents*, the main input first."""
    names = ["color", "albedo"]
    inputs = tuple(
        BlobRef(names[place], digest_blob(content).digest, len(content), TENSOR_MEDIA, 1001.0)
        for place, content in enumerate(contents)
    )
    return WorkSpec(**{"model": "negate", "inputs": inputs, "wish": Wish(), **work})


def job_id(number: int) -> bytes:
    """Return a job's name."""
    return number.to_bytes(16, "big")


def content(seed: int, size_bytes: int = 100_000) -> bytes:
    """Return bytes that differ for each *seed*."""
    return seed.to_bytes(4, "big") + bytes(size_bytes - 4)


def ref_to(data: bytes, name: str = "color") -> BlobRef:
    """Return the reference to some content."""
    return BlobRef(name, digest_blob(data).digest, len(data), TENSOR_MEDIA, 1001.0)


def store_blob(store: Store, data: bytes, show: str = "film") -> Blob:
    """Put *data* into the store as the upload of an accepted job would."""
    digest, size, sums = digest_blob(data)
    store.promise(capacity_for(size))
    staging = store.stage(show, digest, size)
    for number, sum_ in enumerate(sums):
        start = number * CHUNK_BYTES
        staging.add(start, memoryview(data)[start : start + CHUNK_BYTES], sum_)
    return store.publish(staging)
