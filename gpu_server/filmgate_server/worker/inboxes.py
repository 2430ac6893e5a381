"""Where executions wait before each stage, the urgent ones apart from the others."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from filmgate_server.worker.execution import Execution

Errand = Callable[[], None]
"""What a stage does between two executions."""

WAITING_MAX = 2
"""Of each kind before a stage: one keeps it busy, another may be computed together with that one;
more only take memory."""


class Inboxes:
    """One inbox before each stage; urgent executions leave it first.

    A stage begins only what the next inbox has room for, so that no stage is ever stuck with a
    finished execution in its hands while an urgent one waits. The first inbox takes everything: the
    gateway bounds what is in flight.

    Args:
        stages: how many there are.
    """

    def __init__(self, stages: int) -> None:
        self._waiting = [
            {True: deque[Execution](), False: deque[Execution]()} for _ in range(stages)
        ]
        self._expected = [{True: 0, False: 0} for _ in range(stages)]
        self._errands = [deque[Errand]() for _ in range(stages)]
        self._changed = threading.Condition()

    def put(self, execution: Execution) -> None:
        """Let *execution* wait for the first stage."""
        with self._changed:
            self._waiting[0][execution.urgent].append(execution)
            self._changed.notify_all()

    def put_errand(self, stage: int, errand: Errand) -> None:
        """Let *stage* do something else before its next execution."""
        with self._changed:
            self._errands[stage].append(errand)
            self._changed.notify_all()

    def take(self, stage: int) -> Execution | Errand:
        """Return what *stage* does next, waiting for it.

        After an execution `pass_on` or `give_up` follows.
        """
        with self._changed:
            while True:
                if self._errands[stage]:
                    return self._errands[stage].popleft()
                found = self._next(stage, True) or self._next(stage, False)
                if found is not None:
                    return found
                self._changed.wait()

    def take_urgent(self, stage: int) -> Execution | None:
        """Return the urgent execution that waits for *stage*, if there is one."""
        with self._changed:
            return self._next(stage, True)

    def pass_on(self, stage: int, execution: Execution) -> None:
        """Let what *stage* is done with wait for the next one."""
        with self._changed:
            if stage + 1 < len(self._waiting):
                self._expected[stage + 1][execution.urgent] -= 1
                self._waiting[stage + 1][execution.urgent].append(execution)
                self._changed.notify_all()

    def give_up(self, stage: int, execution: Execution) -> None:
        """Expect nothing of what has ended at *stage*."""
        with self._changed:
            if stage + 1 < len(self._waiting):
                self._expected[stage + 1][execution.urgent] -= 1
                self._changed.notify_all()

    def waiting(self, stage: int, urgent: bool) -> list[Execution]:
        """Return what waits for *stage*, oldest first; it goes on waiting."""
        with self._changed:
            return list(self._waiting[stage][urgent])

    def _next(self, stage: int, urgent: bool) -> Execution | None:
        waiting = self._waiting[stage][urgent]
        if not waiting or not self._has_room(stage + 1, urgent):
            return None
        if stage + 1 < len(self._waiting):
            self._expected[stage + 1][urgent] += 1
        self._changed.notify_all()  # the stage before has room again
        return waiting.popleft()

    def _has_room(self, stage: int, urgent: bool) -> bool:
        if stage == len(self._waiting):
            return True
        taken = len(self._waiting[stage][urgent]) + self._expected[stage][urgent]
        return taken < WAITING_MAX
