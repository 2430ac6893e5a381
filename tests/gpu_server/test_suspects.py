"""Suspects run alone, one on a worker, before everything else."""

from __future__ import annotations

from filmgate_server.jobs.suspects import Suspects


def test_a_free_worker_takes_one_and_nothing_else() -> None:
    """A suspect goes to a worker with nothing in hand, which takes no more until it has ended."""
    suspects = Suspects()
    suspects.add(7)
    assert suspects.next({0: 2, 1: 0}) == (7, 1)
    assert suspects.is_closed(1)
    assert not suspects.is_closed(0)
    suspects.drop(7)
    assert not suspects.is_closed(1)


def test_one_worker_is_kept_until_it_is_free() -> None:
    """Where all are busy, the one with the least in hand gets nothing new; the others go on."""
    suspects = Suspects()
    suspects.add(7)
    assert suspects.next({0: 3, 1: 1}) is None
    assert suspects.is_closed(1)
    assert not suspects.is_closed(0)
    assert suspects.next({0: 0, 1: 1}) == (7, 0)
    assert not suspects.is_closed(1)


def test_a_kept_worker_that_is_gone_is_replaced() -> None:
    """If the worker that was kept dies, another one is."""
    suspects = Suspects()
    suspects.add(7)
    assert suspects.next({0: 3, 1: 1}) is None
    assert suspects.next({0: 3}) is None
    assert suspects.is_closed(0)


def test_suspects_wait_in_their_order() -> None:
    """Each runs alone; a second one waits, on whichever worker is free."""
    suspects = Suspects()
    for number in (1, 2, 3):
        suspects.add(number)
    assert suspects.next({0: 0}) == (1, 0)
    assert suspects.next({0: 1}) is None
    assert suspects.drop(2)
    suspects.drop(1)
    assert suspects.next({0: 0}) == (3, 0)
    assert not suspects.drop(3)


def test_one_that_killed_again_waits_again() -> None:
    """A suspect whose worker died goes back to the end of the line."""
    suspects = Suspects()
    suspects.add(1)
    assert suspects.next({0: 0}) == (1, 0)
    suspects.add(1)
    assert not suspects.is_closed(0)
    assert suspects.next({0: 0}) == (1, 0)
