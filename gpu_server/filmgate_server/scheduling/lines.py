"""Lines: the tickets of one artist in one class, and the device time that the artist has had."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import NamedTuple

from filmgate_server.scheduling.tickets import Ticket


class _Place(NamedTuple):
    """Orders a line: what was put back, then the earliest deadline, then as they were accepted.

    Work that changes lines and comes back finds its place again: its number stays.
    """

    deadline_s: float
    number: int
    execution: int


class Line:
    """One artist's tickets.

    Attributes:
        user: the artist.
        served_s: the artist's virtual time: device seconds had, estimates of what runs included.
        number: when the line began to wait; among equals the longest wait goes first.
        waiting_s: the estimates of all its tickets together.
        skips: how often it was its turn and another went first.
        running: how many of the artist's tickets run.
        guessed_s: the part of `served_s` that is their estimates.
    """

    def __init__(self, user: str) -> None:
        self.user = user
        self.served_s = 0.0
        self.number = 0
        self.waiting_s = 0.0
        self.skips = 0
        self.running = 0
        self.guessed_s = 0.0
        self._places: list[_Place] = []
        self._tickets: dict[int, tuple[_Place, Ticket]] = {}

    def add(self, ticket: Ticket, first: int = 0) -> None:
        """Put *ticket* in its place, or before all others; the highest *first* before the rest."""
        place = _Place(-math.inf, -first, ticket.execution) if first else _place_of(ticket)
        insort(self._places, place)
        self._tickets[ticket.execution] = (place, ticket)
        self.waiting_s += ticket.estimate_s

    def take(self, execution: int) -> Ticket:
        """Take a ticket out."""
        place, ticket = self._tickets.pop(execution)
        del self._places[bisect_left(self._places, place)]
        self.waiting_s = self.waiting_s - ticket.estimate_s if self._places else 0.0
        return ticket

    @property
    def head(self) -> Ticket:
        """The ticket whose turn is next; the line must not be empty."""
        return self._tickets[self._places[0].execution][1]

    def start(self, estimate_s: float) -> None:
        """Count a ticket that runs, by its estimate."""
        self.served_s += estimate_s
        self.guessed_s += estimate_s
        self.running += 1

    def end(self, estimate_s: float, device_s: float) -> None:
        """Replace the estimate of a ticket that ran by what it took."""
        self.served_s += device_s - estimate_s
        self.running -= 1
        self.guessed_s = self.guessed_s - estimate_s if self.running else 0.0

    @property
    def measured_s(self) -> float:
        """The artist's virtual time without what is only expected."""
        return self.served_s - self.guessed_s

    @property
    def mean_s(self) -> float:
        """The mean estimate of its tickets."""
        return self.waiting_s / len(self._places)

    def place(self, execution: int) -> int:
        """Return how many of its own tickets are before this one."""
        return bisect_left(self._places, self._tickets[execution][0])

    def before(self, ticket: Ticket) -> int:
        """Return how many of its tickets are before where *ticket* stands or would stand."""
        known = self._tickets.get(ticket.execution)
        return bisect_left(self._places, known[0] if known else _place_of(ticket))

    def started_before(self, start_s: float, number: int) -> int:
        """Return how many start before the virtual time *start_s* of the line with a *number*."""
        mean_s = self.mean_s
        if mean_s <= 0.0:
            return len(self) if (self.served_s, self.number) < (start_s, number) else 0
        turns = (start_s - self.served_s) / mean_s
        before = math.floor(turns) + 1 if self.number < number else math.ceil(turns)
        return min(max(before, 0), len(self))

    def __contains__(self, execution: int) -> bool:
        """Return whether the ticket waits here."""
        return execution in self._tickets

    def __iter__(self) -> Iterator[Ticket]:
        """Return the tickets, in no order."""
        return (ticket for _, ticket in self._tickets.values())

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._places)


def _place_of(ticket: Ticket) -> _Place:
    deadline_s = math.inf if ticket.deadline_s is None else ticket.deadline_s
    return _Place(deadline_s, ticket.execution, ticket.execution)
