"""Between the port's words and the channel's: assignments out, outputs in."""

from __future__ import annotations

from collections.abc import Sequence

from filmgate.errors import FilmgateError
from filmgate_server.pool.channel import Parcel
from filmgate_server.pool.messages import Attachment, Beat, InputEntry, OutputEntry, Run, split_sums
from filmgate_server.pool.port import Assignment, ProducedOutput
from filmgate_server.store.segments import Segment


def attach_all(entries: Sequence[Attachment], fds: Sequence[int]) -> dict[int, Segment]:
    """Map the segments that came with a message; all of them or none.

    Raises:
        IntegrityError: a segment cannot be mapped, or its writer did not seal it.
    """
    attached: dict[int, Segment] = {}
    for place, entry in enumerate(entries):
        try:
            attached[entry.segment] = Segment.attach(entry.segment, fds[place], entry.capacity)
        except FilmgateError:
            for segment in attached.values():
                segment.close()
            Parcel(Beat(), tuple(fds[place + 1 :])).close_fds()
            raise
    return attached


def run_message(assignment: Assignment, fresh: Sequence[Segment]) -> Run:
    """Return the message that gives *assignment* to a worker, with the segments new to it."""
    return Run(
        execution=assignment.execution,
        package=str(assignment.package_path),
        package_digest=assignment.package_digest,
        priority=assignment.priority,
        time=assignment.time,
        params=assignment.params,
        inputs=tuple(
            InputEntry(
                blob.name,
                blob.time,
                blob.view,
                blob.media,
                blob.segment.id,
                blob.size_bytes,
                blob.digest,
            )
            for blob in assignment.inputs
        ),
        layers=assignment.layers,
        wish=assignment.wish,
        provenance=assignment.provenance,
        attached=tuple(Attachment(segment.id, segment.capacity_bytes) for segment in fresh),
        colour=assignment.colour,
    )


def produced_output(entry: OutputEntry, segment: Segment) -> ProducedOutput:
    """Return a worker's output as the broker gets it."""
    return ProducedOutput(
        entry.name,
        entry.time,
        entry.view,
        entry.media,
        segment,
        entry.size,
        entry.digest,
        split_sums(entry.sums),
    )
