"""The life of an execution: queued, placed on a worker, granted its memory, finished or failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

import filmgate
from filmgate.digest import digest_text
from filmgate.errors import BusyError, FilmgateError, ModelError, StorageError
from filmgate.wire.records import BlobRef
from filmgate_server.jobs import Execution, JobTable, Outcome, Work
from filmgate_server.metrics import Metrics
from filmgate_server.pool.port import AssignedInput, Assignment, Pool, ProducedOutput, WorkerInfo
from filmgate_server.scheduler import Scheduler
from filmgate_server.shares import Ticket
from filmgate_server.store import Blob, Store, reservation_bytes
from filmgate_server.usage import Usage

DEATHS_MAX = 2
"""An execution that was alone on a worker when it died, so often, is not tried again."""

STARVED_S = 30.0
"""So long an execution waits for its outputs' memory before it fails and the client tries again."""

WARNINGS_MAX = 16
WARNING_CHARACTERS_MAX = 500
"""A job's warnings and outputs fit into one header together."""

log = structlog.get_logger()


class ExecutionEvents(Protocol):
    """What the dispatcher tells the owner of the jobs."""

    def progressed(self, execution: Execution) -> None:
        """Say that an execution has moved on."""
        ...

    def finished(self, execution: Execution, outcome: Outcome) -> None:
        """Say that the outputs are in the store; they are not pinned yet."""
        ...

    def failed(self, execution: Execution, error: FilmgateError) -> None:
        """Say that an execution ended without outputs."""
        ...


