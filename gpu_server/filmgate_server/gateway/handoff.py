"""Clients on the same machine hand their pixels over: a Unix socket, descriptors, our own copies.

The socket has an abstract name, so no file remains after a crash; the name is random and told only
to clients that were let in. The kernel says who is at the other end. What a client hands over is
read from its descriptor, never mapped, so that it can neither change nor truncate what we use.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable

import structlog

from filmgate.channel import send_message
from filmgate.descriptors import close_all
from filmgate.digest import PrefixHasher
from filmgate.errors import FilmgateError, ProtocolError, UnknownBlobError
from filmgate.handoff import FEATURE
from filmgate.wire.messages import (
    HandoffData,
    HandoffGet,
    HandoffOpen,
    HandoffPut,
    HandoffTaken,
    Message,
    to_error,
)
from filmgate_server.gateway.peers import Peer, Peers
from filmgate_server.gateway.porter import Load, Piece, Porter
from filmgate_server.gateway.sessions import Session, SessionTable
from filmgate_server.jobs.broker import Broker
from filmgate_server.operations.metrics import Metrics

RING_BYTES_MAX = 256 << 20
PIECES_MAX = 64
"""Pieces of one client that the porter may have: an honest ring holds three."""

log = structlog.get_logger()


class Handoffs:
    """The listener and every channel; all of it on the gateway's loop, except the porter.

    Args:
        sessions: who is connected.
        broker: what is expected, and what there is.
        metrics: what was moved.
        chunk_bytes: the pieces that have prefix sums.
        clock: seconds, monotonic.

    Attributes:
        feature: what a welcome says of it.
    """

    def __init__(
        self,
        sessions: SessionTable,
        broker: Broker,
        metrics: Metrics,
        chunk_bytes: int,
        clock: Callable[[], float],
    ) -> None:
        self._sessions = sessions
        self._broker = broker
        self._metrics = metrics
        self._chunk_bytes = chunk_bytes
        self._carried_for: dict[Piece, Peer] = {}
        self._peers = Peers(clock, self._take, self._leave)
        self._porter = Porter(chunk_bytes)
        self._peers.watch(self._porter.fileno())
        self.feature = FEATURE + self._peers.name

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to `handle`."""
        return self._peers.fileno()

    def handle(self) -> None:
        """Do what is due, without waiting."""
        self._peers.handle()
        self._collect()

    def tick(self) -> None:
        """Close channels that have not opened in time, or whose session has gone."""
        self._peers.close_late()
        for peer in self._peers:
            if peer.session and self._session(peer) is None:
                self._peers.turn_out(peer)

    def close(self) -> None:
        """Close everything."""
        self._peers.close()
        self._porter.stop()
        self._collect()
        self._porter.close()

    def __len__(self) -> int:
        """Return how many channels there are."""
        return len(self._peers)

    def _session(self, peer: Peer) -> Session | None:
        session = self._sessions.by_token(peer.session)
        return session if session is not None and session.route is not None else None

    # Messages.

    def _take(self, peer: Peer, message: Message, fds: list[int]) -> None:
        try:
            if isinstance(message, HandoffOpen):
                self._open(peer, message, fds)
                return
            session = self._session(peer)
            if session is None or fds:
                raise ProtocolError("The channel belongs to no session, or brings too much.")
            if isinstance(message, HandoffPut):
                self._put(peer, session, message)
            elif isinstance(message, HandoffGet):
                self._get(peer, session, message)
            else:
                raise ProtocolError(f"{message.kind} is not for the server, or not for here.")
        finally:
            close_all(fds)

    def _open(self, peer: Peer, opening: HandoffOpen, fds: list[int]) -> None:
        peer_session, peer.session = peer.session, opening.session
        if peer_session or self._session(peer) is None:
            raise ProtocolError("The channel cannot be opened for this session.")
        if len(fds) != 1 or not 0 < opening.size <= RING_BYTES_MAX:
            raise ProtocolError("The channel brings no ring that could be used.")
        _check_ring(fds[0], opening.size)
        peer.ring_fd, peer.ring_bytes = fds.pop(), opening.size
        for other in self._peers:
            if other is not peer and other.session == peer.session:
                self._peers.turn_out(other)

    def _get(self, peer: Peer, session: Session, get: HandoffGet) -> None:
        try:
            blob = self._broker.blob(session.owner, get.digest)
        except UnknownBlobError as error:
            self._refuse(peer, get.digest, error)
            return
        self._metrics.sent_bytes.inc(blob.size_bytes)
        send_message(peer.socket, HandoffData(blob.digest, blob.size_bytes), [blob.segment.fd])

    def _put(self, peer: Peer, session: Session, put: HandoffPut) -> None:
        self._check_piece(peer, put)
        if not put.offset:
            self._leave(peer)
            try:
                peer.load = self._begin(session, put)
            except FilmgateError as error:
                self._refuse(peer, put.digest, error)
                return
        load = peer.load
        if load is None or load.staging.digest != put.digest or load.settled:
            send_message(peer.socket, HandoffTaken(put.digest, put.offset))  # nobody wants it
            return
        if put.offset != load.given_bytes or put.size != load.staging.size_bytes:
            raise ProtocolError("A piece of a blob is out of order.")
        load.given_bytes += put.length
        load.under_way += 1
        peer.under_way += 1
        piece = Piece(load, peer.ring_fd, put.place, put.offset, put.length)
        self._carried_for[piece] = peer
        self._porter.carry(piece)

    def _check_piece(self, peer: Peer, put: HandoffPut) -> None:
        end = put.offset + put.length
        fits = put.length > 0 and end <= put.size and put.place + put.length <= peer.ring_bytes
        whole = put.offset % self._chunk_bytes == 0
        whole = whole and (end == put.size or end % self._chunk_bytes == 0)
        if not fits or not whole or peer.under_way >= PIECES_MAX:
            raise ProtocolError("A piece of a blob does not lie in the ring, or is no whole one.")

    def _begin(self, session: Session, put: HandoffPut) -> Load | None:
        staging = self._broker.uploads.lend(session.token, put.digest, put.size)
        if staging is None:
            return None
        staging.hasher = PrefixHasher.for_blob(put.size, busy=1)  # the other porter's core
        return Load(session.token, staging)

    def _refuse(self, peer: Peer, digest: bytes, error: FilmgateError) -> None:
        error.detail["digest"] = digest.hex()
        send_message(peer.socket, to_error(error))

    # What the porter has done.

    def _collect(self) -> None:
        for piece in self._porter.carried():
            peer = self._carried_for.pop(piece)
            peer.under_way -= 1
            piece.load.under_way -= 1
            if not peer.closed:
                with contextlib.suppress(OSError):  # it has just gone, which the next poll says
                    self._report(peer, piece)
            self._settle(piece.load)
            peer.release_ring()

    def _report(self, peer: Peer, piece: Piece) -> None:
        load, digest = piece.load, piece.load.staging.digest
        if load.error is not None and not load.under_way:
            log.warning("handed over in vain", error=load.error.text)
            self._refuse(peer, digest, load.error)
            return
        if load.error is None:
            self._metrics.uploaded_bytes.inc(piece.length)
            self._broker.uploads.heard(load.session, digest, piece.length)
        send_message(peer.socket, HandoffTaken(digest, piece.offset))

    def _leave(self, peer: Peer) -> None:
        """Give up what the peer was handing over."""
        load, peer.load = peer.load, None
        if load is not None:
            load.closed = True
            self._settle(load)
        peer.release_ring()

    def _settle(self, load: Load) -> None:
        """Give the memory back when the load is complete, or given up, and nothing is under way."""
        if load.under_way or load.settled or not (load.complete or load.error or load.closed):
            return
        load.settled = True
        blob = self._broker.uploads.take_back(load.session, load.staging, load.complete)
        if blob is not None:
            self._broker.arrived(load.session, blob)


def _check_ring(fd: int, size_bytes: int) -> None:
    """Demand memory: only that has seals, and reading it can neither wait nor fail.

    Raises:
        ProtocolError: it is a file on a disk, a pipe, a device, or smaller than promised.
    """
    status = os.fstat(fd)
    try:
        fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    except OSError:
        raise ProtocolError("A ring must be a memfd.") from None
    if not stat.S_ISREG(status.st_mode) or status.st_size < size_bytes:
        raise ProtocolError("A ring is smaller than promised.")
