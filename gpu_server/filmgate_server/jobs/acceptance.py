"""Accepting jobs: checked, given what they claim, journalled, and bound to an execution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from filmgate.errors import BusyError, FilmgateError, SupersededError
from filmgate.wire.messages import JobEnded, JobSubmit, to_ended
from filmgate_server.jobs.admission import Admission
from filmgate_server.jobs.answers import MISSING_MAX, Answers
from filmgate_server.jobs.claims import Claims
from filmgate_server.jobs.dispatcher import Dispatcher
from filmgate_server.jobs.expiry import Expiry
from filmgate_server.jobs.intake import Intake
from filmgate_server.jobs.journal import Journal
from filmgate_server.jobs.results import Results
from filmgate_server.jobs.table import Execution, Job, JobTable, Owner
from filmgate_server.operations.metrics import Metrics
from filmgate_server.store.content import Blob


@dataclass(frozen=True)
class Acceptance:
    """Ties jobs to the work they want, and unties them.

    Attributes:
        table: the open jobs.
        intake: resolves what is asked for.
        admission: whether there is room.
        claims: what jobs take.
        results: work that has been done.
        journal: what was promised.
        expiry: knows the jobs from before a restart.
        answers: what clients are told.
        metrics: counts.
        clock: seconds, monotonic.
        dispatcher: runs executions.
        end: ends a job.
    """

    table: JobTable
    intake: Intake
    admission: Admission
    claims: Claims
    results: Results
    journal: Journal
    expiry: Expiry
    answers: Answers
    metrics: Metrics
    clock: Callable[[], float]
    dispatcher: Callable[[], Dispatcher]
    end: Callable[[Job, JobEnded], None]

    def accept(self, owner: Owner, submit: JobSubmit, re: int) -> None:
        """Accept a job; the older ones of its lane end, before it if it has room only then.

        Raises:
            FilmgateError: it is not accepted; the older ones go on.
        """
        job = self._job_from(owner, submit)
        try:
            self._take(job, re)
        except BusyError:
            if not self._fits_in_place_of(self.table.older_in_lane(job), job):
                raise
            self._supersede(job)
            self._take(job, re)
        else:
            self._supersede(job)

    def redo(self, job: Job) -> None:
        """Do the work of a job again whose outputs were lost.

        Raises:
            FilmgateError: not now; the job stays as it was, and its client will ask again.
        """
        outcome, job.outcome = job.outcome, None
        try:
            self.claims.attach(job, self.intake.output_bytes(job.work))
        except FilmgateError:
            job.outcome = outcome
            raise
        self.claims.let_go(job)
        self._join(job)

    def supply(self, execution: Execution, blob: Blob) -> None:
        """Give an execution an input that has arrived, and start it after the last one."""
        self.claims.supply(execution, blob)
        if not execution.missing:
            self.dispatcher().enqueue(execution)
        elif len(execution.missing) % MISSING_MAX == 0:
            for job in execution.jobs.values():  # the list of what is missing was cut short
                self.answers.say_where(job)

    def leave(self, job: Job) -> None:
        """Give back what a job claims; its execution ends unless another job wants it."""
        execution = self.claims.detach(job)
        self.claims.end(job)
        if execution is None:
            return
        if execution.jobs:
            self.dispatcher().revise(execution)
        else:
            self.dispatcher().abandon(execution)

    def _job_from(self, owner: Owner, submit: JobSubmit) -> Job:
        work = self.intake.resolve(owner, submit.work)
        lease_s = self.admission.terms.lease_of(submit.priority, submit.lease_ms)
        job = Job(submit.job_id, owner, work, work.key(), lease_s, submit.priority, submit.lane)
        if submit.deadline_ms:
            job.deadline_s = self.clock() + submit.deadline_ms / 1000
        return job

    def _take(self, job: Job, re: int) -> None:
        self.admission.check_jobs(job.owner.user)
        outcome = self.results.find(job.owner.show, job.work_key)
        if outcome is None:
            self.claims.attach(job, self.intake.output_bytes(job.work))
        else:
            self.claims.check_kept(job, outcome)
        self._record(job)
        self.table.add(job)
        self.admission.admitted(job.owner.user)
        self.metrics.jobs_accepted.inc()
        if outcome is None:
            self.answers.say_where(job, re)
            self._join(job)
            return
        self.metrics.cache_hits.inc()
        self.claims.keep(job, outcome)
        self.answers.say_accepted(job, re)
        self.answers.say_where(job)

    def _fits_in_place_of(self, older: list[Job], newer: Job) -> bool:
        """Return whether the newer job is sure to be taken once the older ones have ended."""
        if not older:
            return False
        outcome = self.results.find(newer.owner.show, newer.work_key)
        try:
            self.admission.check_jobs(newer.owner.user, len(older))
            if outcome is not None:
                self.claims.check_kept(newer, outcome, older)
        except BusyError:
            return False
        output_bytes = self.intake.output_bytes(newer.work)
        return outcome is not None or self.claims.fits_in_place_of(older, newer, output_bytes)

    def _supersede(self, newer: Job) -> None:
        """End what the artist no longer looks at."""
        error = SupersededError("A newer frame has taken this one's place.")
        for job in self.table.older_in_lane(newer):
            self.end(job, to_ended(job.id, "cancelled", error))

    def _record(self, job: Job) -> None:
        if self.expiry.adopt(job.id):
            return
        work = job.work
        try:
            self.journal.accept(
                job.id,
                job.owner.show,
                job.owner.user,
                work.package.reference,
                work.package.digest,
                job.work_key,
                job.priority,
                job.lease_s,
            )
        except FilmgateError:
            self.leave(job)
            raise

    def _join(self, job: Job) -> None:
        """Start the execution if it has all that it needs, or let it know of one more job."""
        execution = self.claims.execution(job)
        if execution is None:
            return
        if execution.stage == "missing" and not execution.missing:
            self.dispatcher().enqueue(execution)
        else:
            self.dispatcher().revise(execution)
