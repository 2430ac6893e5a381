"""Which work runs next: pure logic, no clock of its own, no I/O."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from filmgate_server.scheduling.floor import Floor
from filmgate_server.scheduling.shares import Ahead, FairQueue
from filmgate_server.scheduling.tickets import Ticket

BATCH_FLOOR = 0.1


@dataclass(frozen=True)
class Debit:
    """What a ticket that runs has been counted with until it is measured."""

    ticket: Ticket
    worker: int
    contended: bool


class Scheduler:
    """Fair shares per artist in two classes, interactive before batch with a floor for batch.

    Whoever has had the least device time is next. What a ticket takes is known when it has run:
    until then its estimate counts, and `charge` corrects it. Every ticket that was popped must be
    charged or forgiven, once.

    Args:
        batch_floor: the share of device time that batch work gets in any case.
    """

    def __init__(self, batch_floor: float = BATCH_FLOOR) -> None:
        self._interactive = FairQueue()
        self._batch = FairQueue()
        self._queues = {"interactive": self._interactive, "batch": self._batch}
        self._floor = Floor(batch_floor)
        self._late: dict[int, Ticket] = {}
        self._running: dict[int, Debit] = {}

    def push(self, ticket: Ticket) -> None:
        """Let *ticket* wait in its artist's line: by deadline, else as they were accepted."""
        self._queues[ticket.priority].push(ticket)

    def push_front(self, ticket: Ticket) -> None:
        """Put work back that had its turn and could not run: before its artist's other work."""
        self._queues[ticket.priority].push(ticket, first=True)

    def pop(
        self,
        now_s: float,
        worker: int,
        residents: frozenset[bytes] = frozenset(),
        express: bool = False,
    ) -> Ticket | None:
        """Take the work that *worker* should start now.

        Args:
            now_s: a monotonic time; what is late is not started.
            worker: the one with room.
            residents: digests of the packages that it has loaded; preferred where fairness allows.
            express: its room is for interactive work alone.

        Returns:
            The work, or None: nothing waits that should start there now.
        """
        for queue in self._order(now_s, worker, express):
            ticket, late = queue.pop(now_s, lambda ticket: ticket.package in residents)
            self._late.update({each.execution: each for each in late})
            if ticket is not None:
                self.start(ticket, worker)
                return ticket
        return None

    def pop_companion(self, now_s: float, worker: int, first: Ticket) -> Ticket | None:
        """Take work that may be computed together with *first*, which has just started there."""
        if not first.group:
            return None
        queue = self._queues[first.priority]
        ticket, late = queue.pop(now_s, lambda ticket: ticket.group == first.group, demand=True)
        self._late.update({each.execution: each for each in late})
        if ticket is not None:
            self.start(ticket, worker)
        return ticket

    def start(self, ticket: Ticket, worker: int) -> None:
        """Count work as running that did not wait here."""
        contended = self._has("interactive")
        self._running[ticket.execution] = Debit(ticket, worker, contended)
        self._queues[ticket.priority].start(ticket)

    def charge(self, execution: int, device_s: float) -> None:
        """Replace the estimate of work that has ended, however it did, by what it took."""
        debit = self._end(execution, device_s)
        if debit is None:
            return
        if debit.ticket.priority == "batch":
            self._floor.spend(device_s, debit.contended and self._has("interactive"))
        elif self._has("batch"):
            self._floor.earn(device_s)
        if not self._has("batch"):
            self._floor.forget()

    def forgive(self, execution: int) -> None:
        """Take back the estimate of work that could not run; it may be pushed again."""
        self._end(execution, 0.0)

    def remove(self, execution: int) -> bool:
        """Withdraw work that waits; return whether it did."""
        if self._late.pop(execution, None) is not None:
            return True
        return any(queue.remove(execution) for queue in self._queues.values())

    def soonest(self, ticket: Ticket, users: Sequence[str]) -> str:
        """Return in which artist's line *ticket* has its turn first; among equals the first."""
        if len(users) == 1:
            return users[0]
        queue = self._queues[ticket.priority]
        return min(users, key=lambda user: queue.turn_s(user, ticket))

    def ahead(self, execution: int) -> Ahead:
        """Return what is taken to run before work that waits."""
        if execution in self._interactive:
            return self._interactive.ahead(execution)
        if execution not in self._batch:
            return Ahead(0, 0.0)
        tickets, device_s = self._batch.ahead(execution)
        interactive = self._interactive
        return Ahead(tickets + len(interactive), device_s + interactive.waiting_s)

    def place(self, execution: int) -> int:
        """Return how many tickets are taken to run before work that waits."""
        return self.ahead(execution).tickets

    @property
    def running_s(self) -> float:
        """Device seconds that what runs was expected to take."""
        return sum(debit.ticket.estimate_s for debit in self._running.values())

    @property
    def artists(self) -> int:
        """How many artists wait; one with work in both classes counts twice."""
        return self._interactive.artists + self._batch.artists

    def waiting_by_user(self) -> Counter[tuple[str, str, str]]:
        """Count what waits by artist, show and class."""
        return Counter((ticket.user, ticket.show, ticket.priority) for ticket in self)

    def waiting_by_class(self) -> dict[str, int]:
        """Count what waits by class."""
        return {priority: len(queue) for priority, queue in self._queues.items()}

    def __contains__(self, execution: int) -> bool:
        """Return whether work waits that may still start."""
        return any(execution in queue for queue in self._queues.values())

    def __iter__(self) -> Iterator[Ticket]:
        """Return every ticket that waits, in no order."""
        return itertools.chain(self._interactive, self._batch, self._late.values())

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._interactive) + len(self._batch) + len(self._late)

    def _order(self, now_s: float, worker: int, express: bool) -> tuple[FairQueue, ...]:
        """Return which classes may start on *worker* now, the preferred first."""
        batch = () if express else (self._batch,)
        if not self._interactive:
            return batch
        hands = [
            debit.ticket.priority for debit in self._running.values() if debit.worker == worker
        ]
        has_batch = "batch" in hands
        if not self._batch and not has_batch:
            return (self._interactive,)
        if self._floor.keeps(worker, now_s, hands_free="interactive" not in hands):
            return batch
        if hands and not has_batch:  # one frame in hand fills the gaps that interactive work leaves
            return (*batch, self._interactive)
        return (self._interactive, *batch)

    def _has(self, priority: str) -> bool:
        """Return whether work of a class waits or runs."""
        running = any(debit.ticket.priority == priority for debit in self._running.values())
        return running or bool(self._queues[priority])

    def _end(self, execution: int, device_s: float) -> Debit | None:
        debit = self._running.pop(execution, None)
        if debit is not None:
            self._queues[debit.ticket.priority].end(debit.ticket, device_s)
        return debit