class Dispatcher:
    """Moves executions between scheduler, pool and store; implements `PoolEvents`.

    Attributes:
        workers: what each worker that ever was ready runs on.
        started: how many executions were given to a worker.
        restarts: how often each worker had to be started again.
        usage: who has used which device for how long.
    """

    def __init__(
        self,
        table: JobTable,
        store: Store,
        scheduler: Scheduler,
        metrics: Metrics,
        events: ExecutionEvents,
        clock: Callable[[], float],
    ) -> None:
        self.workers: dict[int, WorkerInfo] = {}
        self.pool: Pool | None = None
        self.started = 0
        self.restarts: dict[int, int] = {}
        self.usage = Usage()
        self._table = table
        self._store = store
        self._scheduler = scheduler
        self._metrics = metrics
        self._events = events
        self._clock = clock
        self._queued_s: dict[int, float] = {}
        self._starved: dict[int, tuple[int, float]] = {}
        self._suspects: set[int] = set()

    @property
    def _pool(self) -> Pool:
        if self.pool is None:
            raise StorageError("The worker pool has not been started.")
        return self.pool

    def enqueue(self, execution: Execution, first: bool = False) -> None:
        """Let an execution whose inputs are all present wait for a worker."""
        execution.stage = "queued"
        execution.worker = None
        self._queued_s.setdefault(execution.number, self._clock())
        ticket = _ticket(execution)
        self._scheduler.push_front(ticket) if first else self._scheduler.push(ticket)
        self._events.progressed(execution)
        self.place()

    def place(self) -> None:
        """Give waiting executions to workers with room."""
        if self.pool is None:
            return
        while free := self._free_slots(self.pool):
            roomiest = max(free, key=lambda worker: free[worker])
            ticket = self._scheduler.pop(self._clock(), roomiest)
            if ticket is None:
                return
            if ticket.execution in self._suspects and self._is_busy(roomiest):
                self._scheduler.forgive(ticket.execution)
                self._scheduler.push_front(ticket)
                return
            self._run(roomiest, self._table.executions[ticket.execution])

    def _free_slots(self, pool: Pool) -> dict[int, int]:
        """Return where work can go: a suspect shares its worker with nobody."""
        suspects = (self._table.executions[number] for number in self._suspects)
        guarded = {suspect.worker for suspect in suspects}
        free = pool.free_slots(express=False).items()
        return {worker: slots for worker, slots in free if slots and worker not in guarded}

    def _is_busy(self, worker: int) -> bool:
        return any(known.worker == worker for known in self._table.executions.values())

    def abandon(self, execution: Execution) -> None:
        """Stop an execution that no job wants any more."""
        if execution.worker is None:
            self._starved.pop(execution.number, None)
            self._scheduler.remove(execution.number)
            self._close(execution)
        else:
            self._table.retire_execution(execution)
            self._pool.cancel(execution.number)

    def tick(self) -> None:
        """Feed executions that wait for memory, oldest first, and give up on the hopeless."""
        self._trim_idle()  # uploads may have filled what idle outputs still hold
        for number, (wanted, until_s) in list(self._starved.items()):
            execution = self._table.executions[number]
            try:
                self._store.promise(wanted)
            except BusyError:
                if self._clock() < until_s:
                    return
                del self._starved[number]
                text = "The server's memory stayed full of other jobs."
                self._fail(execution, StorageError(text))
            except FilmgateError as error:
                del self._starved[number]
                self._fail(execution, error)
            else:
                del self._starved[number]
                execution.promised_bytes = wanted
                self.enqueue(execution, first=True)

    def waiting(self, execution: Execution) -> int:
        """Return how much work is queued before this."""
        return self._scheduler.place(execution.number) if execution.stage == "queued" else 0

    # What the pool tells.

    def ready(self, worker: int, info: WorkerInfo) -> None:
        """Take note of a worker and give it work."""
        if worker in self.workers:
            self.restarts[worker] = self.restarts.get(worker, 0) + 1
            self._metrics.worker_restarts.inc()
        self.workers[worker] = info
        log.info("worker ready", worker=worker, device=info.device, pid=info.pid)
        self.place()

    def progress(self, execution: int, stage: str, done: int, total: int) -> None:
        """Pass progress on."""
        known = self._table.executions.get(execution)
        if known is not None:
            if stage == "infer":
                self._metrics.tiles.inc(max(0, done - (known.done if known.stage == stage else 0)))
            known.stage, known.done, known.total = stage, done, total
            self._events.progressed(known)

    def reserve(self, execution: int, sizes: Sequence[int]) -> None:
        """Grant the outputs' memory, or queue the execution again until there is some."""
        known = self._table.executions[execution]
        if not known.jobs:
            self._pool.grant(execution, None)
            self._close(known)
            return
        wanted = reservation_bytes(list(sizes))
        try:
            if wanted > known.promised_bytes:
                self._store.promise(wanted - known.promised_bytes)
            else:
                self._store.cancel_promise(known.promised_bytes - wanted)
            known.promised_bytes = wanted
        except BusyError:
            self._wait_for_memory(known, wanted)
        except FilmgateError as error:
            self._pool.grant(execution, None)
            self._fail(known, error)
        else:
            self._pool.grant(execution, sizes)
            self._trim_idle()

    def done(
        self,
        execution: int,
        outputs: Sequence[ProducedOutput],
        warnings: Sequence[str],
        timings: Mapping[str, float],
        numerics: str,  # noqa: ARG002 - what ran is not told to clients yet
    ) -> None:
        """Take the outputs into the store and hand them over."""
        known = self._table.executions[execution]
        self._charge(known, timings)
        self._store.cancel_promise(known.promised_bytes)
        known.promised_bytes = 0
        for output in outputs:
            self._adopt(known.work.show, output)
        refs = tuple(_ref(output) for output in outputs)
        milliseconds = {stage: round(seconds * 1000) for stage, seconds in timings.items()}
        for stage, seconds in timings.items():
            self._metrics.stage_seconds.labels(stage=stage).observe(seconds)
        self._close(known)
        told = tuple(warning[:WARNING_CHARACTERS_MAX] for warning in warnings[:WARNINGS_MAX])
        self._events.finished(known, Outcome(refs, told, milliseconds))
        self.place()

    def failed(
        self,
        execution: int,
        error: FilmgateError,
        timings: Mapping[str, float],
    ) -> None:
        """Pass a typed failure on."""
        known = self._table.executions.get(execution)
        if known is not None:
            self._charge(known, timings)
            self._fail(known, error)
        self.place()

    def lost(self, worker: int, executions: Sequence[int], reason: str) -> None:
        """Try what a dead worker left again, each alone; give up on what then kills another."""
        log.warning("worker lost", worker=worker, reason=reason, executions=list(executions))
        for number in reversed(executions):
            known = self._table.executions.get(number)
            if known is not None:
                self._suspects.add(number)
                self._after_death(known, reason, alone=len(executions) == 1)
        self.place()

    def _after_death(self, execution: Execution, reason: str, alone: bool) -> None:
        self._scheduler.forgive(execution.number)
        execution.deaths += alone
        if not execution.jobs:
            self._close(execution)
        elif execution.deaths >= DEATHS_MAX:
            text = f"The worker died {execution.deaths} times while it ran this frame ({reason})."
            self._fail(execution, ModelError(text))
        else:
            self.enqueue(execution, first=True)

    def _run(self, worker: int, execution: Execution) -> None:
        execution.worker, execution.stage = worker, "decode"
        queued_s = self._queued_s.pop(execution.number, None)
        if queued_s is not None:
            self._metrics.queue_seconds.observe(self._clock() - queued_s)
        self.started += 1
        try:
            self._pool.run(worker, _assignment(execution, self._store))
        except FilmgateError as error:
            self._fail(execution, error)
        else:
            self._events.progressed(execution)

    def _wait_for_memory(self, execution: Execution, wanted: int) -> None:
        """Put back an execution whose outputs find no room; it stays first in line."""
        self._pool.grant(execution.number, None)
        log.info("waiting for memory", execution=execution.number, wanted_bytes=wanted)
        self._scheduler.forgive(execution.number)
        self._store.cancel_promise(execution.promised_bytes)
        execution.promised_bytes, execution.worker, execution.stage = 0, None, "queued"
        self._starved[execution.number] = (wanted, self._clock() + STARVED_S)

    def _trim_idle(self) -> None:
        """Close idle segments that the budget has no room for, once reuse had its chance."""
        in_use, _ = self._pool.output_bytes
        spare = max(0, self._store.budget_bytes - self._store.input_bytes - in_use)
        self._store.trim(spare)
        self._pool.trim_outputs(max(0, spare - self._store.idle_bytes))

    def _adopt(self, show: str, output: ProducedOutput) -> Blob:
        return self._store.adopt(
            Blob(
                show,
                output.digest,
                output.size_bytes,
                output.segment,
                output.sums,
                lambda segment: self._pool.release_output(segment.id),
            )
        )

    def _charge(self, execution: Execution, timings: Mapping[str, float]) -> None:
        artist = (execution.user, execution.work.show)
        self.usage.add(execution.worker, artist, timings)
        self._scheduler.charge(execution.number, timings.get("infer", 0.0))

    def _fail(self, execution: Execution, error: FilmgateError) -> None:
        self._close(execution)
        self._events.failed(execution, error)

    def _close(self, execution: Execution) -> None:
        self._scheduler.forgive(execution.number)
        self._store.cancel_promise(execution.promised_bytes)
        execution.promised_bytes = 0
        for blob in execution.pins:
            self._store.unpin(blob)
        execution.pins.clear()
        self._queued_s.pop(execution.number, None)
        self._suspects.discard(execution.number)
        self._table.close_execution(execution)


