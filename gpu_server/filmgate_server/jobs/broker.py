"""The life of a job: accepted, supplied, ready, ended; exactly one outcome each."""

from __future__ import annotations

from collections.abc import Callable

from filmgate.errors import (
    BusyError,
    CancelledError,
    FilmgateError,
    StorageError,
    UnknownBlobError,
    UnknownJobError,
)
from filmgate.wire.messages import (
    BlobDone,
    BlobPut,
    JobEnded,
    JobSubmit,
    to_ended,
    to_refused,
)
from filmgate_server.access.port import Access, OwnJobs
from filmgate_server.jobs.acceptance import Acceptance
from filmgate_server.jobs.admission import Admission
from filmgate_server.jobs.answers import Answers, Outbox
from filmgate_server.jobs.claims import Claims
from filmgate_server.jobs.dispatcher import Dispatcher
from filmgate_server.jobs.expiry import Expiry
from filmgate_server.jobs.intake import Intake
from filmgate_server.jobs.journal import Journal
from filmgate_server.jobs.results import Results
from filmgate_server.jobs.table import Execution, Job, JobTable, Outcome, Owner
from filmgate_server.operations.metrics import Metrics
from filmgate_server.store.content import Blob, Store
from filmgate_server.store.uploads import Uploads


class Broker:
    """Every open job; all of it on one thread.

    Args:
        table: jobs and executions.
        store: the blobs.
        journal: what was promised.
        intake: resolves submissions.
        outbox: where answers go.
        admission: whether there is room, and on which terms.
        clock: seconds, monotonic.

    Attributes:
        access: who may do what.
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
        admission: Admission,
        clock: Callable[[], float],
    ) -> None:
        self.access: Access = OwnJobs()
        self.dispatcher: Dispatcher | None = None
        self.draining = False
        self.uploads = Uploads(store, clock)
        self._table = table
        self._store = store
        self._journal = journal
        self._outbox = outbox
        self._metrics = metrics
        self._clock = clock
        self._admission = admission
        self._claims = Claims(table, store, self.uploads, admission)
        self._answers = Answers(outbox, self._claims, lambda: self._dispatch)
        self._expiry = Expiry(
            table, self._claims, self.uploads, journal, admission.terms, clock, self._end
        )
        self._results = Results(store)
        self._acceptance = Acceptance(
            table,
            intake,
            admission,
            self._claims,
            self._results,
            journal,
            self._expiry,
            self._answers,
            metrics,
            clock,
            lambda: self._dispatch,
            self._end,
        )

    # What a client asks for.

    def submit(self, owner: Owner, submit: JobSubmit, re: int) -> None:
        """Accept or refuse a job; a known *job_id* is answered with where it stands."""
        try:
            job = self._table.jobs.get(submit.job_id)
            if job is not None:
                self.access.check_job(owner, job.owner.user, job.owner.show)
                self._claims.take_over(job, owner)
                self._answers.say_where(job, re)
            elif not self._answer_from_journal(owner, submit.job_id, re):
                self._accept(owner, submit, re)
        except FilmgateError as error:
            self._refuse(owner, submit.job_id, error, re)

    def acknowledge(self, owner: Owner, job_id: bytes, re: int) -> None:
        """End a ready job as a result; the client has verified every output."""
        job = self._job_of(owner, job_id, re)
        if job is None:
            return
        if job.outcome is None:
            self._answers.say_where(job, re)
            return
        self._end(job, JobEnded(job_id, "result"), re)

    def cancel(self, owner: Owner, job_id: bytes, re: int) -> None:
        """End a job as cancelled, unless it has ended."""
        ended = to_ended(job_id, "cancelled", CancelledError("The job was cancelled."))
        if self._expiry.is_orphan(job_id):
            self._end_orphan(owner, ended)
        job = self._table.jobs.get(job_id)
        if job is None:
            self._job_of(owner, job_id, re)
            return
        self.access.check_cancel(owner, job.owner.user, job.owner.show)
        if job.owner.session == owner.session:
            self._end(job, ended, re)
            return
        self._end(job, ended)
        self._outbox.send(owner.session, job.ending or ended, re)

    def query(self, owner: Owner, job_id: bytes, re: int) -> None:
        """Say where a job stands; one that has lost its outputs is done again."""
        job = self._job_of(owner, job_id, re)
        if job is None:
            return
        if job.outcome is not None and not self._results.present(job.owner.show, job.outcome):
            self._acceptance.redo(job)
        self._answers.say_where(job, re)

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
            self._acceptance.supply(execution, blob)

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
            self._claims.come_back(job)

    def is_idle(self, session: bytes) -> bool:
        """Return whether a session has no open job: nothing is lost if it is forgotten."""
        return not self._table.jobs_of(session)

    def tick(self) -> bool:
        """Expire what has run out of time; return whether more of it is left for the next turn."""
        return self._expiry.tick()

    # What the dispatcher tells.

    def progressed(self, execution: Execution) -> None:
        """Tell each waiting client how far its job is."""
        self._answers.say_progress(execution)

    def finished(self, execution: Execution, outcome: Outcome) -> None:
        """Offer the result to each job; remember it unless other work than asked for was done."""
        self._metrics.executions.labels(outcome="result").inc()
        if outcome.numerics == execution.work.numerics:
            self._results.remember(execution.work.show, execution.work_key, outcome)
        for job in list(execution.jobs.values()):
            self._claims.keep(job, outcome)
            self._answers.say_where(job)

    def failed(self, execution: Execution, error: FilmgateError) -> None:
        """End each job of a failed execution with the error."""
        self._metrics.executions.labels(outcome=error.code).inc()
        for job in list(execution.jobs.values()):
            self._end(job, to_ended(job.id, "error", error))

    def _accept(self, owner: Owner, submit: JobSubmit, re: int) -> None:
        self.access.check_submit(owner, submit)
        if self.draining:
            raise BusyError("The server is about to restart.")
        self._acceptance.accept(owner, submit, re)

    # Looking up.

    def _answer_from_journal(self, owner: Owner, job_id: bytes, re: int) -> bool:
        entry = self._journal.find(job_id)
        if entry is None:
            return False
        self.access.check_job(owner, entry.user, entry.show)
        if entry.ended is None:
            return False
        self._outbox.send(owner.session, entry.ended, re)
        return True

    def _job_of(self, owner: Owner, job_id: bytes, re: int) -> Job | None:
        """Return an open job; a job that has ended is answered here, an unknown one raises."""
        job = self._table.jobs.get(job_id)
        if job is not None:
            self.access.check_job(owner, job.owner.user, job.owner.show)
            return job
        if not self._answer_from_journal(owner, job_id, re):
            raise UnknownJobError("The server knows no such job.")
        return None

    @property
    def _dispatch(self) -> Dispatcher:
        if self.dispatcher is None:
            raise BusyError("The server has not finished starting.")
        return self.dispatcher

    # Ending.

    def _end(self, job: Job, ended: JobEnded, re: int | None = None) -> None:
        """Write a job's one outcome and tell it; `tick` tries again while the journal is full."""
        job.ending = job.ending or ended
        try:
            final = self._journal.end(job.ending)
        except StorageError:
            return
        self._table.drop(job)
        self._acceptance.leave(job)
        self._metrics.count_end(final.outcome, final.code)
        self._answers.send(job, final, re)

    def _end_orphan(self, owner: Owner, ended: JobEnded) -> None:
        """End a job from before a restart that its client has not submitted again."""
        entry = self._journal.find(ended.job_id)
        if entry is not None:
            self.access.check_job(owner, entry.user, entry.show)
            self._journal.end(ended)
        self._expiry.adopt(ended.job_id)

    def _refuse(self, owner: Owner, job_id: bytes, error: FilmgateError, re: int) -> None:
        self._metrics.jobs_refused.labels(reason=error.code).inc()
        retry_after_ms = self._admission.retry_after_ms() if error.retryable else 0
        self._outbox.send(owner.session, to_refused(job_id, error, retry_after_ms), re)
