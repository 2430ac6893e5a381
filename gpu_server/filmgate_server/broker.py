"""The life of a job: accepted, supplied, ready, ended; exactly one outcome each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from filmgate.errors import (
    BusyError,
    CancelledError,
    DeniedError,
    ExpiredError,
    FilmgateError,
    StorageError,
    UnknownBlobError,
    UnknownJobError,
)
from filmgate.wire.messages import (
    BlobDone,
    BlobPut,
    JobAccepted,
    JobEnded,
    JobProgress,
    JobReady,
    JobSubmit,
    Message,
    to_ended,
    to_refused,
)
from filmgate_server.claims import Claims
from filmgate_server.dispatcher import Dispatcher
from filmgate_server.intake import Intake
from filmgate_server.jobs import Execution, Job, JobTable, Outcome, Owner
from filmgate_server.journal import Journal
from filmgate_server.metrics import Metrics
from filmgate_server.results import Results
from filmgate_server.store import Blob, Store
from filmgate_server.uploads import Uploads

MISSING_MAX = 200
RETRY_AFTER_MS = 500

log = structlog.get_logger()


@dataclass(frozen=True)
class Terms:
    """How long things may take, and how many jobs may be open.

    Attributes:
        lease_s: how long a job lives while its session is away, unless it says otherwise.
        upload_stall_s: how long an upload may stand still.
        jobs_max: open jobs in all.
    """

    lease_s: float = 60.0
    upload_stall_s: float = 30.0
    jobs_max: int = 10_000


class Outbox(Protocol):
    """Where the broker's messages go; one for a session that is away is dropped."""

    def send(self, session: bytes, message: Message, re: int | None = None) -> None:
        """Send *message*, perhaps as the answer to request *re*."""
        ...


