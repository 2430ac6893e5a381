"""What counts as a leak."""

from __future__ import annotations

from filmgate_server.worker.growth import Growth

ONE = frozenset({b"one"})
TWO = frozenset({b"one", b"two"})


def test_memory_that_grows_under_the_same_work_is_a_leak() -> None:
    """The growth since the first frame of its kind adds up."""
    growth = Growth()
    assert growth.note(1000, 50, ONE) == 0
    assert growth.note(1200, 50, ONE) == 200
    assert growth.note(1500, 40, ONE) == 500


def test_larger_frame_is_no_leak() -> None:
    """A process keeps the memory of its largest frame."""
    growth = Growth()
    growth.note(1000, 50, ONE)
    assert growth.note(9000, 500, ONE) == 0
    assert growth.note(9100, 500, ONE) == 100


def test_another_model_is_no_leak() -> None:
    """Loading a model takes memory for good."""
    growth = Growth()
    growth.note(1000, 50, ONE)
    assert growth.note(5000, 50, TWO) == 0


def test_memory_that_was_given_back_is_no_leak() -> None:
    """Less than at first is not less than nothing."""
    growth = Growth()
    growth.note(1000, 50, ONE)
    assert growth.note(400, 50, ONE) == 0
