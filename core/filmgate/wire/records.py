"""The records that messages hold; ``docs/protocol.md`` explains each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from filmgate.wire import fields as f
from filmgate.wire.fields import wire_field

EXR_MEDIA = "image/x-exr"
PNG_MEDIA = "image/png"
JPEG_MEDIA = "image/jpeg"
MARKDOWN_MEDIA = "text/markdown"
OCIOZ_MEDIA = "application/x-ocioz"
"""An OCIO config with its look-up tables, as one archive."""

PREVIEW_NAME = "preview"
SOURCE_PREVIEW_NAME = "preview_source"
"""The names of the pictures of a result, and of what it was made from."""

CARD_NAME = "card"
PICTURE_NAME = "picture"

OCIOZ_NAME = "ocio"
"""The name of the input that brings a config along."""

BUILTIN_PREFIX = "ocio://"
PINNED_CONFIG = "ocio://studio-config-v2.1.0_aces-v1.3_ocio-v2.3"
"""What counts where nobody names a config: comes inside OpenColorIO, and never changes."""


@dataclass(frozen=True)
class BlobRef:
    """An input or output: what it is for and which content it has.

    Attributes:
        name: the manifest's name of the input or output.
        time: the frame, in the host's frame numbers; fractions are allowed.
        view: the stereo view, empty when there is one.
        media: the media type.
        digest: the content's blake3, 32 bytes.
        size: the content's length in bytes.
    """

    name: str = wire_field(f.label)
    digest: bytes = wire_field(f.digest)
    size: int = wire_field(f.count)
    media: str = wire_field(f.label, EXR_MEDIA)
    time: float = wire_field(f.number, 0.0)
    view: str = wire_field(f.label, "")


@dataclass(frozen=True)
class Missing:
    """A blob that the server lacks, and how much of it has arrived."""

    digest: bytes = wire_field(f.digest)
    offset: int = wire_field(f.count, 0)


@dataclass(frozen=True)
class Wish:
    """What the result should look like.

    Attributes:
        mode: ``model`` for the model's channels alone, ``merged`` for the source file with them
            replaced.
        compression: an EXR compression; empty lets the server choose.
        depth: ``half`` or ``float``; empty keeps the source's.
        preview: whether PNGs for a panel are wanted too, of the result and of the main input.
    """

    mode: str = wire_field(f.word("model", "merged"), "model")
    compression: str = wire_field(f.text, "")
    depth: str = wire_field(f.word("", "half", "float"), "")
    preview: bool = wire_field(f.flag, False)


@dataclass(frozen=True)
class ColourSpec:
    """What the colours of the inputs are; names are those of the config.

    Attributes:
        space: the space of every colour input, whatever their files say; empty if nobody knows
            better than they do.
        working: the host's working space, which counts where *space* is empty.
        config: an OCIO config: a name that the server has registered, the pinned name of a built-in
            one, or ``blake3:…`` of an archive that the server has registered or that comes along
            as the input ``ocio``; empty for the show's.
    """

    space: str = wire_field(f.label, "")
    working: str = wire_field(f.label, "")
    config: str = wire_field(f.label, "")


@dataclass(frozen=True)
class WorkSpec:
    """Everything about a job that may change its pixels; an unknown field here is refused.

    Attributes:
        model: ``name``, ``name@version`` or ``name@blake3:…``.
        params: the parameters that were set.
        params_blob: digest of an uploaded msgpack map, instead of *params*, when they are large.
        inputs: the inputs.
        inputs_blob: digest of an uploaded msgpack list, instead of *inputs*, when it is long.
        layers: layers chosen by hand, by input name.
        wish: what to answer.
        time: the result's source time in frames; None means that of the first input.
        colour: what the colours of the inputs are.
    """

    model: str = wire_field(f.text)
    params: Mapping[str, Any] = wire_field(f.mapping(f.plain), {})
    params_blob: Optional[bytes] = wire_field(f.optional(f.digest), None)
    inputs: tuple[BlobRef, ...] = wire_field(f.many(f.strict(BlobRef)), ())
    inputs_blob: Optional[bytes] = wire_field(f.optional(f.digest), None)
    layers: Mapping[str, str] = wire_field(f.mapping(f.text), {})
    wish: Wish = wire_field(f.strict(Wish), Wish())
    time: Optional[float] = wire_field(f.optional(f.number), None)
    colour: ColourSpec = wire_field(f.strict(ColourSpec), ColourSpec())


@dataclass(frozen=True)
class ModelSummary:
    """One line of the list of models; the manifest itself is a blob.

    Attributes:
        aliases: other names of this version: ``champion`` is asked for as ``name@champion``.
        attachments: what a panel shows of it, where the package has it: its ``card`` (Markdown) and
            the ``picture`` that the card shows first.
    """

    name: str = wire_field(f.text)
    version: str = wire_field(f.text)
    task: str = wire_field(f.text)
    summary: str = wire_field(f.text)
    digest: bytes = wire_field(f.digest)
    manifest: bytes = wire_field(f.digest)
    manifest_size: int = wire_field(f.count)
    aliases: tuple[str, ...] = wire_field(f.many(f.text), ())
    attachments: tuple[BlobRef, ...] = wire_field(f.many(f.record(BlobRef)), ())


@dataclass(frozen=True)
class WorkerStatus:
    """One worker: which device it drives and what it does.

    Attributes:
        name: its number in the pool.
        device: ``cpu``, ``cuda:0``.
        state: ``starting``, ``warming``, ``idle``, ``busy`` or ``down``.
        running: how many frames it has in hand.
        restarts: how often its process had to be started again.
        pid: its process; 0 while there is none.
        models: the models that its device holds, ``name@version``.
        memory_used_bytes: device memory that they take.
        memory_budget_bytes: device memory that they may take; 0 means without a bound.
        busy_ms: how long its device has computed since the server's start.
    """

    name: str = wire_field(f.text)
    device: str = wire_field(f.text)
    state: str = wire_field(f.text)
    running: int = wire_field(f.count)
    restarts: int = wire_field(f.count, 0)
    pid: int = wire_field(f.count, 0)
    models: tuple[str, ...] = wire_field(f.many(f.text), ())
    memory_used_bytes: int = wire_field(f.count, 0)
    memory_budget_bytes: int = wire_field(f.count, 0)
    busy_ms: int = wire_field(f.count, 0)


@dataclass(frozen=True)
class UserStatus:
    """One artist's share of the queue.

    Attributes:
        user: the artist.
        show: the show.
        waiting: jobs that wait.
        running: jobs that a worker has in hand.
        batch: how many of both are of the batch class.
        device_ms: device time that was charged to the artist since the server's start.
    """

    user: str = wire_field(f.text)
    show: str = wire_field(f.text)
    waiting: int = wire_field(f.count)
    running: int = wire_field(f.count)
    batch: int = wire_field(f.count, 0)
    device_ms: int = wire_field(f.count, 0)
