"""What a program hands in and gets back: payloads, work, progress, results; and the job between."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Callable, Optional

from filmgate.digest import BlobDigest, Buffer, digest_blob
from filmgate.errors import ExpiredError
from filmgate.wire.records import EXR_MEDIA, BlobRef, ColourSpec, Wish

WAIT_SLICE_S = 0.5
"""Waiting is cut into slices so that Ctrl-C is heard on every platform."""


@dataclass(frozen=True)
class Payload:
    """One input as the host has it; it must not change until the job has ended.

    Attributes:
        name: the manifest's name of the input.
        data: the bytes: an EXR file, or a tensor blob (`filmgate.tensor`).
        media: ``image/x-exr`` or ``application/x-tensor``; of a colour config
            ``application/x-ocioz``.
        time: the frame.
        view: the stereo view, empty when there is one.
    """

    name: str
    data: Buffer
    media: str = EXR_MEDIA
    time: float = 0.0
    view: str = ""

    @cached_property
    def digested(self) -> BlobDigest:
        """The content's digest, taken once however many jobs share the payload."""
        return digest_blob(self.data)


@dataclass(frozen=True)
class Work:
    """What to do: a model, its parameters and inputs, and what to answer.

    Attributes:
        model: ``name``, ``name@version`` or ``name@blake3:…``.
        inputs: the main input first.
        params: the parameters that are set; the others have their defaults.
        wish: what to answer.
        layers: layers chosen by hand, by input name.
        time: the result's source time in frames, for a model that takes several frames; None means
            that of the first input.
        colour: what the colours of the inputs are. A config of the host's own comes along as a
            payload ``ocio`` of the media type `filmgate.wire.records.OCIOZ_MEDIA`, after the main
            input, and *colour* names its digest.
    """

    model: str
    inputs: tuple[Payload, ...]
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    wish: Wish = field(default_factory=Wish)
    layers: Mapping[str, str] = field(default_factory=dict[str, str])
    time: Optional[float] = None
    colour: ColourSpec = field(default_factory=ColourSpec)


@dataclass(frozen=True)
class Progress:
    """Where a job is.

    Attributes:
        stage: ``sending``, ``waiting`` (refused for now), ``missing``, ``queued``, ``decode``,
            ``infer``, ``encode``, ``ready`` or an outcome.
        place: how much work is queued before it.
        done: tiles done.
        total: tiles in all; 0 while unknown.
        eta_s: seconds to go, 0 while unknown.
        text: why it waits, as the server said it; empty in other stages.
    """

    stage: str = "sending"
    place: int = 0
    done: int = 0
    total: int = 0
    eta_s: float = 0.0
    text: str = ""


@dataclass(frozen=True)
class Output:
    """One output; *data* is verified and read-only."""

    name: str
    data: memoryview
    media: str = EXR_MEDIA
    time: float = 0.0
    view: str = ""


@dataclass(frozen=True)
class Result:
    """What a job ended with.

    Attributes:
        outputs: in the model's order.
        warnings: what an artist should know: scrubbed pixels, a lossy source.
        package_digest: the model's exact package.
        work_key: the digest of everything that determined the pixels.
        numerics: engine, precision, device class and tiling, as they really were.
        timings_ms: what each stage on the server took.
        uploaded_bytes: pixels that had to be sent for this job.
    """

    outputs: tuple[Output, ...]
    warnings: tuple[str, ...] = ()
    package_digest: bytes = b""
    work_key: bytes = b""
    numerics: str = ""
    timings_ms: Mapping[str, int] = field(default_factory=dict[str, int])
    uploaded_bytes: int = 0

    def output(self, name: str) -> Output:
        """Return the first output *name*.

        Raises:
            KeyError: there is none.
        """
        for output in self.outputs:
            if output.name == name:
                return output
        raise KeyError(name)


@dataclass(frozen=True)
class Options:
    """How a job is treated; nothing here changes its pixels.

    Attributes:
        priority: ``interactive`` or ``batch``.
        deadline_s: give up after so long; 0 for never.
        lease_s: how long the server keeps the job while this client is away; 0 for its default.
        patience_s: how long to ask again when a busy server refuses.
        lane: one name for each node of a host that scrubs: a newer job of the same artist, show,
            priority and lane ends the older ones as superseded; empty for none.
    """

    priority: str = "interactive"
    deadline_s: float = 0.0
    lease_s: float = 0.0
    patience_s: float = 600.0
    lane: str = ""


Listener = Callable[["Job"], None]


class Job:
    """A submission. Its methods may be called from any thread.

    Attributes:
        id: 16 random bytes.
        work: what was asked for.
        options: how it is treated.
        refs: the inputs as they are named on the wire.
        progress: where it is now.
    """

    def __init__(
        self,
        work: Work,
        options: Options,
        cancel: Callable[[Job], None],
        on_progress: Optional[Listener] = None,
        on_end: Optional[Listener] = None,
    ) -> None:
        self.id = secrets.token_bytes(16)
        self.work = work
        self.options = options
        self.progress = Progress()
        self.digests: dict[bytes, tuple[BlobDigest, Buffer]] = {}
        self.refs = tuple(self._ref(payload) for payload in work.inputs)
        self.future: Future[Result] = Future()
        self._cancel = cancel
        self._on_progress = on_progress
        if on_end is not None:
            self.future.add_done_callback(lambda _: on_end(self))

    def cancel(self) -> None:
        """Ask for the job's end; `result` then raises `CancelledError`, unless it was faster."""
        self._cancel(self)

    def done(self) -> bool:
        """Return whether the job has ended."""
        return self.future.done()

    def result(self, timeout_s: Optional[float] = None) -> Result:
        """Wait for the end.

        Raises:
            FilmgateError: the job ended otherwise than with a result; its subclass says how.
            ExpiredError: *timeout_s* has passed; the job goes on.
        """
        waited_s = 0.0
        while timeout_s is None or waited_s < timeout_s:
            slice_s = WAIT_SLICE_S if timeout_s is None else min(WAIT_SLICE_S, timeout_s - waited_s)
            try:
                return self.future.result(slice_s)
            except FutureTimeout:
                if self.future.done():  # it ended at the last moment, perhaps by a TimeoutError
                    return self.future.result()
                waited_s += slice_s
        raise ExpiredError(f"The job has not ended within {timeout_s} s.")

    def report(self, progress: Progress) -> None:
        """Note where the job is and tell the listener; called on the client's thread."""
        self.progress = progress
        if self._on_progress is not None:
            self._on_progress(self)

    def _ref(self, payload: Payload) -> BlobRef:
        blob = payload.digested
        self.digests[blob.digest] = (blob, payload.data)
        return BlobRef(
            payload.name, blob.digest, blob.size_bytes, payload.media, payload.time, payload.view
        )
