"""The client's side of the protocol: every open job and question, on the link's thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Optional, Union

from filmgate.errors import (
    BusyError,
    CancelledError,
    FilmgateError,
    IntegrityError,
    StorageError,
    UnknownJobError,
)
from filmgate.job import Job, Output, Progress, Result
from filmgate.link import Link, LinkEvents
from filmgate.questions import Questions
from filmgate.transfer import ATTEMPTS_MAX, Incoming, Outgoing, Receiving
from filmgate.wire.messages import (
    BlobData,
    BlobDone,
    BlobGet,
    Credit,
    Drain,
    Error,
    Hello,
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
    Welcome,
    from_error,
)
from filmgate.wire.records import BlobRef, WorkSpec

WINDOW_BYTES = 8 << 20
"""How many bytes of results the server may send before we have read them."""

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


class Conversation(LinkEvents):
    """Jobs and questions over one link; everything but `post` belongs to the link's thread.

    Attributes:
        connected: set while a session is open, and when none ever will be.
        fatal: why the server has turned us away, if it has.
        link: the connection.
    """

    def __init__(self, server: str, hello: Hello) -> None:
        self.connected = threading.Event()
        self.fatal: Optional[FilmgateError] = None
        self._jobs: dict[bytes, _Open] = {}
        self._about: dict[int, bytes] = {}
        self._fetches: dict[int, bytes] = {}
        self._questions = Questions()
        self._outgoing = Outgoing()
        self._incoming = Incoming()
        self._consumed = 0
        self._blobs: dict[bytes, list[Callable[[Any], None]]] = {}
        self._handlers = self._handler_table()
        self.link = Link(server, hello, self)
        self.link.start()

    def ask(self, message: Message, answered: Callable[[Any], None]) -> None:
        """Ask the server; *answered* gets its message or an error."""
        if self.fatal is not None:
            answered(self.fatal)
        elif self.link.welcome is None:
            self._questions.note(-id(message), message, answered)
        else:
            self._questions.note(self.link.send(message), message, answered)

    def fetch(self, ref: BlobRef, answered: Callable[[Any], None]) -> None:
        """Fetch a blob that belongs to no job; *answered* gets its bytes or an error."""
        if self.fatal is not None:
            answered(self.fatal)
            return
        try:
            receiving = self._incoming.want(ref, ref.digest)
        except StorageError as error:
            answered(error)
            return
        self._blobs.setdefault(ref.digest, []).append(answered)
        if receiving.complete:
            self._arrived(receiving)
        self._ask_blobs()

    def begin(self, job: Job) -> None:
        """Submit a job, now or as soon as a session is open."""
        if self.fatal is not None:
            _fail(job, self.fatal)
            return
        opened = _Open(job, time.monotonic())
        self._jobs[job.id] = opened
        if self.link.welcome is not None:
            self._submit(opened)

    def _submit(self, opened: _Open) -> None:
        job, options = opened.job, opened.job.options
        work = job.work
        spec = WorkSpec(
            work.model,
            work.params,
            inputs=job.refs,
            layers=work.layers,
            time=work.time,
            wish=work.wish,
        )
        submit = JobSubmit(
            job.id,
            spec,
            options.priority,
            round(options.deadline_s * 1000),
            round(options.lease_s * 1000),
            options.lane,
        )
        opened.retry_at_s = None
        try:
            self._tell(submit, job.id)
        except FilmgateError as error:
            self._finish(job.id, error)
            return
        if opened.cancelled:
            self._tell(JobCancel(job.id), job.id)

    def _tell(self, message: Message, job_id: bytes) -> None:
        """Send a message about a job, so that an error in answer to it finds the job."""
        self._about[self.link.send(message)] = job_id

    def cancel(self, job: Job) -> None:
        """Ask for the end of a job."""
        opened = self._jobs.get(job.id)
        if opened is None:
            return
        opened.cancelled = True
        if opened.retry_at_s is not None and opened.accepted is None:
            self._finish(job.id, CancelledError("The job was cancelled."))
        elif self.link.welcome is not None:
            self._tell(JobCancel(job.id), job.id)

    def opened(self, welcome: Welcome) -> None:
        """Submit what is open, again if need be, and ask the open questions again."""
        self._outgoing.reset(welcome.chunk_bytes, welcome.credit_bytes)
        self._incoming.reset()
        self._about.clear()
        self._fetches.clear()
        self._consumed = 0
        self.link.send(Credit(WINDOW_BYTES))
        for opened in list(self._jobs.values()):
            opened.ready = None
            self._submit(opened)
        for message, answered in self._questions.take_all():
            self.ask(message, answered)
        self._ask_blobs()
        self.connected.set()

    def closed(self) -> None:
        """Note that the connection is gone; the jobs stay open."""
        self.connected.clear()

    def failed(self, error: FilmgateError) -> None:
        """End everything: the server has turned us away."""
        self.fatal = error
        self.fail_all(error)
        self.connected.set()

    def received(self, message: Message, re: Optional[int], piece: memoryview) -> None:
        """Take a message."""
        if re is not None and not isinstance(message, Error):
            self._about.pop(re, None)
        handler = self._handlers.get(type(message))
        if handler is not None:
            handler(message, re, piece)
        elif not self._questions.answer(re, message):
            log.info("message of kind %s was not expected", message.kind)

    def turned(self) -> None:
        """Send what the credit allows, and what is due to be tried again."""
        if self.link.welcome is None:
            return
        now_s = time.monotonic()
        for opened in list(self._jobs.values()):
            if opened.retry_at_s is not None and now_s >= opened.retry_at_s:
                self._submit(opened)
        self._send_pieces()

    def _handler_table(
        self,
    ) -> dict[type[Message], Callable[[Any, Optional[int], memoryview], None]]:
        return {
            JobAccepted: self._on_accepted,
            JobRefused: self._on_refused,
            JobProgress: self._on_progress,
            JobReady: self._on_ready,
            JobEnded: self._on_ended,
            BlobData: self._on_data,
            BlobDone: self._on_done,
            Credit: self._on_credit,
            Error: self._on_error,
            Drain: self._on_drain,
        }

    def _on_accepted(self, accepted: JobAccepted, re: Optional[int], _: memoryview) -> None:
        opened = self._jobs.get(accepted.job_id)
        if opened is None:
            return
        opened.accepted, opened.ready = accepted, None
        for missing in accepted.missing:
            if missing.digest in opened.job.digests:
                blob, data = opened.job.digests[missing.digest]
                if self._outgoing.want(missing, blob, data):
                    opened.uploaded_bytes += blob.size_bytes - missing.offset
        stage = "sending" if accepted.missing else "queued"
        _report(opened.job, Progress(stage, accepted.place))
        self._send_pieces()

    def _on_refused(self, refused: JobRefused, re: Optional[int], _: memoryview) -> None:
        opened = self._jobs.get(refused.job_id)
        if opened is None:
            return
        self._retry_or_fail(opened, from_error(refused), refused.retry_after_ms / 1000)

    def _retry_or_fail(self, opened: _Open, error: FilmgateError, after_s: float) -> None:
        """Submit again after a while, if that may help and the job has patience."""
        now_s = time.monotonic()
        if opened.cancelled:
            self._finish(opened.job.id, CancelledError("The job was cancelled."))
        elif after_s and now_s < opened.started_s + opened.job.options.patience_s:
            opened.retry_at_s = now_s + after_s
            _report(opened.job, Progress("waiting"))
        else:
            if opened.accepted is not None:
                self.link.send(JobCancel(opened.job.id))
            self._finish(opened.job.id, error)

    def _on_progress(self, progress: JobProgress, re: Optional[int], _: memoryview) -> None:
        opened = self._jobs.get(progress.job_id)
        if opened is not None:
            eta_s = progress.eta_ms / 1000
            seen = Progress(progress.stage, progress.place, progress.done, progress.total, eta_s)
            _report(opened.job, seen)

    def _on_ready(self, ready: JobReady, re: Optional[int], _: memoryview) -> None:
        opened = self._jobs.get(ready.job_id)
        if opened is None:
            return
        opened.ready = ready
        _report(opened.job, Progress("ready"))
        try:
            for ref in ready.outputs:
                self._incoming.want(ref, ready.job_id)
        except StorageError as error:
            self.link.send(JobCancel(ready.job_id))
            self._finish(ready.job_id, error)
            return
        self._acknowledge_complete([ready.job_id])
        self._ask_blobs()

    def _on_ended(self, ended: JobEnded, re: Optional[int], _: memoryview) -> None:
        opened = self._jobs.get(ended.job_id)
        if opened is None:
            return
        if ended.outcome != "result":
            self._finish(ended.job_id, from_error(ended))
            return
        result = opened.result or self._result(opened)
        if result is None:
            error = StorageError("The result was acknowledged before, and is gone.")
            self._finish(ended.job_id, error)
            return
        self._finish(ended.job_id, result)

    def _on_data(self, data: BlobData, re: Optional[int], piece: memoryview) -> None:
        self._consume(len(piece))
        receiving = self._incoming.find(data.digest)
        if receiving is None or not receiving.asked:
            return
        try:
            complete = receiving.add(data, piece)
        except IntegrityError as error:
            self._ask_again(receiving, error)
            return
        if complete:
            self._arrived(receiving)
            self._ask_blobs()

    def _on_done(self, done: BlobDone, re: Optional[int], _: memoryview) -> None:
        self._outgoing.drop(done.digest)

    def _on_credit(self, credit: Credit, re: Optional[int], _: memoryview) -> None:
        self._outgoing.credit += credit.size
        self._send_pieces()

    def _on_drain(self, drain: Drain, re: Optional[int], _: memoryview) -> None:
        log.info("the server is about to restart")

    def _on_error(self, message: Error, re: Optional[int], _: memoryview) -> None:
        error = from_error(message)
        if re in self._about:
            opened = self._jobs.get(self._about.pop(re))
            if opened is not None:
                # A server that was started again knows a job only once it is submitted again.
                again = error.retryable or isinstance(error, UnknownJobError)
                self._retry_or_fail(opened, error, RETRY_S if again else 0.0)
        elif re in self._fetches:
            self._fetch_failed(self._fetches.pop(re), error)
        elif "digest" in error.detail:
            self._put_failed(error)
        elif not self._questions.answer(re, error):
            log.warning("the server reports: %s", error)

    def _put_failed(self, error: FilmgateError) -> None:
        """Send a piece again, or all of it later if the server has no memory for it now."""
        digest, offset = _place(error)
        waiting = [opened for opened in self._jobs.values() if digest in opened.job.digests]
        if isinstance(error, (BusyError, StorageError)):
            self._outgoing.drop(digest)
            for opened in waiting:
                self._retry_or_fail(opened, error, RETRY_S)
            return
        try:
            self._outgoing.restart(digest, offset)
        except IntegrityError as final:
            for opened in waiting:
                self.link.send(JobCancel(opened.job.id))
                self._finish(opened.job.id, final)

    def _fetch_failed(self, digest: bytes, error: FilmgateError) -> None:
        """Let the server look again at the jobs whose result it has lost."""
        receiving = self._incoming.find(digest)
        if receiving is None:
            return
        for job_id in list(receiving.jobs):
            self._incoming.release(job_id)
            if job_id in self._jobs:
                self._tell(JobQuery(job_id), job_id)
            for answered in self._blobs.pop(job_id, []):
                answered(error)

    def _ask_again(self, receiving: Receiving, error: IntegrityError) -> None:
        log.warning("%s", error)
        if receiving.attempts < ATTEMPTS_MAX:
            self._ask_blobs()
            return
        for job_id in list(receiving.jobs):
            self.link.send(JobCancel(job_id))
            self._finish(job_id, error)

    def _consume(self, size_bytes: int) -> None:
        self._consumed += size_bytes
        if self._consumed >= WINDOW_BYTES // 4:
            self.link.send(Credit(self._consumed))
            self._consumed = 0

    def _send_pieces(self) -> None:
        for put, piece in self._outgoing.pieces():
            self.link.send(put, piece)

    def _ask_blobs(self) -> None:
        if self.link.welcome is None:
            return
        for receiving in self._incoming.to_ask():
            number = self.link.send(BlobGet(receiving.digest, receiving.hasher.size_bytes))
            self._fetches[number] = receiving.digest

    def _arrived(self, receiving: Receiving) -> None:
        self._fetches = {key: at for key, at in self._fetches.items() if at != receiving.digest}
        for answered in self._blobs.pop(receiving.digest, []):
            answered(receiving.buffer)
        self._acknowledge_complete(list(receiving.jobs))
        self._incoming.release(receiving.digest)

    def _acknowledge_complete(self, job_ids: Iterable[bytes]) -> None:
        for job_id in job_ids:
            opened = self._jobs.get(job_id)
            result = self._result(opened) if opened is not None else None
            if opened is not None and result is not None:
                opened.result = result  # what it ends with, even if only a later connection says so
                self._tell(JobAck(job_id), job_id)

    def _result(self, opened: _Open) -> Optional[Result]:
        """Return the result if every output is here."""
        ready, accepted = opened.ready, opened.accepted
        if ready is None:
            return None
        found = [(ref, self._incoming.find(ref.digest)) for ref in ready.outputs]
        if any(blob is None or not blob.complete for _, blob in found):
            return None
        outputs = tuple(
            Output(ref.name, blob.buffer.toreadonly(), ref.media, ref.time, ref.view)
            for ref, blob in found
            if blob is not None
        )
        return Result(
            outputs,
            ready.warnings,
            accepted.package if accepted is not None else b"",
            accepted.work_key if accepted is not None else b"",
            ready.numerics or (accepted.numerics if accepted is not None else ""),
            ready.timings_ms,
            opened.uploaded_bytes,
        )

    def _finish(self, job_id: bytes, outcome: Union[Result, FilmgateError]) -> None:
        opened = self._jobs.pop(job_id, None)
        self._incoming.release(job_id)
        if opened is None:
            return
        wanted: set[bytes] = set()
        for other in self._jobs.values():
            wanted.update(other.job.digests)
        for digest in set(opened.job.digests) - wanted:
            self._outgoing.drop(digest)
        if isinstance(outcome, FilmgateError):
            _fail(opened.job, outcome)
            return
        _report(opened.job, Progress("result"))
        opened.job.future.set_result(outcome)

    def shut(self, error: FilmgateError) -> None:
        """End every job and question with *error*, and those that may still come."""
        self.fatal = error
        self.fail_all(error)

    def fail_all(self, error: FilmgateError) -> None:
        """End every open job and question with *error*."""
        for job_id in list(self._jobs):
            self._finish(job_id, error)
        self._questions.fail_all(error)
        for answered in [each for waiting in self._blobs.values() for each in waiting]:
            answered(error)
        self._blobs.clear()


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


def _fail(job: Job, error: FilmgateError) -> None:
    _report(job, Progress(error.code))
    job.future.set_exception(error)
