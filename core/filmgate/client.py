"""The client: submit work to a server and get verified results back.

A definitive example::

    with Client("tcp://127.0.0.1:5700") as client:
        plate = Payload("color", Path("noisy.exr").read_bytes())
        result = client.run(Work("denoise", (plate,), params={"quality": "high"}))
        Path("clean.exr").write_bytes(result.output("color").data)
"""

from __future__ import annotations

import getpass
import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any, Callable, Optional

import filmgate
from filmgate.errors import (
    CancelledError,
    ConnectionLostError,
    FilmgateError,
    IntegrityError,
    StorageError,
    UnknownModelError,
)
from filmgate.job import Job, Listener, Options, Output, Progress, Result, Work
from filmgate.link import Link, LinkEvents, Requests, lost_error
from filmgate.manifest import Manifest, parse_manifest_json
from filmgate.transfer import ATTEMPTS_MAX, Incoming, Outgoing, Receiving
from filmgate.wire.messages import (
    BlobData,
    BlobDone,
    BlobGet,
    BlobRef,
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
    ModelsList,
    ModelsPage,
    ModelSummary,
    StatusGet,
    StatusPage,
    Welcome,
    WorkSpec,
    from_error,
)
from filmgate.wire.version import PROTOCOLS

WINDOW_BYTES = 8 << 20
"""How many bytes of results the server may send before we have read them."""
ANSWER_WITHIN_S = 30.0

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


