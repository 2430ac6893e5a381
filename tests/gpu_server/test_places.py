"""Places in the queue, told again when they change."""

from __future__ import annotations

from filmgate_server.scheduling.places import INTERVAL_S, INTERVAL_S_MAX, LOOKS_MAX, Places
from filmgate_server.scheduling.scheduler import Scheduler
from filmgate_server.scheduling.tickets import Ticket


def queue(length: int) -> tuple[Scheduler, Places]:
    """Return a queue of equal work, and who looks after its places."""
    scheduler = Scheduler()
    places = Places(scheduler)
    for number in range(length):
        scheduler.push(Ticket(number, "alice", "film", "batch", b"p"))
        places.add(number, scheduler.place(number), 0.0)
    return scheduler, places


def test_who_moves_up_is_told() -> None:
    """When work before it is gone, a job that waits hears of it; not before its time."""
    scheduler, places = queue(3)
    scheduler.remove(0)
    assert places.changed(0.5 * INTERVAL_S) == []
    assert places.changed(1.1 * INTERVAL_S) == [1, 2]
    assert places.changed(9.9 * INTERVAL_S) == []


def test_what_waits_no_longer_is_forgotten() -> None:
    """Work that runs or was withdrawn is looked at no more."""
    scheduler, places = queue(2)
    assert scheduler.pop(0.0, 0) is not None
    scheduler.remove(1)
    assert places.changed(10.0) == []


def test_one_turn_looks_at_few() -> None:
    """However much waits, a turn of the loop tells a bounded number; all have their turn."""
    scheduler, places = queue(5 * LOOKS_MAX)
    scheduler.remove(0)
    told: list[int] = []
    for _ in range(5):
        turn = places.changed(2 * INTERVAL_S_MAX)
        assert len(turn) <= LOOKS_MAX
        told += turn
    assert sorted(told) == list(range(1, 5 * LOOKS_MAX))


def test_the_far_end_is_told_seldom() -> None:
    """Who is far back hears less often than who is near the front."""
    scheduler, places = queue(300)
    scheduler.remove(0)
    told = [number for _ in range(10) for number in places.changed(1.1 * INTERVAL_S)]
    assert 1 in told
    assert 299 not in told
