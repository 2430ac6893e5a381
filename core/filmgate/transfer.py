"""Blobs under way, seen from the client: what is being sent and what is being received."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Optional

from filmgate.buffers import allocate
from filmgate.digest import CHUNK_BYTES, BlobDigest, Buffer, PrefixHasher, digest_blob
from filmgate.errors import IntegrityError
from filmgate.wire.messages import BlobData, BlobPut
from filmgate.wire.records import BlobRef, Missing

ATTEMPTS_MAX = 5


@dataclass
class Sending:
    """A blob that the server wants, and the next byte to send."""

    blob: BlobDigest
    data: memoryview
    offset: int
    attempts: int = 0


class Outgoing:
    """What is to be sent, one blob after the other, within the server's credit.

    What was sent whole is kept aside until the server has it: it may have to be sent again.
    """

    def __init__(self) -> None:
        self.credit = 0
        self.chunk_bytes = CHUNK_BYTES
        self._queue: OrderedDict[bytes, Sending] = OrderedDict()
        self._sent: dict[bytes, Sending] = {}

    def reset(self, chunk_bytes: int, credit: int) -> None:
        """Start over on a new connection; jobs will ask again for what they miss."""
        self._queue.clear()
        self._sent.clear()
        self.chunk_bytes, self.credit = chunk_bytes, credit

    def __contains__(self, digest: bytes) -> bool:
        """Return whether a blob is being sent already."""
        return digest in self._queue or digest in self._sent

    def want(self, missing: Missing, blob: BlobDigest, data: Buffer) -> bool:
        """Queue a blob that the server lacks; return false if it is being sent already."""
        if missing.digest in self:
            return False
        if self.chunk_bytes != CHUNK_BYTES:
            blob = digest_blob(data, self.chunk_bytes)
        self._queue[missing.digest] = Sending(blob, memoryview(data).cast("B"), missing.offset)
        return True

    def drop(self, digest: bytes) -> None:
        """Send no more of a blob."""
        self._queue.pop(digest, None)
        self._sent.pop(digest, None)

    def restart(self, digest: bytes, offset: int) -> None:
        """Go on from *offset* after the server found a piece damaged or out of order.

        Raises:
            IntegrityError: that has happened too often.
        """
        sending = self._queue.get(digest) or self._sent.get(digest)
        if sending is None:
            return
        sending.attempts += 1
        if sending.attempts > ATTEMPTS_MAX:
            self.drop(digest)
            raise IntegrityError("An input was damaged each time on its way to the server.")
        sending.offset = offset - offset % self.chunk_bytes
        self._sent.pop(digest, None)
        self._queue[digest] = sending

    def pieces(self) -> Iterator[tuple[BlobPut, memoryview]]:
        """Yield the pieces that may be sent now."""
        while self._queue:
            digest, sending = next(iter(self._queue.items()))
            size = sending.blob.size_bytes
            end = min(sending.offset + self.chunk_bytes, size)
            if sending.offset >= size:
                self._sent[digest] = self._queue.pop(digest)
                continue
            if end - sending.offset > self.credit:
                return
            self.credit -= end - sending.offset
            sum_ = sending.blob.sums[sending.offset // self.chunk_bytes]
            put = BlobPut(digest, size, sending.offset, sum_)
            piece = sending.data[sending.offset : end]
            sending.offset = end
            yield put, piece


@dataclass
class Receiving:
    """A blob that is being fetched for one or more jobs.

    Attributes:
        buffer: the content, as far as it has arrived.
        hasher: of what has arrived; its size is the next byte.
        jobs: who waits for it.
        asked: whether this connection has been asked for it.
        handed: whether another thread is copying it from shared memory: nobody else may write.
        by_wire: whether that has failed, so that it must come over the wire.
    """

    digest: bytes
    buffer: memoryview
    hasher: PrefixHasher = field(default_factory=PrefixHasher)
    jobs: set[bytes] = field(default_factory=set[bytes])
    asked: bool = False
    handed: bool = False
    by_wire: bool = False
    attempts: int = 0

    @property
    def complete(self) -> bool:
        """Whether every byte is here."""
        return self.hasher.size_bytes == len(self.buffer)

    def add(self, data: BlobData, piece: memoryview) -> bool:
        """Take a piece; return whether the blob is complete and verified.

        After a blob has started over, pieces that were already on their way are dropped.

        Raises:
            IntegrityError: the piece is damaged or out of order; the blob starts over.
        """
        start = self.hasher.size_bytes
        if self.complete or (self.attempts and not start and data.offset):
            return False
        end = start + len(piece)
        if data.offset != start or end > len(self.buffer) or not len(piece):
            raise self._start_over("out of order")
        self.buffer[start:end] = piece
        if self.hasher.update(piece) != data.sum:
            raise self._start_over("damaged")
        if not self.complete:
            return False
        if self.hasher.digest() != self.digest:
            raise self._start_over("damaged")
        return True

    def _start_over(self, how: str) -> IntegrityError:
        self.hasher = PrefixHasher()
        self.attempts += 1
        self.asked = False
        return IntegrityError(f"A piece of a result arrived {how}.")


class Incoming:
    """What is being received; a few blobs at a time, equal content once."""

    AT_A_TIME = 16

    def __init__(self) -> None:
        self._blobs: dict[bytes, Receiving] = {}

    def want(self, ref: BlobRef, job_id: bytes) -> Receiving:
        """Expect a blob for a job.

        Raises:
            StorageError: there is no memory for it.
        """
        receiving = self._blobs.get(ref.digest)
        if receiving is None:
            receiving = Receiving(ref.digest, allocate(ref.size))
            self._blobs[ref.digest] = receiving
        receiving.jobs.add(job_id)
        return receiving

    def reset(self) -> None:
        """Forget what the old connection was asked for; what has arrived is kept."""
        for receiving in self._blobs.values():
            receiving.asked = receiving.handed
            receiving.by_wire = False

    def to_ask(self) -> Iterator[Receiving]:
        """Yield the blobs to ask for now, and note that they were."""
        asked = sum(blob.asked and not blob.complete for blob in self._blobs.values())
        for receiving in list(self._blobs.values()):
            if asked >= self.AT_A_TIME:
                return
            if not receiving.asked and not receiving.complete:
                receiving.asked = True
                asked += 1
                yield receiving

    def find(self, digest: bytes) -> Optional[Receiving]:
        """Return a blob that is expected."""
        return self._blobs.get(digest)

    def release(self, job_id: bytes) -> None:
        """Drop what only this job waited for."""
        for digest, receiving in list(self._blobs.items()):
            receiving.jobs.discard(job_id)
            if not receiving.jobs:
                del self._blobs[digest]