class Broker:
    """Every open job; all of it on one thread.

    Args:
        table: jobs and executions.
        store: the blobs.
        journal: what was promised.
        intake: resolves submissions.
        outbox: where answers go.
        terms: durations and limits.
        clock: seconds, monotonic.

    Attributes:
        dispatcher: runs executions; set once the pool exists.
        draining: whether new work is refused.
        uploads: what clients are expected to send.
    """

    def __init__(
        self,
        table: JobTable,
        store: Store,
        journal: Journal,
        intake: Intake,
        outbox: Outbox,
        metrics: Metrics,
        terms: Terms,
        clock: Callable[[], float],
    ) -> None:
        self.dispatcher: Dispatcher | None = None
        self.draining = False
        self._table = table
        self._store = store
        self.uploads = Uploads(store, clock)
        self._journal = journal
        self._intake = intake
        self._outbox = outbox
        self._metrics = metrics
        self._terms = terms
        self._clock = clock
        self._claims = Claims(table, store, self.uploads)
        self._results = Results(store)
        self._orphans = {
            job_id: clock() + max(lease_s, terms.lease_s) for job_id, lease_s in journal.open_jobs()
        }

    # What a client asks for.

    def submit(self, owner: Owner, submit: JobSubmit, re: int) -> None:
        """Accept or refuse a job; a known *job_id* is answered with where it stands."""
        try:
            job = self._table.jobs.get(submit.job_id)
            if job is not None:
                self._check_owner(owner, job.owner.user, job.owner.show)
                self._claims.take_over(job, owner)
            elif not self._answer_from_journal(owner, submit.job_id, re):
                self._accept(owner, submit, re)
                return
            if job is not None:
                self._say_where(job, re)
        except FilmgateError as error:
            self._refuse(owner, submit.job_id, error, re)

    def acknowledge(self, owner: Owner, job_id: bytes, re: int) -> None:
        """End a ready job as a result; the client has verified every output."""
        job = self._job_of(owner, job_id, re)
        if job is None:
            return
        if job.outcome is None:
            self._say_where(job, re)
            return
        self._end(job, JobEnded(job_id, "result"), re)

    def cancel(self, owner: Owner, job_id: bytes, re: int) -> None:
        """End a job as cancelled, unless it has ended."""
        ended = to_ended(job_id, "cancelled", CancelledError("The job was cancelled."))
        if job_id in self._orphans:
            self._end_orphan(owner, ended)
        job = self._job_of(owner, job_id, re)
        if job is not None:
            self._end(job, ended, re)

    def query(self, owner: Owner, job_id: bytes, re: int) -> None:
        """Say where a job stands; one that has lost its outputs is done again."""
        job = self._job_of(owner, job_id, re)
        if job is None:
            return
        if job.outcome is not None and not self._results.present(job.owner.show, job.outcome):
            self._redo(job)
        self._say_where(job, re)

    def put(self, owner: Owner, put: BlobPut, piece: memoryview) -> None:
        """Take a piece of an upload.

        Raises:
            FilmgateError: the piece was not taken; the upload may go on as the error says.
        """
        blob = self.uploads.put(owner.session, owner.show, put, piece)
        if blob is not None:
            self.arrived(owner.session, blob)

    def arrived(self, sender: bytes, blob: Blob) -> None:
        """Supply every execution that waits for a blob, and tell all who would have sent it."""
        for session in {sender, *self.uploads.others(blob.show, blob.digest)}:
            self._outbox.send(session, BlobDone(blob.digest))
        for execution in self._table.waiting_for(blob.show, blob.digest):
            self._supply(execution, blob)

    def blob(self, owner: Owner, digest: bytes) -> Blob:
        """Return a blob of the owner's show.

        Raises:
            UnknownBlobError: there is none, or none that this show may see.
        """
        blob = self._store.find(owner.show, digest)
        if blob is None:
            raise UnknownBlobError("The server does not hold this content.")
        return blob

    def session_away(self, session: bytes) -> None:
        """Start the leases of a session's jobs; their uploads stay where they are."""
        self.uploads.leave(session)
        for job in self._table.jobs_of(session):
            job.away_since_s = self._clock()

    def session_back(self, session: bytes) -> None:
        """Stop the leases of a session's jobs."""
        self.uploads.resume(session)
        for job in self._table.jobs_of(session):
            job.away_since_s = None

    def is_idle(self, session: bytes) -> bool:
        """Return whether a session has no open job: nothing is lost if it is forgotten."""
        return not self._table.jobs_of(session)

    # What the dispatcher tells.

    def progressed(self, execution: Execution) -> None:
        """Tell each waiting client how far its job is."""
        for job_id in execution.jobs:
            job = self._table.jobs[job_id]
            self._outbox.send(job.owner.session, self._progress(job, execution))

    def finished(self, execution: Execution, outcome: Outcome) -> None:
        """Remember the result and offer it to each job."""
        self._metrics.executions.labels(outcome="result").inc()
        self._results.remember(execution.work.show, execution.work_key, outcome)
        for job_id in list(execution.jobs):
            self._claims.keep(self._table.jobs[job_id], outcome)
            self._say_where(self._table.jobs[job_id], None)

    def failed(self, execution: Execution, error: FilmgateError) -> None:
        """End each job of a failed execution with the error."""
        self._metrics.executions.labels(outcome=error.code).inc()
        for job_id in list(execution.jobs):
            self._end(self._table.jobs[job_id], to_ended(job_id, "error", error), None)

    # Time.

    def tick(self) -> None:
        """Expire what has run out of time."""
        now_s = self._clock()
        for job in list(self._table.jobs.values()):
            if job.ending is not None:
                self._end(job, job.ending, None)
            elif job.deadline_s is not None and now_s > job.deadline_s:
                self._expire(job, "The job's deadline has passed.")
            elif job.away_since_s is not None and now_s > job.away_since_s + job.lease_s:
                self._expire(job, "The client went away and did not come back.")
        self._expire_orphans(now_s)
        self._expire_stalled(now_s)

    def _end_orphan(self, owner: Owner, ended: JobEnded) -> None:
        """End a job from before a restart that its client has not submitted again."""
        entry = self._journal.find(ended.job_id)
        if entry is not None:
            self._check_owner(owner, entry.user, entry.show)
            self._journal.end(ended)
        del self._orphans[ended.job_id]

    def _expire_orphans(self, now_s: float) -> None:
        error = ExpiredError("The server was restarted and the client did not come back.")
        for job_id in [job_id for job_id, until_s in self._orphans.items() if now_s > until_s]:
            try:
                self._journal.end(to_ended(job_id, "expired", error))
            except StorageError as failure:
                log.warning("journal cannot be written", error=failure.text)
                return
            del self._orphans[job_id]

    def _expire_stalled(self, now_s: float) -> None:
        for session, digest in self.uploads.stalled(now_s - self._terms.upload_stall_s):
            if any(job.away_since_s is not None for job in self._table.jobs_of(session)):
                continue  # its client may come back within the lease
            self.uploads.close(session, digest)
            for job in self._table.jobs_of(session):
                execution = self._claims.execution(job)
                if execution is not None and digest in execution.missing:
                    self._expire(job, "The upload of an input stood still for too long.")

    def _expire(self, job: Job, text: str) -> None:
        self._end(job, to_ended(job.id, "expired", ExpiredError(text)), None)

    # Accepting.

    def _accept(self, owner: Owner, submit: JobSubmit, re: int) -> None:
        self._check_room()
        work = self._intake.resolve(owner, submit.work)
        lease_s = submit.lease_ms / 1000 or self._terms.lease_s
        job = Job(submit.job_id, owner, work, work.key(), lease_s, submit.priority)
        if submit.deadline_ms:
            job.deadline_s = self._clock() + submit.deadline_ms / 1000
        outcome = self._results.find(owner.show, job.work_key)
        if outcome is None:
            self._claims.attach(job, submit.priority, self._intake.output_bytes(work))
        self._record(job, submit.priority)
        self._table.jobs[job.id] = job
        self._metrics.jobs_accepted.inc()
        if outcome is not None:
            self._metrics.cache_hits.inc()
            self._claims.keep(job, outcome)
            self._outbox.send(owner.session, self._accepted(job), re)
            self._say_where(job, None)
            return
        self._say_where(job, re)
        self._start_if_supplied(job)

    def _check_room(self) -> None:
        if self.draining:
            raise BusyError("The server is about to restart.")
        if len(self._table.jobs) >= self._terms.jobs_max:
            raise BusyError("The server has as many open jobs as it takes.")

    def _record(self, job: Job, priority: str) -> None:
        if self._orphans.pop(job.id, None) is not None:
            return
        work = job.work
        try:
            self._journal.accept(
                job.id,
                job.owner.show,
                job.owner.user,
                work.package.reference,
                work.package.digest,
                job.work_key,
                priority,
                job.lease_s,
            )
        except FilmgateError:
            self._leave(job)
            raise

    def _start_if_supplied(self, job: Job) -> None:
        execution = self._claims.execution(job)
        if execution is not None and execution.stage == "missing" and not execution.missing:
            self._dispatch.enqueue(execution)

    def _supply(self, execution: Execution, blob: Blob) -> None:
        self._claims.supply(execution, blob)
        if not execution.missing:
            self._dispatch.enqueue(execution)
            return
        for job_id in execution.jobs:  # the list of what is missing may have been cut short
            if len(execution.missing) % MISSING_MAX == 0:
                self._say_where(self._table.jobs[job_id], None)

    # Where a job stands.

    def _say_where(self, job: Job, re: int | None) -> None:
        session = job.owner.session
        if job.outcome is not None:
            outcome = job.outcome
            ready = JobReady(job.id, outcome.outputs, outcome.warnings, outcome.timings_ms)
            self._outbox.send(session, ready, re)
            return
        self._outbox.send(session, self._accepted(job), re)

    def _accepted(self, job: Job) -> JobAccepted:
        execution = self._claims.execution(job)
        missing = self._claims.missing(job)[:MISSING_MAX]
        place = self._dispatch.waiting(execution) if execution is not None else 0
        work = job.work
        return JobAccepted(
            job.id, job.work_key, work.package.digest, work.numerics, tuple(missing), place
        )

    def _progress(self, job: Job, execution: Execution) -> JobProgress:
        place = self._dispatch.waiting(execution)
        return JobProgress(job.id, execution.stage, place, execution.done, execution.total)

    def _answer_from_journal(self, owner: Owner, job_id: bytes, re: int) -> bool:
        entry = self._journal.find(job_id)
        if entry is None:
            return False
        self._check_owner(owner, entry.user, entry.show)
        if entry.ended is None:
            return False
        self._outbox.send(owner.session, entry.ended, re)
        return True

    def _job_of(self, owner: Owner, job_id: bytes, re: int) -> Job | None:
        """Return an open job; a job that has ended is answered here, an unknown one raises."""
        job = self._table.jobs.get(job_id)
        if job is not None:
            self._check_owner(owner, job.owner.user, job.owner.show)
            return job
        if not self._answer_from_journal(owner, job_id, re):
            raise UnknownJobError("The server knows no such job.")
        return None

    def _check_owner(self, owner: Owner, user: str, show: str) -> None:
        if (owner.user, owner.show) != (user, show):
            raise DeniedError("This job belongs to somebody else.")

    # Ready.

    def _redo(self, job: Job) -> None:
        outcome, job.outcome = job.outcome, None
        try:
            self._claims.attach(job, job.priority, self._intake.output_bytes(job.work))
        except FilmgateError:
            job.outcome = outcome  # the client will ask again
            raise
        self._claims.let_go(job)
        self._start_if_supplied(job)

    # Ending.

    def _end(self, job: Job, ended: JobEnded, re: int | None) -> None:
        """Write a job's one outcome and tell it; `tick` tries again while the journal is full."""
        job.ending = job.ending or ended
        try:
            final = self._journal.end(job.ending)
        except StorageError as failure:
            log.warning("journal cannot be written", error=failure.text)
            return
        del self._table.jobs[job.id]
        self._claims.let_go(job)
        self._leave(job)
        self._metrics.count_end(final.outcome, final.code)
        self._outbox.send(job.owner.session, final, re)

    def _leave(self, job: Job) -> None:
        unwanted = self._claims.detach(job)
        if unwanted is not None:
            self._dispatch.abandon(unwanted)

    def _refuse(self, owner: Owner, job_id: bytes, error: FilmgateError, re: int) -> None:
        self._metrics.jobs_refused.labels(reason=error.code).inc()
        retry_after_ms = RETRY_AFTER_MS if error.retryable else 0
        self._outbox.send(owner.session, to_refused(job_id, error, retry_after_ms), re)

    @property
    def _dispatch(self) -> Dispatcher:
        if self.dispatcher is None:
            raise BusyError("The server has not finished starting.")
        return self.dispatcher