class Client(LinkEvents):
    """A connection to one server, shared by any number of jobs and threads.

    It starts one thread, connects in the background, and reconnects by itself; open jobs are
    resumed. Pixels are kept until their job has ended.

    Args:
        server: the address, for example ``tcp://127.0.0.1:5700``.
        show: the show that inputs and results belong to.
        user: the artist; by default the user of this machine.
        token: what a local server wrote into the file that only its user can read.

    Raises:
        ConfigError: the address cannot be used.
    """

    def __init__(self, server: str, show: str = "", user: str = "", token: str = "") -> None:
        hello = _hello(show, user, token)
        self._connected = threading.Event()
        self._fatal: Optional[FilmgateError] = None
        self._jobs: dict[bytes, _Open] = {}
        self._submits: dict[int, bytes] = {}
        self._fetches: dict[int, bytes] = {}
        self._requests = Requests()
        self._outgoing = Outgoing()
        self._incoming = Incoming()
        self._consumed = 0
        self._blobs: dict[bytes, Callable[[Any], None]] = {}
        self._closed = False
        self._handlers = self._handler_table()
        self._link = Link(server, hello, self)
        self._link.start()

    def __enter__(self) -> Client:
        """Return the client itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close."""
        self.close()

    @property
    def server(self) -> str:
        """The address."""
        return self._link.server

    def wait_connected(self, timeout_s: float = ANSWER_WITHIN_S) -> None:
        """Wait until the server has let us in.

        Raises:
            ConnectionLostError: it has not within *timeout_s*.
            FilmgateError: it has turned us away: another version, or a wrong token.
        """
        arrived = self._connected.wait(timeout_s)
        if self._fatal is not None:
            raise self._fatal
        if not arrived:
            raise lost_error(self.server, timeout_s)

    def submit(
        self,
        work: Work,
        options: Options = Options(),  # noqa: B008 - immutable
        on_progress: Optional[Listener] = None,
        on_end: Optional[Listener] = None,
    ) -> Job:
        """Start a job; returns once its inputs are digested.

        Args:
            work: what to do.
            options: how to treat it.
            on_progress: told of each change, on the client's thread: be brief.
            on_end: told of the end, on the client's thread.
        """
        job = Job(work, options, self._ask_cancel, on_progress, on_end)
        self._link.post(lambda: self._begin(job))
        return job

    def run(self, work: Work, options: Options = Options()) -> Result:  # noqa: B008 - immutable
        """Submit and wait.

        Raises:
            FilmgateError: the job ended otherwise than with a result.
        """
        return self.submit(work, options).result()

    def models(self, timeout_s: float = ANSWER_WITHIN_S) -> list[ModelSummary]:
        """List what the server offers.

        Raises:
            ConnectionLostError: it did not answer in time.
        """
        found: list[ModelSummary] = []
        cursor = 0
        while True:
            page: ModelsPage = self._ask(ModelsList(cursor), timeout_s)
            found.extend(page.models)
            cursor = page.following
            if not cursor:
                return found

    def manifest(self, ref: str, timeout_s: float = ANSWER_WITHIN_S) -> Manifest:
        """Return the manifest of ``name`` (its first version listed) or ``name@version``.

        Raises:
            UnknownModelError: the server does not offer it.
            ConnectionLostError: it did not answer in time.
        """
        for summary in self.models(timeout_s):
            if ref in (summary.name, f"{summary.name}@{summary.version}"):
                blob = BlobRef("manifest", summary.manifest, summary.manifest_size)
                return parse_manifest_json(bytes(self._fetch(blob, timeout_s)))
        raise UnknownModelError(f"The server offers no model {ref!r}.")

    def status(self, timeout_s: float = ANSWER_WITHIN_S) -> StatusPage:
        """Return what the server is doing (the first page of its users).

        Raises:
            ConnectionLostError: it did not answer in time.
        """
        page: StatusPage = self._ask(StatusGet(), timeout_s)
        return page

    def close(self) -> None:
        """End the thread; open jobs fail here, and end on the server when their lease runs out."""
        if not self._closed:
            self._closed = True
            self._link.post(lambda: self._fail_all(ConnectionLostError("The client was closed.")))
            self._link.close()

    # Questions, from any thread.

    def _ask(self, message: Message, timeout_s: float) -> Any:
        return self._wait(lambda answered: self._request(message, answered), timeout_s)

    def _fetch(self, ref: BlobRef, timeout_s: float) -> memoryview:
        content: memoryview = self._wait(lambda answered: self._get(ref, answered), timeout_s)
        return content

    def _wait(self, start: Callable[[Callable[[Any], None]], None], timeout_s: float) -> Any:
        future: Future[Any] = Future()
        self._link.post(lambda: start(lambda answer: _resolve(future, answer)))
        try:
            return future.result(timeout_s)
        except FutureTimeout:
            raise lost_error(self.server, timeout_s) from None

    def _ask_cancel(self, job: Job) -> None:
        self._link.post(lambda: self._cancel(job))

    # From here on everything runs on the link's thread.

    def _request(self, message: Message, answered: Callable[[Any], None]) -> None:
        if self._fatal is not None:
            answered(self._fatal)
        elif self._link.welcome is None:
            self._requests.note(-id(message), message, answered)
        else:
            self._requests.note(self._link.send(message), message, answered)

    def _get(self, ref: BlobRef, answered: Callable[[Any], None]) -> None:
        self._blobs[ref.digest] = answered
        self._incoming.want(ref, ref.digest)
        self._ask_blobs()

    def _begin(self, job: Job) -> None:
        if self._closed or self._fatal is not None:
            _fail(job, self._fatal or ConnectionLostError("The client was closed."))
            return
        opened = _Open(job, time.monotonic())
        self._jobs[job.id] = opened
        if self._link.welcome is not None:
            self._submit(opened)

    def _submit(self, opened: _Open) -> None:
        job, options = opened.job, opened.job.options
        work = job.work
        spec = WorkSpec(work.model, work.params, None, job.refs, None, work.layers, work.wish)
        submit = JobSubmit(
            job.id,
            spec,
            options.priority,
            round(options.deadline_s * 1000),
            round(options.lease_s * 1000),
        )
        opened.retry_at_s = None
        try:
            self._submits[self._link.send(submit)] = job.id
        except FilmgateError as error:
            self._finish(job.id, error)
            return
        if opened.cancelled:
            self._link.send(JobCancel(job.id))

    def _cancel(self, job: Job) -> None:
        opened = self._jobs.get(job.id)
        if opened is None:
            return
        opened.cancelled = True
        if opened.accepted is None and opened.retry_at_s is not None:
            self._finish(job.id, CancelledError("The job was cancelled."))
        elif self._link.welcome is not None:
            self._link.send(JobCancel(job.id))

    def opened(self, welcome: Welcome) -> None:
        """Submit what is open, again if need be, and ask the open questions again."""
        self._outgoing.reset(welcome.chunk_bytes, welcome.credit_bytes)
        self._incoming.reset()
        self._submits.clear()
        self._fetches.clear()
        self._consumed = 0
        self._link.send(Credit(WINDOW_BYTES))
        for opened in self._jobs.values():
            opened.accepted = opened.ready = None
            self._submit(opened)
        for message, answered in self._requests.take_all():
            self._request(message, answered)
        self._ask_blobs()
        self._connected.set()

    def closed(self) -> None:
        """Note that the connection is gone; the jobs stay open."""
        self._connected.clear()

    def failed(self, error: FilmgateError) -> None:
        """End everything: the server has turned us away."""
        self._fatal = error
        self._fail_all(error)
        self._connected.set()

    def received(self, message: Message, re: Optional[int], piece: memoryview) -> None:
        """Take a message."""
        handler = self._handlers.get(type(message))
        if handler is not None:
            handler(message, re, piece)
        elif not self._requests.answer(re, message):
            log.info("message of kind %s was not expected", message.kind)

    def turned(self) -> None:
        """Send what the credit allows, and what is due to be tried again."""
        if self._link.welcome is None:
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
                opened.uploaded_bytes += blob.size_bytes - missing.offset
                self._outgoing.want(missing, blob, data)
        stage = "sending" if accepted.missing else "queued"
        _report(opened.job, Progress(stage, accepted.place))
        self._send_pieces()

    def _on_refused(self, refused: JobRefused, re: Optional[int], _: memoryview) -> None:
        opened = self._jobs.get(refused.job_id)
        if opened is None:
            return
        error = from_error(refused)
        patient = time.monotonic() < opened.started_s + opened.job.options.patience_s
        if opened.cancelled:
            self._finish(refused.job_id, CancelledError("The job was cancelled."))
        elif refused.retry_after_ms and patient:
            opened.retry_at_s = time.monotonic() + refused.retry_after_ms / 1000
            _report(opened.job, Progress("waiting"))
        else:
            self._finish(refused.job_id, error)

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
            self._link.send(JobCancel(ready.job_id))
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
        result = self._result(opened)
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
        if re in self._submits:
            self._finish(self._submits.pop(re), error)
        elif re in self._fetches:
            self._fetch_failed(self._fetches.pop(re), error)
        elif "digest" in error.detail:
            self._put_failed(error)
        elif not self._requests.answer(re, error):
            log.warning("the server reports: %s", error)

    def _put_failed(self, error: FilmgateError) -> None:
        digest = bytes.fromhex(str(error.detail["digest"]))
        try:
            self._outgoing.restart(digest, int(error.detail.get("offset", 0)))
        except IntegrityError as final:
            for job_id in [key for key, value in self._jobs.items() if digest in value.job.digests]:
                self._link.send(JobCancel(job_id))
                self._finish(job_id, final)

    def _fetch_failed(self, digest: bytes, error: FilmgateError) -> None:
        """Let the server look again at the jobs whose result it has lost."""
        receiving = self._incoming.find(digest)
        if receiving is None:
            return
        for job_id in list(receiving.jobs):
            self._incoming.release(job_id)
            if job_id in self._jobs:
                self._link.send(JobQuery(job_id))
            elif job_id in self._blobs:
                self._blobs.pop(job_id)(error)

    def _ask_again(self, receiving: Receiving, error: IntegrityError) -> None:
        log.warning("%s", error)
        if receiving.attempts < ATTEMPTS_MAX:
            self._ask_blobs()
            return
        for job_id in list(receiving.jobs):
            self._link.send(JobCancel(job_id))
            self._finish(job_id, error)

    def _consume(self, size_bytes: int) -> None:
        self._consumed += size_bytes
        if self._consumed >= WINDOW_BYTES // 4:
            self._link.send(Credit(self._consumed))
            self._consumed = 0

    def _send_pieces(self) -> None:
        for put, piece in self._outgoing.pieces():
            self._link.send(put, piece)

    def _ask_blobs(self) -> None:
        if self._link.welcome is None:
            return
        for receiving in self._incoming.to_ask():
            number = self._link.send(BlobGet(receiving.digest, receiving.hasher.size_bytes))
            self._fetches[number] = receiving.digest

    def _arrived(self, receiving: Receiving) -> None:
        answered = self._blobs.pop(receiving.digest, None)
        if answered is not None:
            self._incoming.release(receiving.digest)
            answered(receiving.buffer)
        self._acknowledge_complete(list(receiving.jobs))

    def _acknowledge_complete(self, job_ids: Iterable[bytes]) -> None:
        for job_id in job_ids:
            opened = self._jobs.get(job_id)
            if opened is not None and self._result(opened) is not None:
                self._link.send(JobAck(job_id))

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
            accepted.numerics if accepted is not None else "",
            ready.timings_ms,
            opened.uploaded_bytes,
        )

    def _finish(self, job_id: bytes, outcome: Result | FilmgateError) -> None:
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

    def _fail_all(self, error: FilmgateError) -> None:
        for job_id in list(self._jobs):
            self._finish(job_id, error)
        self._requests.fail_all(error)
        for answered in list(self._blobs.values()):
            answered(error)
        self._blobs.clear()


def _hello(show: str, user: str, token: str) -> Hello:
    return Hello(PROTOCOLS, f"filmgate/{filmgate.__version__}", user or _user(), show, token)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no name for this user id, or no pwd on Windows
        return "unknown"


def _report(job: Job, progress: Progress) -> None:
    try:
        job.report(progress)
    except Exception:  # a listener's fault must not end the thread that serves every job
        log.exception("a progress listener failed")


def _fail(job: Job, error: FilmgateError) -> None:
    _report(job, Progress(error.code))
    job.future.set_exception(error)


def _resolve(future: Future[Any], answer: Any) -> None:
    if isinstance(answer, FilmgateError):
        future.set_exception(answer)
    else:
        future.set_result(answer)
