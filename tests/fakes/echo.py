"""A server that answers every job by itself, with bytes that tell what it was given.

It runs on every host's interpreter, knows no pixels and keeps everything it has seen, so that a
test can ask what went over the wire.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import zmq

from fakes.scripted import WELCOME, Received, ScriptedServer, pieces
from filmgate.digest import digest_blob, digest_bytes, digest_text
from filmgate.errors import FilmgateError, SupersededError, UnknownModelError
from filmgate.job import Output
from filmgate.manifest import Manifest, parse_manifest, to_manifest_json
from filmgate.params import resolve_parameters
from filmgate.testing import CONTRACT_MODELS, echo_of
from filmgate.wire.messages import (
    BlobDone,
    BlobGet,
    BlobPut,
    Credit,
    Hello,
    JobAccepted,
    JobAck,
    JobCancel,
    JobEnded,
    JobProgress,
    JobQuery,
    JobReady,
    JobSubmit,
    Message,
    ModelsList,
    ModelsPage,
    Welcome,
    to_ended,
    to_error,
)
from filmgate.wire.records import EXR_MEDIA, BlobRef, Missing, ModelSummary, WorkSpec

TURN_MS = 10


@dataclass
class EchoJob:
    """One submission as the server sees it."""

    submit: JobSubmit
    route: bytes
    outcome: str = ""
    outputs: list[bytes] = field(default_factory=list[bytes])


class EchoServer:
    """Answers on a thread of its own; every method may be called from any thread.

    Args:
        documents: the manifests of what it offers.

    Attributes:
        address: where it listens; stays the same over `restart`.
        hellos: how often a client has said hello.
        submitted: what it was asked for, in order, repetitions after a restart included.
        uploaded: the blobs that were sent to it, in order.
        ended: the outcome of each job that has ended.
    """

    def __init__(self, documents: Sequence[Mapping[str, Any]] = CONTRACT_MODELS) -> None:
        self._lock = threading.Lock()
        self._models = [_Offer(parse_manifest(dict(document))) for document in documents]
        self._allowed: int | None = None
        self._error: FilmgateError | None = None
        self._forgery: Callable[[Output], Output] | None = None
        self.hellos = 0
        self.submitted: list[WorkSpec] = []
        self.uploaded: list[bytes] = []
        self.ended: list[str] = []
        self._start(0)

    def __enter__(self) -> EchoServer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    # What a test asks of it.

    def allow(self, jobs: int | None) -> None:
        """Answer so many jobs more and then none; None answers all."""
        with self._lock:
            self._allowed = jobs

    def fail(self, error: FilmgateError | None) -> None:
        """End every job with *error* from now on; None ends that."""
        with self._lock:
            self._error = error

    def forge(self, change: Callable[[Output], Output] | None) -> None:
        """Let every output go through *change* from now on; None ends that."""
        with self._lock:
            self._forgery = change

    def stop(self) -> None:
        """Vanish as a killed server does; again is nothing."""
        if self._thread.is_alive():
            self._stopping.set()
            self._thread.join()

    def restart(self) -> None:
        """Vanish and come back at the same address, with nothing in memory."""
        self.stop()
        self._start(self.port)

    # Its own thread.

    def _start(self, port: int) -> None:
        self._server = ForgivingServer(port)
        self.address, self.port = self._server.address, self._server.port
        self._jobs: dict[bytes, EchoJob] = {}
        self._blobs: dict[bytes, bytes] = {offer.blob.digest: offer.text for offer in self._models}
        self._partial: dict[bytes, bytes] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="echo", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with self._server:
            while not self._stopping.is_set():
                if self._server.poll(TURN_MS):
                    self._take(self._server.receive())
                for job in list(self._jobs.values()):
                    self._advance(job)

    def _take(self, received: Received) -> None:
        self._server.route = received.route
        message = received.envelope.message
        handlers: dict[type[Message], Any] = {
            Hello: self._on_hello,
            ModelsList: self._on_models,
            JobSubmit: self._on_submit,
            JobAck: self._on_ack,
            JobCancel: self._on_cancel,
            JobQuery: self._on_query,
            BlobPut: self._on_put,
            BlobGet: self._on_get,
        }
        if type(message) in handlers:
            handlers[type(message)](message, received)

    def _on_hello(self, hello: Hello, received: Received) -> None:
        self.hellos += 1
        welcome = {**WELCOME.__dict__, "show": hello.show or "film", "user": hello.user}
        self._server.answer(received, Welcome(**welcome))

    def _on_models(self, asked: ModelsList, received: Received) -> None:
        found = [offer.summary for offer in self._models if _matches(asked.model, offer.summary)]
        if asked.model and not found:
            error = UnknownModelError(f"There is no model {asked.model}.")
            self._server.answer(received, to_error(error))
            return
        self._server.answer(received, ModelsPage(tuple(found)))

    def _on_submit(self, submit: JobSubmit, received: Received) -> None:
        job = self._jobs.setdefault(submit.job_id, EchoJob(submit, received.route))
        job.route = received.route
        self.submitted.append(submit.work)
        self._supersede(submit)
        missing = {ref.digest for ref in submit.work.inputs} - set(self._blobs)
        work_key = digest_bytes(echo_of(self._params(submit.work), submit.work.inputs, b""))
        package = self._offer(submit.work).summary.digest
        lacking = tuple(Missing(digest, 0) for digest in sorted(missing))
        answer = JobAccepted(submit.job_id, work_key, package, "echo/cpu", lacking)
        self._server.answer(received, answer)

    def _on_ack(self, ack: JobAck, received: Received) -> None:
        if ack.job_id in self._jobs:
            self._end(self._jobs[ack.job_id], "result")

    def _on_cancel(self, cancel: JobCancel, received: Received) -> None:
        if cancel.job_id in self._jobs:
            self._end(self._jobs[cancel.job_id], "cancelled")

    def _on_query(self, query: JobQuery, received: Received) -> None:
        job = self._jobs.get(query.job_id)
        if job is not None and job.outputs:
            self._tell_ready(job)

    def _on_put(self, put: BlobPut, received: Received) -> None:
        content = self._partial.get(put.digest, b"")[: put.offset] + received.piece
        self._server.tell(Credit(len(received.piece)))
        if len(content) < put.size:
            self._partial[put.digest] = content
        else:
            self._blobs[put.digest] = content
            self.uploaded.append(content)
            self._server.tell(BlobDone(put.digest))

    def _on_get(self, get: BlobGet, received: Received) -> None:
        for message, piece in pieces(self._blobs[get.digest]):
            if message.offset >= get.offset:
                self._server.tell(message, piece=piece)

    def _advance(self, job: EchoJob) -> None:
        """Answer a job of which every input is here, as far as the test lets us."""
        work = job.submit.work
        if job.outcome or job.outputs or any(ref.digest not in self._blobs for ref in work.inputs):
            return
        with self._lock:
            if self._allowed == 0:
                return
            self._allowed = None if self._allowed is None else self._allowed - 1
            error = self._error
        self._server.route = job.route
        if error is not None:
            self._end(job, "error", error)
            return
        self._server.tell(JobProgress(job.submit.job_id, "infer", 0, 1, 2, 0))
        main = self._blobs[work.inputs[0].digest]
        job.outputs = [echo_of(self._params(work), work.inputs, main)]
        self._tell_ready(job)

    def _tell_ready(self, job: EchoJob) -> None:
        refs: list[BlobRef] = []
        for content in job.outputs:
            made = self._made(job.submit.work, content)
            blob = digest_blob(made.data)
            self._blobs[blob.digest] = bytes(made.data)
            size_bytes = len(made.data)
            refs.append(
                BlobRef(made.name, blob.digest, size_bytes, made.media, made.time, made.view)
            )
        self._server.tell(JobReady(job.submit.job_id, tuple(refs), ("echoed",), {}, "echo/cpu"))

    def _made(self, work: WorkSpec, content: bytes) -> Output:
        """Return an output as it is told of."""
        source = work.inputs[0]
        time = source.time if work.time is None else work.time
        made = Output("color", memoryview(content), EXR_MEDIA, time, source.view)
        with self._lock:
            return made if self._forgery is None else self._forgery(made)

    def _end(self, job: EchoJob, outcome: str, error: FilmgateError | None = None) -> None:
        if not job.outcome:
            job.outcome = outcome
            self.ended.append(error.code if error else outcome)
        self._server.route = job.route
        job_id = job.submit.job_id
        plain = JobEnded(job_id, job.outcome, "" if job.outcome == "result" else job.outcome)
        self._server.tell(plain if error is None else to_ended(job_id, job.outcome, error))

    def _supersede(self, newer: JobSubmit) -> None:
        for job in list(self._jobs.values()):
            older = job.submit
            replaced = older.lane == newer.lane and older.job_id != newer.job_id
            if newer.lane and replaced and not job.outcome:
                self._end(job, "cancelled", SupersededError("A newer job took its place."))

    def _offer(self, work: WorkSpec) -> _Offer:
        return next(offer for offer in self._models if _matches(work.model, offer.summary))

    def _params(self, work: WorkSpec) -> Mapping[str, Any]:
        return resolve_parameters(self._offer(work).manifest.params, work.params)


class ForgivingServer(ScriptedServer):
    """Goes on where the client that it answers has vanished."""

    def tell(self, message: Message, re: int | None = None, piece: bytes = b"") -> None:
        """Send a message, if anybody is there."""
        try:
            super().tell(message, re, piece)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise


class _Offer:
    """A model and what the list says of it."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.text = to_manifest_json(manifest)
        self.blob = digest_blob(self.text)
        self.summary = ModelSummary(
            manifest.name,
            manifest.version,
            manifest.task,
            manifest.summary,
            digest_bytes(b"package of " + self.text),
            self.blob.digest,
            len(self.text),
            ("champion",),
        )


def _matches(ref: str, model: ModelSummary) -> bool:
    name, _, version = ref.partition("@")
    known = ("", model.version, digest_text(model.digest), *model.aliases)
    return not ref or (name == model.name and version in known)
