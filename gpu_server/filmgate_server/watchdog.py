"""Shuts connections that have received far more bytes than were delivered to us.

ZeroMQ collects a multipart message whole before it delivers it, and its limits count frames and
messages, not bytes: a single message of two thousand parts would take gigabytes. The kernel knows
how much each connection has received; we know how much of it has reached us.
"""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass

import zmq
from zmq.utils.monitor import recv_monitor_message

_TCP_INFO = getattr(socket, "TCP_INFO", 0)
_BYTES_RECEIVED_OFFSET = 128
"""Of ``tcpi_bytes_received`` in ``struct tcp_info`` (linux/tcp.h), a 64-bit number."""


@dataclass
class _Peer:
    delivered_bytes: int = 0
    route: bytes | None = None


class Watchdog:
    """Follows each connection of a bound socket.

    Args:
        socket: the ROUTER; its monitor is taken over.
        surplus_max: undelivered bytes at which a connection is shut: above what honest clients,
            who keep to their credit, can have on the way.
    """

    def __init__(self, socket: zmq.Socket[bytes], surplus_max: int) -> None:
        events = zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED
        self.monitor = socket.get_monitor_socket(events)
        self._socket = socket
        self._surplus_max = surplus_max
        self._peers: dict[int, _Peer] = {}
        self.shut = 0

    def drain(self) -> list[bytes]:
        """Read the monitor; return the routes of the connections that are gone."""
        gone: list[bytes] = []
        while self.monitor.poll(0):
            event = recv_monitor_message(self.monitor)
            fd = int(event["value"])
            if event["event"] == zmq.EVENT_ACCEPTED:
                self._peers.setdefault(fd, _Peer())
            else:
                peer = self._peers.pop(fd, None)
                if peer is not None and peer.route is not None:
                    gone.append(peer.route)
        return gone

    def delivered(self, fd: int, route: bytes, size_bytes: int) -> None:
        """Count bytes that have reached us over the connection *fd*."""
        peer = self._peers.setdefault(fd, _Peer())
        peer.delivered_bytes += size_bytes
        peer.route = route

    def shut_down(self, route: bytes) -> None:
        """Shut the connection of *route*."""
        for fd, peer in self._peers.items():
            if peer.route == route:
                _shut(fd)

    def check(self) -> None:
        """Shut every connection whose surplus is too large."""
        for fd, peer in self._peers.items():
            if _received_bytes(fd) - peer.delivered_bytes > self._surplus_max:
                self.shut += 1
                _shut(fd)

    def __len__(self) -> int:
        """Return how many connections there are."""
        return len(self._peers)

    def close(self) -> None:
        """Stop monitoring."""
        self._socket.disable_monitor()


def _received_bytes(fd: int) -> int:
    """Ask the kernel; 0 where it cannot say or the connection has just gone."""
    try:
        with socket.socket(fileno=os.dup(fd)) as connection:
            info = connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 256)
    except OSError:
        return 0
    if len(info) < _BYTES_RECEIVED_OFFSET + 8:
        return 0
    return int(struct.unpack_from("<Q", info, _BYTES_RECEIVED_OFFSET)[0])


def _shut(fd: int) -> None:
    try:
        with socket.socket(fileno=os.dup(fd)) as connection:
            if connection.family in (socket.AF_INET, socket.AF_INET6):  # never a worker's channel
                connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has gone by itself
