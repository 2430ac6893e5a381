"""The porter: a thread that copies what clients hand over and hashes the copy.

The gateway's loop gives it pieces and hears what became of them; it never waits for pixels. Reading
and hashing let go of the interpreter lock, so that both go on at once.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
from dataclasses import dataclass

from filmgate.errors import FilmgateError, IntegrityError
from filmgate_server.store import Staging


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
    def complete(self) -> bool:
        """Whether every byte is here and the digest is right."""
        return self.error is None and self.staging.received_bytes == self.staging.size_bytes


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


class Porter:
    """One thread; `carry` and `carried` are for the gateway's loop.

    Args:
        chunk_bytes: each has its prefix sum.
    """

    def __init__(self, chunk_bytes: int) -> None:
        self._chunk_bytes = chunk_bytes
        self._given: queue.SimpleQueue[Piece | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Piece] = queue.SimpleQueue()
        self._wake, self._waker = socket.socketpair()
        self._wake.setblocking(False)
        self._waker.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="porter", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """A descriptor that is readable when pieces were carried."""
        return self._wake.fileno()

    def carry(self, piece: Piece) -> None:
        """Copy and hash a piece; those of one load in the order in which they are given."""
        self._given.put(piece)

    def carried(self) -> list[Piece]:
        """Return the pieces that are done, whether or not they were copied."""
        with contextlib.suppress(BlockingIOError):
            self._wake.recv(4096)
        return [self._done.get() for _ in range(self._done.qsize())]

    def stop(self) -> None:
        """End the thread; `carried` then returns the rest."""
        self._given.put(None)
        self._thread.join()

    def close(self) -> None:
        """Close what the thread, which has ended, was heard by."""
        self._wake.close()
        self._waker.close()

    def _run(self) -> None:
        while (piece := self._given.get()) is not None:
            load = piece.load
            if load.error is None and not load.closed:
                load.error = self._copy(piece)
            self._done.put(piece)
            with contextlib.suppress(BlockingIOError):  # so many are unread: it is awake
                self._waker.send(b"\0")

    def _copy(self, piece: Piece) -> FilmgateError | None:
        staging = piece.load.staging
        end = piece.offset + piece.length
        for start in range(piece.offset, end, self._chunk_bytes):
            target = staging.segment.view[start : min(start + self._chunk_bytes, end)]
            try:
                taken_bytes = os.preadv(piece.fd, [target], piece.place + start - piece.offset)
            except OSError as error:
                return IntegrityError(f"A blob could not be read ({error.strerror}).")
            if taken_bytes != len(target):
                return IntegrityError("A blob's memory is shorter than the blob.")
            staging.sums.append(staging.hasher.update(target))
        if end == staging.size_bytes and staging.hasher.digest() != staging.digest:
            return IntegrityError("A blob is not what its digest says, or changed on its way.")
        return None
