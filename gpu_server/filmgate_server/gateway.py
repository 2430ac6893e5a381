"""The gateway: one ROUTER socket, its sessions and their credit. It never looks into pixels."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import structlog
import zmq

import filmgate
from filmgate.digest import SUM_BYTES
from filmgate.errors import (
    ConfigError,
    CreditError,
    FilmgateError,
    ProtocolError,
    UnknownBlobError,
    UnknownSessionError,
)
from filmgate.wire.codec import Envelope, decode, encode
from filmgate.wire.messages import (
    BlobData,
    BlobGet,
    BlobPut,
    Credit,
    Drain,
    Hello,
    JobAck,
    JobCancel,
    JobQuery,
    JobSubmit,
    Message,
    ModelsList,
    StatusGet,
    Welcome,
    to_error,
)
from filmgate.wire.version import negotiate
from filmgate_server.broker import Broker
from filmgate_server.catalogue import Catalogue, PublicBlob
from filmgate_server.metrics import Metrics
from filmgate_server.sessions import DOWNLOADS_MAX, Download, Session, SessionTable
from filmgate_server.status import Status
from filmgate_server.store import Blob
from filmgate_server.watchdog import Watchdog

ROUTE_BYTES = 5
"""ZeroMQ's own routing ids: a zero byte and a random number; any other was chosen by a client."""
PARTS_MAX = 3
MESSAGE_OVERHEAD_BYTES = 64
GET_CREDIT_MAX = 64 << 20
HWM_MESSAGES = 4096
HEARTBEAT_MS = 5_000
HEARTBEAT_TIMEOUT_MS = 20_000
PROBE_S = 5.0
RECEIVE_BURST = 64
DRAIN_RETRY_MS = 2_000

log = structlog.get_logger()


