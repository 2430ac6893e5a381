"""What it costs to decide what runs next, with many frames in line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from bench.table import Target
from filmgate_server.scheduling.scheduler import Scheduler
from filmgate_server.scheduling.tickets import Ticket

QUEUED = 10_000
LIMIT_MS = 1.0
SAMPLE = 2_000
"""So many frames are pushed, placed and started while the queue keeps its length."""


def measure_scheduler() -> list[Target]:
    """Push, place, withdraw and start frames at 10,000 queued, of few artists and of many."""
    return [
        _target(f"{QUEUED} frames of {artists} artists in line", _cost_ms(artists))
        for artists in (2, 40, QUEUED)
    ]


def _target(what: str, cost_ms: dict[str, float]) -> Target:
    total_ms = sum(cost_ms.values())
    parts = ", ".join(f"{name} {value * 1000:.0f}" for name, value in cost_ms.items())
    return Target(
        f"scheduling a frame, {what}",
        f"<= {LIMIT_MS:g} ms",
        f"{total_ms * 1000:.0f} us ({parts} us)",
        total_ms <= LIMIT_MS,
    )


def _cost_ms(artists: int) -> dict[str, float]:
    scheduler = Scheduler()
    tickets = _tickets(artists)
    for _ in range(QUEUED):
        scheduler.push(next(tickets))
    fresh = [next(tickets) for _ in range(SAMPLE)]
    pushed_ms = _each_ms(scheduler.push, fresh)
    placed_ms = _each_ms(lambda ticket: scheduler.place(ticket.execution), fresh)
    removed_ms = _each_ms(lambda ticket: scheduler.remove(ticket.execution), fresh)
    started_ms = _each_ms(lambda _: _start(scheduler), fresh)
    return {"push": pushed_ms, "place": placed_ms, "remove": removed_ms, "start": started_ms}


def _start(scheduler: Scheduler) -> None:
    ticket = scheduler.pop(0.0, 0, frozenset({b"1"}))
    if ticket is not None:
        scheduler.charge(ticket.execution, 1.1)


def _tickets(artists: int) -> Iterator[Ticket]:
    number = 0
    while True:
        number += 1
        priority = "batch" if number % 3 == 0 else "interactive"
        package = b"%d" % (number % 5)
        yield Ticket(number, f"artist{number % artists}", "film", priority, package)


def _each_ms(call: Callable[[Ticket], object], tickets: list[Ticket]) -> float:
    begun_s = time.perf_counter()
    for ticket in tickets:
        call(ticket)
    return (time.perf_counter() - begun_s) * 1000 / len(tickets)
