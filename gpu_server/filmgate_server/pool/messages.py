"""What gateway and worker say to each other, as frozen dataclasses that check what they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from filmgate.digest import SUM_BYTES, Buffer
from filmgate.errors import ProtocolError
from filmgate.wire import fields as f
from filmgate.wire.fields import wire_field
from filmgate.wire.records import Wish

SUMS_BYTES_MAX = 64 << 10
"""Prefix sums of a blob of 4 GiB."""

STAGES = ("decode", "infer", "encode")
INTERACTIVE = "interactive"
PRIORITIES = (INTERACTIVE, "batch")


def _sums(value: Any) -> bytes:
    """Read prefix sums, joined: a list of thousands would be slow to check."""
    fits = isinstance(value, bytes) and len(value) <= SUMS_BYTES_MAX
    if not fits or len(value) % SUM_BYTES:
        raise ProtocolError("prefix sums were expected")
    return value


@dataclass(frozen=True)
class Attachment:
    """A segment whose descriptor travels with this message, in the same order."""

    segment: int = wire_field(f.count)
    capacity: int = wire_field(f.count)


@dataclass(frozen=True)
class InputEntry:
    """One input blob: the first *size* bytes of a segment."""

    name: str = wire_field(f.text)
    time: float = wire_field(f.number)
    view: str = wire_field(f.text)
    media: str = wire_field(f.text)
    segment: int = wire_field(f.count)
    size: int = wire_field(f.count)
    digest: bytes = wire_field(f.digest)


@dataclass(frozen=True)
class GrantEntry:
    """A segment to write an output into; *create* when the worker has to make it."""

    segment: int = wire_field(f.count)
    capacity: int = wire_field(f.count)
    create: bool = wire_field(f.flag)


@dataclass(frozen=True)
class OutputEntry:
    """One finished output: the first *size* bytes of a granted segment.

    Attributes:
        sums: the prefix sums of `filmgate.digest.BlobDigest`, joined.
    """

    name: str = wire_field(f.text)
    time: float = wire_field(f.number)
    view: str = wire_field(f.text)
    media: str = wire_field(f.text)
    segment: int = wire_field(f.count)
    size: int = wire_field(f.count)
    digest: bytes = wire_field(f.digest)
    sums: bytes = wire_field(_sums)


@dataclass(frozen=True)
class ColourOrder:
    """What the colours of an execution's inputs are, resolved as far as that goes without a config.

    Attributes:
        space: the space of every colour input; empty if the job does not say.
        working: the host's working space, which counts next.
        default: the space of files that say nothing; empty if that is unknown.
        config: which OCIO config the names belong to: ``ocio://…`` or ``blake3:…``; empty where
            colours do not matter.
        path: of the archive on this machine; empty if it is built in or an input.
        named: the config as the job named it.
    """

    space: str = wire_field(f.text, "")
    working: str = wire_field(f.text, "")
    default: str = wire_field(f.text, "")
    config: str = wire_field(f.text, "")
    path: str = wire_field(f.text, "")
    named: str = wire_field(f.text, "")


NO_COLOUR = ColourOrder()


@dataclass(frozen=True)
class Run:
    """Gateway to worker: run a model; the parameters are resolved."""

    kind: ClassVar[str] = "run"
    execution: int = wire_field(f.count)
    package: str = wire_field(f.text)
    package_digest: bytes = wire_field(f.digest)
    priority: str = wire_field(f.word(*PRIORITIES))
    time: float = wire_field(f.number)
    params: Mapping[str, Any] = wire_field(f.mapping(f.plain))
    inputs: tuple[InputEntry, ...] = wire_field(f.many(f.record(InputEntry)))
    layers: Mapping[str, str] = wire_field(f.mapping(f.text))
    wish: Wish = wire_field(f.record(Wish))
    provenance: Mapping[str, str] = wire_field(f.mapping(f.text))
    attached: tuple[Attachment, ...] = wire_field(f.many(f.record(Attachment)))
    colour: ColourOrder = wire_field(f.record(ColourOrder), NO_COLOUR)


@dataclass(frozen=True)
class Cancel:
    """Gateway to worker: stop this execution at the next tile or stage."""

    kind: ClassVar[str] = "cancel"
    execution: int = wire_field(f.count)


@dataclass(frozen=True)
class Grant:
    """Gateway to worker: where to write what `Reserve` asked for; *refused* drops the execution."""

    kind: ClassVar[str] = "grant"
    execution: int = wire_field(f.count)
    segments: tuple[GrantEntry, ...] = wire_field(f.many(f.record(GrantEntry)), ())
    refused: bool = wire_field(f.flag, False)


@dataclass(frozen=True)
class Drop:
    """Gateway to worker: forget a segment; its blob is gone."""

    kind: ClassVar[str] = "drop"
    segment: int = wire_field(f.count)


@dataclass(frozen=True)
class Prepare:
    """Gateway to worker: load and warm a package, then say `Prepared`; it may be used soon."""

    kind: ClassVar[str] = "prepare"
    package: str = wire_field(f.text)
    package_digest: bytes = wire_field(f.digest)


@dataclass(frozen=True)
class Stop:
    """Gateway to worker: leave now."""

    kind: ClassVar[str] = "stop"


@dataclass(frozen=True)
class Ready:
    """Worker to gateway: started; what it runs on and with, and what did not go as wished."""

    kind: ClassVar[str] = "ready"
    pid: int = wire_field(f.count)
    device: str = wire_field(f.text)
    device_class: str = wire_field(f.text)
    engines: Mapping[str, str] = wire_field(f.mapping(f.text))
    remarks: tuple[str, ...] = wire_field(f.many(f.text), ())


@dataclass(frozen=True)
class Progress:
    """Worker to gateway: how far a stage has come."""

    kind: ClassVar[str] = "progress"
    execution: int = wire_field(f.count)
    stage: str = wire_field(f.word(*STAGES))
    done: int = wire_field(f.count)
    total: int = wire_field(f.count)


@dataclass(frozen=True)
class Reserve:
    """Worker to gateway: the most bytes that each output can take."""

    kind: ClassVar[str] = "reserve"
    execution: int = wire_field(f.count)
    sizes: tuple[int, ...] = wire_field(f.many(f.count))


@dataclass(frozen=True)
class Done:
    """Worker to gateway: every output is complete; *numerics* says what ran, if not as told."""

    kind: ClassVar[str] = "done"
    execution: int = wire_field(f.count)
    outputs: tuple[OutputEntry, ...] = wire_field(f.many(f.record(OutputEntry)))
    warnings: tuple[str, ...] = wire_field(f.many(f.text))
    timings: Mapping[str, float] = wire_field(f.mapping(f.number))
    numerics: str = wire_field(f.text)
    attached: tuple[Attachment, ...] = wire_field(f.many(f.record(Attachment)))


@dataclass(frozen=True)
class Failed:
    """Worker to gateway: the execution ended with an error; see `filmgate.errors`."""

    kind: ClassVar[str] = "failed"
    execution: int = wire_field(f.count)
    code: str = wire_field(f.text)
    text: str = wire_field(f.text)
    remedy: str = wire_field(f.text)
    detail: Mapping[str, Any] = wire_field(f.mapping(f.plain))
    timings: Mapping[str, float] = wire_field(f.mapping(f.number))


@dataclass(frozen=True)
class Prepared:
    """Worker to gateway: a package is loaded and warm, or cannot be used: then *code* says why."""

    kind: ClassVar[str] = "prepared"
    package_digest: bytes = wire_field(f.digest)
    code: str = wire_field(f.text, "")
    text: str = wire_field(f.text, "")
    remedy: str = wire_field(f.text, "")


@dataclass(frozen=True)
class Resident:
    """A model that the worker's device holds: ``name@version`` and the package's digest."""

    reference: str = wire_field(f.text)
    digest: bytes = wire_field(f.digest)


@dataclass(frozen=True)
class Beat:
    """Worker to gateway: alive.

    Attributes:
        loading: a model is being loaded, which asks for patience.
        overdue_s: for how much longer than it may an execution has made no step; the worst one's.
        allowed_s: how long a tile under way may take, the longest; 0 while that is not known.
        residents: the models that the device holds.
        used_bytes: device memory in use.
        budget_bytes: device memory that may be used; 0 means without a bound.
        growth_bytes: memory that the process has gained while its work stayed the same.
        counters: what has happened in this process: ``evictions``, ``oom_step_downs``.
    """

    kind: ClassVar[str] = "beat"
    loading: bool = wire_field(f.flag, False)
    overdue_s: float = wire_field(f.number, 0.0)
    allowed_s: float = wire_field(f.number, 0.0)
    residents: tuple[Resident, ...] = wire_field(f.many(f.record(Resident)), ())
    used_bytes: int = wire_field(f.count, 0)
    budget_bytes: int = wire_field(f.count, 0)
    growth_bytes: int = wire_field(f.count, 0)
    counters: Mapping[str, int] = wire_field(f.mapping(f.count), {})


FromGateway = Run | Cancel | Grant | Drop | Prepare | Stop
FromWorker = Ready | Progress | Reserve | Done | Failed | Prepared | Beat
PoolMessage = FromGateway | FromWorker
POOL_MESSAGES: dict[str, type[PoolMessage]] = {
    kind.kind: kind
    for kind in (
        *(Run, Cancel, Grant, Drop, Prepare, Stop),
        *(Ready, Progress, Reserve, Done, Failed, Prepared, Beat),
    )
}


def split_sums(joined: Buffer) -> tuple[bytes, ...]:
    """Undo the joining of prefix sums."""
    view = memoryview(joined)
    return tuple(bytes(view[at : at + SUM_BYTES]) for at in range(0, len(view), SUM_BYTES))
