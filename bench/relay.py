"""TCP relays: one lets clients send so much and then holds them, one carries answers slowly."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Self

LOOPBACK = "127.0.0.1"
PIECE_BYTES = 1 << 16
KERNEL_BYTES = 1 << 16
"""What the system may hold back of a slow connection, so that its slowness is felt at once."""


class Relay:
    """Stands between clients and a server on this machine, and passes everything on.

    Args:
        server_port: where the server listens.

    Attributes:
        port: where clients connect to.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        """Return the relay."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection."""
        for opened in (self._listener, *self._sockets):
            _end(opened)

    def upward(self, client: socket.socket, server: socket.socket) -> None:
        """Carry what a client sends."""
        _carry(client, server)

    def downward(self, server: socket.socket, client: socket.socket) -> None:
        """Carry what a client is sent."""
        _carry(server, client)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # the relay was closed
            server = socket.socket()
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BYTES)
            server.connect((LOOPBACK, self._server_port))
            self._sockets += [client, server]
            for carry, ends in ((self.upward, (client, server)), (self.downward, (server, client))):
                threading.Thread(target=self._run, args=(carry, ends), daemon=True).start()

    @staticmethod
    def _run(carry: Callable[..., None], ends: tuple[socket.socket, socket.socket]) -> None:
        """Carry until one end is gone, and tell the other."""
        carry(*ends)
        for end in ends:
            _end(end)


class HoldingRelay(Relay):
    """Holds clients that have sent so much, until all are released.

    Args:
        server_port: where the server listens.
        hold_bytes: what a connection may send before it is held.
        connections: how many are held; later ones, of clients that try again, are not.
    """

    def __init__(self, server_port: int, hold_bytes: int, connections: int) -> None:
        self._hold_bytes = hold_bytes
        self._places = threading.Semaphore(connections)
        self._released = threading.Event()
        self._arrived = threading.Semaphore(0)
        super().__init__(server_port)

    def count_held(self, quiet_s: float) -> int:
        """Wait until no connection has been held anew for *quiet_s*; return how many were."""
        count = 0
        while self._arrived.acquire(timeout=quiet_s):
            count += 1
        return count

    def release(self) -> None:
        """Let everybody go on."""
        self._released.set()

    def __exit__(self, *_: object) -> None:
        """Release and close every connection."""
        self._released.set()
        super().__exit__()

    def upward(self, client: socket.socket, server: socket.socket) -> None:
        """Carry what a client sends, half of it at first."""
        if self._places.acquire(blocking=False) and _carry(client, server, self._hold_bytes):
            self._arrived.release()
            self._released.wait()
        _carry(client, server)


class SlowRelay(Relay):
    """Carries what clients send at once, and what they are sent at a steady slow rate.

    Args:
        server_port: where the server listens.
        bytes_per_s: for each connection, downward.
    """

    def __init__(self, server_port: int, bytes_per_s: int) -> None:
        self._bytes_per_s = bytes_per_s
        super().__init__(server_port)

    def downward(self, server: socket.socket, client: socket.socket) -> None:
        """Carry what a client is sent, a piece now and then."""
        while _carry(server, client, PIECE_BYTES):
            time.sleep(PIECE_BYTES / self._bytes_per_s)


def _end(opened: socket.socket) -> None:
    """Close a socket; whoever reads from it in another thread wakes up."""
    with contextlib.suppress(OSError):  # it listens, or its other end has gone
        opened.shutdown(socket.SHUT_RDWR)
    opened.close()


def _carry(source: socket.socket, target: socket.socket, limit_bytes: int | None = None) -> bool:
    """Pass bytes on until the connection ends; return True if *limit_bytes* stopped it before."""
    carried = 0
    try:
        while limit_bytes is None or carried < limit_bytes:
            piece = source.recv(PIECE_BYTES)
            if not piece:
                return False
            target.sendall(piece)
            carried += len(piece)
    except OSError:
        return False  # one end has gone
    return True
