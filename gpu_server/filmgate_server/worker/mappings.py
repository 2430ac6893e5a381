"""The shared memory that a worker sees: inputs mapped read-only, outputs that it writes itself."""

from __future__ import annotations

from collections.abc import Sequence

from filmgate.errors import IntegrityError, ProtocolError
from filmgate_server.pool.messages import Attachment, GrantEntry, Run
from filmgate_server.store.segments import Segment
from filmgate_server.worker.execution import InputBlob


class Mappings:
    """Segments by id; the gateway says which exist, are reused and are dropped."""

    def __init__(self) -> None:
        self._inputs: dict[int, Segment] = {}
        self._outputs: dict[int, Segment] = {}

    def attach(self, entries: Sequence[Attachment], fds: Sequence[int]) -> None:
        """Map the input segments that came with a message.

        Raises:
            ProtocolError: the descriptors are not as many as announced.
            IntegrityError: a segment cannot be mapped or its writer did not seal it.
        """
        if len(entries) != len(fds):
            raise ProtocolError("Descriptors of shared memory are missing.")
        for entry, fd in zip(entries, fds, strict=True):
            segment = Segment.attach(entry.segment, fd, entry.capacity)
            self._inputs[entry.segment] = segment

    def blobs(self, order: Run) -> list[InputBlob]:
        """Return the inputs of *order*, without copying anything.

        Raises:
            IntegrityError: a segment is unknown or shorter than the blob.
        """
        blobs: list[InputBlob] = []
        for entry in order.inputs:
            segment = self._inputs.get(entry.segment)
            if segment is None or entry.size > segment.capacity_bytes:
                raise IntegrityError(f"The memory of the input {entry.name!r} is not here.")
            blobs.append(InputBlob(entry, segment.view[: entry.size]))
        return blobs

    def open_outputs(self, entries: Sequence[GrantEntry]) -> list[Segment]:
        """Return the granted segments; those to be created are.

        Raises:
            StorageError: there is no memory; nothing was created then.
        """
        created: list[Segment] = []
        try:
            for entry in entries:
                if entry.create:
                    created.append(Segment.create(entry.segment, entry.capacity))
        except BaseException:
            for segment in created:
                segment.close()
            raise
        self._outputs.update({segment.id: segment for segment in created})
        return [self._outputs[entry.segment] for entry in entries]

    def drop(self, segment_id: int) -> None:
        """Let go of a segment; whoever still reads it keeps its memory alive until they end."""
        for mapped in (self._inputs, self._outputs):
            segment = mapped.pop(segment_id, None)
            if segment is not None:
                segment.close()
