"""Shuts connections whose messages never end, and those that send far more than they may.

ZeroMQ collects a multipart message whole before it delivers it, and its limits count frames and
messages, not bytes: a single message of two thousand parts would take gigabytes, and so would one
of a few million empty parts. The kernel knows how much ZeroMQ has taken from each connection; we
know when something of it has reached us. Once we have read all that is complete, what a connection
still holds back is one unfinished message, which an honest peer keeps small.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import zmq
from zmq.utils.monitor import recv_monitor_message

CHECK_S = 0.02
UNFINISHED_MAX = (1 << 20) + (256 << 10)
"""A message in the making: a header, a piece, and what surrounds them."""

SPEAKS_WITHIN_S = 30.0
"""Clients say hello at once; who says nothing for so long holds a descriptor and nothing else."""

HEARTBEAT_BYTES_PER_S = 64.0
"""Heartbeats are taken by ZeroMQ itself and never reach us."""

LOOK_S = 1.0
"""After so long without a look nobody can say since when a connection takes nothing."""

_UNKNOWN = 1 << 62
_TCP_INFO = getattr(socket, "TCP_INFO", 0)
_FIONREAD = getattr(termios, "FIONREAD", 0)
_BYTES_ACKED_OFFSET = 120
_BYTES_RECEIVED_OFFSET = 128
"""Of ``tcpi_bytes_acked`` and ``tcpi_bytes_received`` in ``struct tcp_info`` (linux/tcp.h), numbers
of 64 bits."""


@dataclass
class _Peer:
    """A connection.

    Attributes:
        since_s: when it was last seen to have delivered something.
        base_bytes: what ZeroMQ had taken from the kernel then.
        taken_bytes: what it had taken at the last check.
        delivered_bytes: all that has reached us.
        checked_bytes: that number at the last check.
        route: its routing id, once it has said something.
        accepted_s: when it was made.
        sent_bytes: all that was handed to ZeroMQ for it.
        acked_bytes: what its machine had taken at the last look.
        moved_s: when its machine last took something, or had nothing to take.
        looked_s: when that look was.
        heard_bytes: all bytes that had come, heartbeats included, when any last came.
        heard_s: when that was.
    """

    since_s: float
    base_bytes: int = 0
    taken_bytes: int = 0
    delivered_bytes: int = 0
    checked_bytes: int = -1
    route: bytes | None = None
    accepted_s: float = 0.0
    sent_bytes: int = 0
    acked_bytes: int = 0
    moved_s: float = 0.0
    looked_s: float = 0.0
    heard_bytes: int = 0
    heard_s: float = 0.0


class Watchdog:
    """Follows each connection of a bound socket.

    Args:
        socket: the ROUTER; its monitor is taken over.
        surplus_max: undelivered bytes at which a connection is shut in any case: above what honest
            clients, who keep to their credit, can have on the way.
        admit: told the address of each new connection; returns whether it is taken.

    Attributes:
        monitor: to poll; call `drain` when it is readable.
        shut: how many connections were shut.
        checked_s: when the connections were looked at last.
    """

    def __init__(
        self, socket: zmq.Socket[bytes], surplus_max: int, admit: Callable[[str], bool]
    ) -> None:
        events = zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED
        self.monitor = socket.get_monitor_socket(events)
        self._socket = socket
        self._surplus_max = surplus_max
        self._admit = admit
        self._peers: dict[int, _Peer] = {}
        self._fds: dict[bytes, int] = {}
        self._gone: list[bytes] = []
        self.checked_s = 0.0
        self.shut = 0

    def drain(self) -> list[bytes]:
        """Read the monitor; return the routes of the connections that are gone."""
        while self.monitor.poll(0):
            event = recv_monitor_message(self.monitor)
            peer = self._peers.pop(int(event["value"]), None)
            if peer is not None and peer.route is not None:
                self._gone.append(peer.route)
                self._fds.pop(peer.route, None)
            if event["event"] == zmq.EVENT_ACCEPTED:
                self._accepted(int(event["value"]))
        gone, self._gone = self._gone, []
        return gone

    def _accepted(self, fd: int) -> None:
        self._peers[fd] = _Peer(self.checked_s, accepted_s=self.checked_s)
        if not self._admit(_address(fd)):
            self.shut += 1
            _shut(fd)

    def delivered(self, fd: int, route: bytes, size_bytes: int) -> None:
        """Count bytes that have reached us over the connection *fd*, unless it is gone already."""
        peer = self._peers.get(fd)
        if peer is None or peer.route != route:  # the descriptor may have become another's
            self._gone = self.drain()
            peer = self._peers.get(fd)
        if peer is not None:
            peer.delivered_bytes += size_bytes
            peer.route = route
            self._fds[route] = fd

    def sent(self, route: bytes, size_bytes: int) -> None:
        """Count bytes that were handed to ZeroMQ for a connection."""
        peer = self._peer(route)
        if peer is not None:
            peer.sent_bytes += size_bytes

    def under_way_bytes(self, route: bytes) -> int:
        """Return how much was sent over a connection and its machine has not taken.

        What surrounds a message on the wire is not counted when it is sent, but is acknowledged: so
        the count starts anew whenever everything has been taken.
        """
        peer = self._peer(route)
        if peer is None:
            return 0
        acked_bytes = _acked_bytes(self._fds[route])
        unwatched = self.checked_s > peer.looked_s + LOOK_S
        if unwatched or acked_bytes >= peer.sent_bytes or acked_bytes != peer.acked_bytes:
            peer.moved_s = self.checked_s
        peer.acked_bytes, peer.looked_s = acked_bytes, self.checked_s
        peer.sent_bytes = max(peer.sent_bytes, acked_bytes)
        return peer.sent_bytes - acked_bytes

    def stuck_s(self, route: bytes) -> float:
        """Return for how long a connection's machine has taken nothing of what waits for it."""
        peer = self._peer(route)
        return 0.0 if peer is None else self.checked_s - peer.moved_s

    def silent_s(self, route: bytes) -> float:
        """Return for how long nothing has come over a connection."""
        peer = self._peer(route)
        return 0.0 if peer is None else self.checked_s - peer.heard_s

    def routes(self) -> list[bytes]:
        """Return the routes of the connections that have said something."""
        return list(self._fds)

    def shut_down(self, route: bytes) -> None:
        """Shut the connection of *route*."""
        if self._peer(route) is not None:
            _shut(self._fds[route])

    def _peer(self, route: bytes) -> _Peer | None:
        peer = self._peers.get(self._fds.get(route, -1))
        if peer is None or peer.route != route:  # the descriptor has become another's
            return None
        return peer

    def check(self, now_s: float) -> None:
        """Shut every connection that holds back too much; call it after reading, often."""
        if now_s < self.checked_s + CHECK_S:
            return
        self.checked_s = now_s
        all_read = not self._socket.poll(0)
        for fd, peer in self._peers.items():
            taken_bytes = _taken_bytes(fd)
            if taken_bytes != peer.heard_bytes:
                peer.heard_bytes, peer.heard_s = taken_bytes, now_s
            surplus = taken_bytes - peer.delivered_bytes
            silent = peer.route is None and now_s > peer.accepted_s + SPEAKS_WITHIN_S
            if (
                silent
                or surplus > self._surplus_max
                or (all_read and _never_ends(peer, taken_bytes, now_s))
            ):
                self.shut += 1
                _shut(fd)

    def __len__(self) -> int:
        """Return how many connections there are."""
        return len(self._peers)

    def close(self) -> None:
        """Stop monitoring."""
        self._socket.disable_monitor()


