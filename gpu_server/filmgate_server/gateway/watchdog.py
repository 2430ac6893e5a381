"""Shuts connections whose messages never end, and those that send far more than they may.

ZeroMQ collects a multipart message whole before it delivers it, and its limits count frames and
messages, not bytes: a single message of two thousand parts would take gigabytes, and so would one
of a few million empty parts. The kernel knows how much ZeroMQ has taken from each connection; we
know when something of it has reached us. Once we have read all that is complete, what a connection
still holds back is one unfinished message, which an honest peer keeps small.

A message tells by which descriptor it came, and the next connection gets the descriptor of one that
has gone, often before the last messages of that one are read. So a connection's routing id is
believed only once something could be sent there: ZeroMQ sends nothing to who has gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import zmq
from zmq.utils.monitor import recv_monitor_message

from filmgate_server.gateway.sockets import acked_bytes, address, shut, taken_bytes

CHECK_S = 0.02
UNFINISHED_MAX = (1 << 20) + (256 << 10)
"""A message in the making: a header, a piece, and what surrounds them."""

SPEAKS_WITHIN_S = 30.0
"""Clients say hello at once; who says nothing for so long holds a descriptor and nothing else."""

HEARTBEAT_BYTES_PER_S = 64.0
"""Heartbeats are taken by ZeroMQ itself and never reach us."""

LOOK_S = 1.0
"""After so long without a look nobody can say since when a connection takes nothing."""

GREETING_BYTES = 64
"""ZMTP's greeting: who has not sent more has said nothing."""


