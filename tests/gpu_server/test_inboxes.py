"""Who is next before a stage."""

from __future__ import annotations

from dataclasses import replace
from queue import SimpleQueue
from threading import Thread

from fakes.frames import order
from filmgate_server.worker.execution import Execution
from filmgate_server.worker.inboxes import WAITING_MAX, Inboxes

PATIENCE_S = 30


def execution(number: int, priority: str = "batch") -> Execution:
    """Return an execution."""
    return Execution(replace(order(), execution=number, priority=priority), lambda message: None)


def test_urgent_goes_first() -> None:
    """However long the others have waited, and in its own order."""
    inboxes = Inboxes(1)
    for number, priority in ((1, "batch"), (2, "interactive"), (3, "batch"), (4, "interactive")):
        inboxes.put(execution(number, priority))
    assert [inboxes.take(0).number for _ in range(4)] == [2, 4, 1, 3]


def test_stage_begins_only_what_the_next_has_room_for() -> None:
    """A full inbox of batch work holds up batch work alone."""
    inboxes = Inboxes(2)
    for number in range(WAITING_MAX):
        inboxes.put(execution(number))
        inboxes.pass_on(0, inboxes.take(0))
    inboxes.put(execution(10))
    inboxes.put(execution(11, "interactive"))
    assert inboxes.take(0).number == 11
    taken: SimpleQueue[int] = SimpleQueue()
    Thread(target=lambda: taken.put(inboxes.take(0).number), daemon=True).start()
    assert [each.number for each in inboxes.waiting(1, urgent=False)] == list(range(WAITING_MAX))
    assert taken.empty()
    inboxes.take(1)
    assert taken.get(timeout=PATIENCE_S) == 10


def test_what_has_failed_is_not_expected() -> None:
    """Its room before the next stage is free again."""
    inboxes = Inboxes(2)
    for number in range(3 * WAITING_MAX):
        inboxes.put(execution(number))
        inboxes.give_up(0, inboxes.take(0))
    assert inboxes.waiting(1, urgent=False) == []


def test_only_urgent_work_is_offered_in_between() -> None:
    """A batch frame does not give way to its like."""
    inboxes = Inboxes(1)
    inboxes.put(execution(1))
    assert inboxes.take_urgent(0) is None
    inboxes.put(execution(2, "interactive"))
    urgent = inboxes.take_urgent(0)
    assert urgent is not None
    assert urgent.number == 2
