"""The gateway: one ROUTER socket, its sessions and their credit. It never looks into pixels."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import structlog
import zmq

import filmgate
from filmgate.errors import (
    CreditError,
    DeniedError,
    FilmgateError,
    ProtocolError,
    UnknownSessionError,
)
from filmgate.wire.codec import Envelope, decode, encode
from filmgate.wire.messages import (
    BlobData,
    Credit,
    Drain,
    Hello,
    JobRefused,
    Message,
    Welcome,
    to_error,
)
from filmgate.wire.version import negotiate
from filmgate_server.access.door import Door
from filmgate_server.gateway.downloads import GET_CREDIT_MAX
from filmgate_server.gateway.flow import Flow
from filmgate_server.gateway.requests import Requests
from filmgate_server.gateway.revocation import Revocation
from filmgate_server.gateway.router import (
    address_of,
    bind_router,
    is_chosen,
    key_of,
    port_of,
    source_of,
)
from filmgate_server.gateway.sessions import DOWNLOADS_MAX, Session, SessionTable
from filmgate_server.gateway.watchdog import Watchdog
from filmgate_server.gateway.windows import Windows
from filmgate_server.operations.metrics import Metrics

PARTS_MAX = 3
MESSAGE_OVERHEAD_BYTES = 64
PROBE_S = 5.0
RECEIVE_BURST = 64
DRAIN_RETRY_MS = 2_000

log = structlog.get_logger()


class Gateway:
    """The socket and everything that speaks through it; implements the broker's outbox.

    Args:
        address: where to bind, for example ``tcp://127.0.0.1:5700``; port 0 takes any.
        door: who may come in.
        sessions: who is connected.
        windows: how much may be on the way.

    Attributes:
        door: who may come in.
        requests: answers everything but a hello; see `answer_with`.
        features: optional features that are told to each client that is let in.
        socket: the ROUTER, to poll.
        port: where it listens.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        address: str,
        door: Door,
        sessions: SessionTable,
        metrics: Metrics,
        windows: Windows,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.door = door
        self.requests: Requests | None = None
        self.instance = secrets.token_bytes(16)
        self.features: tuple[str, ...] = ()
        self._sessions = sessions
        self._metrics = metrics
        self._clock = clock
        self._probed_s = clock()
        self.socket = bind_router(context, address, windows.chunk_bytes, door.lock)
        self.port = port_of(self.socket)
        surplus_max = 2 * windows.window_bytes + (16 << 20)
        self.watchdog = Watchdog(self.socket, surplus_max, door.admit)
        self._flow = Flow(windows, sessions, self.watchdog, self.send)
        self._revocation = Revocation(door, sessions, self.watchdog, self._send, self._lose)

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
        fd = source_of(first)
        last = first
        while last.more:
            last = self.socket.recv(copy=False)
            size_bytes += len(last) + MESSAGE_OVERHEAD_BYTES
            if len(parts) < PARTS_MAX:
                parts.append(last)
        self._metrics.received_bytes.inc(size_bytes)
        if fd is None:
            return  # no client of ours; the watchdog shuts it as one that has said nothing
        is_there = self.watchdog.delivered(fd, route, size_bytes)
        if not is_there and not self._sessions.has_route(route):
            return  # it left before it was heard: there is nobody to open a session for
        if is_chosen(route):
            self._answer_error(route, ProtocolError("Connections do not name themselves."), 0)
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
            self._dispatch(route, envelope, piece, parts[0])
        except FilmgateError as error:
            self._answer_error(route, error, int(error.detail.pop("id", number)))

    def _dispatch(
        self, route: bytes, envelope: Envelope, piece: memoryview, header: zmq.Frame
    ) -> None:
        if isinstance(envelope.message, Hello):
            self._hello(route, envelope, envelope.message, header)
            return
        session, message = self._sessions.by_route(route), envelope.message
        session.seen_s = self._clock()
        if len(piece):
            self._flow.windows.spend(session, len(piece))
        try:
            with self.door.audit.acting(session.actor):
                self._the_requests.handle(session, message, envelope.id, piece)
        except DeniedError as error:
            self._note_denied(session, "request", text=error.text)
            raise
        finally:
            self._flow.heard(session, message)

    def _hello(self, route: bytes, envelope: Envelope, hello: Hello, header: zmq.Frame) -> None:
        protocol = negotiate(hello.protocols)
        self._lose(route)  # a second hello on one connection leaves its first session
        address = address_of(header)
        identity = self.door.identify(hello, key_of(header), address)
        session, resumed = self._sessions.open(identity, hello.resume, route, self._clock())
        session.address = address
        with self.door.audit.acting(session.actor):
            self.door.audit.note("session resumed" if resumed else "session opened")
        session.get_credit = 0
        session.downloads.clear()
        welcome = Welcome(
            protocol=protocol,
            server=filmgate.__version__,
            instance=self.instance,
            resume=session.token,
            resumed=resumed,
            show=session.owner.show,
            user=session.owner.user,
            chunk_bytes=self._flow.windows.chunk_bytes,
            credit_bytes=self._flow.open(session),
            limits={"downloads": DOWNLOADS_MAX, "credit_bytes": GET_CREDIT_MAX},
            features=self.features,
        )
        self._send(route, welcome, re=envelope.id)
        self._the_requests.broker.session_back(session.token)

    # Sending.

    def send(self, session: bytes, message: Message, re: int | None = None) -> None:
        """Send to a session; dropped while its client is away, who will ask again."""
        found = self._sessions.by_token(session)
        if found is None:
            return
        if isinstance(message, JobRefused) and message.code == DeniedError.code:
            self._note_denied(found, "job", job=message.job_id.hex(), text=message.text)
        if found.route is not None:
            self._send(found.route, message, re=re)

    def send_piece(self, session: Session, data: BlobData, piece: memoryview) -> None:
        """Send a piece of a blob to a session that is there."""
        if session.route is not None:
            self._metrics.sent_bytes.inc(len(piece))
            self._send(session.route, data, piece)

    def may_send(self, session: Session, size_bytes: int) -> bool:
        """Return whether a piece may be sent now; if not, it is tried again."""
        return self._flow.may_send(session, size_bytes)

    def answer_error(self, session: Session, error: FilmgateError, number: int) -> None:
        """Say that request *number* of a session cannot be answered."""
        if isinstance(error, DeniedError):
            self._note_denied(session, "request", text=error.text)
        if session.route is not None:
            self._answer_error(session.route, error, number)

    def _note_denied(self, session: Session, what: str, **facts: str) -> None:
        with self.door.audit.acting(session.actor):
            self.door.audit.deny(what, **facts)

    def _answer_error(self, route: bytes, error: FilmgateError, number: int) -> None:
        self._metrics.wire_errors.labels(code=error.code).inc()
        self._send(route, to_error(error), re=number)
        if isinstance(error, CreditError):
            log.warning("peer overdrew its credit")
            self.watchdog.shut_down(route)
        elif isinstance(error, ProtocolError) and not isinstance(error, UnknownSessionError):
            log.info("protocol error", code=error.code, text=error.text)

    def _send(
        self, route: bytes, message: Message, piece: memoryview | None = None, re: int | None = None
    ) -> None:
        try:
            header = encode(message, re=re)
        except ProtocolError as error:
            log.error("message too long", kind=message.kind)
            header = encode(to_error(error), re=re)
        parts: list[Any] = [route, header, *([] if piece is None else [piece])]
        try:
            self.socket.send_multipart(parts, zmq.NOBLOCK, copy=True)
        except zmq.Again:
            log.warning("peer does not read; its connection is shut")
            self.watchdog.shut_down(route)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
        else:
            self.watchdog.sent(route, sum(map(len, parts[1:])))
            return
        self._lose(route)

    # Time and loss.

    def tick(self) -> None:
        """Look after connections: the watchdog, the lost, the silent and the long gone."""
        self.lost()
        now_s = self._clock()
        self.watchdog.check(now_s)
        self._flow.tick()
        self._revocation.tick(now_s)
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
        self.door.close()

    def _look_after(self, session: Session, now_s: float) -> None:
        if session.route is not None and now_s - session.seen_s > PROBE_S:
            self._send(session.route, Credit(0))  # a probe: it fails if the peer is gone
        if session.route is not None:
            self._flow.top_up(session)  # what was to be handed over may have come back to the wire
        self._forget_idle(session)

    def _lose(self, route: bytes) -> None:
        try:
            session = self._sessions.by_route(route)
        except UnknownSessionError:
            return
        self._flow.close(session)
        self._sessions.disconnect(session)
        self._the_requests.broker.session_away(session.token)
        self._forget_idle(session)

    def _forget_idle(self, session: Session) -> None:
        """Drop a session whose client has gone and left no job: it can be opened anew."""
        if session.route is None and self._the_requests.broker.is_idle(session.token):
            self._sessions.forget(session)

    def answer_with(self, requests: Requests) -> None:
        """Let *requests* answer everything but a hello."""
        self.requests = requests
        self._flow.pump = requests.pump
        self._flow.wanted_bytes = requests.broker.uploads.wanted_bytes

    @property
    def _the_requests(self) -> Requests:
        if self.requests is None:
            raise ProtocolError("The server has not finished starting.")
        return self.requests
