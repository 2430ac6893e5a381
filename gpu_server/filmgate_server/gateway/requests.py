"""What a client with a session may ask for, and who answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from filmgate.errors import FilmgateError, ProtocolError
from filmgate.wire.messages import (
    BlobGet,
    BlobPut,
    CachePurge,
    CachePurged,
    Credit,
    JobAck,
    JobCancel,
    JobQuery,
    JobSubmit,
    Message,
    ModelsList,
    StatusGet,
)
from filmgate_server.access.audit import AuditLog
from filmgate_server.access.auth import check_purge, may_use, sees
from filmgate_server.gateway.catalogue import Catalogue
from filmgate_server.gateway.downloads import Content, Downloads, Sender
from filmgate_server.gateway.sessions import Session
from filmgate_server.jobs.broker import Broker
from filmgate_server.operations.metrics import Metrics
from filmgate_server.operations.status import Status


class Port(Sender, Protocol):
    """The gateway, as far as requests need it."""

    def send(self, session: bytes, message: Message, re: int | None = None) -> None:
        """Send *message*, perhaps as the answer to request *re*."""
        ...


class Requests:
    """Answers each kind of message that a client sends after its hello.

    Args:
        port: where answers go.
        broker: the jobs.
        catalogue: the models.
        status: what the server is doing.
        purge: forgets a show and returns how much.
        audit: told what is purged.
        chunk_bytes: the size of a piece of a blob.

    Attributes:
        broker: the jobs.
    """

    def __init__(
        self,
        port: Port,
        broker: Broker,
        catalogue: Catalogue,
        status: Status,
        metrics: Metrics,
        purge: Callable[[str], int],
        audit: AuditLog,
        chunk_bytes: int,
    ) -> None:
        self.broker = broker
        self._port = port
        self._catalogue = catalogue
        self._status = status
        self._metrics = metrics
        self._purge = purge
        self._audit = audit
        self._chunk_bytes = chunk_bytes
        self._downloads = Downloads(port, self._find, chunk_bytes)
        self._handlers = self._handler_table()

    def handle(self, session: Session, message: Message, number: int, piece: memoryview) -> None:
        """Do what a message asks for.

        Raises:
            FilmgateError: it cannot be done; the client is to be told.
        """
        handler = self._handlers.get(type(message))
        if handler is None:
            raise ProtocolError(f"{message.kind} is for the client to receive.")
        handler(session, message, number, piece)

    def pump(self, session: Session) -> None:
        """Go on with a session's downloads."""
        self._downloads.pump(session)

    def _handler_table(self) -> dict[type[Message], Callable[..., None]]:
        return {
            ModelsList: self._models_list,
            StatusGet: self._status_get,
            JobSubmit: self._job_submit,
            JobAck: self._job_ack,
            JobCancel: self._job_cancel,
            JobQuery: self._job_query,
            BlobPut: self._blob_put,
            BlobGet: self._blob_get,
            CachePurge: self._cache_purge,
            Credit: self._credit,
        }

    def _models_list(self, session: Session, asked: ModelsList, number: int, _: object) -> None:
        allowed = _allowed(session)
        page = (
            self._catalogue.find(asked.model, allowed)
            if asked.model
            else self._catalogue.page(asked.cursor, allowed)
        )
        self._port.send(session.token, page, number)

    def _status_get(self, session: Session, asked: StatusGet, number: int, _: object) -> None:
        page = self._status.page(asked.cursor, partial(sees, session.identity))
        allowed = _allowed(session)
        workers = tuple(
            replace(worker, models=tuple(name for name in worker.models if allowed(name)))
            for worker in page.workers
        )
        self._port.send(session.token, replace(page, workers=workers), number)

    def _job_submit(self, session: Session, submit: JobSubmit, number: int, _: object) -> None:
        self.broker.submit(session.owner, submit, number)

    def _job_ack(self, session: Session, ack: JobAck, number: int, _: object) -> None:
        self.broker.acknowledge(session.owner, ack.job_id, number)

    def _job_cancel(self, session: Session, cancel: JobCancel, number: int, _: object) -> None:
        self.broker.cancel(session.owner, cancel.job_id, number)

    def _job_query(self, session: Session, query: JobQuery, number: int, _: object) -> None:
        self.broker.query(session.owner, query.job_id, number)

    def _blob_put(self, session: Session, put: BlobPut, number: int, piece: memoryview) -> None:
        self._check_piece(put, piece)
        self._metrics.uploaded_bytes.inc(len(piece))
        try:
            self.broker.put(session.owner, put, piece)
        except FilmgateError as error:
            error.detail.setdefault("offset", 0)
            error.detail["digest"] = put.digest.hex()
            raise

    def _check_piece(self, put: BlobPut, piece: memoryview) -> None:
        """Demand the pieces that downloads are cut into too: their sums are kept."""
        end = min(put.offset + self._chunk_bytes, put.size)
        if put.offset % self._chunk_bytes or len(piece) != end - put.offset:
            raise ProtocolError(f"A piece of a blob has {self._chunk_bytes} bytes, or is the last.")

    def _blob_get(self, session: Session, get: BlobGet, number: int, _: object) -> None:
        self._downloads.begin(session, get, number)

    def _credit(self, session: Session, credit: Credit, number: int, _: object) -> None:
        self._downloads.grant(session, credit.size)

    def _cache_purge(self, session: Session, purge: CachePurge, number: int, _: object) -> None:
        check_purge(session.identity, purge.show)
        blobs = self._purge(purge.show)
        self._audit.note("purge", purged=purge.show, blobs=blobs)
        self._port.send(session.token, CachePurged(blobs), number)

    def _find(self, session: Session, digest: bytes) -> Content:
        manifest = self._catalogue.blob(digest, _allowed(session))
        return manifest or self.broker.blob(session.owner, digest)


def _allowed(session: Session) -> Callable[[str], bool]:
    return partial(may_use, session.identity.rights)
