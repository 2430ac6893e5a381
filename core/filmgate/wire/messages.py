"""Every message of the protocol as a frozen dataclass; ``docs/protocol.md`` explains each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Optional

from filmgate.errors import FilmgateError, error_from_wire
from filmgate.wire import fields as f
from filmgate.wire.fields import wire_field
from filmgate.wire.records import BlobRef, Missing, ModelSummary, UserStatus, WorkerStatus, WorkSpec

OUTCOMES = ("result", "error", "cancelled", "expired")
PRIORITIES = ("interactive", "batch")
STAGES = ("missing", "queued", "decode", "infer", "encode", "ready")


class Message:
    """Base of every message; *kind* is its name on the wire."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True)
class Hello(Message):
    """Client: open or resume a session."""

    kind: ClassVar[str] = "hello"
    protocols: tuple[int, ...] = wire_field(f.many(f.count, 16))
    client: str = wire_field(f.label, "")
    user: str = wire_field(f.label, "")
    show: str = wire_field(f.label, "")
    token: str = wire_field(f.text, "")
    resume: Optional[bytes] = wire_field(f.optional(f.name16), None)


@dataclass(frozen=True)
class Welcome(Message):
    """Server: the session is open; what it allows."""

    kind: ClassVar[str] = "welcome"
    protocol: int = wire_field(f.count)
    server: str = wire_field(f.text)
    instance: bytes = wire_field(f.name16)
    resume: bytes = wire_field(f.name16)
    resumed: bool = wire_field(f.flag)
    show: str = wire_field(f.text)
    user: str = wire_field(f.text)
    chunk_bytes: int = wire_field(f.count)
    credit_bytes: int = wire_field(f.count)
    limits: Mapping[str, int] = wire_field(f.mapping(f.count), {})
    features: tuple[str, ...] = wire_field(f.many(f.text), ())


@dataclass(frozen=True)
class ModelsList(Message):
    """Client: a page of the models, from *cursor* on; or the one that *model* refers to."""

    kind: ClassVar[str] = "models.list"
    cursor: int = wire_field(f.count, 0)
    model: str = wire_field(f.text, "")


@dataclass(frozen=True)
class ModelsPage(Message):
    """Server: a page of the models; *following* is the next cursor, 0 at the end."""

    kind: ClassVar[str] = "models.page"
    models: tuple[ModelSummary, ...] = wire_field(f.many(f.record(ModelSummary)), ())
    following: int = wire_field(f.count, 0)


@dataclass(frozen=True)
class StatusGet(Message):
    """Client: a page of what the server is doing."""

    kind: ClassVar[str] = "status.get"
    cursor: int = wire_field(f.count, 0)


@dataclass(frozen=True)
class StatusPage(Message):
    """Server: counters, workers and a page of users."""

    kind: ClassVar[str] = "status.page"
    server: str = wire_field(f.text)
    state: str = wire_field(f.text)
    counters: Mapping[str, int] = wire_field(f.mapping(f.count), {})
    workers: tuple[WorkerStatus, ...] = wire_field(f.many(f.record(WorkerStatus)), ())
    users: tuple[UserStatus, ...] = wire_field(f.many(f.record(UserStatus)), ())
    following: int = wire_field(f.count, 0)


@dataclass(frozen=True)
class JobSubmit(Message):
    """Client: do this work; the same *job_id* again is the same job."""

    kind: ClassVar[str] = "job.submit"
    job_id: bytes = wire_field(f.name16)
    work: WorkSpec = wire_field(f.strict(WorkSpec))
    priority: str = wire_field(f.word(*PRIORITIES), "interactive")
    deadline_ms: int = wire_field(f.count, 0)
    lease_ms: int = wire_field(f.count, 0)
    lane: str = wire_field(f.label, "")