@dataclass
class _Peer:
    """A connection.

    Attributes:
        since_s: when it was last seen to have delivered something.
        base_bytes: what ZeroMQ had taken from the kernel then.
        taken_bytes: what it had taken at the last check.
        delivered_bytes: all that has reached us.
        checked_bytes: that number at the last check.
        route: its routing id, once it was answered.
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


class _Claim(NamedTuple):
    """A message by a descriptor whose present connection has not been answered yet."""

    fd: int
    peer: _Peer
    route: bytes
    size_bytes: int


class Watchdog:
    """Follows each connection of a bound socket.

    Args:
        socket: the ROUTER; its monitor is taken over.
        surplus_max: undelivered bytes at which a connection is shut in any case: above what honest
            clients, who keep to their credit, can have on the way.
        admit: told the address of each new connection; returns whether it is taken.

    Attributes:
        monitor: to poll; call `drain` when it is readable.
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
        self._unwanted: list[tuple[int, _Peer]] = []
        self._claim: _Claim | None = None
        self._counts = False
        self.checked_s = 0.0

    def drain(self) -> list[bytes]:
        """Read the monitor; return the routes of the connections that are gone."""
        self._read_monitor()
        while self._unwanted:
            self._shut(*self._unwanted.pop())
        gone, self._gone = self._gone, []
        return gone

    def _read_monitor(self) -> None:
        while self.monitor.poll(0):
            event = recv_monitor_message(self.monitor)
            peer = self._peers.pop(int(event["value"]), None)
            if peer is not None and peer.route is not None:
                self._gone.append(peer.route)
                self._fds.pop(peer.route, None)
            if event["event"] == zmq.EVENT_ACCEPTED:
                self._accepted(int(event["value"]))

    def _accepted(self, fd: int) -> None:
        peer = self._peers[fd] = _Peer(self.checked_s, accepted_s=self.checked_s)
        if not self._admit(address(fd)):
            self._unwanted.append((fd, peer))

    def delivered(self, fd: int, route: bytes, size_bytes: int) -> bool:
        """Count bytes that have reached us.

        Args:
            fd: the descriptor that they came by.
            route: who sent them.
            size_bytes: how many.

        Returns:
            Whether the sender may be there still; if so and he is new, he must be answered.
        """
        peer = self._peers.get(fd)
        if peer is None or peer.route != route:
            self._read_monitor()
            peer = self._peers.get(fd)
        if peer is not None and peer.route == route:
            peer.delivered_bytes += size_bytes
            return True
        if peer is None or peer.route is not None or not self._has_spoken(fd):
            return False
        self._claim = _Claim(fd, peer, route, size_bytes)
        return True

    def _has_spoken(self, fd: int) -> bool:
        """Return whether a connection may have sent a message; else it is its predecessor's.

        A connection is accepted before ZeroMQ has parted with the one that had the descriptor, but
        is read from after that: then nothing can be sent to the other one, once ZeroMQ was asked
        what is new.
        """
        size_bytes = taken_bytes(fd)
        self._counts = self._counts or size_bytes > 0
        self._socket.get(zmq.EVENTS)
        return size_bytes > GREETING_BYTES or not self._counts

    def sent(self, route: bytes, size_bytes: int) -> None:
        """Count bytes that were handed to ZeroMQ for a connection."""
        if self._claim is not None and self._claim.route == route:
            self._settle(self._claim)
        peer = self._peer(route)
        if peer is not None:
            peer.sent_bytes += size_bytes

    def _settle(self, claim: _Claim) -> None:
        """Believe a connection's routing id."""
        self._claim = None
        if self._peers.get(claim.fd) is claim.peer:
            claim.peer.route = claim.route
            claim.peer.delivered_bytes += claim.size_bytes
            self._fds[claim.route] = claim.fd

    def under_way_bytes(self, route: bytes) -> int:
        """Return how much was sent over a connection and its machine has not taken.

        What surrounds a message on the wire is not counted when it is sent, but is acknowledged: so
        the count starts anew whenever everything has been taken.
        """
        peer = self._peer(route)
        if peer is None:
            return 0
        taken = acked_bytes(self._fds[route])
        unwatched = self.checked_s > peer.looked_s + LOOK_S
        if unwatched or taken >= peer.sent_bytes or taken != peer.acked_bytes:
            peer.moved_s = self.checked_s
        peer.acked_bytes, peer.looked_s = taken, self.checked_s
        peer.sent_bytes = max(peer.sent_bytes, taken)
        return peer.sent_bytes - taken

    def stuck_s(self, route: bytes) -> float:
        """Return for how long a connection's machine has taken nothing of what waits for it."""
        peer = self._peer(route)
        return 0.0 if peer is None else self.checked_s - peer.moved_s

    def silent_s(self, route: bytes) -> float:
        """Return for how long nothing has come over a connection."""
        peer = self._peer(route)
        return 0.0 if peer is None else self.checked_s - peer.heard_s

    def routes(self) -> list[bytes]:
        """Return the routes of the connections that were answered."""
        return list(self._fds)

    def shut_down(self, route: bytes) -> None:
        """Shut the connection of *route*, if it was ever answered."""
        peer = self._peer(route)
        if peer is not None:
            self._shut(self._fds[route], peer)

    def _shut(self, fd: int, peer: _Peer) -> None:
        shut(fd, lambda: self._is_at(fd, peer))

    def _is_at(self, fd: int, peer: _Peer) -> bool:
        """Return whether the descriptor is not yet another's: its going would have been told."""
        self._read_monitor()
        return self._peers.get(fd) is peer

    def _peer(self, route: bytes) -> _Peer | None:
        return self._peers.get(self._fds.get(route, -1))

    def check(self, now_s: float) -> None:
        """Shut every connection that holds back too much; call it after reading, often."""
        if now_s < self.checked_s + CHECK_S:
            return
        self.checked_s = now_s
        all_read = not self._socket.poll(0)
        for fd, peer in list(self._peers.items()):
            if self._holds_back(fd, peer, now_s, all_read):
                self._shut(fd, peer)

    def _holds_back(self, fd: int, peer: _Peer, now_s: float, all_read: bool) -> bool:
        """Tell whether a connection says nothing at all, or too much that never ends."""
        size_bytes = taken_bytes(fd)
        if size_bytes != peer.heard_bytes:
            peer.heard_bytes, peer.heard_s = size_bytes, now_s
        if peer.route is None and now_s > peer.accepted_s + SPEAKS_WITHIN_S:
            return True
        surplus = size_bytes - peer.delivered_bytes
        never_ends = all_read and _never_ends(peer, size_bytes, now_s)
        return never_ends or surplus > self._surplus_max

    def __len__(self) -> int:
        """Return how many connections there are."""
        return len(self._peers)

    def close(self) -> None:
        """Stop monitoring."""
        self._socket.disable_monitor()


def _never_ends(peer: _Peer, size_bytes: int, now_s: float) -> bool:
    """Tell whether an unfinished message was too large at the last check and is unfinished still.

    What was complete then has been read since.
    """
    if peer.delivered_bytes != peer.checked_bytes:
        peer.checked_bytes, peer.since_s = peer.delivered_bytes, now_s
        peer.base_bytes = peer.taken_bytes = size_bytes
    heartbeats = HEARTBEAT_BYTES_PER_S * (now_s - peer.since_s)
    unfinished, peer.taken_bytes = peer.taken_bytes - peer.base_bytes, size_bytes
    return unfinished - heartbeats > UNFINISHED_MAX
