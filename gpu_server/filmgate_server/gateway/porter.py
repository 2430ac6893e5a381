"""The porter: copies what clients hand over, and hashes the copy, beside the gateway's loop.

The loop gives it pieces and hears what became of them; it never waits for pixels. One thread reads,
another hashes what is read: each takes about as long, and both let go of the interpreter lock.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
from dataclasses import dataclass

from filmgate.errors import FilmgateError, IntegrityError
from filmgate_server.store.staging import Staging


@dataclass(eq=False)
class Load:
    """A blob that is handed over.

    Attributes:
        session: whose.
        staging: our own memory; lent to the porter while pieces are under way.
        given_bytes: how much of the blob the porter was given.
        under_way: pieces that it has and has not reported.
        error: what went wrong; the rest is not copied.
        closed: nobody wants it any more.
        settled: the memory was given back.
    """

    session: bytes
    staging: Staging
    given_bytes: int = 0
    under_way: int = 0
    error: FilmgateError | None = None
    closed: bool = False
    settled: bool = False

    @property
    def wanted(self) -> bool:
        """Whether copying more of it makes sense."""
        return self.error is None and not self.closed

    @property
    def complete(self) -> bool:
        """Whether every byte is here and the digest is right."""
        return self.error is None and self.staging.received_bytes == self.staging.size_bytes

    def fail(self, error: FilmgateError | None) -> None:
        """Note what went wrong, if anything did."""
        if error is not None:
            self.error = error


@dataclass(frozen=True, eq=False)
class Piece:
    """The next bytes of a load: *length* of them, at *place* of what *fd* names.

    Attributes:
        fd: open until the piece is reported.
        offset: where in the blob they belong.
    """

    load: Load
    fd: int
    place: int
    offset: int
    length: int

    @property
    def end(self) -> int:
        """Where in the blob it ends."""
        return self.offset + self.length


class Porter:
    """Two threads; `carry` and `carried` are for the gateway's loop.

    Args:
        chunk_bytes: each has its prefix sum.
    """

    def __init__(self, chunk_bytes: int) -> None:
        self._chunk_bytes = chunk_bytes
        self._given: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
        self._read: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Piece] = queue.SimpleQueue()
        self._wake, self._waker = socket.socketpair()
        self._wake.setblocking(False)
        self._waker.setblocking(False)
        self._reader = threading.Thread(target=self._read_all, name="porter-read", daemon=True)
        self._hasher = threading.Thread(target=self._hash_all, name="porter-hash", daemon=True)
        self._reader.start()
        self._hasher.start()

    def fileno(self) -> int:
        """A descriptor that is readable when pieces were carried."""
        return self._wake.fileno()

    def carry(self, piece: Piece) -> None:
        """Copy and hash a piece; those of one load in the order in which they are given."""
        self._given.put(piece)

    def carried(self) -> list[Piece]:
        """Return the pieces that are done, in order, whether or not they were copied."""
        with contextlib.suppress(BlockingIOError):
            self._wake.recv(4096)
        return [self._done.get() for _ in range(self._done.qsize())]

    def stop(self) -> None:
        """End the threads; `carried` then returns the rest."""
        self._given.put(None)
        self._reader.join()
        self._hasher.join()

    def close(self) -> None:
        """Close what the threads, which have ended, were heard by."""
        self._wake.close()
        self._waker.close()

    def _read_all(self) -> None:
        while (piece := self._given.get()) is not None:
            if piece.load.wanted:
                piece.load.fail(_read(piece))
            self._read.put(piece)
        self._read.put(None)

    def _hash_all(self) -> None:
        while (piece := self._read.get()) is not None:
            if piece.load.wanted:
                piece.load.fail(_hash(piece, self._chunk_bytes))
            self._done.put(piece)
            with contextlib.suppress(BlockingIOError):  # so much is unread: it is awake
                self._waker.send(b"\0")


def _read(piece: Piece) -> FilmgateError | None:
    target = piece.load.staging.segment.view[piece.offset : piece.end]
    try:
        taken_bytes = os.preadv(piece.fd, [target], piece.place)
    except OSError as error:
        return IntegrityError(f"A blob could not be read ({error.strerror}).")
    if taken_bytes != len(target):
        return IntegrityError("A blob's memory is shorter than the blob.")
    return None


def _hash(piece: Piece, chunk_bytes: int) -> FilmgateError | None:
    staging = piece.load.staging
    for start in range(piece.offset, piece.end, chunk_bytes):
        chunk = staging.segment.view[start : min(start + chunk_bytes, piece.end)]
        staging.sums.append(staging.hasher.update(chunk))
    if piece.end == staging.size_bytes and staging.hasher.digest() != staging.digest:
        return IntegrityError("A blob is not what its digest says, or changed on its way.")
    return None