def _ticket(execution: Execution) -> Ticket:
    work = execution.work
    return Ticket(
        execution.number, execution.user, work.show, execution.priority, work.package.digest
    )


def _assignment(execution: Execution, store: Store) -> Assignment:
    work = execution.work
    return Assignment(
        execution=execution.number,
        package_path=work.package.path,
        package_digest=work.package.digest,
        priority=execution.priority,
        time=work.time,
        params=work.params,
        inputs=tuple(_assigned(ref, store, work.show) for ref in work.inputs),
        layers=work.layers,
        wish=work.wish,
        provenance=provenance(work),
    )


def _assigned(ref: BlobRef, store: Store, show: str) -> AssignedInput:
    blob = store.find(show, ref.digest)
    if blob is None:
        raise StorageError(f"Input {ref.name!r} is no longer in the store.")
    return AssignedInput(
        ref.name, ref.time, ref.view, ref.media, blob.segment, blob.size_bytes, blob.digest
    )


def _ref(output: ProducedOutput) -> BlobRef:
    return BlobRef(
        output.name, output.digest, output.size_bytes, output.media, output.time, output.view
    )


def provenance(work: Work) -> dict[str, str]:
    """Return what a worker cannot know and the header of a result should say."""
    return {
        "model": work.package.reference,
        "model_digest": digest_text(work.package.digest),
        "numerics": work.numerics,
        "version": filmgate.__version__,
    }
