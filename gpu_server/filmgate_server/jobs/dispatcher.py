"""The life of an execution: queued, placed on a worker, granted its memory, finished or failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from filmgate.errors import BusyError, FilmgateError, QuarantinedError, StorageError
from filmgate_server.jobs.assignments import to_assignment, to_ref
from filmgate_server.jobs.grants import Grants
from filmgate_server.jobs.table import Execution, JobTable, Outcome
from filmgate_server.jobs.usage import Usage
from filmgate_server.operations.metrics import Metrics
from filmgate_server.pool.port import Pool, ProducedOutput, WorkerInfo
from filmgate_server.scheduling.estimates import Estimates
from filmgate_server.scheduling.placement import Outlook, Placement
from filmgate_server.scheduling.places import Places
from filmgate_server.scheduling.scheduler import Scheduler
from filmgate_server.store.content import Store

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
        usage: which device worked how long, and for whom.
        estimates: how long work takes.
    """

    def __init__(
        self,
        table: JobTable,
        store: Store,
        scheduler: Scheduler,
        metrics: Metrics,
        events: ExecutionEvents,
        clock: Callable[[], float],
        estimates: Estimates,
    ) -> None:
        self.workers: dict[int, WorkerInfo] = {}
        self.pool: Pool | None = None
        self.started = 0
        self.restarts: dict[int, int] = {}
        self.usage = Usage()
        self.estimates = estimates
        self._table = table
        self._store = store
        self._scheduler = scheduler
        self._places = Places(scheduler)
        self._grants = Grants(store, lambda: self._pool)
        self._metrics = metrics
        self._events = events
        self._clock = clock
        self._queued_s: dict[int, float] = {}
        self._starved: dict[int, tuple[Sequence[int], float]] = {}
        self._placement = Placement(table, scheduler, estimates, clock, self._run)

    @property
    def _pool(self) -> Pool:
        if self.pool is None:
            raise StorageError("The worker pool has not been started.")
        return self.pool

    # What the broker asks for.

    def enqueue(self, execution: Execution, first: bool = False) -> None:
        """Let an execution whose inputs are all present wait for a worker."""
        self._line_up(execution)
        ticket = self._placement.ticket(execution)
        self._scheduler.push_front(ticket) if first else self._scheduler.push(ticket)
        self._events.progressed(execution)
        self._places.add(execution.number, execution.place, self._clock())
        self.place()

    def revise(self, execution: Execution) -> None:
        """Take note that other jobs than before want an execution."""
        before = execution.standing
        self._stand(execution)
        if execution.standing != before and self._scheduler.remove(execution.number):
            self._scheduler.push(self._placement.ticket(execution))

    def abandon(self, execution: Execution) -> None:
        """Stop an execution that no job wants any more."""
        if execution.worker is None:
            self._starved.pop(execution.number, None)
            self._scheduler.remove(execution.number)
            self._close(execution)
        else:
            self._table.retire_execution(execution)
            self._pool.cancel(execution.number)

    def outlook(self, execution: Execution) -> Outlook:
        """Return how much work is before an execution, and when it should be done."""
        outlook = self._placement.outlook(execution, len(self.workers))
        execution.place = outlook.place
        return outlook

    def place(self) -> None:
        """Give waiting executions to workers with room."""
        if self.pool is not None:
            self._placement.place(self.pool)

    def tick(self) -> None:
        """Feed what waits for memory, oldest first, and say who has moved up in the queue."""
        self._grants.trim_idle()  # uploads may have filled what idle outputs still hold
        for number, (sizes, until_s) in list(self._starved.items()):
            execution = self._table.executions[number]
            try:
                self._grants.promise(execution, sizes)
            except BusyError:
                if self._clock() < until_s:
                    break
                del self._starved[number]
                text = "The server's memory stayed full of other jobs."
                self._fail(execution, StorageError(text))
            except FilmgateError as error:
                del self._starved[number]
                self._fail(execution, error)
            else:
                del self._starved[number]
                self.enqueue(execution, first=True)
        for number in self._places.changed(self._clock()):
            self._events.progressed(self._table.executions[number])

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
        try:
            self._grants.promise(known, sizes)
        except BusyError:
            self._wait_for_memory(known, sizes)
        except FilmgateError as error:
            self._pool.grant(execution, None)
            self._fail(known, error)
        else:
            self._pool.grant(execution, sizes)
            self._grants.trim_idle()

    def done(
        self,
        execution: int,
        outputs: Sequence[ProducedOutput],
        warnings: Sequence[str],
        timings: Mapping[str, float],
        numerics: str,
    ) -> None:
        """Take the outputs into the store and hand them over."""
        known = self._table.executions[execution]
        work = known.work
        self._charge(known, timings)
        if "infer" in timings:
            self.estimates.learn(work.package.digest, work.inputs[0].size, timings["infer"])
        self._grants.give_back(known)
        self._grants.adopt(work.show, outputs)
        milliseconds = {stage: round(seconds * 1000) for stage, seconds in timings.items()}
        for stage, seconds in timings.items():
            self._metrics.stage_seconds.labels(stage=stage).observe(seconds)
        self._close(known)
        told = tuple(warning[:WARNING_CHARACTERS_MAX] for warning in warnings[:WARNINGS_MAX])
        refs = tuple(to_ref(output) for output in outputs)
        self._events.finished(known, Outcome(refs, told, milliseconds, numerics or work.numerics))
        self.place()

    def failed(self, execution: int, error: FilmgateError, timings: Mapping[str, float]) -> None:
        """Pass a typed failure on; the device time counts all the same."""
        known = self._table.executions.get(execution)
        if known is not None:
            self._charge(known, timings)
            self._fail(known, error)
        self.place()

    def lost(self, worker: int, executions: Sequence[int], reason: str) -> None:
        """Try what a dead worker left again, each alone; give up on what then kills another."""
        log.warning("worker lost", worker=worker, reason=reason, executions=list(executions))
        for number in executions:
            known = self._table.executions.get(number)
            if known is not None:
                self._after_death(known, reason, alone=len(executions) == 1)
        self.place()

    def _after_death(self, execution: Execution, reason: str, alone: bool) -> None:
        self._scheduler.forgive(execution.number)
        execution.deaths += alone
        if not execution.jobs:
            self._close(execution)
        elif execution.deaths >= DEATHS_MAX:
            text = f"The worker died {execution.deaths} times while it ran this frame ({reason})."
            self._fail(execution, QuarantinedError(text))
        else:
            self._line_up(execution)
            self._placement.suspects.add(execution.number)
            self._events.progressed(execution)

    def _run(self, worker: int, execution: Execution) -> None:
        execution.worker, execution.stage = worker, "decode"
        queued_s = self._queued_s.pop(execution.number, None)
        if queued_s is not None:
            self._metrics.queue_seconds.observe(self._clock() - queued_s)
        self.started += 1
        try:
            self._pool.run(worker, to_assignment(execution, self._store))
        except FilmgateError as error:
            self._fail(execution, error)
        else:
            self._events.progressed(execution)

    def _line_up(self, execution: Execution) -> None:
        execution.stage, execution.worker, execution.done, execution.total = "queued", None, 0, 0
        self._queued_s.setdefault(execution.number, self._clock())
        self._stand(execution)

    def _stand(self, execution: Execution) -> None:
        """Let an execution stand for all who want it; what is at a worker has had its turn."""
        execution.stand()
        if execution.worker is None and execution.jobs:
            ticket = self._placement.ticket(execution)
            execution.user = self._scheduler.soonest(ticket, execution.users)

    def _charge(self, execution: Execution, timings: Mapping[str, float]) -> None:
        self.usage.add(execution.worker, (execution.user, execution.work.show), timings)
        self._scheduler.charge(execution.number, timings.get("infer", 0.0))

    def _wait_for_memory(self, execution: Execution, sizes: Sequence[int]) -> None:
        """Put back an execution whose outputs find no room; it stays first in line."""
        self._pool.grant(execution.number, None)
        log.info("waiting for memory", execution=execution.number, sizes=list(sizes))
        self._scheduler.forgive(execution.number)
        self._placement.suspects.drop(execution.number)
        self._grants.give_back(execution)
        execution.worker, execution.stage = None, "queued"
        self._starved[execution.number] = (sizes, self._clock() + STARVED_S)

    # Ends.

    def _fail(self, execution: Execution, error: FilmgateError) -> None:
        self._close(execution)
        self._events.failed(execution, error)

    def _close(self, execution: Execution) -> None:
        self._scheduler.forgive(execution.number)
        self._placement.suspects.drop(execution.number)
        self._grants.give_back(execution)
        for blob in execution.pins:
            self._store.unpin(blob)
        execution.pins.clear()
        self._queued_s.pop(execution.number, None)
        self._table.close_execution(execution)
