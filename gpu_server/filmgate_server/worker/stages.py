"""What the pipeline's three stages do with an execution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from filmgate.digest import digest_blob
from filmgate.errors import UnsupportedError
from filmgate.image.codec import set_codec_threads
from filmgate.image.container import Limits
from filmgate.tensor import TENSOR_MEDIA
from filmgate.wire.records import EXR_MEDIA
from filmgate_server.pool.messages import Attachment, Done, OutputEntry
from filmgate_server.registry.local import Package
from filmgate_server.runtime.numerics import engine_versions, numerics_id
from filmgate_server.store.segments import Segment
from filmgate_server.worker.company import Company
from filmgate_server.worker.configs import ColourConfigs
from filmgate_server.worker.decoded import DecodedFrames
from filmgate_server.worker.execution import Execution, Produced
from filmgate_server.worker.image_task import ImageTask
from filmgate_server.worker.inboxes import Inboxes
from filmgate_server.worker.mappings import Mappings
from filmgate_server.worker.models import Models
from filmgate_server.worker.task import Task, find_footage
from filmgate_server.worker.tensor_task import TensorTask

Deliver = Callable[[Execution, Done, Sequence[int]], None]


class Stages:
    """Decode, infer and encode; each is called by a thread of its own.

    Args:
        models: the models.
        inboxes: where executions wait, to find some that can be computed together.
        device_class: of the device; see `find_device_class`.
        mappings: the shared memory.
        threads: for decoding and encoding files.
        frame_bytes_max: the largest decoded frame.
        deliver: sends what is complete, with the descriptors of new segments.
    """

    def __init__(
        self,
        models: Models,
        inboxes: Inboxes,
        device_class: str,
        mappings: Mappings,
        threads: int,
        frame_bytes_max: int,
        deliver: Deliver,
    ) -> None:
        self._models = models
        self._company = Company(inboxes)
        self._device_class = device_class
        self._engines = engine_versions()
        self._mappings = mappings
        self._frame_bytes_max = frame_bytes_max
        self._deliver = deliver
        self._decoded = DecodedFrames()
        self._configs = ColourConfigs()
        self._threads = threads
        set_codec_threads(threads)

    def decode(self, execution: Execution) -> None:
        """Turn the blobs into what the model takes."""
        execution.step("decode", 0, 1)
        order = execution.order
        package = self._models.package(Path(order.package), order.package_digest)
        execution.package, execution.task = package, self._new_task(execution, package)
        execution.task.decode(partial(execution.step, "decode"))

    def infer(self, execution: Execution) -> None:
        """Run the model, loading it first if need be."""
        execution.step("infer", 0, 1)
        step = partial(execution.step, "infer")
        with self._models.open(execution.package, execution.allow) as opened:
            if opened.load_s:
                execution.note_load(opened.load_s)
            self._company.compute(execution, opened.ladder, step)
            opened.ladder.answer_with(execution.computed)
            execution.computed = None
            execution.task.infer(opened.ladder, step, partial(self._make_room, execution))
            if opened.ladder.forced_px is not None:
                self._note_smaller_tiles(execution, opened.ladder.forced_px)

    def encode(self, execution: Execution) -> None:
        """Write the outputs and deliver them."""
        execution.step("encode", 0, 1)
        produced = execution.task.encode(partial(self._make_room, execution))
        pairs = zip(produced, execution.segments, strict=True)
        outputs = tuple(_described(output, segment) for output, segment in pairs)
        execution.check()
        created = [segment for segment in execution.segments if segment.id in execution.created]
        done = Done(
            execution.number,
            outputs,
            tuple(execution.task.warnings),
            execution.timings_now(),
            execution.numerics,
            tuple(Attachment(segment.id, segment.capacity_bytes) for segment in created),
        )
        self._deliver(execution, done, [segment.fd for segment in created])

    def _new_task(self, execution: Execution, package: Package) -> Task:
        # A copy of its own, which says what really ran when the header is written.
        order = replace(execution.order, provenance=execution.provenance)
        footage = find_footage(package.manifest, execution.blobs, order.time)
        media = {each.media for each in footage}
        if media == {EXR_MEDIA}:
            limits = Limits(max_bytes=self._frame_bytes_max)
            config = partial(self._configs.open, order.colour, execution.blobs)
            return ImageTask(
                package.manifest, order, footage, limits, self._decoded, config, self._threads
            )
        if media == {TENSOR_MEDIA}:
            return TensorTask(package.manifest, order, [each.at_main for each in footage])
        raise UnsupportedError(f"No model takes inputs of media {', '.join(sorted(media))}.")

    def _note_smaller_tiles(self, execution: Execution, tile_px: int) -> None:
        """Name what ran instead of what was ordered: to the gateway, the file and the artist."""
        manifest = execution.package.manifest
        named = numerics_id(manifest, self._device_class, self._engines, tile_px=tile_px)
        execution.numerics = execution.provenance["numerics"] = named
        warning = f"The device's memory forced smaller tiles ({tile_px} px)."
        execution.task.warnings.append(warning)

    def _make_room(self, execution: Execution, sizes: Sequence[int]) -> list[memoryview]:
        entries = execution.ask_for_room(sizes)
        execution.segments = self._mappings.open_outputs(entries)
        execution.created = {entry.segment for entry in entries if entry.create}
        return [segment.view for segment in execution.segments]


def _described(output: Produced, segment: Segment) -> OutputEntry:
    digested = digest_blob(segment.view[: output.size_bytes])
    return OutputEntry(
        output.name,
        output.time,
        output.view,
        output.media,
        segment.id,
        output.size_bytes,
        digested.digest,
        b"".join(digested.sums),
    )
