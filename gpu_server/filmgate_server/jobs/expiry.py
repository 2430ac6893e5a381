"""What ends by itself: deadlines, leases of clients that went away, uploads that stand still."""

from __future__ import annotations

from collections.abc import Callable

from filmgate.errors import ExpiredError, StorageError
from filmgate.wire.messages import JobEnded, to_ended
from filmgate_server.jobs.claims import Claims
from filmgate_server.jobs.journal import Journal
from filmgate_server.jobs.table import Job, JobTable
from filmgate_server.jobs.terms import Terms
from filmgate_server.store.uploads import Uploads


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

    def tick(self) -> None:
        """End what has run out of time."""
        now_s = self._clock()
        for job in list(self._table.jobs.values()):
            if job.ending is not None:
                self._end(job, job.ending)
            elif job.deadline_s is not None and now_s > job.deadline_s:
                self._expire(job, "The job's deadline has passed.")
            elif job.away_since_s is not None and now_s > job.away_since_s + job.lease_s:
                self._expire(job, "The client went away and did not come back.")
        self._expire_orphans(now_s)
        self._expire_stalled(now_s)

    def _expire_orphans(self, now_s: float) -> None:
        error = ExpiredError("The server was restarted and the client did not come back.")
        for job_id in [job_id for job_id, until_s in self._orphans.items() if now_s > until_s]:
            try:
                self._journal.end(to_ended(job_id, "expired", error))
            except StorageError:
                return  # the next tick tries again
            del self._orphans[job_id]

    def _expire_stalled(self, now_s: float) -> None:
        for session, digest in self._uploads.stalled(now_s - self._terms.upload_stall_s):
            if any(job.away_since_s is not None for job in self._table.jobs_of(session)):
                continue  # its client may come back within the lease
            self._uploads.close(session, digest)
            for job in self._table.jobs_of(session):
                execution = self._claims.execution(job)
                if execution is not None and digest in execution.missing:
                    self._expire(job, "The upload of an input stood still for too long.")

    def _expire(self, job: Job, text: str) -> None:
        self._end(job, to_ended(job.id, "expired", ExpiredError(text)))
