"""The connection to the server: one thread, one socket, reconnecting by itself."""

from __future__ import annotations

import contextlib
import itertools
import logging
import queue
import random
import threading
import time
from typing import Any, Callable, Optional

import zmq
from zmq.utils.monitor import recv_monitor_message

from filmgate.curve import HANDSHAKE_EVENTS, Curve, Handshakes
from filmgate.errors import (
    BusyError,
    ConfigError,
    ConnectionLostError,
    DeniedError,
    FilmgateError,
    ProtocolError,
    VersionError,
)
from filmgate.wire.codec import decode, encode
from filmgate.wire.messages import BlobPut, Error, Hello, Message, Welcome, from_error
from filmgate.wire.version import PROTOCOLS, negotiate

HEARTBEAT_MS = 5_000
HEARTBEAT_TIMEOUT_MS = 20_000
WELCOME_WITHIN_S = 10.0
BACKOFF_S = (0.05, 8.0)
RECONNECT_MS = (100, 2_000)
TURN_MS = 200
RECEIVE_BURST = 64

log = logging.getLogger("filmgate")


class LinkEvents:
    """What the link tells its owner, on the link's thread."""

    def opened(self, welcome: Welcome) -> None:
        """Say that a session is open, new or resumed."""

    def closed(self) -> None:
        """Say that the connection is gone; another will be tried."""

    def failed(self, error: FilmgateError) -> None:
        """Say that trying again is pointless: the server has turned us away."""

    def received(self, message: Message, re: Optional[int], piece: memoryview) -> None:
        """Hand over a message."""

    def turned(self) -> None:
        """Say that a turn of the loop is over: at least a few times each second."""