@dataclass(frozen=True)
class JobAccepted(Message):
    """Server: the job is journalled; these inputs are still wanted."""

    kind: ClassVar[str] = "job.accepted"
    job_id: bytes = wire_field(f.name16)
    work_key: bytes = wire_field(f.digest)
    package: bytes = wire_field(f.digest)
    numerics: str = wire_field(f.text)
    missing: tuple[Missing, ...] = wire_field(f.many(f.record(Missing)), ())
    place: int = wire_field(f.count, 0)


@dataclass(frozen=True)
class JobRefused(Message):
    """Server: the job was not accepted; nothing was recorded."""

    kind: ClassVar[str] = "job.refused"
    job_id: bytes = wire_field(f.name16)
    code: str = wire_field(f.text)
    text: str = wire_field(f.text)
    remedy: str = wire_field(f.text, "")
    detail: Mapping[str, Any] = wire_field(f.mapping(f.plain), {})
    retry_after_ms: int = wire_field(f.count, 0)


@dataclass(frozen=True)
class JobProgress(Message):
    """Server: how far the job is; *place* counts the work queued before it."""

    kind: ClassVar[str] = "job.progress"
    job_id: bytes = wire_field(f.name16)
    stage: str = wire_field(f.word(*STAGES))
    place: int = wire_field(f.count, 0)
    done: int = wire_field(f.count, 0)
    total: int = wire_field(f.count, 0)
    eta_ms: int = wire_field(f.count, 0)


@dataclass(frozen=True)
class JobReady(Message):
    """Server: every output can be fetched; not the end, which follows the client's ack."""

    kind: ClassVar[str] = "job.ready"
    job_id: bytes = wire_field(f.name16)
    outputs: tuple[BlobRef, ...] = wire_field(f.many(f.record(BlobRef)))
    warnings: tuple[str, ...] = wire_field(f.many(f.text), ())
    timings_ms: Mapping[str, int] = wire_field(f.mapping(f.count), {})
    numerics: str = wire_field(f.text, "")


@dataclass(frozen=True)
class JobAck(Message):
    """Client: every output has arrived and is verified."""

    kind: ClassVar[str] = "job.ack"
    job_id: bytes = wire_field(f.name16)


@dataclass(frozen=True)
class JobCancel(Message):
    """Client: this job is no longer wanted; other jobs on the same work go on."""

    kind: ClassVar[str] = "job.cancel"
    job_id: bytes = wire_field(f.name16)


@dataclass(frozen=True)
class JobQuery(Message):
    """Client: say again where the job stands."""

    kind: ClassVar[str] = "job.query"
    job_id: bytes = wire_field(f.name16)


@dataclass(frozen=True)
class JobEnded(Message):
    """Server: the job's one and only outcome."""

    kind: ClassVar[str] = "job.ended"
    job_id: bytes = wire_field(f.name16)
    outcome: str = wire_field(f.word(*OUTCOMES))
    code: str = wire_field(f.text, "")
    text: str = wire_field(f.text, "")
    remedy: str = wire_field(f.text, "")
    detail: Mapping[str, Any] = wire_field(f.mapping(f.plain), {})


@dataclass(frozen=True)
class BlobPut(Message):
    """Client: a piece of a blob, in the binary part; *sum* guards everything up to its end."""

    kind: ClassVar[str] = "blob.put"
    digest: bytes = wire_field(f.digest)
    size: int = wire_field(f.count)
    offset: int = wire_field(f.count)
    sum: bytes = wire_field(f.name16)


@dataclass(frozen=True)
class BlobGet(Message):
    """Client: send this blob, from *offset* on, as far as the credit reaches."""

    kind: ClassVar[str] = "blob.get"
    digest: bytes = wire_field(f.digest)
    offset: int = wire_field(f.count, 0)


@dataclass(frozen=True)
class BlobData(Message):
    """Server: a piece of a blob, in the binary part."""

    kind: ClassVar[str] = "blob.data"
    digest: bytes = wire_field(f.digest)
    size: int = wire_field(f.count)
    offset: int = wire_field(f.count)
    sum: bytes = wire_field(f.name16)


@dataclass(frozen=True)
class BlobDone(Message):
    """Server: the blob is here, whole and verified; there is no need to send more of it."""

    kind: ClassVar[str] = "blob.done"
    digest: bytes = wire_field(f.digest)


