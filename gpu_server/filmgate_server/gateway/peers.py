"""The socket for clients on the same machine, and who is connected to it: few, and known."""

from __future__ import annotations

import errno
import os
import secrets
import select
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog

from filmgate.channel import receive_message
from filmgate.descriptors import is_own
from filmgate.errors import FilmgateError, ProtocolError
from filmgate.wire.messages import Message
from filmgate_server.gateway.porter import Load

PEERS_MAX = 256
"""Channels at a time; further clients get the wire."""

STRANGERS_MAX = 16
"""So many of them may have said nothing yet."""

OPEN_WITHIN_S = 5.0
BURST = 16
BACKLOG = 32
NAME_BYTES = 16

log = structlog.get_logger()


@dataclass(eq=False)
class Peer:
    """One channel.

    Attributes:
        socket: ours alone.
        since_s: when it was connected.
        session: the token of its session, once it has shown it.
        ring_fd: the client's ring, once it has handed it over.
        ring_bytes: its size.
        load: the blob that is handed over now.
        under_way: pieces that the porter has; the ring stays open for them.
        closed: nothing more is said.
    """

    socket: socket.socket
    since_s: float
    session: bytes = b""
    ring_fd: int = -1
    ring_bytes: int = 0
    load: Load | None = None
    under_way: int = 0
    closed: bool = False

    def release_ring(self) -> None:
        """Close the ring of a closed channel once the porter no longer reads from it."""
        if self.closed and not self.under_way and self.ring_fd >= 0:
            os.close(self.ring_fd)
            self.ring_fd = -1


class Peers:
    """The listener and every channel; all of it on the gateway's loop.

    Args:
        clock: seconds, monotonic.
        take: told of each message, with its descriptors, which it closes.
        left: told of each peer that is closed.

    Attributes:
        name: of the socket, random, in the abstract name space.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        take: Callable[[Peer, Message, list[int]], None],
        left: Callable[[Peer], None],
    ) -> None:
        self.name = secrets.token_hex(NAME_BYTES)
        self._clock = clock
        self._take = take
        self._left = left
        self._peers: dict[int, Peer] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind("\0" + self.name)
        self._listener.listen(BACKLOG)
        self._listener.setblocking(False)
        self._poll = select.epoll()
        self.watch(self._listener.fileno())

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to `handle`."""
        return self._poll.fileno()

    def watch(self, fd: int) -> None:
        """Let `fileno` be readable when *fd* is, too."""
        self._poll.register(fd, select.EPOLLIN)

    def handle(self) -> None:
        """Take what has arrived, without waiting."""
        for fd, _ in self._poll.poll(0):
            if fd == self._listener.fileno():
                self._accept()
            elif fd in self._peers:
                self._receive(self._peers[fd])

    def close_late(self) -> None:
        """Close those who have not said in time whose they are."""
        late_s = self._clock() - OPEN_WITHIN_S
        for peer in self:
            if not peer.session and peer.since_s < late_s:
                self.turn_out(peer)

    def turn_out(self, peer: Peer) -> None:
        """Close a peer's channel."""
        if peer.closed:
            return
        peer.closed = True
        self._poll.unregister(peer.socket.fileno())
        del self._peers[peer.socket.fileno()]
        peer.socket.close()
        self._left(peer)

    def close(self) -> None:
        """Close everything."""
        for peer in self:
            self.turn_out(peer)
        self._listener.close()
        self._poll.close()

    def __iter__(self) -> Iterator[Peer]:
        """Iterate over every peer there is now."""
        return iter(list(self._peers.values()))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._peers)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                log.warning("no channel can be opened", error=error.strerror)
            return
        strangers = sum(not peer.session for peer in self._peers.values())
        full = len(self._peers) >= PEERS_MAX or strangers >= STRANGERS_MAX
        if full or not is_own(connection):
            connection.close()
            return
        connection.setblocking(False)
        self._peers[connection.fileno()] = Peer(connection, self._clock())
        self.watch(connection.fileno())

    def _receive(self, peer: Peer) -> None:
        for _ in range(BURST):
            try:
                received = receive_message(peer.socket)
            except BlockingIOError:
                return
            except (OSError, FilmgateError) as error:
                log.info("channel closed", error=str(error))
                self.turn_out(peer)
                return
            if received is None:
                self.turn_out(peer)
                return
            try:
                self._take(peer, *received)
            except (OSError, ProtocolError) as error:  # OSError: it has gone, or does not read
                log.info("channel closed", error=str(error))
                self.turn_out(peer)
            if peer.closed:
                return
