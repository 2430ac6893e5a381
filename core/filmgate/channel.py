"""The channel between a client and a server on the same machine: messages, descriptors, a ring.

The kernel vouches for both ends, and each side copies what it is handed before it verifies its own
copy. Only Linux has all that this needs.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import queue
import socket
import stat
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Optional

from filmgate.descriptors import close_all, dial, is_own, new_memory, read_into, receive, send
from filmgate.digest import PrefixHasher
from filmgate.errors import FilmgateError, IntegrityError, ProtocolError
from filmgate.wire.codec import decode, encode
from filmgate.wire.messages import (
    Error,
    HandoffData,
    HandoffGet,
    HandoffOpen,
    HandoffPut,
    HandoffTaken,
    Message,
    from_error,
)

RING_BYTES = 24 << 20
PIECES = 3
"""So many pieces fit into the ring: one is written while the others are read."""

COPY_BYTES = 1 << 20
ANSWER_WITHIN_S = 10.0
_HEADER_MAX = 4096


def send_message(peer: socket.socket, message: Message, fds: Sequence[int] = ()) -> None:
    """Send one message of the channel, with descriptors.

    Raises:
        OSError: the peer has gone, or does not read.
    """
    send(peer, encode(message), fds)


def receive_message(peer: socket.socket) -> Optional[tuple[Message, list[int]]]:
    """Return the next message and the descriptors that came with it; None at the end.

    Raises:
        ProtocolError: what came is no message; its descriptors are closed.
        OSError: the peer has gone, or has sent nothing in time.
    """
    header, fds, whole = receive(peer, _HEADER_MAX)
    if not header and not fds:
        return None
    try:
        if not whole:
            raise ProtocolError("A message on the channel is too long.")
        return decode(header).message, fds
    except FilmgateError:
        close_all(fds)
        raise


class Ring:
    """The client's own shared memory, from which the server reads.

    Args:
        piece_bytes: how much is handed over at a time.
    """

    def __init__(self, piece_bytes: int) -> None:
        self.size_bytes = PIECES * piece_bytes
        self.piece_bytes = piece_bytes
        self.fd = new_memory(self.size_bytes)
        self._map = mmap.mmap(self.fd, self.size_bytes)
        self.view = memoryview(self._map)
        self.free = deque(range(0, self.size_bytes, piece_bytes))

    def write(self, piece: memoryview) -> int:
        """Copy a piece to a free place and return that."""
        place = self.free.popleft()
        start = place
        for step in _steps(piece):  # the host's other threads run in between
            self.view[start : start + len(step)] = step
            start += len(step)
        return place

    def close(self) -> None:
        """Give the memory back."""
        self.view.release()
        self._map.close()
        os.close(self.fd)


class Channel:
    """One connection to the server's socket; after `connect` it belongs to the copying thread.

    Args:
        peer: the connected socket.
        session: the session's token.
        chunk_bytes: what pieces are a multiple of.
    """

    def __init__(self, peer: socket.socket, session: bytes, chunk_bytes: int) -> None:
        self.broken = False
        self._peer = peer
        self._ring = Ring(max(1, RING_BYTES // PIECES // chunk_bytes) * chunk_bytes)
        try:
            send_message(peer, HandoffOpen(session, self._ring.size_bytes), [self._ring.fd])
        except OSError:
            self._ring.close()
            raise

    @classmethod
    def connect(cls, name: str, session: bytes, chunk_bytes: int) -> Channel:
        """Connect to the server's socket.

        Raises:
            OSError: it is not on this machine, or not of this user, or turns us away.
        """
        peer = dial(name)
        try:
            peer.settimeout(ANSWER_WITHIN_S)
            if not is_own(peer):
                raise PermissionError("the server is not one of this user's processes")
            return cls(peer, session, chunk_bytes)
        except OSError:
            peer.close()
            raise

    def shut(self) -> None:
        """Wake whoever waits on the channel; from any thread."""
        self.broken = True
        with contextlib.suppress(OSError):  # the server was faster
            self._peer.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket and give the ring back."""
        self.broken = True
        self._peer.close()
        self._ring.close()

    def put(self, digest: bytes, data: memoryview, wanted: Callable[[], bool]) -> None:
        """Hand a blob over, piece by piece, and return once the server has read the last.

        Args:
            digest: of the blob.
            data: its bytes.
            wanted: says whether to go on; what is under way is waited for in any case.

        Raises:
            FilmgateError: the server does not take it, or found its copy damaged.
            OSError: the channel is broken.
        """
        offset = 0
        refusal: Optional[FilmgateError] = None
        under_way: dict[int, int] = {}
        while True:
            more = offset < len(data) and refusal is None and wanted()
            if more and self._ring.free:
                piece = data[offset : offset + self._ring.piece_bytes]
                under_way[offset] = place = self._ring.write(piece)
                self._send(HandoffPut(digest, len(data), offset, len(piece), place))
                offset += len(piece)
            elif under_way:
                refusal = self._place_back(digest, under_way) or refusal
            else:
                break
        if refusal is not None:
            raise refusal

    def get(self, digest: bytes, target: memoryview, wanted: Callable[[], bool]) -> PrefixHasher:
        """Copy a blob that the server hands over into *target*, and verify the copy.

        Returns:
            The hasher, with all of the blob in it.

        Raises:
            FilmgateError: the server does not hand it over, the copy is not what it should be, or
                nobody wants it any more.
            OSError: the channel is broken.
        """
        self._send(HandoffGet(digest))
        message, fds = self._receive()
        try:
            if isinstance(message, Error):
                raise from_error(message)
            if not isinstance(message, HandoffData) or len(fds) != 1:
                raise ProtocolError("The server handed over something else than a blob.")
            hasher = _copy(fds[0], target, wanted)
        finally:
            close_all(fds)
        if hasher.digest() != digest:
            raise IntegrityError("A result changed while it was handed over.")
        return hasher

    def _place_back(self, digest: bytes, under_way: dict[int, int]) -> Optional[FilmgateError]:
        """Take the answer to the oldest piece; return the error if it is one."""
        message, fds = self._receive()
        close_all(fds)
        oldest = next(iter(under_way))
        self._ring.free.append(under_way.pop(oldest))
        if isinstance(message, Error):
            return from_error(message)
        if message != HandoffTaken(digest, oldest):
            raise ProtocolError("The server answered another piece than the oldest.")
        return None

    def _send(self, message: Message) -> None:
        send_message(self._peer, message)

    def _receive(self) -> tuple[Message, list[int]]:
        received = receive_message(self._peer)
        if received is None:
            raise ConnectionResetError("the server has closed the channel")
        return received


def _copy(fd: int, target: memoryview, wanted: Callable[[], bool]) -> PrefixHasher:
    """Copy in one thread and hash in another: each takes about as long."""
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise ProtocolError("The server handed over something else than memory.")
    hasher, steps = PrefixHasher.for_blob(len(target), busy=1), _steps(target)
    copied: queue.SimpleQueue[bool] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(fd, steps, copied.put, wanted), daemon=True)
    reader.start()
    try:
        for step in steps:
            if not copied.get():
                raise IntegrityError("A result could not be read to its end, or is not wanted.")
            hasher.update(step)
    finally:
        reader.join()
    return hasher


def _read(
    fd: int,
    steps: Sequence[memoryview],
    report: Callable[[bool], None],
    wanted: Callable[[], bool],
) -> None:
    start = 0
    for step in steps:
        try:
            whole = wanted() and read_into(fd, step, start) == len(step)
        except OSError:
            whole = False
        report(whole)
        if not whole:
            return
        start += len(step)


def _steps(whole: memoryview) -> list[memoryview]:
    return [whole[start : start + COPY_BYTES] for start in range(0, len(whole), COPY_BYTES)]