class Link:
    """Owns the socket and the thread; everything but `post` and `close` belongs to that thread.

    Args:
        server: the address, for example ``tcp://127.0.0.1:5700``.
        hello: what to say first; the resume token is filled in.
        events: who listens.
        curve: what encrypts the connection; None for a server of one's own on this machine.

    Raises:
        ConfigError: the address cannot be used.
    """

    def __init__(
        self, server: str, hello: Hello, events: LinkEvents, curve: Optional[Curve] = None
    ) -> None:
        self.server = server
        self.welcome: Optional[Welcome] = None
        self._hello = hello
        self._events = events
        self._curve = curve
        self._handshakes = Handshakes(server, curve is not None)
        self._over = False
        self._resume: Optional[bytes] = None
        self._posted: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._numbers = itertools.count(1)
        self._stopping = False
        self._retry_at_s: Optional[float] = None
        self._failures = 0
        self._hello_sent_s: Optional[float] = None
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._wake_lock = threading.Lock()
        self._wake, self._waker = self._wake_pair()
        self._socket, self._monitor = self._connect()
        self._thread = threading.Thread(target=self._run, name="filmgate-link", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def post(self, call: Callable[[], None]) -> None:
        """Run *call* on the link's thread, or here once that has ended; from any thread."""
        with self._wake_lock:
            if not self._waker.closed:
                self._posted.put(call)
                self._waker.send(b"", zmq.NOBLOCK)
                return
        call()

    def close(self) -> None:
        """Close the connection and end the thread; may be called from any thread."""
        self.post(self._stop)
        if not self.runs_here:
            self._thread.join()

    @property
    def runs_here(self) -> bool:
        """Whether the caller is the link's own thread."""
        return threading.current_thread() is self._thread

    def send(self, message: Message, piece: Optional[memoryview] = None) -> int:
        """Send a message, and a binary part with it; return its number."""
        number = next(self._numbers)
        parts: list[Any] = [encode(message, number)]
        if piece is not None:
            parts.append(piece)
        try:
            self._socket.send_multipart(parts, zmq.NOBLOCK, copy=not isinstance(message, BlobPut))
        except zmq.Again:
            self._reopen("the server does not take what we send")
        return number

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._turn()
        except Exception as error:  # the thread's end: without this, jobs would wait for ever
            log.exception("the client's thread failed")
            self._events.failed(FilmgateError(f"The client itself failed ({error!r})."))
        finally:
            with self._wake_lock:
                self._waker.close(0)
            self._run_queue()
            self._drop_socket()
            self._wake.close(0)
            self._context.term()

    def _turn(self) -> None:
        poller = zmq.Poller()
        for socket in (self._socket, self._monitor, self._wake):
            poller.register(socket, zmq.POLLIN)
        ready = dict(poller.poll(TURN_MS if self._retry_at_s is None else 20))
        if self._wake in ready:
            self._run_posted()
        if self._socket in ready:
            self._receive()
        if self._monitor in ready:
            self._watch()
        self._keep_time()
        self._events.turned()

    def _run_posted(self) -> None:
        while self._wake.poll(0):
            self._wake.recv()
        self._run_queue()

    def _run_queue(self) -> None:
        while True:
            try:
                call = self._posted.get_nowait()
            except queue.Empty:
                return
            call()

    def _receive(self) -> None:
        socket = self._socket
        for _ in range(RECEIVE_BURST):
            try:
                parts = socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            self._take(parts)
            if socket is not self._socket:
                return

    def _take(self, parts: list[zmq.Frame]) -> None:
        try:
            if len(parts) > 2:
                raise ProtocolError("The server sent a message of too many parts.")
            envelope = decode(parts[0].bytes)
        except FilmgateError as error:
            log.warning("message dropped: %s", error)
            return
        message = envelope.message
        if isinstance(message, Welcome):
            self._welcomed(message)
        elif isinstance(message, Error) and self._turned_away(message, envelope.re):
            return
        else:
            piece = parts[1].buffer if len(parts) > 1 else memoryview(b"")
            self._events.received(message, envelope.re, piece)

    def _welcomed(self, welcome: Welcome) -> None:
        try:
            negotiate([welcome.protocol])
        except VersionError as error:
            self._give_up(error)
            return
        self.welcome, self._resume = welcome, welcome.resume
        self._hello_sent_s, self._failures = None, 0
        self._events.opened(welcome)

    def _turned_away(self, message: Error, re: Optional[int]) -> bool:
        if message.code == "unknown_session":
            self._reopen("the server does not know this connection")
            return True
        error, waiting = from_error(message), self.welcome is None
        # A denial that answers nothing concerns the session itself: the key was revoked.
        if isinstance(error, DeniedError) and (waiting or re is None):
            self._give_up(error)
            return True
        if waiting and isinstance(error, VersionError):
            self._give_up(error)
        elif waiting and isinstance(error, BusyError):
            self._reopen(error.text)
        return waiting and isinstance(error, (VersionError, BusyError))

    def _give_up(self, error: FilmgateError) -> None:
        self._over, self._hello_sent_s, self._retry_at_s = True, None, None
        with contextlib.suppress(zmq.ZMQError):  # it may have given up by itself
            self._socket.disconnect(self.server)
        self._events.failed(error)

    def _watch(self) -> None:
        while self._monitor.poll(0):
            told = recv_monitor_message(self._monitor)
            error = self._handshakes.judge(told)
            if error is not None:
                self._give_up(error)
                return
            if told["event"] == zmq.EVENT_CONNECTED:
                self._hello_sent_s = time.monotonic()
            elif told["event"] == zmq.EVENT_DISCONNECTED:
                self._reopen("the connection was lost")
                return

    def _keep_time(self) -> None:
        now_s = time.monotonic()
        if self._retry_at_s is not None and now_s >= self._retry_at_s:
            self._retry_at_s = None
            self._socket, self._monitor = self._connect()
        sent_s = self._hello_sent_s
        if self.welcome is None and sent_s is not None and now_s > sent_s + WELCOME_WITHIN_S:
            self._reopen("the server did not answer the hello")

    def _reopen(self, why: str) -> None:
        """Close the socket and try another after a while, longer each time and never in step."""
        if self._over or self._retry_at_s is not None:
            return
        log.info("reconnecting to %s: %s", self.server, why)
        self._failures += 1
        ceiling_s = min(BACKOFF_S[1], BACKOFF_S[0] * 2**self._failures)
        self._retry_at_s = time.monotonic() + random.uniform(BACKOFF_S[0], ceiling_s)  # noqa: S311 - jitter, not a secret
        was_open, self.welcome, self._hello_sent_s = self.welcome is not None, None, None
        if was_open:
            self._events.closed()

    def _connect(self) -> tuple[zmq.Socket[bytes], zmq.Socket[bytes]]:
        self._drop_socket()
        socket = _dealer(self._context, self._curve)
        watched = zmq.EVENT_CONNECTED | zmq.EVENT_DISCONNECTED | HANDSHAKE_EVENTS
        monitor = socket.get_monitor_socket(watched)
        try:
            socket.connect(self.server)
        except zmq.ZMQError as error:
            socket.disable_monitor()
            monitor.close(0)
            socket.close(0)
            raise ConfigError(f"{self.server!r} is not an address: {error}.") from error
        hello = Hello(
            PROTOCOLS,
            self._hello.client,
            self._hello.user,
            self._hello.show,
            self._hello.token,
            self._resume,
        )
        socket.send(encode(hello, next(self._numbers)), zmq.NOBLOCK)
        return socket, monitor

    def _drop_socket(self) -> None:
        socket = getattr(self, "_socket", None)
        if socket is not None and not socket.closed:
            socket.disable_monitor()
            self._monitor.close(0)  # or the context would wait for it for ever
            socket.close(0)

    def _wake_pair(self) -> tuple[zmq.Socket[bytes], zmq.Socket[bytes]]:
        """Make a pair of sockets that wakes the poll; pipes cannot be polled on Windows."""
        address = f"inproc://filmgate-wake-{id(self)}"
        receiver, sender = self._context.socket(zmq.PAIR), self._context.socket(zmq.PAIR)
        receiver.setsockopt(zmq.RCVHWM, 0)
        sender.setsockopt(zmq.SNDHWM, 0)
        receiver.bind(address)
        sender.connect(address)
        return receiver, sender

    def _stop(self) -> None:
        self._stopping = True


def _dealer(context: zmq.Context[zmq.Socket[bytes]], curve: Optional[Curve]) -> zmq.Socket[bytes]:
    socket = context.socket(zmq.DEALER)
    options = {
        zmq.LINGER: 0,
        zmq.SNDHWM: 4096,
        zmq.RCVHWM: 256,
        zmq.MAXMSGSIZE: 4 << 20,
        zmq.HEARTBEAT_IVL: HEARTBEAT_MS,
        zmq.HEARTBEAT_TIMEOUT: HEARTBEAT_TIMEOUT_MS,
        zmq.HEARTBEAT_TTL: HEARTBEAT_TIMEOUT_MS,
        zmq.RECONNECT_IVL: RECONNECT_MS[0],
        zmq.RECONNECT_IVL_MAX: RECONNECT_MS[1],
    }
    for option, value in options.items():
        socket.setsockopt(option, value)
    if curve is not None:
        curve.apply(socket)
    return socket


def lost_error(server: str, waited_s: float) -> ConnectionLostError:
    """Return the error of a server that did not answer in time."""
    return ConnectionLostError(f"The server {server} did not answer within {waited_s:g} s.")
