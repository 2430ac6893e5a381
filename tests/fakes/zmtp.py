"""ZMTP spoken by hand over a plain socket, so that a test can break its rules."""

from __future__ import annotations

import select
import socket
import struct
from contextlib import suppress
from types import TracebackType

from fakes.waiting import PATIENCE_S

MORE, LONG, COMMAND = 1, 2, 4
_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)


class Wire:
    """A TCP connection to a server.

    Args:
        port: the server's.
        handshake: whether to `greet` at once.
        identity: the routing id to claim; empty lets the server choose.
    """

    def __init__(self, port: int, handshake: bool = True, identity: bytes = b"") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        if handshake:
            self.greet(identity)

    def greet(self, identity: bytes = b"") -> None:
        """Shake hands as a DEALER."""
        self.send(_GREETING)
        self._read(64)
        self._send_ready(identity)
        self.receive_frame()

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def send(self, content: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(content)

    def finish(self) -> None:
        """Say that nothing more will be sent, unless the server has left already."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def flood(self, content: bytes, times: int) -> int:
        """Send *content* up to so many times, until the server leaves; return how many bytes."""
        self.socket.setblocking(False)
        sent, view = 0, memoryview(content)
        while sent < times * len(content):
            readable, writable, _ = select.select([self.socket], [self.socket], [], PATIENCE_S)
            assert readable or writable, "neither taken nor refused"
            try:
                if readable and not self.socket.recv(65536):
                    break
                if writable:
                    sent += self.socket.send(view[sent % len(content) :])
            except ConnectionError:
                break
        return sent

    def send_frame(self, content: bytes, flags: int = 0) -> None:
        """Send one frame."""
        self.send(struct.pack(">BQ", flags | LONG, len(content)) + content)

    def receive_frame(self) -> bytes:
        """Return the next frame's content."""
        (flags,) = self._read(1)
        size = struct.unpack(">Q", self._read(8))[0] if flags & LONG else self._read(1)[0]
        return self._read(size)

    def closed_by_server(self) -> bool:
        """Wait until the server has shut the connection; False if it never does."""
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def _send_ready(self, identity: bytes) -> None:
        ready = (
            b"\x05READY" + _property(b"Socket-Type", b"DEALER") + _property(b"Identity", identity)
        )
        self.send(struct.pack(">BB", COMMAND, len(ready)) + ready)

    def _read(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            piece = self.socket.recv(size - len(content))
            if not piece:
                raise ConnectionResetError("the server has shut the connection")
            content += piece
        return content


def _property(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value
