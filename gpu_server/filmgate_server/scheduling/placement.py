"""Which waiting work goes to which worker now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from filmgate_server.jobs.assignments import to_ticket
from filmgate_server.jobs.suspects import Suspects
from filmgate_server.jobs.table import Execution, JobTable
from filmgate_server.pool.port import Pool
from filmgate_server.scheduling.estimates import Estimates
from filmgate_server.scheduling.scheduler import Scheduler
from filmgate_server.scheduling.tickets import Ticket


class Outlook(NamedTuple):
    """How much work is before an execution, and how long until its outputs are there.

    Attributes:
        place: how many executions.
        eta_s: 0 where nobody can know: before the inputs are there, before a frame of the model has
            been measured, and after inference.
    """

    place: int
    eta_s: float


class Placement:
    """Matches what waits with the workers that have room.

    Args:
        table: the executions.
        scheduler: says whose turn it is.
        estimates: how long work takes.
        clock: seconds, monotonic.
        run: gives an execution to a worker.

    Attributes:
        suspects: what must run alone.
    """

    def __init__(
        self,
        table: JobTable,
        scheduler: Scheduler,
        estimates: Estimates,
        clock: Callable[[], float],
        run: Callable[[int, Execution], None],
    ) -> None:
        self.suspects = Suspects()
        self._table = table
        self._scheduler = scheduler
        self._estimates = estimates
        self._clock = clock
        self._run = run

    def place(self, pool: Pool) -> None:
        """Give out work until no worker has room for what waits."""
        while self._place_suspect(pool) or self._place_next(pool):
            pass

    def ticket(self, execution: Execution) -> Ticket:
        """Return what the scheduler needs to know of an execution."""
        return to_ticket(execution, self.estimate_s(execution))

    def estimate_s(self, execution: Execution) -> float:
        """Return the device seconds that an execution should take."""
        work = execution.work
        return self._estimates.of(work.package.digest, work.inputs[0].size)

    def outlook(self, execution: Execution, workers: int) -> Outlook:
        """Return how much work is before an execution, and when it should be done."""
        ahead = self._scheduler.ahead(execution.number)
        before_s = (ahead.device_s + self._scheduler.running_s / 2) / max(1, workers)
        return Outlook(ahead.tickets, self._eta_s(execution, before_s))

    def _eta_s(self, execution: Execution, before_s: float) -> float:
        measured = execution.work.package.digest in self._estimates
        if not measured or execution.stage in ("missing", "encode"):
            return 0.0
        alone_s = self.estimate_s(execution)
        if execution.worker is not None:
            computing = execution.stage == "infer" and execution.total
            return alone_s * (1.0 - execution.done / execution.total) if computing else alone_s
        return alone_s + before_s

    def _place_suspect(self, pool: Pool) -> bool:
        if not self.suspects:
            return False
        in_hand = Counter(known.worker for known in self._table.executions.values())
        ready = {worker: in_hand[worker] for worker in pool.free_slots(express=True)}
        found = self.suspects.next(ready)
        if found is None:
            return False
        execution, worker = self._table.executions[found[0]], found[1]
        self._scheduler.start(self.ticket(execution), worker)
        self._run(worker, execution)
        return True

    def _place_next(self, pool: Pool) -> bool:
        """Start the next execution on the roomiest worker that may take one."""
        if not self._scheduler:
            return False
        shared, residents = pool.free_slots(express=False), pool.residents()
        for worker, slots in sorted(pool.free_slots(express=True).items(), key=_roomiest):
            if slots <= 0 or self.suspects.is_closed(worker):
                continue
            room, loaded = shared.get(worker, 0), residents.get(worker, frozenset())
            ticket = self._scheduler.pop(self._clock(), worker, loaded, express=room <= 0)
            if ticket is not None:
                self._run(worker, self._table.executions[ticket.execution])
                self._add_companions(worker, ticket, room - 1)
                return True
        return False

    def _add_companions(self, worker: int, first: Ticket, room: int) -> None:
        """Let work follow that may be computed together with *first*."""
        for _ in range(min(first.batch_max - 1, room)):
            ticket = self._scheduler.pop_companion(self._clock(), worker, first)
            if ticket is None:
                return
            self._run(worker, self._table.executions[ticket.execution])


def _roomiest(slots_of: tuple[int, int]) -> int:
    return -slots_of[1]
