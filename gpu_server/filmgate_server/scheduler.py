"""Which work runs next: pure logic, no clock of its own, no I/O."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Ticket:
    """Work that waits for a worker.

    Attributes:
        execution: the work's number.
        user: the artist it is for.
        show: the show it belongs to.
        priority: ``interactive`` or ``batch``.
        package: digest of the model's package.
    """

    execution: int
    user: str
    show: str
    priority: str
    package: bytes


class Scheduler(Protocol):
    """Orders tickets; the broker asks for the next one whenever a worker has room."""

    def push(self, ticket: Ticket) -> None:
        """Add work at the end of its line."""
        ...

    def push_front(self, ticket: Ticket) -> None:
        """Put work back that had its turn and could not run."""
        ...

    def pop(self) -> Ticket | None:
        """Take the work that should run next, or None."""
        ...

    def remove(self, execution: int) -> bool:
        """Withdraw work; return whether it was waiting."""
        ...

    def place(self, execution: int) -> int:
        """Return how many tickets are before it."""
        ...

    def __len__(self) -> int:
        """Return how many wait."""
        ...


class FirstInFirstOut:
    """The plainest scheduler: whoever comes first runs first."""

    def __init__(self) -> None:
        self._waiting: deque[Ticket] = deque()

    def push(self, ticket: Ticket) -> None:
        """Add work at the end."""
        self._waiting.append(ticket)

    def push_front(self, ticket: Ticket) -> None:
        """Put work back at the head."""
        self._waiting.appendleft(ticket)

    def pop(self) -> Ticket | None:
        """Take the oldest work."""
        return self._waiting.popleft() if self._waiting else None

    def remove(self, execution: int) -> bool:
        """Withdraw work; return whether it was waiting."""
        for ticket in self._waiting:
            if ticket.execution == execution:
                self._waiting.remove(ticket)
                return True
        return False

    def place(self, execution: int) -> int:
        """Return how many tickets are before it."""
        for place, ticket in enumerate(self._waiting):
            if ticket.execution == execution:
                return place
        return 0

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)
