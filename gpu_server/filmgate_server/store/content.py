"""The content store: blobs in shared memory under one byte budget, keyed by (show, digest)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from filmgate.digest import CHUNK_BYTES, digest_blob
from filmgate.errors import BusyError, ImageTooLargeError, StorageError
from filmgate_server.store.segments import Arena, Segment, capacity_for
from filmgate_server.store.staging import Staging

Key = tuple[str, bytes]
Release = Callable[[Segment], None]


@dataclass
class Blob:
    """Verified content.

    Attributes:
        show: only sessions of this show may see it.
        digest: the content's blake3.
        size_bytes: its length; the segment may be larger.
        segment: the memory that holds it.
        sums: the prefix sum of each chunk, as `filmgate.digest.digest_blob` makes them.
        release: gives the segment back to its owner.
        pins: how many jobs and downloads need it; never evicted above zero.
        used_s: when it was last asked for.
    """

    show: str
    digest: bytes
    size_bytes: int
    segment: Segment
    sums: tuple[bytes, ...]
    release: Release
    pins: int = 0
    used_s: float = 0.0

    @property
    def key(self) -> Key:
        """The blob's name in the store."""
        return (self.show, self.digest)

    @property
    def content(self) -> memoryview:
        """The bytes, without a copy."""
        return self.segment.view[: self.size_bytes]


