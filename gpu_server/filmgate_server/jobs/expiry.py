"""What ends by itself: deadlines, leases of clients that went away, uploads that stand still."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator

import structlog

from filmgate.errors import ExpiredError, StorageError
from filmgate.wire.messages import JobEnded, to_ended
from filmgate_server.jobs.claims import Claims
from filmgate_server.jobs.journal import Journal
from filmgate_server.jobs.table import Job, JobTable
from filmgate_server.jobs.terms import Terms
from filmgate_server.store.uploads import Uploads

ENDS_MAX = 64
"""So many jobs end in one turn of the loop: each is written down, and others wait meanwhile."""

log = structlog.get_logger()


class Expiry:
    """Ends jobs whose time has run out.

    Args:
        table: the open jobs.
        claims: what they wait for.
        uploads: what clients are expected to send.
        journal: knows the jobs from before a restart.
        terms: how long things may take.
        clock: seconds, monotonic.
        end: ends a job.
    """

    def __init__(
        self,
        table: JobTable,
        claims: Claims,
        uploads: Uploads,
        journal: Journal,
        terms: Terms,
        clock: Callable[[], float],
        end: Callable[[Job, JobEnded], None],
    ) -> None:
        self._table = table
        self._claims = claims
        self._uploads = uploads
        self._journal = journal
        self._terms = terms
        self._clock = clock
        self._end = end
        self._orphans = {
            job_id: clock() + max(lease_s, terms.restart_lease_s)
            for job_id, lease_s in journal.open_jobs()
        }

    def is_orphan(self, job_id: bytes) -> bool:
        """Return whether a job is from before a restart and was not submitted again."""
        return job_id in self._orphans

    def adopt(self, job_id: bytes) -> bool:
        """Take a job from before a restart up again; return whether it was one."""
        return self._orphans.pop(job_id, None) is not None

    def tick(self) -> bool:
        """End what has run out of time; return whether there is more of it than one turn ends."""
        now_s = self._clock()
        ending = itertools.chain(self._overdue(now_s), self._stalled(now_s))
        ended = 0
        for job, end in itertools.islice(ending, ENDS_MAX):
            self._end(job, end)
            ended += 1
        self._expire_orphans(now_s)
        return ended == ENDS_MAX

    def _overdue(self, now_s: float) -> Iterator[tuple[Job, JobEnded]]:
        for job in list(self._table.jobs.values()):
            if job.ending is not None:
                yield job, job.ending
            elif job.deadline_s is not None and now_s > job.deadline_s:
                yield job, _expired(job, "The job's deadline has passed.")
            elif job.away_since_s is not None and now_s > job.away_since_s + job.lease_s:
                yield job, _expired(job, "The client went away and did not come back.")

    def _expire_orphans(self, now_s: float) -> None:
        error = ExpiredError("The server was restarted and the client did not come back.")
        for job_id in [job_id for job_id, until_s in self._orphans.items() if now_s > until_s]:
            try:
                self._journal.end(to_ended(job_id, "expired", error))
            except StorageError:
                return  # the next tick tries again
            del self._orphans[job_id]

    def _stalled(self, now_s: float) -> Iterator[tuple[Job, JobEnded]]:
        """Go through the jobs whose inputs do not come; uploads that no job wants end here."""
        digests: defaultdict[bytes, set[bytes]] = defaultdict(set)
        for session, digest in self._uploads.stalled(now_s - self._terms.upload_stall_s):
            digests[session].add(digest)
        for session, stalled in digests.items():
            jobs = self._table.jobs_of(session)
            if any(job.away_since_s is not None for job in jobs):
                continue  # its client may come back within the lease
            for job in jobs:
                execution = self._claims.execution(job)
                if execution is not None and not execution.missing.isdisjoint(stalled):
                    yield job, _expired(job, "The upload of an input stood still for too long.")
            for digest in stalled:
                self._uploads.close(session, digest)


def _expired(job: Job, text: str) -> JobEnded:
    return to_ended(job.id, "expired", ExpiredError(text))
