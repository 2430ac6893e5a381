"""Executions on EXR files: decode, bind, scrub; infer; merge, encode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from filmgate.digest import digest_text
from filmgate.errors import ModelError
from filmgate.image.container import Limits
from filmgate.image.exr import BufferWriter, max_encoded_bytes, parse_exr, write_exr
from filmgate.image.frame import Part, Plate
from filmgate.image.merge import merged, model_only
from filmgate.image.provenance import Provenance
from filmgate.image.reframe import fitted
from filmgate.image.scrub import scrub
from filmgate.manifest import Manifest, ModelOutput
from filmgate.wire.records import EXR_MEDIA, PNG_MEDIA, Wish
from filmgate_server.binding import BoundInput, BoundView, bind_own_file, bind_views
from filmgate_server.execution import InputBlob, Produced
from filmgate_server.pool.messages import Run
from filmgate_server.task import Room, step_of_view

if TYPE_CHECKING:
    from filmgate_server.runtime.port import Pixels, Runtime, Step

MODEL_COMPRESSION = "none"
"""Of files that hold the model's channels alone, where none is wished for: on one machine and on
fast networks compressing takes longer than it saves (docs/performance.md)."""

PREVIEW_NAME = "preview"
"""The name of the small picture for a panel, beside the outputs."""

Group = Mapping[str, InputBlob]


@dataclass
class Shot:
    """One view of one file on its way: where its inputs are, then their pixels, then the result."""

    plate: Plate
    bound: BoundView
    inputs: dict[str, Pixels] = field(default_factory=dict[str, "Pixels"])
    outputs: dict[str, Pixels] = field(default_factory=dict[str, "Pixels"])


class ImageTask:
    """An execution whose inputs are ``image/x-exr``; the answers are too.

    Args:
        manifest: of the model.
        order: what was asked for.
        groups: the input files of each view, by input name.
        limits: what a file may ask for.
    """

    def __init__(
        self, manifest: Manifest, order: Run, groups: Sequence[Group], limits: Limits
    ) -> None:
        self.warnings: list[str] = []
        self._manifest = manifest
        self._order = order
        self._groups = groups
        self._limits = limits
        self._shots: list[list[Shot]] = []

    def decode(self) -> None:
        """Read the files and bring every input to the main one's data window."""
        self._shots = [self._decode(group) for group in self._groups]

    def infer(self, runtime: Runtime, step: Step, room: Room) -> None:
        """Run the model on each view."""
        del room  # asked for by `encode`, which knows the sizes
        shots = [shot for group in self._shots for shot in group]
        for place, shot in enumerate(shots):
            self._warn(runtime.remarks(shot.inputs, self._order.params))
            step_here = partial(step_of_view, step, place, len(shots))
            shot.outputs = runtime.infer(shot.inputs, self._order.params, step_here)
            shot.inputs = {}

    def encode(self, room: Room) -> list[Produced]:
        """Write one file of each group, or one for each output, into shared memory."""
        for shot in (shot for shots in self._shots for shot in shots):
            self._warn(_not_finite(shot.outputs))
        files = [
            (name, group, plate)
            for group, shots in zip(self._groups, self._shots, strict=True)
            for name, plate in self._files(shots)
        ]
        pictures = self._pictures()
        self._shots.clear()
        sizes = [max_encoded_bytes(plate) for _, _, plate in files]
        memory = iter(room([*sizes, *(len(picture) for _, picture in pictures)]))
        written = [
            self._produced(name, group, EXR_MEDIA, write_exr(plate, BufferWriter(next(memory))))
            for name, group, plate in files
        ]
        for group, picture in pictures:
            next(memory)[: len(picture)] = picture
            written.append(self._produced(PREVIEW_NAME, group, PNG_MEDIA, len(picture)))
        return written

    def _decode(self, group: Group) -> list[Shot]:
        main = self._manifest.main_input.name
        plates = {name: parse_exr(blob.data, self._limits) for name, blob in group.items()}
        shared = [entry for entry in self._manifest.inputs if entry.name not in plates]
        layers = self._order.layers
        inside = {
            name: layer for name, layer in layers.items() if name not in plates or name == main
        }
        views = bind_views([self._manifest.main_input, *shared], plates[main], inside)
        shots = [Shot(plates[main], bound) for bound in views]
        for shot in shots:
            self._fill(shot, plates)
        return shots

    def _fill(self, shot: Shot, plates: Mapping[str, Plate]) -> None:
        main = self._manifest.main_input.name
        target = shot.plate.parts[shot.bound.inputs[main].place]
        sources = {name: (shot.plate, bound) for name, bound in shot.bound.inputs.items()}
        for name in plates.keys() - {main}:
            wanted, chosen = self._manifest.input(name), self._order.layers.get(name)
            own = bind_own_file(wanted, plates[name], shot.bound.view, chosen)
            sources[name] = (plates[name], own)
        for name, (plate, bound) in sources.items():
            pixels = fitted(target, plate.parts[bound.place], bound.channels, name)
            shot.inputs[name], report = scrub(pixels)
            self._warn([f"{name}: {report.text}"] if report.text else [])

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
                place = self._target(shot, output).place
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
            bound = self._target(shot, output)
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

    def _target(self, shot: Shot, output: ModelOutput) -> BoundInput:
        """Return what the output replaces; the main input for one that replaces nothing."""
        main = shot.bound.inputs[self._manifest.main_input.name]
        return shot.bound.inputs.get(output.replaces, main)

    def _planes(self, shot: Shot, output: ModelOutput, part: Part) -> dict[str, Any]:
        """Name the planes as the file should: replaced channels keep their names."""
        if output.replaces:
            return self._named(shot, output, self._target(shot, output).channels)
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
        inputs = {
            ".".join(filter(None, (entry.name, entry.view))): digest_text(entry.digest)
            for entry in self._order.inputs
        }
        known = {name: texts.get(name, "") for name in ("model_digest", "numerics", "version")}
        model = texts.get("model", self._manifest.name)
        return Provenance(
            model,
            params=self._order.params,
            inputs=inputs,
            layers=self._order.layers,
            wish=vars(self._order.wish),
            **known,
        )

    def _pictures(self) -> list[tuple[Group, bytes]]:
        """Return a small picture of each group's first view, if they are wished for."""
        if not self._order.wish.preview:
            return []
        name = self._manifest.outputs[0].name
        pairs = zip(self._groups, self._shots, strict=True)
        return [(group, _picture(shots[0].outputs[name])) for group, shots in pairs]

    def _produced(self, name: str, group: Group, media: str, size_bytes: int) -> Produced:
        main = group[self._manifest.main_input.name].entry
        return Produced(name, main.time, main.view, media, size_bytes)

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


def _picture(pixels: Pixels) -> bytes:
    # Colour management costs a second to import; most executions have no use for it.
    from filmgate.image.display import preview_png  # noqa: PLC0415

    colors = pixels[..., :3] if pixels.shape[2] >= 3 else pixels[..., :1].repeat(3, axis=2)
    return preview_png(colors)


def _depth(wish: Wish) -> Literal["half", "float"] | None:
    return cast("Literal['half', 'float'] | None", wish.depth or None)


def _depth_of(source: Part, bound: BoundInput) -> Literal["half", "float"]:
    """Return the type that the replaced channels have."""
    return "half" if source.channels[bound.channels[0]].dtype == np.float16 else "float"
