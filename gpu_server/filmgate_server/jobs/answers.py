"""What clients are told of their jobs: where each stands and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from filmgate.wire.messages import JobAccepted, JobProgress, JobReady, Message
from filmgate_server.jobs.claims import Claims
from filmgate_server.jobs.dispatcher import Dispatcher
from filmgate_server.jobs.table import Execution, Job

MISSING_MAX = 200


class Outbox(Protocol):
    """Where messages to clients go; one for a session that is away is dropped."""

    def send(self, session: bytes, message: Message, re: int | None = None) -> None:
        """Send *message*, perhaps as the answer to request *re*."""
        ...


class Answers:
    """Tells clients where their jobs stand.

    Args:
        outbox: where messages go.
        claims: what jobs wait for.
        dispatcher: what they wait behind.
    """

    def __init__(
        self, outbox: Outbox, claims: Claims, dispatcher: Callable[[], Dispatcher]
    ) -> None:
        self._outbox = outbox
        self._claims = claims
        self._dispatcher = dispatcher

    def send(self, job: Job, message: Message, re: int | None = None) -> None:
        """Send a message about a job to whoever it belongs to now."""
        self._outbox.send(job.owner.session, message, re)

    def say_where(self, job: Job, re: int | None = None) -> None:
        """Say that a job is ready, or accepted and what is missing."""
        self.send(job, _ready(job) or self.accepted(job), re)

    def say_accepted(self, job: Job, re: int | None = None) -> None:
        """Say that a job is accepted, whether or not it is ready already."""
        self.send(job, self.accepted(job), re)

    def say_progress(self, execution: Execution) -> None:
        """Tell each client who waits for an execution how far it is."""
        place, eta_s = self._dispatcher().outlook(execution)
        stage, done, total = execution.stage, execution.done, execution.total
        eta_ms = round(eta_s * 1000)
        for job in execution.jobs.values():
            self.send(job, JobProgress(job.id, stage, place, done, total, eta_ms))

    def accepted(self, job: Job) -> JobAccepted:
        """Return what a client whose job was taken needs to know."""
        execution = self._claims.execution(job)
        missing = self._claims.missing(job)[:MISSING_MAX]
        place = self._dispatcher().outlook(execution).place if execution is not None else 0
        work = job.work
        return JobAccepted(
            job.id, job.work_key, work.package.digest, work.numerics, tuple(missing), place
        )


def _ready(job: Job) -> JobReady | None:
    outcome = job.outcome
    if outcome is None:
        return None
    return JobReady(job.id, outcome.outputs, outcome.warnings, outcome.timings_ms, outcome.numerics)
