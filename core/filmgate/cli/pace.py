"""How fast a server works: differences between two pages of its status."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from filmgate.wire.messages import StatusPage
from filmgate.wire.records import UserStatus, WorkerStatus

WINDOW_S = 30.0
_MINUTE_MS = 60_000


@dataclass(frozen=True)
class Pace:
    """What has happened between two looks at a server.

    Attributes:
        now: the later page.
        before: the earlier one of the same run; None means the server's start.
    """

    now: StatusPage
    before: StatusPage | None = None

    @property
    def elapsed_ms(self) -> int:
        """The time between them."""
        return self.grown("uptime_ms")

    @property
    def frames_per_minute(self) -> float:
        """Results that clients have received."""
        return self.grown("jobs_done") * _MINUTE_MS / max(1, self.elapsed_ms)

    @property
    def cached_share(self) -> float:
        """The share of results that no worker had to make, 0 to 1."""
        return self.grown("jobs_cached") / max(1, self.grown("jobs_done"))

    def grown(self, counter: str) -> int:
        """Return by how much one of the server's counters has grown."""
        before = self.before.counters.get(counter, 0) if self.before else 0
        return max(0, self.now.counters.get(counter, 0) - before)

    def busy_share(self, worker: WorkerStatus) -> float:
        """Return the share of the time that a worker's device has computed, 0 to 1."""
        earlier = {each.name: each.busy_ms for each in self.before.workers} if self.before else {}
        return _share(worker.busy_ms - earlier.get(worker.name, 0), self.elapsed_ms)

    def device_share(self, user: UserStatus) -> float:
        """Return an artist's share of the device time that all have used, 0 to 1."""
        used = self._used()
        return _share(used.get((user.user, user.show), 0), sum(used.values()))

    def _used(self) -> dict[tuple[str, str], int]:
        users = self.before.users if self.before else ()
        earlier = {(user.user, user.show): user.device_ms for user in users}
        return {
            (user.user, user.show): user.device_ms - earlier.get((user.user, user.show), 0)
            for user in self.now.users
        }


class History:
    """The pages of the last half minute."""

    def __init__(self) -> None:
        self._pages: deque[StatusPage] = deque()

    def add(self, page: StatusPage) -> Pace:
        """Take a new page and compare it with the oldest one kept."""
        if self._pages and _uptime_s(page) < _uptime_s(self._pages[-1]):
            self._pages.clear()  # the server was started again and counts from zero
        while self._pages and _uptime_s(page) - _uptime_s(self._pages[0]) > WINDOW_S:
            self._pages.popleft()
        self._pages.append(page)
        return Pace(page, self._pages[0] if len(self._pages) > 1 else None)


def _uptime_s(page: StatusPage) -> float:
    return page.counters.get("uptime_ms", 0) / 1000


def _share(part: int, whole: int) -> float:
    return min(1.0, max(0.0, part / whole)) if whole else 0.0
