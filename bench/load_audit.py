"""Was every job ended once and right? What clients saw, held against the server's journal."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.load_fleet import Ended
from bench.table import milliseconds

P95, P99 = 0.95, 0.99


@dataclass(frozen=True)
class Audit:
    """What went wrong.

    Attributes:
        jobs: how many ended for their clients.
        outcomes: how, other than with a result.
        wrong: how many results had a wrong pixel.
        twice: how many ended more than once.
        at_odds: how many the journal knows otherwise, or as open.
    """

    jobs: int
    outcomes: Counter[str]
    wrong: int
    twice: int
    at_odds: int

    @property
    def violations(self) -> int:
        """Everything that must not be."""
        return self.wrong + self.twice + self.at_odds

    @property
    def clean(self) -> bool:
        """Whether each job ended once, as a result, with the right pixels."""
        return not self.violations and not self.outcomes and self.jobs > 0

    def __str__(self) -> str:
        """Return the figures as a report says them."""
        ends = "".join(f", {count} x {code}" for code, count in sorted(self.outcomes.items()))
        results = self.jobs - self.outcomes.total()
        return f"{results} results{ends}, {self.violations} violations"


def audit(ends: Sequence[Ended], journal: Mapping[str, str]) -> Audit:
    """Hold *ends* against what the journal says of each job."""
    told = Counter(end.job for end in ends)
    return Audit(
        jobs=len(ends),
        outcomes=Counter(end.outcome for end in ends if end.outcome != "result"),
        wrong=sum(not end.right for end in ends),
        twice=sum(count > 1 for count in told.values()),
        at_odds=sum(_differs(end, journal.get(end.job)) for end in ends),
    )


def _differs(end: Ended, written: str | None) -> bool:
    """Return whether the journal tells another story; a job never accepted is not in it."""
    if end.outcome == "result":
        return written != "result"
    return written is not None and written not in ("error", "cancelled", "expired")


@dataclass(frozen=True)
class Latencies:
    """How long jobs took."""

    seconds: tuple[float, ...]

    @property
    def p50_s(self) -> float:
        """The middle."""
        return statistics.median(self.seconds) if self.seconds else 0.0

    def percentile_s(self, share: float) -> float:
        """Return the time that a *share* of them stayed within (nearest rank)."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def cells(self) -> list[str]:
        """Return p50, p95 and p99 in ms, as a table shows them."""
        shares = (self.p50_s, self.percentile_s(P95), self.percentile_s(P99))
        return [milliseconds(seconds) for seconds in shares]


def latencies(ends: Iterable[Ended]) -> Latencies:
    """Return the latencies of all results together."""
    return Latencies(tuple(end.latency_s for end in ends if end.outcome == "result"))


def by_artist(ends: Iterable[Ended]) -> dict[int, Latencies]:
    """Return the latencies of each artist's results."""
    found: defaultdict[int, list[Ended]] = defaultdict(list)
    for end in ends:
        found[end.artist].append(end)
    return {artist: latencies(found[artist]) for artist in sorted(found)}


def jain(shares: Sequence[float]) -> float:
    """Return Jain's index: 1 when all have the same, 1/n when one has everything."""
    squares = len(shares) * sum(share**2 for share in shares)
    return sum(shares) ** 2 / squares if squares else 0.0


def longest_pause_s(ends: Iterable[Ended]) -> float:
    """Return the longest time between two results that followed each other."""
    times = sorted(end.ended_s for end in ends if end.outcome == "result")
    return max((later - earlier for earlier, later in pairwise(times)), default=0.0)