@dataclass(frozen=True)
class HandoffOpen(Message):
    """Client, on the channel: its session, and its ring of *size* bytes, as a descriptor."""

    kind: ClassVar[str] = "handoff.open"
    session: bytes = wire_field(f.name16)
    size: int = wire_field(f.count)


@dataclass(frozen=True)
class HandoffPut(Message):
    """Client, on the channel: the *length* bytes at *place* of the ring are a blob's next ones."""

    kind: ClassVar[str] = "handoff.put"
    digest: bytes = wire_field(f.digest)
    size: int = wire_field(f.count)
    offset: int = wire_field(f.count)
    length: int = wire_field(f.count)
    place: int = wire_field(f.count)


@dataclass(frozen=True)
class HandoffTaken(Message):
    """Server, on the channel: the piece that began at *offset* is read, or not wanted."""

    kind: ClassVar[str] = "handoff.taken"
    digest: bytes = wire_field(f.digest)
    offset: int = wire_field(f.count)


@dataclass(frozen=True)
class HandoffGet(Message):
    """Client, on the channel: hand over this blob."""

    kind: ClassVar[str] = "handoff.get"
    digest: bytes = wire_field(f.digest)


@dataclass(frozen=True)
class HandoffData(Message):
    """Server, on the channel: the blob is the first *size* bytes of what the descriptor names."""

    kind: ClassVar[str] = "handoff.data"
    digest: bytes = wire_field(f.digest)
    size: int = wire_field(f.count)


@dataclass(frozen=True)
class CachePurge(Message):
    """Client: forget what this show has stored and nobody needs any more."""

    kind: ClassVar[str] = "cache.purge"
    show: str = wire_field(f.label)


@dataclass(frozen=True)
class CachePurged(Message):
    """Server: so many inputs and results were forgotten."""

    kind: ClassVar[str] = "cache.purged"
    blobs: int = wire_field(f.count)


@dataclass(frozen=True)
class Credit(Message):
    """Either side: this many more bytes of binary parts may be sent to me."""

    kind: ClassVar[str] = "credit"
    size: int = wire_field(f.count)


@dataclass(frozen=True)
class Error(Message):
    """Server: a request failed; or, without ``re``, the session did."""

    kind: ClassVar[str] = "error"
    code: str = wire_field(f.text)
    text: str = wire_field(f.text)
    remedy: str = wire_field(f.text, "")
    detail: Mapping[str, Any] = wire_field(f.mapping(f.plain), {})


@dataclass(frozen=True)
class Drain(Message):
    """Server: no new work here for about this long; accepted work goes on."""

    kind: ClassVar[str] = "drain"
    retry_after_ms: int = wire_field(f.count, 0)


MESSAGES: dict[str, type[Message]] = {kind.kind: kind for kind in Message.__subclasses__()}


TOLD_CHARACTERS_MAX = 1000
"""An error's text may quote what a client sent, and must still fit into a field."""


def to_error(error: FilmgateError) -> Error:
    """Write an exception as a message."""
    return Error(error.code, *_told(error))


def to_refused(job_id: bytes, error: FilmgateError, retry_after_ms: int) -> JobRefused:
    """Write an exception as the refusal of a job."""
    return JobRefused(job_id, error.code, *_told(error), retry_after_ms)


def to_ended(job_id: bytes, outcome: str, error: FilmgateError) -> JobEnded:
    """Write an exception as the end of a job."""
    return JobEnded(job_id, outcome, error.code, *_told(error))


def _told(error: FilmgateError) -> tuple[str, str, dict[str, Any]]:
    cut = slice(TOLD_CHARACTERS_MAX)
    return error.text[cut], error.remedy[cut], f.short_detail(error.detail)


def from_error(message: Error | JobEnded | JobRefused) -> FilmgateError:
    """Rebuild the exception that a message carries."""
    return error_from_wire(message.code, message.text, message.remedy, message.detail)
