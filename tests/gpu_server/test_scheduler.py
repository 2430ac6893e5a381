"""Which work runs next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from filmgate_server.scheduler import FirstInFirstOut, Ticket


def ticket(number: int) -> Ticket:
    """Return some work."""
    return Ticket(number, "alice", "film", "batch", b"p" * 32)


def test_first_in_is_first_out() -> None:
    """Work runs in the order in which it came, and what is put back runs first."""
    queue = FirstInFirstOut()
    for number in (1, 2, 3):
        queue.push(ticket(number))
    first = queue.pop()
    assert first == ticket(1)
    queue.push_front(ticket(1))
    assert [queue.place(number) for number in (1, 2, 3)] == [0, 1, 2]
    assert [queue.pop() for _ in range(4)] == [ticket(1), ticket(2), ticket(3), None]


def test_work_can_be_withdrawn() -> None:
    """Withdrawn work does not run; withdrawing it again does nothing."""
    queue = FirstInFirstOut()
    for number in (1, 2, 3):
        queue.push(ticket(number))
    assert queue.remove(2)
    assert not queue.remove(2)
    assert (len(queue), queue.place(3)) == (2, 1)
    assert [queue.pop(), queue.pop(), queue.pop()] == [ticket(1), ticket(3), None]


@given(st.lists(st.tuples(st.sampled_from(["push", "front", "pop", "remove"]), st.integers(0, 5))))
def test_nothing_is_lost_or_run_twice(steps: list[tuple[str, int]]) -> None:
    """Whatever is pushed comes out once, or was withdrawn."""
    queue, waiting = FirstInFirstOut(), list[int]()
    for step, number in steps:
        if step == "pop":
            popped = queue.pop()
            assert (popped.execution if popped else None) == (waiting.pop(0) if waiting else None)
        elif step == "remove":
            assert queue.remove(number) == (number in waiting)
            waiting = [each for each in waiting if each != number]
        elif number not in waiting:
            (queue.push if step == "push" else queue.push_front)(ticket(number))
            waiting.insert(len(waiting) if step == "push" else 0, number)
        assert len(queue) == len(waiting)
