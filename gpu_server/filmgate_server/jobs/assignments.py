"""From an execution to what a pool is given, and from its outputs to what clients are told."""

from __future__ import annotations

import filmgate
from filmgate.digest import canonical_digest, digest_text
from filmgate.errors import StorageError
from filmgate.wire.records import BlobRef
from filmgate_server.jobs.table import Execution, Work
from filmgate_server.pool.port import AssignedInput, Assignment, ProducedOutput
from filmgate_server.scheduling.tickets import Ticket
from filmgate_server.store.content import Store


def to_ticket(execution: Execution, estimate_s: float) -> Ticket:
    """Return what the scheduler needs to know of an execution."""
    work = execution.work
    batch_max = work.package.manifest.batch.max
    return Ticket(
        execution.number,
        execution.user,
        work.show,
        execution.priority,
        work.package.digest,
        estimate_s,
        execution.deadline_s,
        _group_of(work) if batch_max > 1 else b"",
        batch_max,
    )


def to_assignment(execution: Execution, store: Store) -> Assignment:
    """Return what a worker needs to know of an execution.

    Raises:
        StorageError: an input is no longer there.
    """
    work = execution.work
    return Assignment(
        execution=execution.number,
        package_path=work.package.path,
        package_digest=work.package.digest,
        priority=execution.priority,
        time=work.time,
        params=work.params,
        inputs=tuple(_assigned(ref, store, work.show) for ref in work.inputs),
        layers=work.layers,
        wish=work.wish,
        provenance=provenance(work),
        colour=work.colour,
    )


def to_ref(output: ProducedOutput) -> BlobRef:
    """Return how clients are told of an output."""
    return BlobRef(
        output.name, output.digest, output.size_bytes, output.media, output.time, output.view
    )


def provenance(work: Work) -> dict[str, str]:
    """Return what a worker cannot know and the header of a result should say."""
    return {
        "model": work.package.reference,
        "model_digest": digest_text(work.package.digest),
        "numerics": work.numerics,
        "version": filmgate.__version__,
    }


def _assigned(ref: BlobRef, store: Store, show: str) -> AssignedInput:
    blob = store.find(show, ref.digest)
    if blob is None:
        raise StorageError(f"Input {ref.name!r} is no longer in the store.")
    return AssignedInput(
        ref.name, ref.time, ref.view, ref.media, blob.segment, blob.size_bytes, blob.digest
    )


def _group_of(work: Work) -> bytes:
    """Return a digest that frames share which may be computed together."""
    return canonical_digest({"package": work.package.digest, "params": dict(work.params)})
