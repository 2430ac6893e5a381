"""Calls for the main thread: from the event loop, or from the queue of a batch process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

WAIT_S = 20.0


def in_thread(call: Callable[[], None]) -> None:
    """Run *call* on a thread of its own and wait for it."""
    thread = threading.Thread(target=call)
    thread.start()
    thread.join(WAIT_S)


def test_posted_calls_run_one_by_one_on_the_main_thread(world: Any) -> None:
    """With the interface up, each call is one turn of Nuke's event loop."""
    from filmgate_nuke import threads  # noqa: PLC0415 - found once the fixture ran

    ran: list[int] = []
    in_thread(lambda: [threads.post(lambda: ran.append(threading.get_ident())) for _ in range(3)])

    assert not ran
    assert world.run_one()
    assert ran == [threading.get_ident()]
    world.run_events()
    assert len(ran) == 3


def test_batch_process_serves_its_own_queue(fresh: Any) -> None:
    """Without an event loop the main thread runs what others posted while it waits."""
    from filmgate_nuke import threads  # noqa: PLC0415

    world = fresh(mode="-t")
    ran: list[int] = []
    in_thread(lambda: threads.post(lambda: ran.append(threading.get_ident())))

    assert threads.serve(lambda: bool(ran), WAIT_S)
    assert ran == [threading.get_ident()]
    assert world.queued() == 0


def test_serving_ends_when_the_time_is_over(fresh: Any) -> None:
    """What never happens is not waited for longer than asked."""
    from filmgate_nuke import threads  # noqa: PLC0415

    fresh(mode="-t")

    assert not threads.serve(lambda: False, timeout_s=0.0)


def test_delayed_call_comes_by_way_of_the_queue(fresh: Any) -> None:
    """What is put off runs on the main thread all the same."""
    from filmgate_nuke import threads  # noqa: PLC0415

    fresh(mode="-t")
    ran: list[int] = []
    threads.post_later(lambda: ran.append(threading.get_ident()), 0.01)

    assert threads.serve(lambda: bool(ran), WAIT_S)
    assert ran == [threading.get_ident()]


def test_dropped_calls_never_run(fresh: Any) -> None:
    """A script that is closed takes its calls with it."""
    from filmgate_nuke import threads  # noqa: PLC0415

    fresh(mode="-t")
    ran: list[str] = []
    threads.post(lambda: ran.append("old"))
    threads.drop_all()
    threads.post(lambda: ran.append("new"))

    threads.serve(lambda: bool(ran), WAIT_S)
    assert ran == ["new"]
