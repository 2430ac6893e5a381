"""Timings of cases that take turns, so that a busy moment of the machine hits all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Case = Callable[[], float]
"""Does the thing once and returns the seconds that counted: preparation stays outside."""

P95 = 0.95


@dataclass(frozen=True)
class Timings:
    """The seconds of one case, one entry for each round, in the order they were measured."""

    seconds: tuple[float, ...]

    @property
    def median_s(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.seconds)

    @property
    def p95_s(self) -> float:
        """The time that 95 % of the rounds stayed within (nearest rank)."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(P95 * len(ordered)))]


def elapsed_s(call: Callable[[], object]) -> float:
    """Return how many seconds *call* took on the wall clock."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def interleave(cases: Mapping[str, Case], rounds: int, warmups: int = 2) -> dict[str, Timings]:
    """Run every case once a round; each round starts with another case.

    Args:
        cases: what to measure, by name.
        rounds: how often each case counts.
        warmups: rounds before those, whose times are thrown away.

    Returns:
        The timings of each case, under its name.
    """
    names = list(cases)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(warmups + rounds):
        first = turn % len(names) if names else 0
        for name in names[first:] + names[:first]:
            taken_s = cases[name]()
            if turn >= warmups:
                seconds[name].append(taken_s)
    return {name: Timings(tuple(values)) for name, values in seconds.items()}
