"""Executions on EXR files: decode; infer; merge, encode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from filmgate.digest import digest_text
from filmgate.errors import ModelError
from filmgate.image.container import Limits
from filmgate.image.exr import BufferWriter, max_encoded_bytes, parse_exr, write_exr
from filmgate.image.frame import Part, Plate
from filmgate.image.merge import merged, model_only
from filmgate.image.provenance import Provenance, asked_colour, input_key, time_text
from filmgate.manifest import Manifest, ModelOutput
from filmgate.wire.records import (
    EXR_MEDIA,
    OCIOZ_MEDIA,
    PNG_MEDIA,
    PREVIEW_NAME,
    SOURCE_PREVIEW_NAME,
    Wish,
)
from filmgate_server.pool.messages import Run
from filmgate_server.worker.binding import BoundInput
from filmgate_server.worker.colouring import Colouring, OpenConfig
from filmgate_server.worker.configs import pinned_config
from filmgate_server.worker.decoded import DecodedFrames
from filmgate_server.worker.execution import InputBlob, Produced
from filmgate_server.worker.returns import returned, target_of
from filmgate_server.worker.shots import Shot, ShotReader
from filmgate_server.worker.task import Footage, Frame, Room, step_of_view

if TYPE_CHECKING:
    from filmgate_server.runtime.port import Pixels, Runtime, Step

MODEL_COMPRESSION = "none"
"""Of files that hold the model's channels alone, where none is wished for: on one machine and on
fast networks compressing takes longer than it saves (docs/performance.md)."""

"""The name of the small picture for a panel, beside the outputs."""


class ImageTask:
    """An execution whose inputs are ``image/x-exr``; the answers are too.

    Args:
        manifest: of the model.
        order: what was asked for.
        footage: the input files of each view.
        limits: what a file may ask for.
        decoded: keeps the frames of models that take several of them.
        config: reads the OCIO config that the order names; called only if colours need it.
        threads: for colours that the CPU converts.
    """

    def __init__(
        self,
        manifest: Manifest,
        order: Run,
        footage: Sequence[Footage],
        limits: Limits,
        decoded: DecodedFrames,
        config: OpenConfig = pinned_config,
        threads: int = 1,
    ) -> None:
        self.warnings: list[str] = []
        self._manifest = manifest
        self._order = order
        self._footage = footage
        self._limits = limits
        self._decoded = decoded
        self._threads = threads
        self._colouring = Colouring(manifest, order.colour, config, self._warn)
        self._shots: list[list[Shot]] = []

    def decode(self, step: Step) -> None:
        """Read the files and bring every input to the main one's data window."""
        reader = ShotReader(
            self._manifest,
            self._order.layers,
            self._load,
            self._warn,
            self._colouring,
            self._threads,
        )
        count = len(self._footage)
        self._shots = [
            reader.read(footage, partial(step_of_view, step, place, count))
            for place, footage in enumerate(self._footage)
        ]

    @property
    def frame(self) -> Frame | None:
        """What the model will get; None for several views, which it gets one by one."""
        shots = [shot for group in self._shots for shot in group]
        if len(shots) != 1:
            return None
        shot = shots[0]
        return Frame(shot.inputs, {**self._order.params, **shot.params}, shot.colour)

    def infer(self, runtime: Runtime, step: Step, room: Room) -> None:
        """Run the model on each view."""
        del room  # asked for by `encode`, which knows the sizes
        shots = [shot for group in self._shots for shot in group]
        for place, shot in enumerate(shots):
            params = {**self._order.params, **shot.params}
            self._warn(runtime.remarks(shot.inputs, params))
            step_here = partial(step_of_view, step, place, len(shots))
            shot.outputs = runtime.infer(shot.inputs, params, step_here, colour=shot.colour)
            shot.inputs = {}

    def encode(self, room: Room) -> list[Produced]:
        """Write one file of each view, or one for each output, into shared memory."""
        for shot in (shot for shots in self._shots for shot in shots):
            self._warn(_not_finite(shot.outputs))
            for output in self._manifest.outputs:
                pixels = returned(shot, output, self._manifest, self._threads)
                shot.outputs[output.name] = pixels
        files = [
            (name, footage, plate)
            for footage, shots in zip(self._footage, self._shots, strict=True)
            for name, plate in self._files(shots)
        ]
        pictures = self._pictures()
        self._shots.clear()
        sizes = [max_encoded_bytes(plate) for _, _, plate in files]
        memory = iter(room([*sizes, *(len(picture) for _, _, picture in pictures)]))
        written = [
            self._produced(name, footage, EXR_MEDIA, write_exr(plate, BufferWriter(next(memory))))
            for name, footage, plate in files
        ]
        for name, footage, picture in pictures:
            next(memory)[: len(picture)] = picture
            written.append(self._produced(name, footage, PNG_MEDIA, len(picture)))
        return written

    def _load(self, blob: InputBlob) -> Plate:
        """Decode a file; only neighbours are worth keeping."""
        decode = partial(parse_exr, blob.data, self._limits)
        if self._manifest.temporal.kind == "frame":
            return decode()
        return self._decoded.plate(blob.entry.digest, decode)

    def _files(self, shots: Sequence[Shot]) -> list[tuple[str, Plate]]:
        outputs = self._manifest.outputs
        if self._order.wish.mode == "merged" and self._manifest.geometry.scale == 1:
            return [(outputs[0].name, self._merged(shots))]
        return [(output.name, self._model_only(output, shots)) for output in outputs]

    def _merged(self, shots: Sequence[Shot]) -> Plate:
        """Put the results of every view into one copy of the source."""
        plate, wish = shots[0].plate, self._order.wish
        for shot in shots:
            for output in self._manifest.outputs:
                place = target_of(shot, output, self._manifest).place
                result = merged(
                    plate,
                    place,
                    self._planes(shot, output, plate.parts[place]),
                    depth=_depth(wish),
                    compression=wish.compression or None,
                    provenance=self._provenance(),
                )
                plate = result.plate
                self._warn(result.warnings)
        return plate

    def _model_only(self, output: ModelOutput, shots: Sequence[Shot]) -> Plate:
        """Put the results of every view into a file of their own."""
        parts: list[Part] = []
        for shot in shots:
            bound = target_of(shot, output, self._manifest)
            source = shot.plate.parts[bound.place]
            result = model_only(
                source,
                self._named(shot, output, output.channels or bound.channels),
                scale=self._manifest.geometry.scale,
                depth=_depth(self._order.wish) or _depth_of(source, bound),
                compression=self._order.wish.compression or MODEL_COMPRESSION,
                provenance=self._provenance(),
            )
            parts.extend(result.plate.parts)
            self._warn(result.warnings)
        return Plate(tuple(parts))

    def _planes(self, shot: Shot, output: ModelOutput, part: Part) -> dict[str, Any]:
        """Name the planes as the file should: replaced channels keep their names."""
        if output.replaces:
            channels = target_of(shot, output, self._manifest).channels
            return self._named(shot, output, channels)
        names = [
            f"{output.name}.{name}" if name in part.channels else name for name in output.channels
        ]
        return self._named(shot, output, names)

    def _named(self, shot: Shot, output: ModelOutput, names: Sequence[str]) -> dict[str, Any]:
        pixels = shot.outputs[output.name]
        if pixels.shape[2] != len(names):
            raise ModelError(
                f"{self._manifest.name} returned {pixels.shape[2]} channels as {output.name!r}, "
                f"not {len(names)}."
            )
        return {name: pixels[..., channel] for channel, name in enumerate(names)}

    def _provenance(self) -> Provenance:
        texts = self._order.provenance
        moving = self._manifest.temporal.kind != "frame"
        inputs = {
            input_key(entry.name, entry.view, entry.time if moving else None): digest_text(
                entry.digest
            )
            for entry in self._order.inputs
            if entry.media != OCIOZ_MEDIA
        }
        known = {name: texts.get(name, "") for name in ("model_digest", "numerics", "version")}
        model = texts.get("model", self._manifest.name)
        return Provenance(
            model,
            params=self._order.params,
            inputs=inputs,
            layers=self._order.layers,
            wish=vars(self._order.wish),
            time=time_text(self._order.time) if moving else "",
            colour=self._colour_told(),
            **known,
        )

    def _colour_told(self) -> dict[str, Any]:
        """Return what was asked of the colours, and what was made of each input's."""
        order = self._order.colour
        asked = asked_colour(order.space, order.working, order.named)
        shots = [shot for shots in self._shots for shot in shots]
        found = {name: each.told for name, each in shots[0].conversions.items() if each.told}
        told = {"asked": asked, "inputs": found}
        return {key: value for key, value in told.items() if value}

    def _pictures(self) -> list[tuple[str, Footage, bytes]]:
        """Return small pictures of each file's first view, if they are wished for."""
        if not self._order.wish.preview:
            return []
        output, source = self._manifest.outputs[0], self._manifest.main_input
        return [
            (name, footage, self._picture(shots[0], pixels, coloured))
            for footage, shots in zip(self._footage, self._shots, strict=True)
            for name, pixels, coloured in (
                (PREVIEW_NAME, shots[0].outputs[output.name], self._manifest.is_colour(output)),
                (SOURCE_PREVIEW_NAME, shots[0].source(source.name), source.is_colour),
            )
        ]

    def _picture(self, shot: Shot, pixels: Pixels, coloured: bool) -> bytes:
        # Colour management takes long to import; most executions have no use for it.
        from filmgate.image.display import preview_png  # noqa: PLC0415

        rgb = pixels[..., :3] if pixels.shape[2] >= 3 else pixels[..., :1].repeat(3, axis=2)
        conversion = shot.conversions.get(self._manifest.main_input.name)
        if conversion is not None and coloured:
            rgb = conversion.for_screen(rgb, self._threads)
        return preview_png(rgb)

    def _produced(self, name: str, footage: Footage, media: str, size_bytes: int) -> Produced:
        main = footage.main.entry
        time = main.time if footage.plan is None else self._order.time
        return Produced(name, time, main.view, media, size_bytes)

    def _warn(self, sentences: Sequence[str]) -> None:
        self.warnings.extend(text for text in sentences if text not in self.warnings)


def _not_finite(outputs: Mapping[str, Pixels]) -> list[str]:
    """Say how much of what the model returned is no number; it is written as it is."""
    found: list[str] = []
    for name, pixels in outputs.items():
        if np.isfinite([pixels.min(initial=0), pixels.max(initial=0)]).all():
            continue  # NaN would be either: two passes without a mask as large as the frame
        count = pixels.size - int(np.count_nonzero(np.isfinite(pixels)))
        found.append(f"{name}: the model returned {count} values that are NaN or infinite.")
    return found


def _depth(wish: Wish) -> Literal["half", "float"] | None:
    return cast("Literal['half', 'float'] | None", wish.depth or None)


def _depth_of(source: Part, bound: BoundInput) -> Literal["half", "float"]:
    """Return the type that the replaced channels have."""
    return "half" if source.channels[bound.channels[0]].dtype == np.float16 else "float"
