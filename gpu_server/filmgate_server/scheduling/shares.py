"""Fair shares inside one class: one line per artist, served by the device time each has had."""

from __future__ import annotations

import heapq
import itertools
import math
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from typing import NamedTuple

from filmgate_server.scheduling.tickets import Ticket

SLACK_S = 1.0
"""Artists whose device time differs by less take turns in whatever order suits the devices."""

SKIPS_MAX = 8
"""So often in a row the artist whose turn it is lets others go first."""

CANDIDATES_MAX = 16
"""So many artists are looked at for one turn."""

LOOKS_MAX = 64
"""Of so many artists each line is looked at for a place; of more, every second, third and so on."""

LINES_MAX = 20_000
"""Beyond so many artists, those of whom nothing waits or runs are forgotten."""

_COMPACT_AT = 64


class Ahead(NamedTuple):
    """What is taken to run before a ticket: how many others, and their device seconds."""

    tickets: int
    device_s: float


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
    """

    def __init__(self, user: str) -> None:
        self.user = user
        self.served_s = 0.0
        self.number = 0
        self.waiting_s = 0.0
        self.skips = 0
        self.running = 0
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

    def __contains__(self, execution: int) -> bool:
        """Return whether the ticket waits here."""
        return execution in self._tickets

    def __iter__(self) -> Iterator[Ticket]:
        """Return the tickets, in no order."""
        return (ticket for _, ticket in self._tickets.values())

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._places)


class FairQueue:
    """The lines of one class.

    The artist with the least device time is next. One who has not waited for a while starts at the
    present virtual time, which is that of the artist served last: idleness earns nothing.
    """

    def __init__(self) -> None:
        self.waiting_s = 0.0
        self._lines: dict[str, Line] = {}
        self._user_of: dict[int, str] = {}
        self._turns: list[tuple[float, int, str]] = []
        self._virtual_s = 0.0
        self._numbers = itertools.count(1)

    def push(self, ticket: Ticket, first: bool = False) -> None:
        """Add a ticket to its artist's line; *first* puts it before that artist's others."""
        line = self._line(ticket.user)
        number = next(self._numbers)
        if not line:
            line.served_s = max(line.served_s, self._virtual_s)
            line.number = number
        was_empty = not line
        line.add(ticket, number if first else 0)
        self._user_of[ticket.execution] = ticket.user
        self.waiting_s += ticket.estimate_s
        if was_empty:
            self._queue(line)

    def pop(
        self, now_s: float, suits: Callable[[Ticket], bool], demand: bool = False
    ) -> tuple[Ticket | None, list[Ticket]]:
        """Take the next ticket.

        Args:
            now_s: tickets whose deadline is before this are taken out and not started.
            suits: preferred among the heads of the lines that are about equally served.
            demand: take nothing else.

        Returns:
            The ticket, if any, and those that were too late.
        """
        late: list[Ticket] = []
        lines = self._candidates(now_s, late)
        chosen = self._choose(lines, suits, demand)
        if chosen is None:
            return None, late
        self._virtual_s = max(self._virtual_s, lines[0].served_s)
        return self._take(chosen, chosen.head.execution), late

    def remove(self, execution: int) -> bool:
        """Take a ticket out; return whether it was waiting."""
        user = self._user_of.get(execution)
        if user is None:
            return False
        self._take(self._lines[user], execution)
        self._tidy(user)
        return True

    def debit(self, user: str, device_s: float, running: int = 0) -> None:
        """Count device time of an artist, or correct what was counted; *running* goes along."""
        line = self._line(user)
        line.served_s += device_s
        line.running += running
        self._queue(line) if line else self._tidy(user)

    def turn_s(self, user: str, ticket: Ticket) -> float:
        """Return at which virtual time *ticket* would have its turn in an artist's line."""
        line = self._lines.get(user)
        if line is None:
            return self._virtual_s
        if not line:
            return max(line.served_s, self._virtual_s)
        return line.served_s + line.before(ticket) * line.mean_s

    def ahead(self, execution: int) -> Ahead:
        """Return what is taken to run before a waiting ticket, by mean estimates of each line."""
        mine = self._lines[self._user_of[execution]]
        place = mine.place(execution)
        own_s = place * mine.mean_s
        stride = 1 + len(self._lines) // LOOKS_MAX
        tickets, device_s = 0, 0.0
        for line in list(self._lines.values())[::stride]:
            if line is not mine and line:
                mean_s = line.mean_s
                before = _started_before(line, mean_s, mine.served_s + own_s, mine.number)
                tickets += before
                device_s += before * mean_s
        return Ahead(min(place + stride * tickets, len(self) - 1), own_s + stride * device_s)

    def __contains__(self, execution: int) -> bool:
        """Return whether the ticket waits here."""
        return execution in self._user_of

    def __iter__(self) -> Iterator[Ticket]:
        """Return every ticket that waits, in no order."""
        return itertools.chain.from_iterable(self._lines.values())

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._user_of)

    @property
    def artists(self) -> int:
        """How many artists wait."""
        return sum(1 for line in self._lines.values() if line)

    def _line(self, user: str) -> Line:
        if user not in self._lines:
            if len(self._lines) >= LINES_MAX:
                self._forget_idle()
            self._lines[user] = Line(user)
        return self._lines[user]

    def _forget_idle(self) -> None:
        for user in [user for user, line in self._lines.items() if not line and not line.running]:
            del self._lines[user]

    def _queue(self, line: Line) -> None:
        """Note the line's turn; what was noted for it before no longer counts."""
        heapq.heappush(self._turns, (line.served_s, line.number, line.user))
        if len(self._turns) > 4 * len(self._lines) + _COMPACT_AT:
            waiting = [each for each in self._lines.values() if each]
            self._turns = [(each.served_s, each.number, each.user) for each in waiting]
            heapq.heapify(self._turns)

    def _candidates(self, now_s: float, late: list[Ticket]) -> list[Line]:
        """Return the lines that are about equally served, the next first; drop what is late."""
        found: list[Line] = []
        while self._turns and len(found) < CANDIDATES_MAX:
            turn = heapq.heappop(self._turns)
            line = self._lines.get(turn[2])
            if line is None or not line or turn[:2] != (line.served_s, line.number):
                continue  # it has had its turn, or was served meanwhile
            if found and line is found[-1]:
                continue
            if found and line.served_s > found[0].served_s + SLACK_S:
                heapq.heappush(self._turns, turn)
                break
            if self._drop_late(line, now_s, late):
                found.append(line)
        for line in found:
            self._queue(line)
        return found

    def _drop_late(self, line: Line, now_s: float, late: list[Ticket]) -> bool:
        """Take out what is too late at the head of a line; return whether anything is left."""
        while line and line.head.is_late(now_s):
            late.append(self._take(line, line.head.execution))
        if not line:
            self._tidy(line.user)
        return bool(line)

    def _choose(
        self, lines: list[Line], suits: Callable[[Ticket], bool], demand: bool
    ) -> Line | None:
        suited = next((line for line in lines if suits(line.head)), None)
        if demand or not lines:
            return suited
        first = lines[0]
        if suited is None or suited is first or first.skips >= SKIPS_MAX:
            first.skips = 0
            return first
        first.skips += 1
        return suited

    def _take(self, line: Line, execution: int) -> Ticket:
        ticket = line.take(execution)
        del self._user_of[execution]
        self.waiting_s = self.waiting_s - ticket.estimate_s if self._user_of else 0.0
        return ticket

    def _tidy(self, user: str) -> None:
        """Forget an artist of whom nothing waits or runs and who is owed nothing."""
        line = self._lines[user]
        if not line and not line.running and line.served_s <= self._virtual_s:
            del self._lines[user]


def _place_of(ticket: Ticket) -> _Place:
    deadline_s = math.inf if ticket.deadline_s is None else ticket.deadline_s
    return _Place(deadline_s, ticket.execution, ticket.execution)


def _started_before(line: Line, mean_s: float, start_s: float, number: int) -> int:
    """Return how many tickets of *line* start before the virtual time *start_s*."""
    if mean_s <= 0.0:
        return len(line) if (line.served_s, line.number) < (start_s, number) else 0
    turns = (start_s - line.served_s) / mean_s
    before = math.floor(turns) + 1 if line.number < number else math.ceil(turns)
    return min(max(before, 0), len(line))
