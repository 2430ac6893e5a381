"""A TCP relay between a client and a server: a line that is slow, cut, silent or wrong.

What the line does is put together from faults, in their order, for each way by itself::

    with Relay(port, upward=[Flip(5_000), Cut(MIB)], bytes_per_s=1e6) as relay: ...
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

PIECE_BYTES = 1 << 16
PIECES_ON_THE_LINE = 64
"""So much is under way before the sender has to wait, as in a long cable."""

HEADER_BYTES = 1024
"""More than a header of a piece of pixels takes."""


@dataclass
class Stream:
    """One way of one connection.

    Attributes:
        number: the connection's, from 0.
        place: how many bytes have gone this way before.
    """

    number: int
    place: int = 0


class Fault(Protocol):
    """What happens to bytes on their way."""

    def __call__(self, piece: bytes, stream: Stream) -> bytes | None:
        """Return what arrives of *piece*, which begins at ``stream.place``; None cuts the line."""
        ...


class Flip:
    """Flips one bit at each of *places*, on the first connections that get so far.

    Args:
        places: bytes from the beginning of a stream.
        spare: a place at which this stands near is passed over: a header, which only an encrypted
            connection can tell from another.

    Attributes:
        flipped: how many were.
    """

    def __init__(self, *places: int, spare: bytes = b"") -> None:
        self._left = sorted(places)
        self._spare = spare
        self._lock = threading.Lock()
        self.flipped = 0

    def __call__(self, piece: bytes, stream: Stream) -> bytes:
        """Change what lies in *piece*."""
        changed = bytearray(piece)
        with self._lock:
            for place in [place for place in self._left if 0 <= place - stream.place < len(piece)]:
                self._left.remove(place)
                if self._is_spared(piece, place - stream.place):
                    continue
                changed[place - stream.place] ^= 4
                self.flipped += 1
        return bytes(changed)

    def _is_spared(self, piece: bytes, place: int) -> bool:
        near = piece[max(0, place - HEADER_BYTES) : place + HEADER_BYTES]
        return bool(self._spare) and self._spare in near


class Cut:
    """Cuts the first connections, each after so many bytes as its turn in *places* says.

    Attributes:
        cuts: how many were cut.
    """

    def __init__(self, *places: int) -> None:
        self._left = list(places)
        self._lock = threading.Lock()
        self.cuts = 0

    def __call__(self, piece: bytes, stream: Stream) -> bytes | None:
        """Pass *piece* on up to the cut."""
        with self._lock:
            if not self._left or stream.place + len(piece) < self._left[0]:
                return piece
            self._left.pop(0)
            self.cuts += 1
            return None


class HalfOpen:
    """Swallows all that the first *connections* carry from byte *place* on, and says nothing."""

    def __init__(self, place: int, connections: int = 1) -> None:
        self._place = place
        self._connections = connections
        self.swallowed_bytes = 0

    def __call__(self, piece: bytes, stream: Stream) -> bytes:
        """Pass on what lies before the place."""
        if stream.number >= self._connections:
            return piece
        kept = piece[: max(0, self._place - stream.place)]
        self.swallowed_bytes += len(piece) - len(kept)
        return kept


class Relay:
    """Listens on a port of its own and passes connections on.

    Args:
        port: the server's.
        upward: what happens to what clients send.
        downward: what happens to what the server sends.
        latency_s: how long bytes are under way.
        bytes_per_s: how many the line carries, each way; 0 for as many as come.

    Attributes:
        port: where clients connect to.
        connections: how many there have been.
    """

    def __init__(
        self,
        port: int,
        upward: Sequence[Fault] = (),
        downward: Sequence[Fault] = (),
        latency_s: float = 0.0,
        bytes_per_s: float = 0.0,
    ) -> None:
        self._server_port = port
        self._upward, self._downward = upward, downward
        self._latency_s, self._bytes_per_s = latency_s, bytes_per_s
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self._start(self._accept)

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _close(self._listener)
        self.cut()
        for thread in list(self._threads):
            thread.join()

    def cut(self) -> None:
        """Cut every connection; new ones are taken."""
        while self._sockets:
            _close(self._sockets.pop())

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # the relay was closed
            try:
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                _close(client)  # the server is down, perhaps for a while
                continue
            self._sockets += [client, server]
            self._carry(client, server, self._upward)
            self._carry(server, client, self._downward)
            self.connections += 1

    def _carry(self, source: socket.socket, target: socket.socket, faults: Sequence[Fault]) -> None:
        line = _Line(source, target, faults, self._latency_s, self._bytes_per_s)
        line.stream.number = self.connections
        self._start(line.read)
        self._start(line.write)

    def _start(self, call: Callable[[], None]) -> None:
        thread = threading.Thread(target=call, daemon=True)
        self._threads.append(thread)
        thread.start()


class _Line:
    """One way of one connection: a thread that reads, and one that writes when it is time."""

    def __init__(
        self,
        source: socket.socket,
        target: socket.socket,
        faults: Sequence[Fault],
        latency_s: float,
        bytes_per_s: float,
    ) -> None:
        self.stream = Stream(0)
        self._source, self._target = source, target
        self._faults = faults
        self._latency_s, self._bytes_per_s = latency_s, bytes_per_s
        self._pieces: queue.Queue[tuple[float, bytes]] = queue.Queue(PIECES_ON_THE_LINE)

    def read(self) -> None:
        """Take bytes, let the faults at them, and say when they are due."""
        free_s = 0.0
        with suppress(OSError):  # one end has left
            while piece := self._source.recv(PIECE_BYTES):
                passed = self._pass(piece)
                if passed is None:
                    break
                free_s = max(free_s, time.monotonic()) + self._takes_s(len(piece))
                self._pieces.put((free_s + self._latency_s, passed))
        self._pieces.put((0.0, b""))
        _close(self._source)

    def write(self) -> None:
        """Send each piece when it is due."""
        timer = threading.Event()
        with suppress(OSError):
            while True:
                due_s, piece = self._pieces.get()
                if not due_s:
                    break
                timer.wait(max(0.0, due_s - time.monotonic()))
                self._target.sendall(piece)
        _close(self._target)
        _close(self._source)
        while due_s:  # so that the reader is not left waiting for room
            due_s, _ = self._pieces.get()

    def _pass(self, piece: bytes) -> bytes | None:
        passed: bytes | None = piece
        for fault in self._faults:
            if passed is not None:
                passed = fault(passed, self.stream)
        self.stream.place += len(piece)
        return passed

    def _takes_s(self, size_bytes: int) -> float:
        return size_bytes / self._bytes_per_s if self._bytes_per_s else 0.0


def _close(connection: socket.socket) -> None:
    with suppress(OSError):  # it is not connected, or listens
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
