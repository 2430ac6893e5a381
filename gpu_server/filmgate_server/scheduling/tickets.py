"""Tickets: what the scheduler knows of the work that waits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ticket:
    """Work that waits for a worker.

    Attributes:
        execution: the work's number.
        user: the artist it is for.
        show: the show it belongs to.
        priority: ``interactive`` or ``batch``.
        package: digest of the model's package.
        estimate_s: device seconds that it is expected to take.
        deadline_s: when it is too late to start it; None for never.
        group: equal for work that may be computed together, where shapes are equal too; empty for
            work that is computed alone.
        batch_max: how many of a group may be computed together.
    """

    execution: int
    user: str
    show: str
    priority: str
    package: bytes
    estimate_s: float = 1.0
    deadline_s: float | None = None
    group: bytes = b""
    batch_max: int = 1

    def is_late(self, now_s: float) -> bool:
        """Return whether its deadline has passed."""
        return self.deadline_s is not None and now_s > self.deadline_s
