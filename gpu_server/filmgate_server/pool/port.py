"""The pool's port: what the broker asks of a pool, and what a pool tells the broker.

Everything runs on the gateway's one thread and nothing blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from filmgate.errors import FilmgateError
from filmgate.wire.records import Wish
from filmgate_server.pool.messages import NO_COLOUR, ColourOrder
from filmgate_server.store.segments import Segment


@dataclass(frozen=True)
class AssignedInput:
    """An input blob: the first *size_bytes* of a segment that the pool may hand to a worker."""

    name: str
    time: float
    view: str
    media: str
    segment: Segment
    size_bytes: int
    digest: bytes


@dataclass(frozen=True)
class Assignment:
    """One execution of one model.

    Attributes:
        execution: the broker's number for it.
        package_path: the package's folder.
        package_digest: what the folder must hold.
        priority: ``interactive`` or ``batch``.
        time: the result's source time in frames.
        params: every parameter, resolved.
        inputs: the main input first, or all of one view first.
        layers: layers chosen by hand, by input name.
        wish: what to answer.
        provenance: texts for the header of the result.
        colour: what the inputs' colours are.
    """

    execution: int
    package_path: Path
    package_digest: bytes
    priority: str
    time: float
    params: Mapping[str, Any]
    inputs: tuple[AssignedInput, ...]
    layers: Mapping[str, str]
    wish: Wish
    provenance: Mapping[str, str]
    colour: ColourOrder = NO_COLOUR


@dataclass(frozen=True)
class ProducedOutput:
    """An output blob: the first *size_bytes* of a worker's segment, mapped read-only here.

    Attributes:
        sums: the prefix sums at 1 MiB, see `filmgate.digest.BlobDigest`.
    """

    name: str
    time: float
    view: str
    media: str
    segment: Segment
    size_bytes: int
    digest: bytes
    sums: tuple[bytes, ...]


@dataclass(frozen=True)
class WorkerInfo:
    """What a worker runs on: its device, the device's class and its engines' versions."""

    pid: int
    device: str
    device_class: str
    engines: Mapping[str, str]


@dataclass(frozen=True)
class WorkerState:
    """What is known of one worker now.

    Attributes:
        worker: its number in the pool.
        device: ``cpu``, ``cuda:0``.
        state: ``starting``, ``warming``, ``idle``, ``busy`` or ``down``.
        pid: its process; 0 while there is none.
        running: how many executions it has in hand.
        models: what its device holds, ``name@version``.
        memory_used_bytes: device memory in use.
        memory_budget_bytes: device memory that may be used; 0 means without a bound.
        counters: what has happened at this seat since the pool's start, by name: ``evictions``
            (models unloaded to make room), ``oom_step_downs`` (frames computed in smaller tiles
            because the memory was full), ``recycled`` (processes replaced in good health).
    """

    worker: int
    device: str
    state: str
    pid: int
    running: int
    models: tuple[str, ...]
    memory_used_bytes: int
    memory_budget_bytes: int
    counters: Mapping[str, int]


class PoolEvents(Protocol):
    """What a pool tells; it is called from within `Pool.handle`, `Pool.tick` and `Pool.run`."""

    def ready(self, worker: int, info: WorkerInfo) -> None:
        """Say that a worker has started, or started again, and takes work."""
        ...

    def progress(self, execution: int, stage: str, done: int, total: int) -> None:
        """Say how far ``decode``, ``infer`` or ``encode`` of an execution has come."""
        ...

    def reserve(self, execution: int, sizes: Sequence[int]) -> None:
        """Ask for room for outputs of at most *sizes* bytes; answer with `Pool.grant`, soon."""
        ...

    def done(
        self,
        execution: int,
        outputs: Sequence[ProducedOutput],
        warnings: Sequence[str],
        timings: Mapping[str, float],
        numerics: str,
    ) -> None:
        """Hand over complete outputs; each segment goes back by `Pool.release_output`.

        Args:
            execution: the broker's number for it.
            outputs: all of them.
            warnings: what the artist should know.
            timings: seconds by ``decode``, ``load`` (loading and warming a model, which is nobody's
                to pay for), ``infer`` (the device's own work) and ``encode``; those that happened.
            numerics: what really ran, where that is not what was assigned; else empty.
        """
        ...

    def failed(self, execution: int, error: FilmgateError, timings: Mapping[str, float]) -> None:
        """Say that an execution ended without outputs, after *timings* as in `done`."""
        ...

    def lost(self, worker: int, executions: Sequence[int], reason: str) -> None:
        """Say that a worker is gone for certain, and with it these executions."""
        ...


class Preparations(Protocol):
    """Who is told of packages that `LocalPool.prepare` was asked for."""

    def prepared(self, worker: int, digest: bytes, error: FilmgateError | None) -> None:
        """Say that a worker has loaded and warmed a package, or why it cannot; once for each.

        A `ConnectionLostError` says that the worker has gone, perhaps because of the package.
        """
        ...


class Pool(Protocol):
    """Workers that run executions."""

    def start(self) -> None:
        """Start the workers; `PoolEvents.ready` follows for each."""
        ...

    def stop(self) -> None:
        """End every worker and wait for it; open executions are dropped without an event."""
        ...

    def filenos(self) -> list[int]:
        """Return the descriptors to poll for reading; they change when a worker is restarted."""
        ...

    def handle(self, fileno: int) -> None:
        """Take what one of `filenos` has to say; an old descriptor is ignored."""
        ...

    def tick(self, now_s: float) -> None:
        """Judge silent workers, restart dead ones, send what found no room; call it often.

        Args:
            now_s: a monotonic time; only differences matter.
        """
        ...

    def free_slots(self, express: bool) -> dict[int, int]:
        """Return how many more executions each ready worker takes now.

        Args:
            express: count for interactive work, which may take one more slot than batch work: it
                is decoded, and runs between two tiles, while batch work fills the others. A worker
                that is about to be replaced takes it too, while it has batch work to finish.
        """
        ...

    def residents(self) -> dict[int, frozenset[bytes]]:
        """Return the digests of the packages that each ready worker has loaded."""
        ...

    def states(self) -> tuple[WorkerState, ...]:
        """Return what is known of each worker, by its number."""
        ...

    def run(self, worker: int, assignment: Assignment) -> None:
        """Give an execution to a worker with a free slot."""
        ...

    def cancel(self, execution: int) -> None:
        """Stop an execution at its next tile; `failed` (or a `done` that was faster) follows.

        A worker that does not stop in time is replaced; then `lost` follows, and names whatever
        else it ran too.
        """
        ...

    def grant(self, execution: int, sizes: Sequence[int] | None) -> None:
        """Answer `PoolEvents.reserve`: give segments of these sizes, or None to drop the execution.

        A dropped execution frees its slot at once; no further event comes for it.
        """
        ...

    def drop_input(self, segment_id: int) -> None:
        """Make the workers let go of an input segment that is about to be closed."""
        ...

    def release_output(self, segment_id: int) -> None:
        """Return an output's segment: nobody reads it any more."""
        ...

    def trim_outputs(self, idle_bytes_max: int) -> None:
        """Close idle output segments until at most *idle_bytes_max* are kept."""
        ...

    @property
    def output_bytes(self) -> tuple[int, int]:
        """The capacities of the output segments granted or in use, and of the idle ones."""
        ...
