"""The gateway's book of one worker's output segments: granted, in use, idle.

The worker writes its segments and the gateway alone decides which. A segment that has to be
created exists here only once the worker's `Done` has brought its descriptor; if the execution ends
otherwise, the worker closes what it created.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from filmgate.errors import ProtocolError
from filmgate_server.pool.messages import GrantEntry, OutputEntry
from filmgate_server.store.segments import Segment, capacity_for, new_segment_id


class OutputBook:
    """Which output segments one worker has, and what for.

    Attributes:
        in_use_bytes: capacities granted to executions or holding outputs.
        idle_bytes: capacities kept for reuse.
    """

    def __init__(self) -> None:
        self.in_use_bytes = 0
        self.idle_bytes = 0
        self._segments: dict[int, Segment] = {}
        self._granted: dict[int, tuple[GrantEntry, ...]] = {}
        self._idle: defaultdict[int, list[int]] = defaultdict(list)
        self._closed = False

    def grant(self, execution: int, sizes: Sequence[int]) -> tuple[GrantEntry, ...]:
        """Choose a segment for each of *sizes*, an idle one where the size class has one.

        Raises:
            ProtocolError: the execution has its segments already.
        """
        if execution in self._granted:
            raise ProtocolError("A worker asks twice for room for one execution.")
        entries = tuple(self._choose(capacity_for(size)) for size in sizes)
        self._granted[execution] = entries
        self.in_use_bytes += sum(entry.capacity for entry in entries)
        return entries

    def to_create(self, execution: int) -> list[GrantEntry]:
        """Return the granted segments whose descriptors have to come with the outputs."""
        return [entry for entry in self._granted.get(execution, ()) if entry.create]

    def settle(
        self, execution: int, outputs: Sequence[OutputEntry], created: Mapping[int, Segment]
    ) -> list[Segment]:
        """Note that an execution is complete; return each output's segment.

        Raises:
            ProtocolError: an output lies outside what was granted; nothing is noted then.
        """
        granted = {entry.segment: entry.capacity for entry in self._granted.get(execution, ())}
        used = [output.segment for output in outputs]
        if len(set(used)) != len(used) or not granted.keys() >= set(used):
            raise ProtocolError("A worker wrote where it was not told to.")
        if any(output.size > granted[output.segment] for output in outputs):
            raise ProtocolError("A worker's output is larger than its segment.")
        self._granted.pop(execution, None)
        self._segments.update(created)
        for unused in granted.keys() - set(used):
            self.release(unused)
        return [self._segments[segment] for segment in used]

    def revoke(self, execution: int) -> None:
        """Take back what an execution was granted: it ended without outputs."""
        for entry in self._granted.pop(execution, ()):
            if entry.create:
                self.in_use_bytes -= entry.capacity
            else:
                self.release(entry.segment)

    def release(self, segment_id: int) -> None:
        """Make a segment idle: nobody reads its blob any more."""
        capacity = self._segments[segment_id].capacity_bytes
        self.in_use_bytes -= capacity
        if self._closed:
            self._segments.pop(segment_id).close()
            return
        self.idle_bytes += capacity
        self._idle[capacity].append(segment_id)

    def trim(self, idle_bytes_max: int) -> list[int]:
        """Close idle segments, the largest first, and return their ids for the worker to drop."""
        closed: list[int] = []
        for capacity in sorted(self._idle, reverse=True):
            while self._idle[capacity] and self.idle_bytes > idle_bytes_max:
                closed.append(self._idle[capacity].pop())
                self._segments.pop(closed[-1]).close()
                self.idle_bytes -= capacity
        return closed

    def close(self) -> None:
        """Close what is not in use, now; the rest as it is released: the worker is gone."""
        self._closed = True
        for execution in list(self._granted):
            self.revoke(execution)
        self.trim(0)

    def _choose(self, capacity: int) -> GrantEntry:
        if not self._idle[capacity]:
            return GrantEntry(new_segment_id(), capacity, create=True)
        self.idle_bytes -= capacity
        return GrantEntry(self._idle[capacity].pop(), capacity, create=False)
