"""A TCP relay between a client and a server that damages or cuts what passes through it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

PIECE_BYTES = 1 << 16
Change = Callable[[bytes, int], bytes | None]
"""Given bytes and where in their stream they start: what to pass on; None cuts the connection."""


class Relay:
    """Listens on a port of its own and passes connections on.

    Args:
        port: the server's.
        upward: what is done to what clients send.
        downward: what is done to what the server sends.

    Attributes:
        port: where clients connect to.
    """

    def __init__(
        self, port: int, upward: Change | None = None, downward: Change | None = None
    ) -> None:
        self._server_port = port
        self._upward, self._downward = upward, downward
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for opened in (self._listener, *self._sockets):
            _close(opened)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                return  # the relay was closed, or the server is gone
            self._sockets += [client, server]
            for ends in ((client, server, self._upward), (server, client, self._downward)):
                threading.Thread(target=_carry, args=ends, daemon=True).start()


def _carry(source: socket.socket, target: socket.socket, change: Change | None) -> None:
    place = 0
    try:
        while piece := source.recv(PIECE_BYTES):
            passed = piece if change is None else change(piece, place)
            place += len(piece)
            if passed is None:
                break
            target.sendall(passed)
    except OSError:
        pass  # one end has left
    finally:
        _close(source)
        _close(target)


def _close(connection: socket.socket) -> None:
    with suppress(OSError):  # it is not connected, or listens
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class FlipOnce:
    """Flips one bit of the stream, at byte *place*, on the first connection that gets so far."""

    def __init__(self, place: int) -> None:
        self.place = place
        self.flipped = threading.Event()

    def __call__(self, piece: bytes, start: int) -> bytes:
        """Pass *piece* on, perhaps with a bit changed."""
        inside = self.place - start
        if self.flipped.is_set() or not 0 <= inside < len(piece):
            return piece
        self.flipped.set()
        return piece[:inside] + bytes([piece[inside] ^ 4]) + piece[inside + 1 :]


class CutEach:
    """Cuts each of the first connections after so many bytes."""

    def __init__(self, *sizes: int) -> None:
        self._sizes = list(sizes)
        self._lock = threading.Lock()
        self.cuts = 0

    def __call__(self, piece: bytes, start: int) -> bytes | None:
        """Pass *piece* on, or cut the connection."""
        with self._lock:
            if self._sizes and start + len(piece) >= self._sizes[0]:
                self._sizes.pop(0)
                self.cuts += 1
                return None
        return piece
