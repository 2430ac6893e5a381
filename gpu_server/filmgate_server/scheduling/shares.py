"""Fair shares inside one class: one line per artist, served by the device time each has had."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

from filmgate_server.scheduling.lines import Line
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


class FairQueue:
    """The lines of one class.

    The artist with the least device time is next. One who has not waited for a while starts at the
    present virtual time, which is what the artist served last had had by then: idleness earns
    nothing. Estimates of what runs are no part of that: they may be wrong, and are put right for
    the artist alone whose work it is.
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
        self._virtual_s = max(self._virtual_s, lines[0].measured_s)
        return self._take(chosen, chosen.head.execution), late

    def remove(self, execution: int) -> bool:
        """Take a ticket out; return whether it was waiting."""
        user = self._user_of.get(execution)
        if user is None:
            return False
        self._take(self._lines[user], execution)
        self._tidy(user)
        return True

    def start(self, ticket: Ticket) -> None:
        """Count a ticket that runs by its estimate."""
        line = self._line(ticket.user)
        line.start(ticket.estimate_s)
        self._queue_or_tidy(line)

    def end(self, ticket: Ticket, device_s: float) -> None:
        """Count a ticket that ran by what it took."""
        line = self._line(ticket.user)
        line.end(ticket.estimate_s, device_s)
        self._queue_or_tidy(line)

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
                before = line.started_before(mine.served_s + own_s, mine.number)
                tickets += before
                device_s += before * line.mean_s
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

    def _queue_or_tidy(self, line: Line) -> None:
        self._queue(line) if line else self._tidy(line.user)

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
