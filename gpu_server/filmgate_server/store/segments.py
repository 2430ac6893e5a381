"""Shared memory: one blob per sealed segment, one writer per arena.

A segment is a memfd that travels by descriptor and has no name, so nothing remains after a crash.
Its seals make the kernel itself refuse a second writer and any change of size: a reader can neither
alter another's pixels nor be hit by a truncation. Segments are reused by size class, because fresh
pages cost more than copying.
"""

from __future__ import annotations

import fcntl
import itertools
import mmap
import os
import resource
import tempfile
from collections import defaultdict

from filmgate.errors import ConfigError, IntegrityError, StorageError

SEGMENT_BYTES_MIN = 64 << 10
SEGMENTS_MAX = 1 << 20
OTHER_DESCRIPTORS = 256
"""Connections, pipes and files of a small site; a large one has a higher limit of descriptors."""

SEGMENTS_MIN = 256
"""A job of as many inputs as one may have, with its outputs."""

_STEPS_PER_DOUBLING = 8
_F_SEAL_FUTURE_WRITE = 0x10  # linux/fcntl.h; Python 3.11 has no name for it
_HAS_MEMFD = hasattr(os, "memfd_create")
_MAP_FLAGS = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)

_ids = itertools.count(1)


def new_segment_id() -> int:
    """Return an id that no other segment of this process has or ever had."""
    return next(_ids)


def allow_many_segments() -> None:
    """Let this process have as many descriptors as it may: each segment takes two."""
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))


def segments_allowed() -> int:
    """Return how many segments in use this process's limit of descriptors leaves room for.

    Each takes two: its own and that of its mapping. As many again may lie idle in the arenas, and
    connections, workers and files need theirs.

    Raises:
        ConfigError: it is too low for the largest job that may be submitted.
    """
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return SEGMENTS_MAX
    needed = OTHER_DESCRIPTORS + 2 * 2 * SEGMENTS_MIN
    if allowed < needed:
        raise ConfigError(
            f"The server may have {allowed} files open; it needs {needed}.",
            f"Raise the hard limit: `ulimit -Hn {needed}`, or LimitNOFILE={needed} for a service.",
        )
    return min(SEGMENTS_MAX, (allowed - OTHER_DESCRIPTORS) // (2 * 2))


def capacity_for(size_bytes: int) -> int:
    """Return the capacity of the segment that holds *size_bytes*: its size class.

    Classes are an eighth of a power of two apart, so at most an eighth is wasted.
    """
    size_bytes = max(size_bytes, SEGMENT_BYTES_MIN)
    step = (1 << (size_bytes.bit_length() - 1)) // _STEPS_PER_DOUBLING
    return -(-size_bytes // step) * step


class Segment:
    """Shared memory that one process writes and others only read.

    Attributes:
        id: unique in the life of the gateway; a reused segment keeps its id and its mappings.
        capacity_bytes: the size of the mapping.
        fd: the descriptor to pass on.
        view: the memory; read-only unless this process created the segment.
    """

    def __init__(self, segment_id: int, fd: int, capacity_bytes: int, writable: bool) -> None:
        self.id = segment_id
        self.fd = fd
        self.capacity_bytes = capacity_bytes
        access = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        self._map = mmap.mmap(fd, capacity_bytes, flags=_MAP_FLAGS, prot=access)
        self.view = memoryview(self._map)

    @classmethod
    def create(cls, segment_id: int, capacity_bytes: int) -> Segment:
        """Make a segment that this process writes; its pages exist before it is handed out.

        Raises:
            StorageError: there is no memory for it.
        """
        fd = -1
        try:
            fd = _open_unnamed(segment_id)
            os.posix_fallocate(fd, 0, capacity_bytes)
            segment = cls(segment_id, fd, capacity_bytes, writable=True)
            _seal(fd)
        except OSError as error:
            if fd >= 0:
                os.close(fd)
            text = f"There is no shared memory for {capacity_bytes >> 10} KiB ({error.strerror})."
            raise StorageError(text) from error
        return segment

    @classmethod
    def attach(cls, segment_id: int, fd: int, capacity_bytes: int) -> Segment:
        """Map another process's segment read-only; the segment owns *fd* from now on.

        Raises:
            IntegrityError: it is smaller than promised, or its writer could still change its size
                or let others write.
        """
        try:
            _check(fd, capacity_bytes)
            return cls(segment_id, fd, capacity_bytes, writable=False)
        except (OSError, ValueError) as error:
            os.close(fd)
            raise IntegrityError(f"Segment {segment_id} cannot be mapped ({error}).") from error
        except IntegrityError:
            os.close(fd)
            raise

    def close(self) -> None:
        """Let go of the memory; while someone still holds a view of it, it stays until they end."""
        try:
            self.view.release()
            self._map.close()
        except BufferError:
            pass  # numpy or a socket still reads; the mapping goes with the last of its views
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class Arena:
    """A writer's segments: those in use and those kept for reuse, by size class."""

    def __init__(self) -> None:
        self.in_use_bytes = 0
        self.idle_bytes = 0
        self._idle: defaultdict[int, list[Segment]] = defaultdict(list)

    def take(self, size_bytes: int) -> Segment:
        """Return a segment of the size class of *size_bytes*, reused if there is one.

        Raises:
            StorageError: there is no memory for a new one.
        """
        capacity = capacity_for(size_bytes)
        if self._idle[capacity]:
            segment = self._idle[capacity].pop()
            self.idle_bytes -= capacity
        else:
            segment = Segment.create(new_segment_id(), capacity)
        self.in_use_bytes += capacity
        return segment

    def give_back(self, segment: Segment) -> None:
        """Keep *segment* for reuse: nobody reads it any more."""
        self.in_use_bytes -= segment.capacity_bytes
        self.idle_bytes += segment.capacity_bytes
        self._idle[segment.capacity_bytes].append(segment)

    @property
    def idle_segments(self) -> int:
        """How many segments are kept for reuse."""
        return sum(len(segments) for segments in self._idle.values())

    def trim(self, idle_bytes_max: int, idle_segments_max: int | None = None) -> list[int]:
        """Close idle segments, the largest first, until few enough are idle.

        Args:
            idle_bytes_max: their capacities together.
            idle_segments_max: their number; None for any.

        Returns:
            The ids of the closed ones: whoever has mapped them should let go too.
        """
        closed: list[int] = []
        surplus = 0 if idle_segments_max is None else self.idle_segments - idle_segments_max
        for capacity in sorted(self._idle, reverse=True):
            while self._idle[capacity] and (self.idle_bytes > idle_bytes_max or surplus > 0):
                segment = self._idle[capacity].pop()
                segment.close()
                self.idle_bytes -= capacity
                surplus -= 1
                closed.append(segment.id)
        return closed


def _open_unnamed(segment_id: int) -> int:
    if _HAS_MEMFD:
        return os.memfd_create(f"filmgate-{segment_id}", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _seal(fd: int) -> None:
    if _HAS_MEMFD:
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | _F_SEAL_FUTURE_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)


def _check(fd: int, capacity_bytes: int) -> None:
    if os.fstat(fd).st_size < capacity_bytes:
        raise IntegrityError("A segment of shared memory is smaller than promised.")
    if _HAS_MEMFD:
        wanted = fcntl.F_SEAL_SHRINK | _F_SEAL_FUTURE_WRITE
        if fcntl.fcntl(fd, fcntl.F_GET_SEALS) & wanted != wanted:
            raise IntegrityError("A segment of shared memory is not sealed.")
