"""Suspects: executions that a worker was running when it died; each is tried again alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping


class Suspects:
    """Who waits to run alone, and which workers are kept for that."""

    def __init__(self) -> None:
        self._waiting: deque[int] = deque()
        self._alone: dict[int, int] = {}
        self._kept: int | None = None

    def add(self, execution: int) -> None:
        """Let an execution wait until a worker has nothing else in hand."""
        self._alone.pop(execution, None)
        self._waiting.append(execution)

    def drop(self, execution: int) -> bool:
        """Forget an execution that has ended; return whether it was waiting."""
        self._alone.pop(execution, None)
        if execution not in self._waiting:
            return False
        self._waiting.remove(execution)
        return True

    def is_closed(self, worker: int) -> bool:
        """Return whether a worker takes nothing else now."""
        return worker in self._alone.values() or (bool(self._waiting) and worker == self._kept)

    def next(self, in_hand: Mapping[int, int]) -> tuple[int, int] | None:
        """Return an execution and the worker on which it runs alone now.

        Args:
            in_hand: how many executions each ready worker has. If none is free, the one with the
                fewest is kept until it is.
        """
        free = {worker: n for worker, n in in_hand.items() if worker not in self._alone.values()}
        if not self._waiting or not free:
            return None
        if self._kept not in free or free[self._kept]:
            self._kept = min(free, key=lambda worker: free[worker])
        if free[self._kept]:
            return None
        execution, worker = self._waiting.popleft(), self._kept
        self._alone[execution], self._kept = worker, None
        return execution, worker

    def __contains__(self, execution: int) -> bool:
        """Return whether an execution is suspect."""
        return execution in self._alone or execution in self._waiting

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)
