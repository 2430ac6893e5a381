"""Places in the queue, told again when they have changed: seldom, and never all at once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from filmgate_server.scheduling.scheduler import Scheduler

INTERVAL_S = 0.25
"""Whoever is near the front is told so often."""

NEAR = 16
"""Twice as far back as this, half as often."""

INTERVAL_S_MAX = 5.0

LOOKS_MAX = 32
"""So many are looked at in one turn of the loop."""


@dataclass
class Told:
    """Which place an execution was told, and when it is looked at again."""

    place: int
    due_s: float


class Places:
    """Looks at what waits, in turn.

    Args:
        scheduler: where it waits.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._told: OrderedDict[int, Told] = OrderedDict()

    def add(self, execution: int, place: int, now_s: float) -> None:
        """Look after work that has begun to wait and was told its *place*."""
        self._told[execution] = Told(place, now_s + _interval_s(place))

    def changed(self, now_s: float) -> list[int]:
        """Return the work that waits in another place than it was told."""
        changed: list[int] = []
        for _ in range(min(LOOKS_MAX, len(self._told))):
            execution, told = self._told.popitem(last=False)
            if execution not in self._scheduler:
                continue
            self._told[execution] = told
            if now_s >= told.due_s:
                place = self._scheduler.place(execution)
                if place != told.place:
                    changed.append(execution)
                told.place, told.due_s = place, now_s + _interval_s(place)
        return changed


def _interval_s(place: int) -> float:
    return min(INTERVAL_S_MAX, INTERVAL_S * max(1.0, place / NEAR))
