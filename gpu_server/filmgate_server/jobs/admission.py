"""Whether there is room for one more job, for its artist and in all, and when to ask again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

from filmgate.errors import BusyError
from filmgate_server.jobs.table import Job, JobTable
from filmgate_server.jobs.terms import Terms
from filmgate_server.scheduling.estimates import Estimates
from filmgate_server.store.content import Store

RETRY_MS_MIN = 250
RETRY_MS_MAX = 10_000

HUNGRY_S = 15.0
"""So long room is kept for an artist who was refused: longer than they were told to wait."""

Share = tuple[Hashable, int]
"""Something that takes memory, by its name, and how much."""


class Holdings:
    """The store's memory by the artist whose jobs take it; what two jobs share counts once."""

    def __init__(self) -> None:
        self._jobs: defaultdict[str, Counter[Hashable]] = defaultdict(Counter[Hashable])
        self._size_bytes: dict[tuple[str, Hashable], int] = {}
        self._total_bytes: Counter[str] = Counter()

    def of(self, user: str) -> int:
        """Return how much an artist's jobs take."""
        return self._total_bytes[user]

    def more(self, user: str, shares: Iterable[Share], gone: Iterable[Job] = ()) -> tuple[int, int]:
        """Return how much an artist's jobs take, and by how much *shares* would add to it.

        Args:
            user: the artist.
            shares: what one more job would take.
            gone: jobs of the artist that are taken to have ended.
        """
        left = Counter(self._jobs.get(user, ()))
        for job in gone:
            left.subtract(job.held)
        held = {name for name, count in left.items() if count}
        held_bytes = sum(self._size_bytes[(user, name)] for name in held) if gone else self.of(user)
        shared = dict(shares).items()
        return held_bytes, sum(size_bytes for name, size_bytes in shared if name not in held)

    def hold(self, job: Job, shares: Iterable[Share]) -> None:
        """Count *shares* for a job's artist, in place of what was counted for the job."""
        user, before = job.owner.user, job.held
        job.held = list(dict(shares))
        for name, size_bytes in dict(shares).items():
            if not self._jobs[user][name]:
                self._size_bytes[(user, name)] = size_bytes
                self._total_bytes[user] += size_bytes
            self._jobs[user][name] += 1
        self._drop(user, before)

    def drop(self, job: Job) -> None:
        """Count nothing for a job any more."""
        self._drop(job.owner.user, job.held)
        job.held = []

    def _drop(self, user: str, names: Iterable[Hashable]) -> None:
        for name in names:
            self._jobs[user][name] -= 1
            if not self._jobs[user][name]:
                del self._jobs[user][name]
                self._total_bytes[user] -= self._size_bytes.pop((user, name))
        if not self._jobs[user]:
            del self._jobs[user]
            del self._total_bytes[user]


class Admission:
    """Bounds what is open: jobs and bytes, of each artist and in all.

    Room that an artist was refused is not given to another who has more than an equal share, so
    that whoever asks most often does not get everything.

    Args:
        table: the open jobs.
        store: the memory.
        estimates: how long work takes.
        terms: the bounds.
        workers: how many workers there are.
        clock: seconds, monotonic.

    Attributes:
        terms: the bounds.
        holdings: which artist has how much of the store.
    """

    def __init__(
        self,
        table: JobTable,
        store: Store,
        estimates: Estimates,
        terms: Terms,
        workers: Callable[[], int],
        clock: Callable[[], float],
    ) -> None:
        self.holdings = Holdings()
        self._table = table
        self._store = store
        self._estimates = estimates
        self.terms = terms
        self._workers = workers
        self._clock = clock
        self._hungry: dict[str, float] = {}

    def check_jobs(self, user: str, gone: int = 0) -> None:
        """Let an artist open one more job, so many of them being taken to have ended.

        Raises:
            BusyError: not now.
        """
        mine, terms = self._table.count_of(user) - gone, self.terms
        if mine >= terms.artist_jobs_max:
            raise BusyError(f"You have {mine} open jobs, as many as one artist may have.")
        if len(self._table.jobs) - gone >= terms.jobs_max:
            self.keep_room_for(user)
            raise BusyError("The server has as many open jobs as it takes.")
        if self._others_wait(user) and mine >= self._equal(terms.jobs_max):
            raise BusyError("Other artists wait for their turn.")

    def check_bytes(self, user: str, shares: Iterable[Share], gone: Sequence[Job] = ()) -> None:
        """Let an artist's jobs take more of the store; one job is always let in.

        Args:
            user: the artist.
            shares: what the next job takes.
            gone: jobs of the artist that are taken to have ended.

        Raises:
            BusyError: not now.
        """
        held, more = self.holdings.more(user, shares, gone)
        if not held or not more:
            return
        if held + more > self.artist_bytes_max:
            raise BusyError("Your open jobs take as much of the server's memory as they may.")
        if self._others_wait(user) and held + more > self._equal(self._store.budget_bytes):
            raise BusyError("Other artists wait for memory.")

    @property
    def artist_bytes_max(self) -> int:
        """How much of the store one artist's jobs may take."""
        return self.terms.artist_bytes_max or self._store.budget_bytes // 2

    def keep_room_for(self, user: str) -> None:
        """Take note of an artist whom the server as a whole had no room for."""
        now_s = self._clock()
        self._hungry = {each: until for each, until in self._hungry.items() if until > now_s}
        self._hungry[user] = now_s + HUNGRY_S

    def admitted(self, user: str) -> None:
        """Take note of an artist who found room."""
        self._hungry.pop(user, None)

    def retry_after_ms(self) -> int:
        """Return when one who was refused should ask again.

        That is when the next job of each artist should have ended: a frame of the usual length for
        each, over the workers there are; but not later than when half of all that is open has, so
        that the workers do not run dry while clients wait. Where nothing is open, only results
        that wait to be fetched take room: they go as fast as clients are.
        """
        artists, open_ = max(1, self._table.artists), len(self._table.executions)
        turns = min(artists, open_ / 2) / max(1, self._workers())
        retry_ms = round(self._estimates.frame_s * turns * 1000)
        return min(max(retry_ms, RETRY_MS_MIN), RETRY_MS_MAX)

    def _others_wait(self, user: str) -> bool:
        now_s = self._clock()
        return any(until > now_s for each, until in self._hungry.items() if each != user)

    def _equal(self, whole: int) -> int:
        """Return the share of an artist if all who have jobs or wait for room had the same."""
        newcomers = sum(1 for user in self._hungry if not self._table.count_of(user))
        return whole // max(1, self._table.artists + newcomers)
