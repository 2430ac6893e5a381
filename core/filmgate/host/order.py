"""A captured frame on its way to the server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from filmgate.digest import digest_text
from filmgate.host.freshness import FrameNote, TakeNotes
from filmgate.host.node import NodeState
from filmgate.host.receipt import check_result
from filmgate.host.results import Request
from filmgate.host.run import Run
from filmgate.host.task import FrameTask
from filmgate.job import Output, Payload, Work
from filmgate.manifest import Manifest
from filmgate.params import resolve_parameters
from filmgate.wire.records import BlobRef, Wish


@dataclass(frozen=True)
class Order:
    """A captured frame, and the exact model that it is for.

    Attributes:
        run: whose frame it is.
        task: what was set when it was captured.
        payloads: its inputs, the main one first.
        state: of the node, with the exact package.
        manifest: of that package.
        show: whose work this is.
    """

    run: Run
    task: FrameTask
    payloads: tuple[Payload, ...]
    state: NodeState
    manifest: Manifest
    show: str

    @property
    def model(self) -> str:
        """The model as the server is asked for it, whatever aliases mean by now."""
        return f"{self.manifest.name}@{digest_text(bytes.fromhex(self.state.package))}"

    @property
    def wish(self) -> Wish:
        """What to answer: only images have pictures, and a compression."""
        if self.manifest.main_input.kind != "image":
            return Wish()
        settings = self.task.settings
        mode = "merged" if settings.merged else "model"
        return Wish(mode, settings.compression, preview=self.run.preview)

    @cached_property
    def request(self) -> Request:
        """Everything that determines the result; the inputs are digested here.

        Raises:
            ParameterError: a parameter does not fit the model.
        """
        settings = self.task.settings
        return Request(
            bytes.fromhex(self.state.package),
            resolve_parameters(self.manifest.params, settings.params),
            settings.layers,
            tuple(_ref(payload) for payload in self.payloads),
            self.wish,
            settings.colour,
            self.task.time,
            self.show,
        )

    @cached_property
    def work(self) -> Work:
        """What the server is asked to do."""
        request = self.request
        return Work(
            self.model,
            self.payloads,
            request.params,
            request.wish,
            request.layers,
            request.time,
            request.colour,
        )

    @cached_property
    def note(self) -> FrameNote:
        """What the take says of the result, as far as it is known before."""
        digests = {f"{ref.name}@{ref.time:g}": ref.digest.hex() for ref in self.request.inputs}
        task, key = self.task, self.request.key().hex()
        return FrameNote(key, task.digest, task.fingerprint, inputs=digests)

    def check(self, outputs: Iterable[Output]) -> None:
        """Refuse outputs that are not what this asks for.

        Raises:
            ModelError: says what came instead.
        """
        check_result(self.manifest, self.request, outputs)

    @property
    def header(self) -> TakeNotes:
        """What a take with its result says of the node."""
        return TakeNotes(self.state.node, self.state.model, self.state.package)


def _ref(payload: Payload) -> BlobRef:
    blob = payload.digested
    media, time, view = payload.media, payload.time, payload.view
    return BlobRef(payload.name, blob.digest, blob.size_bytes, media, time, view)