class Gateway:
    """The socket and everything that speaks through it; implements the broker's outbox.

    Args:
        address: where to bind, for example ``tcp://127.0.0.1:5700``; port 0 takes any.
        sessions: who is connected.
        chunk_bytes: the size of a piece of a blob.
        window_bytes: how many bytes each client may send before we have read them.

    Attributes:
        features: optional features that are told to each client that is let in.
        socket: the ROUTER, to poll.
        port: where it listens.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        address: str,
        sessions: SessionTable,
        metrics: Metrics,
        chunk_bytes: int,
        window_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.broker: Broker | None = None
        self.catalogue: Catalogue | None = None
        self.status: Status | None = None
        self.instance = secrets.token_bytes(16)
        self.features: tuple[str, ...] = ()
        self._sessions = sessions
        self._metrics = metrics
        self._chunk_bytes = chunk_bytes
        self._window_bytes = window_bytes
        self._clock = clock
        self._probed_s = clock()
        self._handlers = self._handler_table()
        self.socket = _router(context, chunk_bytes)
        try:
            self.socket.bind(address)
        except zmq.ZMQError as error:
            self.socket.close(0)
            raise ConfigError(f"The server cannot listen on {address}: {error}.") from error
        endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self.port = int(endpoint.rpartition(":")[2])
        self.watchdog = Watchdog(self.socket, 2 * window_bytes + (16 << 20))

    # Receiving.

    def receive(self) -> None:
        """Handle what has arrived, up to a burst, so that workers are heard in between."""
        for _ in range(RECEIVE_BURST):
            try:
                first = self.socket.recv(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            self._receive_one(first)

    def _receive_one(self, first: zmq.Frame) -> None:
        route, size_bytes = first.bytes, len(first)
        parts: list[zmq.Frame] = []
        fd = int(first.get(zmq.SRCFD))  # type: ignore[call-overload]
        last = first
        while last.more:
            last = self.socket.recv(copy=False)
            size_bytes += len(last) + MESSAGE_OVERHEAD_BYTES
            if len(parts) < PARTS_MAX:
                parts.append(last)
        self.watchdog.delivered(fd, route, size_bytes)
        self._metrics.received_bytes.inc(size_bytes)
        if len(route) != ROUTE_BYTES or route[0]:
            self.watchdog.shut_down(route)
            return
        self._handle(route, parts)

    def _handle(self, route: bytes, parts: list[zmq.Frame]) -> None:
        number = 0
        try:
            if not 1 <= len(parts) < PARTS_MAX:
                raise ProtocolError("A message has one header and at most one binary part.")
            envelope = decode(parts[0].bytes)
            number = envelope.id
            piece = parts[1].buffer if len(parts) > 1 else memoryview(b"")
            self._dispatch(route, envelope, piece)
        except FilmgateError as error:
            self._answer_error(route, error, int(error.detail.pop("id", number)))

    def _dispatch(self, route: bytes, envelope: Envelope, piece: memoryview) -> None:
        if isinstance(envelope.message, Hello):
            self._hello(route, envelope.message, envelope.id)
            return
        session = self._sessions.by_route(route)
        session.seen_s = self._clock()
        if len(piece):
            session.spend(len(piece))
        handler = self._handlers.get(type(envelope.message))
        if handler is None:
            raise ProtocolError(f"{envelope.message.kind} is for the client to receive.")
        try:
            handler(session, envelope.message, envelope.id, piece)
        finally:
            granted = session.refund(self._window_bytes // 4)
            if granted:
                self.send(session.token, Credit(granted))

    def _answer_error(self, route: bytes, error: FilmgateError, number: int) -> None:
        self._metrics.wire_errors.labels(code=error.code).inc()
        self._send(route, to_error(error), re=number)
        if isinstance(error, CreditError):
            log.warning("peer overdrew its credit")
            self.watchdog.shut_down(route)
        elif isinstance(error, ProtocolError) and not isinstance(error, UnknownSessionError):
            log.info("protocol error", code=error.code, text=error.text)

    # Handlers, one for each kind that a client sends.

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
            Credit: self._credit,
        }

    def _hello(self, route: bytes, hello: Hello, number: int) -> None:
        protocol = negotiate(hello.protocols)
        self._lose(route)  # a second hello on one connection leaves its first session
        session, resumed = self._sessions.open(hello, route, self._clock())
        session.put_credit, session.get_credit, session.spent = self._window_bytes, 0, 0
        session.downloads.clear()
        welcome = Welcome(
            protocol=protocol,
            server=filmgate.__version__,
            instance=self.instance,
            resume=session.token,
            resumed=resumed,
            show=session.owner.show,
            user=session.owner.user,
            chunk_bytes=self._chunk_bytes,
            credit_bytes=self._window_bytes,
            limits={"downloads": DOWNLOADS_MAX, "credit_bytes": GET_CREDIT_MAX},
            features=self.features,
        )
        self._send(route, welcome, re=number)
        self._the_broker.session_back(session.token)

    def _models_list(self, session: Session, asked: ModelsList, number: int, _: object) -> None:
        if self.catalogue is not None:
            self.send(session.token, self.catalogue.page(asked.cursor), number)

    def _status_get(self, session: Session, asked: StatusGet, number: int, _: object) -> None:
        if self.status is not None:
            self.send(session.token, self.status.page(asked.cursor), number)

    def _job_submit(self, session: Session, submit: JobSubmit, number: int, _: object) -> None:
        self._the_broker.submit(session.owner, submit, number)

    def _job_ack(self, session: Session, ack: JobAck, number: int, _: object) -> None:
        self._the_broker.acknowledge(session.owner, ack.job_id, number)

    def _job_cancel(self, session: Session, cancel: JobCancel, number: int, _: object) -> None:
        self._the_broker.cancel(session.owner, cancel.job_id, number)

    def _job_query(self, session: Session, query: JobQuery, number: int, _: object) -> None:
        self._the_broker.query(session.owner, query.job_id, number)

    def _blob_put(self, session: Session, put: BlobPut, number: int, piece: memoryview) -> None:
        self._check_piece(put, piece)
        self._metrics.uploaded_bytes.inc(len(piece))
        try:
            self._the_broker.put(session.owner, put, piece)
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
        if len(session.downloads) >= DOWNLOADS_MAX:
            raise ProtocolError(f"At most {DOWNLOADS_MAX} blobs are sent at a time.")
        blob = self._find(session, get.digest)
        if get.offset % self._chunk_bytes or get.offset >= blob.size_bytes:
            raise ProtocolError("A download starts at the beginning of a piece.")
        session.downloads[get.digest] = Download(get.offset, number)
        self._pump(session)

    def _credit(self, session: Session, credit: Credit, number: int, _: object) -> None:
        session.get_credit += credit.size
        if session.get_credit > GET_CREDIT_MAX:
            raise CreditError(f"At most {GET_CREDIT_MAX} bytes of credit are taken.")
        self._pump(session)

    # Sending.

    def send(self, session: bytes, message: Message, re: int | None = None) -> None:
        """Send to a session; dropped while its client is away, who will ask again."""
        found = self._sessions.by_token(session)
        if found is not None and found.route is not None:
            self._send(found.route, message, re=re)

    def _send(
        self, route: bytes, message: Message, piece: memoryview | None = None, re: int | None = None
    ) -> bool:
        try:
            header = encode(message, re=re)
        except ProtocolError as error:
            log.error("message too long", kind=message.kind)
            header = encode(to_error(error), re=re)
        parts: list[Any] = [route, header]
        if piece is not None:
            parts.append(piece)
            self._metrics.sent_bytes.inc(len(piece))
        try:
            self.socket.send_multipart(parts, zmq.NOBLOCK, copy=True)
        except zmq.Again:
            log.warning("peer does not read; its connection is shut")
            self.watchdog.shut_down(route)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
        else:
            return True
        self._lose(route)
        return False

    def _pump(self, session: Session) -> None:
        """Send pieces of the session's downloads, in turn, as far as its credit reaches."""
        while session.downloads and session.route is not None:
            digest, download = next(iter(session.downloads.items()))
            try:
                blob = self._find(session, digest)
            except UnknownBlobError as error:
                del session.downloads[digest]
                self._answer_error(session.route, error, download.number)
                continue
            start = download.offset
            end = min(start + self._chunk_bytes, blob.size_bytes)
            if end - start > session.get_credit:
                return
            session.get_credit -= end - start
            if end == blob.size_bytes:
                del session.downloads[digest]
            else:
                download.offset = end
                session.downloads.move_to_end(digest)
            sum_ = blob.sums[start // self._chunk_bytes][:SUM_BYTES]
            data = BlobData(digest, blob.size_bytes, start, sum_)
            self._send(session.route, data, blob.content[start:end])

    def _find(self, session: Session, digest: bytes) -> Blob | PublicBlob:
        """Look a blob up anew for each piece: it may have been evicted and its memory reused."""
        public = self.catalogue.blob(digest) if self.catalogue is not None else None
        return public or self._the_broker.blob(session.owner, digest)

    # Time and loss.

    def tick(self) -> None:
        """Look after connections: the watchdog, the lost, the silent and the long gone."""
        self.lost()
        now_s = self._clock()
        self.watchdog.check(now_s)
        if now_s - self._probed_s > PROBE_S:
            self._probed_s = now_s
            for session in self._sessions:
                self._look_after(session, now_s)

    def lost(self) -> None:
        """Take note of connections that the socket's monitor reports as gone."""
        for route in self.watchdog.drain():
            self._lose(route)

    def announce_drain(self) -> None:
        """Tell every client that no new work is taken."""
        for session in self._sessions:
            self.send(session.token, Drain(DRAIN_RETRY_MS))

    def close(self) -> None:
        """Close the socket; nothing lingers."""
        self.watchdog.close()
        self.socket.close(0)

    def _look_after(self, session: Session, now_s: float) -> None:
        if session.route is not None and now_s - session.seen_s > PROBE_S:
            self._send(session.route, Credit(0))  # a probe: it fails if the peer is gone
        self._forget_idle(session)

    def _lose(self, route: bytes) -> None:
        try:
            session = self._sessions.by_route(route)
        except UnknownSessionError:
            return
        self._sessions.disconnect(session)
        self._the_broker.session_away(session.token)
        self._forget_idle(session)

    def _forget_idle(self, session: Session) -> None:
        """Drop a session whose client has gone and left no job: it can be opened anew."""
        if session.route is None and self._the_broker.is_idle(session.token):
            self._sessions.forget(session)

    @property
    def _the_broker(self) -> Broker:
        if self.broker is None:
            raise ProtocolError("The server has not finished starting.")
        return self.broker


def _router(context: zmq.Context[zmq.Socket[bytes]], chunk_bytes: int) -> zmq.Socket[bytes]:
    socket = context.socket(zmq.ROUTER)
    options = {
        zmq.LINGER: 0,
        zmq.ROUTER_MANDATORY: 1,
        zmq.ROUTER_HANDOVER: 0,
        zmq.SNDHWM: HWM_MESSAGES,
        zmq.RCVHWM: 64,
        zmq.MAXMSGSIZE: max(chunk_bytes, 65536),
        zmq.HEARTBEAT_IVL: HEARTBEAT_MS,
        zmq.HEARTBEAT_TIMEOUT: HEARTBEAT_TIMEOUT_MS,
        zmq.HEARTBEAT_TTL: HEARTBEAT_TIMEOUT_MS,
        zmq.HANDSHAKE_IVL: 10_000,
        zmq.BACKLOG: 256,
    }
    for option, value in options.items():
        socket.setsockopt(option, value)
    return socket