class Store:
    """Every blob, the memory they take, and the promises made to accepted jobs.

    ``used`` counts the segments of blobs and stagings, ``promised`` what accepted jobs may still
    ask for. Their sum never exceeds the budget, so that an accepted job always gets its memory;
    unpinned blobs are evicted, least recently used first, to make room.

    Args:
        budget_bytes: for inputs and outputs together.
        clock: seconds, monotonic.
        on_close: told the id of each segment that is closed: others may have mapped it.
        chunk_bytes: the pieces that blobs travel in; each has a prefix sum.
        segments_max: how many segments there may be: each takes descriptors of this process.

    Attributes:
        relieve: asked to unpin something where all that is left is pinned; returns whether it did.
    """

    def __init__(
        self,
        budget_bytes: int,
        clock: Callable[[], float],
        on_close: Callable[[int], None],
        chunk_bytes: int = CHUNK_BYTES,
        segments_max: int = 1 << 20,
    ) -> None:
        self.budget_bytes = budget_bytes
        self.segments_max = segments_max
        self._chunk_bytes = chunk_bytes
        self._on_close = on_close
        self._clock = clock
        self._arena = Arena()
        self._blobs: OrderedDict[Key, Blob] = OrderedDict()
        self._used_bytes = 0
        self._promised_bytes = 0
        self._used_segments = 0
        self._promised_segments = 0
        self.evictions = 0
        self.relieve: Callable[[], bool] = lambda: False

    @property
    def used_bytes(self) -> int:
        """Memory of blobs and stagings."""
        return self._used_bytes

    @property
    def promised_bytes(self) -> int:
        """Memory that accepted jobs may still ask for."""
        return self._promised_bytes

    @property
    def segments(self) -> int:
        """Segments of blobs and stagings, and those that accepted jobs may still ask for."""
        return self._used_segments + self._promised_segments

    def find(self, show: str, digest: bytes) -> Blob | None:
        """Return the blob if this show has it, and note that it was wanted."""
        blob = self._blobs.get((show, digest))
        if blob is not None:
            blob.used_s = self._clock()
            self._blobs.move_to_end(blob.key)
        return blob

    def promise(self, size_bytes: int, segments: int = 1) -> None:
        """Set memory aside.

        Args:
            size_bytes: the capacities of the segments together.
            segments: how many they are.

        Raises:
            ImageTooLargeError: it would not fit into an empty store.
            StorageError: it is more blobs than the server has descriptors for.
            BusyError: it does not fit now.
        """
        if size_bytes > self.budget_bytes:
            raise ImageTooLargeError(
                f"The job needs {size_bytes} bytes; the server's store has {self.budget_bytes}."
            )
        if segments > self.segments_max:
            raise StorageError(
                f"The job has {segments} inputs and outputs; the server holds {self.segments_max}.",
                "Ask for the server's limit of open files to be raised.",
            )
        self._make_room(size_bytes, segments)
        self._promised_bytes += size_bytes
        self._promised_segments += segments

    def has_room(self, size_bytes: int, segments: int) -> bool:
        """Return whether so much fits once all that nobody needs has been evicted."""
        idle = [blob.segment.capacity_bytes for blob in self._idle()]
        return self._fits(size_bytes - sum(idle), segments - len(idle))

    def cancel_promise(self, size_bytes: int, segments: int = 1) -> None:
        """Give back what `promise` set aside and nothing used."""
        self._promised_bytes -= size_bytes
        self._promised_segments -= segments

    def stage(self, show: str, digest: bytes, size_bytes: int) -> Staging:
        """Open a staging within memory that was promised.

        Raises:
            StorageError: the machine's memory is exhausted.
        """
        segment = self._arena.take(size_bytes)
        self.cancel_promise(segment.capacity_bytes)
        self._use(segment)
        self.trim()
        return Staging(show, digest, size_bytes, segment, self._clock())

    def discard(self, staging: Staging, promise_again: bool) -> None:
        """Drop a staging; with *promise_again* its memory stays set aside for another try."""
        self._used_bytes -= staging.segment.capacity_bytes
        self._used_segments -= 1
        if promise_again:
            self._promised_bytes += staging.segment.capacity_bytes
            self._promised_segments += 1
        self._arena.give_back(staging.segment)

    def publish(self, staging: Staging) -> Blob:
        """Make a complete staging visible; if its content is here already, keep what is here."""
        present = self.find(staging.show, staging.digest)
        if present is not None:
            self.discard(staging, promise_again=False)
            return present
        return self._insert(
            Blob(
                staging.show,
                staging.digest,
                staging.size_bytes,
                staging.segment,
                tuple(staging.sums),
                self._arena.give_back,
            )
        )

    def adopt(self, blob: Blob) -> Blob:
        """Take in a worker's output, whose memory was promised; keep equal content once."""
        present = self.find(blob.show, blob.digest)
        if present is not None:
            blob.release(blob.segment)
            return present
        if self._chunk_bytes != CHUNK_BYTES:  # workers make the sums of the usual pieces
            blob.sums = digest_blob(blob.content, self._chunk_bytes).sums
        self._use(blob.segment)
        return self._insert(blob)

    def pin(self, blob: Blob) -> None:
        """Keep *blob* until `unpin`."""
        blob.pins += 1

    def unpin(self, blob: Blob) -> None:
        """Undo one `pin`."""
        blob.pins -= 1

    def expire(self, older_than_s: float) -> None:
        """Evict unpinned blobs that nobody asked for since *older_than_s*."""
        for blob in [blob for blob in self._idle() if blob.used_s < older_than_s]:
            self._evict(blob)

    def purge(self, show: str) -> int:
        """Evict every unpinned blob of *show*; return how many."""
        doomed = [blob for blob in self._idle() if blob.show == show]
        for blob in doomed:
            self._evict(blob)
        return len(doomed)

    def close(self) -> None:
        """Free everything."""
        for blob in list(self._blobs.values()):
            self._evict(blob)
        self.trim(0)

    @property
    def input_bytes(self) -> int:
        """Memory of input segments in use: blobs and stagings that clients have sent."""
        return self._arena.in_use_bytes

    @property
    def idle_bytes(self) -> int:
        """Memory of input segments that are kept for reuse."""
        return self._arena.idle_bytes

    @property
    def idle_segments_max(self) -> int:
        """How many segments may be kept for reuse, on either side: what the limit leaves."""
        return max(0, self.segments_max - self.segments)

    def trim(self, idle_bytes_max: int | None = None) -> None:
        """Close idle segments beyond *idle_bytes_max*, or beyond what the budget leaves."""
        if idle_bytes_max is None:
            idle_bytes_max = max(0, self.budget_bytes - self._used_bytes)
        for segment_id in self._arena.trim(idle_bytes_max, self.idle_segments_max):
            self._on_close(segment_id)

    def __len__(self) -> int:
        """Return how many blobs are visible."""
        return len(self._blobs)

    def _insert(self, blob: Blob) -> Blob:
        blob.used_s = self._clock()
        self._blobs[blob.key] = blob
        return blob

    def _use(self, segment: Segment) -> None:
        self._used_bytes += segment.capacity_bytes
        self._used_segments += 1

    def _idle(self) -> Iterator[Blob]:
        return (blob for blob in self._blobs.values() if not blob.pins)

    def _make_room(self, size_bytes: int, segments: int) -> None:
        if self._fits(size_bytes, segments):
            return
        while not self.has_room(size_bytes, segments):
            if not self.relieve():
                raise BusyError("The server's memory is taken by other jobs.")
        for blob in list(self._idle()):
            if self._fits(size_bytes, segments):
                break
            self._evict(blob)

    def _fits(self, size_bytes: int, segments: int) -> bool:
        used_bytes = self._used_bytes + self._promised_bytes
        few = self.segments + segments <= self.segments_max
        return few and used_bytes + size_bytes <= self.budget_bytes

    def _evict(self, blob: Blob) -> None:
        del self._blobs[blob.key]
        self._used_bytes -= blob.segment.capacity_bytes
        self._used_segments -= 1
        self.evictions += 1
        blob.release(blob.segment)


def reservation_bytes(sizes: list[int]) -> int:
    """Return the memory that blobs of *sizes* take, rounding of the segments included."""
    return sum(capacity_for(size) for size in sizes)
