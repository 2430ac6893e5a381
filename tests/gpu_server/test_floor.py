"""The share that batch work keeps beside interactive work."""

from __future__ import annotations

from filmgate_server.scheduling.floor import PATIENCE_S, SLICE_S, Floor


def earned(share: float = 0.5) -> Floor:
    """Return a floor that has earned exactly one slice."""
    floor = Floor(share)
    floor.earn(SLICE_S * (1.0 - share) / share)
    return floor


def test_a_slice_must_be_earned() -> None:
    """A worker is kept for batch work once interactive work has earned it the time."""
    floor = Floor(0.1)
    floor.earn(8.0 * SLICE_S)
    assert not floor.keeps(0, 0.0, hands_free=True)
    floor.earn(1.1 * SLICE_S)
    assert floor.keeps(0, 0.0, hands_free=True)


def test_one_worker_at_a_time_is_kept() -> None:
    """The others go on with interactive work."""
    floor = earned()
    assert floor.keeps(1, 0.0, hands_free=True)
    assert not floor.keeps(0, 0.0, hands_free=True)


def test_a_slice_ends_with_its_time() -> None:
    """However long a batch frame takes, interactive work goes on after the slice."""
    floor = earned()
    assert floor.keeps(0, 0.0, hands_free=True)
    assert floor.keeps(0, 0.9 * SLICE_S, hands_free=True)
    assert not floor.keeps(0, 1.1 * SLICE_S, hands_free=True)


def test_a_slice_begins_when_the_hands_are_free() -> None:
    """What a worker was given before does not use up the slice."""
    floor = earned()
    assert floor.keeps(0, 0.0, hands_free=False)
    assert floor.keeps(0, 5.0, hands_free=True)
    assert floor.keeps(0, 5.0 + 0.9 * SLICE_S, hands_free=True)
    assert not floor.keeps(0, 5.0 + 1.1 * SLICE_S, hands_free=True)


def test_a_worker_that_never_finishes_is_given_up() -> None:
    """If what it has in hand does not end, another worker is kept instead."""
    floor = earned()
    assert floor.keeps(0, 0.0, hands_free=False)
    assert not floor.keeps(1, 0.0, hands_free=True)
    assert not floor.keeps(0, PATIENCE_S + 1.0, hands_free=False)
    assert floor.keeps(1, PATIENCE_S + 1.0, hands_free=True)


def test_what_batch_work_used_ends_the_slice() -> None:
    """Small frames that have used what was earned end it early."""
    floor = earned()
    assert floor.keeps(0, 0.0, hands_free=True)
    floor.spend(1.3 * SLICE_S, contended=True)
    assert not floor.keeps(0, 0.1 * SLICE_S, hands_free=True)


def test_a_slice_is_paid_once() -> None:
    """The time of a slice counts for the frame that went on in it, when that is charged."""
    floor = earned()
    assert floor.keeps(0, 0.0, hands_free=True)
    assert not floor.keeps(0, 1.0 * SLICE_S, hands_free=True)
    floor.spend(1.0 * SLICE_S, contended=True)
    floor.earn(SLICE_S)
    assert floor.keeps(0, 2.0 * SLICE_S, hands_free=True)


def test_more_than_the_share_is_owed() -> None:
    """Batch work that took more beside interactive work waits for its next slice longer."""
    greedy, idle = Floor(0.5), Floor(0.5)
    greedy.spend(10 * SLICE_S, contended=True)
    idle.spend(10 * SLICE_S, contended=False)
    for floor in (greedy, idle):
        floor.earn(2 * SLICE_S)
    assert not greedy.keeps(0, 0.0, hands_free=True)
    assert idle.keeps(0, 0.0, hands_free=True)


def test_nothing_is_earned_without_batch_work() -> None:
    """When there is none, what was earned is dropped."""
    floor = earned()
    floor.forget()
    assert not floor.keeps(0, 0.0, hands_free=True)
