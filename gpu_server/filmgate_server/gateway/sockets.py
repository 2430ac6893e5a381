"""What the kernel knows of ZeroMQ's connections, looked at through their descriptors."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct
import termios
from collections.abc import Callable, Generator

_UNKNOWN = 1 << 62
_TCP_INFO = getattr(socket, "TCP_INFO", 0)
_FIONREAD = getattr(termios, "FIONREAD", 0)
_BYTES_ACKED_OFFSET = 120
_BYTES_RECEIVED_OFFSET = 128
"""Of ``tcpi_bytes_acked`` and ``tcpi_bytes_received`` in ``struct tcp_info`` (linux/tcp.h), numbers
of 64 bits."""


@contextlib.contextmanager
def _borrowed(fd: int) -> Generator[socket.socket]:
    """Look at another's descriptor; it is never closed here.

    Raises:
        OSError: it is no socket any more.
    """
    connection = socket.socket(fileno=fd)
    try:
        yield connection
    finally:
        connection.detach()


def address(fd: int) -> str:
    """Return where a connection comes from; empty if it has gone already."""
    try:
        with _borrowed(fd) as connection:
            return str(connection.getpeername()[0])
    except (OSError, IndexError):
        return ""


def taken_bytes(fd: int) -> int:
    """Return how much ZeroMQ has read; 0 where the kernel cannot say or the connection is gone."""
    try:
        with _borrowed(fd) as connection:
            received = _counter(connection, _BYTES_RECEIVED_OFFSET)
            unread = fcntl.ioctl(fd, _FIONREAD, bytes(4))
    except OSError:
        return 0
    return max(0, received - int(struct.unpack("=i", unread)[0]))


def acked_bytes(fd: int) -> int:
    """Return how much the other machine has taken; all there is where the kernel cannot say."""
    try:
        with _borrowed(fd) as connection:
            return _counter(connection, _BYTES_ACKED_OFFSET) or _UNKNOWN
    except OSError:
        return _UNKNOWN


def _counter(connection: socket.socket, offset: int) -> int:
    """Read one number of the kernel's; 0 where it has none."""
    info = connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 256)
    return int(struct.unpack_from("<Q", info, offset)[0]) if len(info) >= offset + 8 else 0


def shut(fd: int, is_still_meant: Callable[[], bool]) -> None:
    """Shut a connection.

    ZeroMQ closes descriptors when it likes, and the next connection gets the same number.

    Args:
        fd: its descriptor.
        is_still_meant: asked once the connection cannot be exchanged for another any more.
    """
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(fd)) as connection:
        tcp = connection.family in (socket.AF_INET, socket.AF_INET6)  # never a worker's channel
        if tcp and is_still_meant():
            connection.shutdown(socket.SHUT_RDWR)
