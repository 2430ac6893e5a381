"""The client's open jobs: submitted, supplied, fetched, acknowledged, ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Optional, Union

from filmgate.downloads import DownloadEvents, Downloads
from filmgate.errors import (
    BusyError,
    CancelledError,
    FilmgateError,
    IntegrityError,
    StorageError,
    UnknownJobError,
)
from filmgate.job import Job, Output, Progress, Result
from filmgate.link import Link
from filmgate.uploads import Uploads
from filmgate.wire.messages import (
    JobAccepted,
    JobAck,
    JobCancel,
    JobEnded,
    JobProgress,
    JobQuery,
    JobReady,
    JobRefused,
    JobSubmit,
    Message,
    from_error,
)
from filmgate.wire.records import WorkSpec

RETRY_S = 0.5
"""How long to wait after an error that may pass by itself."""

log = logging.getLogger("filmgate")


@dataclass
class _Open:
    """A job under way, as the link's thread sees it."""

    job: Job
    started_s: float
    accepted: Optional[JobAccepted] = None
    ready: Optional[JobReady] = None
    retry_at_s: Optional[float] = None
    cancelled: bool = False
    uploaded_bytes: int = 0
    result: Optional[Result] = None


class Submissions(DownloadEvents):
    """Every open job; all of it on the link's thread.

    Args:
        link: the connection.
        uploads: sends what the server lacks.

    Attributes:
        downloads: fetches results; set before the link starts.
    """

    downloads: Downloads

    def __init__(self, link: Link, uploads: Uploads) -> None:
        self._link = link
        self._uploads = uploads
        self._jobs: dict[bytes, _Open] = {}
        self._about: dict[int, bytes] = {}

    def begin(self, job: Job) -> None:
        """Submit a job, now or as soon as a session is open."""
        opened = _Open(job, time.monotonic())
        self._jobs[job.id] = opened
        if self._link.welcome is not None:
            self._submit(opened)

    def cancel(self, job: Job) -> None:
        """Ask for the end of a job."""
        opened = self._jobs.get(job.id)
        if opened is None:
            return
        opened.cancelled = True
        if opened.retry_at_s is not None and opened.accepted is None:
            self._finish(job.id, CancelledError("The job was cancelled."))
        elif self._link.welcome is not None:
            self._tell(JobCancel(job.id), job.id)

    def ending(self) -> list[Job]:
        """Return the jobs whose end was asked for and has not come yet."""
        return [each.job for each in self._jobs.values() if each.cancelled or each.result]

    def opened(self) -> None:
        """Submit everything on a new connection, again if need be."""
        self._about.clear()
        for opened in list(self._jobs.values()):
            opened.ready = None
            self._submit(opened)

    def turned(self) -> None:
        """Submit what is due to be tried again."""
        now_s = time.monotonic()
        for opened in list(self._jobs.values()):
            if opened.retry_at_s is not None and now_s >= opened.retry_at_s:
                self._submit(opened)

    def fail_all(self, error: FilmgateError) -> None:
        """End every open job with *error*."""
        for job_id in list(self._jobs):
            self._finish(job_id, error)

    # What the server says.

    def answered(self, number: int) -> None:
        """Note that a request was answered with something else than an error."""
        self._about.pop(number, None)

    def on_accepted(self, accepted: JobAccepted) -> None:
        """Send what the server lacks."""
        opened = self._jobs.get(accepted.job_id)
        if opened is None:
            return
        opened.accepted, opened.ready = accepted, None
        for missing in accepted.missing:
            if missing.digest in opened.job.digests:
                blob, data = opened.job.digests[missing.digest]
                if self._uploads.want(missing, blob, data):
                    opened.uploaded_bytes += blob.size_bytes - missing.offset
        stage = "sending" if accepted.missing else "queued"
        _report(opened.job, Progress(stage, accepted.place))
        self._uploads.pump()

    def on_refused(self, refused: JobRefused) -> None:
        """Try again later, or end the job."""
        opened = self._jobs.get(refused.job_id)
        if opened is not None:
            self._retry_or_fail(opened, from_error(refused), refused.retry_after_ms / 1000)

    def on_progress(self, progress: JobProgress) -> None:
        """Tell the listener."""
        opened = self._jobs.get(progress.job_id)
        if opened is not None:
            eta_s = progress.eta_ms / 1000
            seen = Progress(progress.stage, progress.place, progress.done, progress.total, eta_s)
            _report(opened.job, seen)

    def on_ready(self, ready: JobReady) -> None:
        """Fetch every output."""
        opened = self._jobs.get(ready.job_id)
        if opened is None:
            return
        opened.ready = ready
        _report(opened.job, Progress("ready"))
        try:
            for ref in ready.outputs:
                self.downloads.want(ref, ready.job_id)
        except StorageError as error:
            self._link.send(JobCancel(ready.job_id))
            self._finish(ready.job_id, error)
            return
        self.arrived([ready.job_id])
        self.downloads.ask()

    def on_ended(self, ended: JobEnded) -> None:
        """End the job here too."""
        opened = self._jobs.get(ended.job_id)
        if opened is None:
            return
        if ended.outcome != "result":
            self._finish(ended.job_id, from_error(ended))
            return
        gone = StorageError("The result was acknowledged before, and is gone.")
        self._finish(ended.job_id, opened.result or self._result(opened) or gone)

    def refused(self, number: Optional[int], error: FilmgateError) -> bool:
        """Take the error that answers request *number*; return whether it was about a job."""
        if number not in self._about:
            return False
        opened = self._jobs.get(self._about.pop(number))
        if opened is not None:
            # A server that was started again knows a job only once it is submitted again.
            again = error.retryable or isinstance(error, UnknownJobError)
            self._retry_or_fail(opened, error, RETRY_S if again else 0.0)
        return True

    def put_failed(self, error: FilmgateError) -> None:
        """Send a piece again, or all of it later if the server has no memory for it now."""
        digest, offset = _place(error)
        waiting = [opened for opened in self._jobs.values() if digest in opened.job.digests]
        if isinstance(error, (BusyError, StorageError)):
            self._uploads.drop(digest)
            for opened in waiting:
                self._retry_or_fail(opened, error, RETRY_S)
            return
        try:
            self._uploads.restart(digest, offset)
        except IntegrityError as final:
            self.damaged([opened.job.id for opened in waiting], final)

    # What the downloads say.

    def arrived(self, job_ids: Iterable[bytes]) -> None:
        """Acknowledge the jobs of which every output is here."""
        for job_id in job_ids:
            opened = self._jobs.get(job_id)
            result = self._result(opened) if opened is not None else None
            if opened is not None and result is not None:
                opened.result = result  # what it ends with, even if only a later connection says so
                self._tell(JobAck(job_id), job_id)

    def lost(self, job_ids: Iterable[bytes]) -> None:
        """Let the server look again at the jobs whose result it has lost."""
        for job_id in job_ids:
            if job_id in self._jobs:
                self._tell(JobQuery(job_id), job_id)

    def damaged(self, job_ids: Iterable[bytes], error: FilmgateError) -> None:
        """Give the jobs up: their pixels do not get through."""
        for job_id in job_ids:
            self._link.send(JobCancel(job_id))
            self._finish(job_id, error)

    def _submit(self, opened: _Open) -> None:
        opened.retry_at_s = None
        try:
            self._tell(_submission(opened.job), opened.job.id)
        except FilmgateError as error:
            self._finish(opened.job.id, error)
            return
        if opened.cancelled:
            self._tell(JobCancel(opened.job.id), opened.job.id)

    def _tell(self, message: Message, job_id: bytes) -> None:
        """Send a message about a job, so that an error in answer to it finds the job."""
        self._about[self._link.send(message)] = job_id

    def _retry_or_fail(self, opened: _Open, error: FilmgateError, after_s: float) -> None:
        """Submit again after a while, if that may help and the job has patience."""
        now_s = time.monotonic()
        if opened.cancelled:
            self._finish(opened.job.id, CancelledError("The job was cancelled."))
        elif after_s and now_s < opened.started_s + opened.job.options.patience_s:
            opened.retry_at_s = now_s + after_s
            _report(opened.job, Progress("waiting", text=error.text))
        else:
            if opened.accepted is not None:
                self._link.send(JobCancel(opened.job.id))
            self._finish(opened.job.id, error)

    def _result(self, opened: _Open) -> Optional[Result]:
        """Return the result if every output is here."""
        ready, accepted = opened.ready, opened.accepted
        if ready is None:
            return None
        outputs: list[Output] = []
        for ref in ready.outputs:
            content = self.downloads.find(ref.digest)
            if content is None:
                return None
            outputs.append(Output(ref.name, content.toreadonly(), ref.media, ref.time, ref.view))
        return Result(
            tuple(outputs),
            ready.warnings,
            accepted.package if accepted is not None else b"",
            accepted.work_key if accepted is not None else b"",
            ready.numerics or (accepted.numerics if accepted is not None else ""),
            ready.timings_ms,
            opened.uploaded_bytes,
        )

    def _finish(self, job_id: bytes, outcome: Union[Result, FilmgateError]) -> None:
        opened = self._jobs.pop(job_id, None)
        self.downloads.release(job_id)
        if opened is None:
            return
        wanted: set[bytes] = set()
        for other in self._jobs.values():
            wanted.update(other.job.digests)
        for digest in set(opened.job.digests) - wanted:
            self._uploads.drop(digest)
        if isinstance(outcome, FilmgateError):
            _report(opened.job, Progress(outcome.code))
            opened.job.future.set_exception(outcome)
            return
        _report(opened.job, Progress("result"))
        opened.job.future.set_result(outcome)


def _submission(job: Job) -> JobSubmit:
    work, options = job.work, job.options
    spec = WorkSpec(
        work.model,
        work.params,
        inputs=job.refs,
        layers=work.layers,
        time=work.time,
        wish=work.wish,
        colour=work.colour,
    )
    return JobSubmit(
        job.id,
        spec,
        options.priority,
        round(options.deadline_s * 1000),
        round(options.lease_s * 1000),
        options.lane,
    )


def _place(error: FilmgateError) -> tuple[bytes, int]:
    """Return the digest and the offset that an error about a piece names."""
    digest, offset = str(error.detail.get("digest")), error.detail.get("offset")
    try:
        return bytes.fromhex(digest), offset if isinstance(offset, int) else 0
    except ValueError:
        return b"", 0


def _report(job: Job, progress: Progress) -> None:
    try:
        job.report(progress)
    except Exception:  # a listener's fault must not end the thread that serves every job
        log.exception("a progress listener failed")
