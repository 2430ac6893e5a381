"""From the files of one view to what a model takes: decode, bind, fit, scrub, colour."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.errors import InputError
from filmgate.image.frame import Part, Plate
from filmgate.image.reframe import fitted
from filmgate.image.scrub import scrub
from filmgate.image.window import Window
from filmgate.manifest import Manifest
from filmgate_server.runtime.colour import Colour
from filmgate_server.worker.binding import (
    BoundInput,
    BoundView,
    bind_own_file,
    bind_views,
    same_place,
)
from filmgate_server.worker.colouring import Colouring, Conversion, alpha_name
from filmgate_server.worker.execution import InputBlob
from filmgate_server.worker.task import Footage

if TYPE_CHECKING:
    from filmgate_server.runtime.port import Pixels, Step

Load = Callable[[InputBlob], Plate]
Warn = Callable[[Sequence[str]], None]


@dataclass
class Shot:
    """One view of a result on its way: where its inputs are, then their pixels, then the result.

    Attributes:
        plate: the main file, at the main frame.
        bound: where the inputs are in it.
        params: what the model is told besides its parameters.
        window: what of the picture the model is shown.
        conversions: how the colours of inputs get to the model; none for data.
        inputs: (H, W, C) by name; (T, H, W, C) for those that a model of several frames gets.
        outputs: (H, W, C) by name.
    """

    plate: Plate
    bound: BoundView
    params: Mapping[str, Any]
    window: Window
    conversions: dict[str, Conversion] = field(default_factory=dict[str, Conversion])
    inputs: dict[str, Pixels] = field(default_factory=dict[str, "Pixels"])
    outputs: dict[str, Pixels] = field(default_factory=dict[str, "Pixels"])

    @property
    def colour(self) -> Colour:
        """What is left of the conversions to the device."""
        matrices = {name: each.matrix for name, each in self.conversions.items()}
        return Colour({name: each for name, each in matrices.items() if each is not None})

    def source(self, name: str) -> Pixels:
        """Return an input of the main file as that has it: (H, W, C) in its own colours."""
        bound = self.bound.inputs[name]
        return self.plate.parts[bound.place].stacked(bound.channels)


@dataclass(frozen=True)
class _Source:
    """Where an input of a shot comes from: which file, its plate at the main frame, and the place.

    Attributes:
        file: the input whose file it is in: its own, or the main one.
        plate: that file at the main frame.
        bound: where it is in there, at every frame.
    """

    file: str
    plate: Plate
    bound: BoundInput


class ShotReader:
    """Reads shots for one execution.

    Args:
        manifest: of the model.
        layers: layers chosen by hand, by input name.
        load: decodes a file.
        warn: takes sentences about what the pixels needed.
        colouring: finds the inputs' colour spaces.
        threads: for colours that the CPU converts.
    """

    def __init__(
        self,
        manifest: Manifest,
        layers: Mapping[str, str],
        load: Load,
        warn: Warn,
        colouring: Colouring,
        threads: int,
    ) -> None:
        self._manifest = manifest
        self._main = manifest.main_input.name
        self._layers = layers
        self._load = load
        self._warn = warn
        self._colouring = colouring
        self._threads = threads

    def read(self, footage: Footage, step: Step) -> list[Shot]:
        """Return each view that the main file holds, every input in the window that is shown.

        Args:
            footage: the files.
            step: called before each frame and after the last.

        Raises:
            CancelledError: from *step*.
            ImageError: a file cannot be used, or lacks a layer.
            InputError: the files are of different resolutions, or hold what the model refuses.
            ColourError: a colour space or config cannot be used.
        """
        frames = _distinct_frames(footage)
        step(0, len(frames))
        plates = {name: self._load(blob) for name, blob in footage.at_main.items()}
        params: Mapping[str, Any] = footage.plan.params if footage.plan else {}
        shots = [self._shot(plates[self._main], bound, params) for bound in self._views(plates)]
        sources = [self._sources(shot, plates) for shot in shots]
        for shot, known in zip(shots, sources, strict=True):
            self._find_colours(shot, known)
        for done, frame in enumerate(frames):
            step(done, len(frames))
            at_frame = self._load_frame(footage, frame, plates)
            for shot, known in zip(shots, sources, strict=True):
                for name, source in known.items():
                    self._add(shot, name, source, footage, frame, at_frame[source.file])
        step(len(frames), len(frames))
        return shots

    def _views(self, plates: Mapping[str, Plate]) -> list[BoundView]:
        shared = [entry for entry in self._manifest.inputs if entry.name not in plates]
        inside = {
            name: layer
            for name, layer in self._layers.items()
            if name not in plates or name == self._main
        }
        return bind_views([self._manifest.main_input, *shared], plates[self._main], inside)

    def _shot(self, plate: Plate, bound: BoundView, params: Mapping[str, Any]) -> Shot:
        main = plate.parts[bound.inputs[self._main].place]
        whole = self._manifest.geometry.data_window == "display"
        return Shot(plate, bound, params, main.display_window if whole else main.data_window)

    def _find_colours(self, shot: Shot, sources: Mapping[str, _Source]) -> None:
        """The main frame speaks for the others: one sequence has one space."""
        for name, source in sources.items():
            header = source.plate.parts[source.bound.place].header
            conversion = self._colouring.conversion(name, header, source.bound.channels)
            if conversion is not None:
                shot.conversions[name] = conversion

    def _sources(self, shot: Shot, plates: Mapping[str, Plate]) -> dict[str, _Source]:
        sources = {
            name: _Source(self._main, shot.plate, bound)
            for name, bound in shot.bound.inputs.items()
        }
        for name in plates.keys() - {self._main}:
            wanted, chosen = self._manifest.input(name), self._layers.get(name)
            own = bind_own_file(wanted, plates[name], shot.bound.view, chosen)
            sources[name] = _Source(name, plates[name], own)
        return sources

    def _load_frame(
        self, footage: Footage, frame: int | None, plates: Mapping[str, Plate]
    ) -> dict[str, Plate]:
        """Return each file at *frame*; *plates* are those at the main one."""
        if frame is None or frame == footage.main.entry.time:
            return dict(plates)
        return {
            name: plates[name] if footage.stands_still(name) else self._load(frames[frame])
            for name, frames in footage.files.items()
        }

    def _add(
        self,
        shot: Shot,
        name: str,
        source: _Source,
        footage: Footage,
        frame: int | None,
        plate: Plate,
    ) -> None:
        """Put the input *name* at *frame*, found in *plate*, where the model expects it."""
        if footage.plan is None or footage.stands_still(source.file):
            if name not in shot.inputs:
                shot.inputs[name] = self._pixels(shot, source, name, name, plate)
            return
        pixels = self._pixels(shot, source, name, f"{name}, frame {frame}", plate)
        if name not in shot.inputs:
            count = len(footage.plan.frames)
            shot.inputs[name] = np.empty((count, *pixels.shape), np.float32)
        for place, planned in enumerate(footage.plan.frames):
            if planned == frame:
                shot.inputs[name][place] = pixels

    def _pixels(self, shot: Shot, source: _Source, name: str, label: str, plate: Plate) -> Pixels:
        target = shot.plate.parts[shot.bound.inputs[self._main].place]
        part = same_place(plate, source.plate, source.bound, label)
        pixels = fitted(target, part, source.bound.channels, label, shot.window)
        pixels = self._scrubbed(pixels, name, label)
        conversion = shot.conversions.get(name)
        if conversion is None:
            return pixels
        alpha = _alpha(target, part, source, label, shot) if conversion.divides else None
        converted = conversion.to_model(pixels, alpha, self._threads)
        # A curve makes infinite light of codes that no camera writes.
        return pixels if converted is pixels else self._scrubbed(converted, name, label)

    def _scrubbed(self, pixels: Pixels, name: str, label: str) -> Pixels:
        pixels, report = scrub(pixels)
        if report.text and self._manifest.input(name).nonfinite == "refuse":
            raise InputError(f"{label}: the model takes no NaN and no infinite samples.")
        self._warn([f"{label}: {report.text}"] if report.text else [])
        return pixels


def _alpha(target: Part, part: Part, source: _Source, label: str, shot: Shot) -> Pixels | None:
    """Return the alpha of the layer that an input is of; None where it has none."""
    name = alpha_name(source.bound.channels, list(part.channels))
    return fitted(target, part, (name,), label, shot.window) if name else None


def _distinct_frames(footage: Footage) -> list[int] | list[None]:
    """Return the frames to read, each once; None stands for the only one."""
    return [None] if footage.plan is None else list(dict.fromkeys(footage.plan.frames))
