"""The room that jobs would leave: what of the store is free at once when they end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from filmgate.wire.records import BlobRef
from filmgate_server.jobs.table import Execution, Job, JobTable
from filmgate_server.store.segments import capacity_for
from filmgate_server.store.uploads import Uploads


@dataclass(frozen=True)
class Room:
    """Memory of the store.

    Attributes:
        size_bytes: the capacities of its segments together.
        segments: how many they are.
    """

    size_bytes: int
    segments: int

    def __sub__(self, other: Room) -> Room:
        """Return how much more it is than *other*; perhaps less than nothing."""
        return Room(self.size_bytes - other.size_bytes, self.segments - other.segments)


@dataclass(frozen=True)
class Leaving:
    """Jobs that are taken to end now.

    What a worker has in hand, what others want too and what is just being handed over is not
    counted: it comes later or not at all.

    Attributes:
        table: the open jobs.
        uploads: what clients are expected to send.
        jobs: those that end.
    """

    table: JobTable
    uploads: Uploads
    jobs: Sequence[Job]

    def takes_along(self, execution: Execution | None) -> bool:
        """Return whether an execution ends with them."""
        return execution is not None and execution.jobs.keys() <= {job.id for job in self.jobs}

    @property
    def room(self) -> Room:
        """What they leave."""
        ending = {e.number: e for e in self._executions() if e.worker is None}
        kept = Counter(id(blob) for each in ending.values() for blob in each.pins)
        idle = {
            id(blob): blob.segment.capacity_bytes
            for each in ending.values()
            for blob in each.pins
            if blob.pins == kept[id(blob)]
        }
        sizes = [*idle.values(), *self._uploads_of(ending).values()]
        promised_bytes = sum(each.promised_bytes for each in ending.values())
        promised = sum(each.promised_segments for each in ending.values())
        return Room(sum(sizes) + promised_bytes, len(sizes) + promised)

    def wanted(self, newer: Job, refs: Iterable[BlobRef], outputs_bytes: int) -> Room:
        """Return what a job needs for the inputs that it lacks and for its outputs."""
        closing = self._uploads_of({each.number: each for each in self._executions()})
        session = newer.owner.session
        sizes = [
            capacity_for(ref.size)
            for ref in refs
            if self.uploads.missing_bytes(session, [ref]) or (session, ref.digest) in closing
        ]
        return Room(sum(sizes) + outputs_bytes, len(sizes) + bool(outputs_bytes))

    def _executions(self) -> list[Execution]:
        found = [self.table.executions.get(job.execution or 0) for job in self.jobs]
        return [each for each in found if each is not None and self.takes_along(each)]

    def _uploads_of(self, ending: dict[int, Execution]) -> dict[tuple[bytes, bytes], int]:
        """Return the memory of the uploads that end with executions, by session and digest."""
        sizes: dict[tuple[bytes, bytes], int] = {}
        for job in self.jobs:
            execution, session = ending.get(job.execution or 0), job.owner.session
            for digest in execution.missing if execution is not None else ():
                waiting = self.table.waiting_for(job.owner.show, digest)
                if all(each.number in ending or not each.is_for(session) for each in waiting):
                    sizes[(session, digest)] = self.uploads.freed_bytes(session, digest)
        return {key: size_bytes for key, size_bytes in sizes.items() if size_bytes}
