"""TCP relays: one lets clients send so much and then holds them, one carries answers slowly."""

from __future__ import annotations

import socket
import threading
import time
from typing import Self

LOOPBACK = "127.0.0.1"
PIECE_BYTES = 1 << 16
KERNEL_BYTES = 1 << 16
"""What the system may hold back of a slow connection, so that its slowness is felt at once."""


class HoldingRelay:
    """Stands between clients and a server on this machine.

    Args:
        server_port: where the server listens.
        hold_bytes: what each connection may send before it is held.

    Attributes:
        port: where clients connect to.
    """

    def __init__(self, server_port: int, hold_bytes: int) -> None:
        self._server_port = server_port
        self._hold_bytes = hold_bytes
        self._released = threading.Event()
        self._arrived = threading.Semaphore(0)
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def count_held(self, quiet_s: float) -> int:
        """Wait until no connection has been held anew for *quiet_s*; return how many are held."""
        count = 0
        while self._arrived.acquire(timeout=quiet_s):
            count += 1
        return count

    def release(self) -> None:
        """Let everybody go on."""
        self._released.set()

    def __enter__(self) -> Self:
        """Return the relay."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection."""
        self._released.set()
        for opened in (self._listener, *self._sockets):
            opened.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # the relay was closed
            server = socket.create_connection((LOOPBACK, self._server_port))
            self._sockets += [client, server]
            for pump, ends in ((self._upward, (client, server)), (_carry, (server, client))):
                threading.Thread(target=pump, args=ends, daemon=True).start()

    def _upward(self, client: socket.socket, server: socket.socket) -> None:
        if _carry(client, server, self._hold_bytes):
            self._arrived.release()
            self._released.wait()
            _carry(client, server)


class SlowRelay:
    """Carries what clients send at once, and what they are sent at a steady slow rate.

    Args:
        server_port: where the server listens.
        bytes_per_s: for each connection, downward.

    Attributes:
        port: where clients connect to.
    """

    def __init__(self, server_port: int, bytes_per_s: int) -> None:
        self._server_port = server_port
        self._bytes_per_s = bytes_per_s
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
            opened.close()

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
            threading.Thread(target=_carry, args=(client, server), daemon=True).start()
            threading.Thread(target=self._downward, args=(server, client), daemon=True).start()

    def _downward(self, server: socket.socket, client: socket.socket) -> None:
        while _carry(server, client, PIECE_BYTES):
            time.sleep(PIECE_BYTES / self._bytes_per_s)


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
        return False  # the relay was closed
    return True