def _never_ends(peer: _Peer, taken_bytes: int, now_s: float) -> bool:
    """Tell whether an unfinished message was too large at the last check and is unfinished still.

    What was complete then has been read since.
    """
    if peer.delivered_bytes != peer.checked_bytes:
        peer.checked_bytes, peer.since_s = peer.delivered_bytes, now_s
        peer.base_bytes = peer.taken_bytes = taken_bytes
    heartbeats = HEARTBEAT_BYTES_PER_S * (now_s - peer.since_s)
    unfinished, peer.taken_bytes = peer.taken_bytes - peer.base_bytes, taken_bytes
    return unfinished - heartbeats > UNFINISHED_MAX


@contextmanager
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


def _address(fd: int) -> str:
    """Return where a connection comes from; empty if it has gone already."""
    try:
        with _borrowed(fd) as connection:
            return str(connection.getpeername()[0])
    except (OSError, IndexError):
        return ""


def _taken_bytes(fd: int) -> int:
    """Return how much ZeroMQ has read; 0 where the kernel cannot say or the connection is gone."""
    try:
        with _borrowed(fd) as connection:
            received = _counter(connection, _BYTES_RECEIVED_OFFSET)
            unread = fcntl.ioctl(fd, _FIONREAD, bytes(4))
    except OSError:
        return 0
    return max(0, received - int(struct.unpack("=i", unread)[0]))


def _acked_bytes(fd: int) -> int:
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


def _shut(fd: int) -> None:
    try:
        with _borrowed(fd) as connection:
            if connection.family in (socket.AF_INET, socket.AF_INET6):  # never a worker's channel
                connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has gone by itself
