"""From the files of one view to what a model takes: decode, bind, fit, scrub."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from filmgate.image.frame import Plate
from filmgate.image.reframe import fitted
from filmgate.image.scrub import scrub
from filmgate.manifest import Manifest
from filmgate_server.worker.binding import (
    BoundInput,
    BoundView,
    bind_own_file,
    bind_views,
    same_place,
)
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
        inputs: (H, W, C) by name; (T, H, W, C) for those that a model of several frames gets.
        outputs: (H, W, C) by name.
    """

    plate: Plate
    bound: BoundView
    params: Mapping[str, Any]
    inputs: dict[str, Pixels] = field(default_factory=dict[str, "Pixels"])
    outputs: dict[str, Pixels] = field(default_factory=dict[str, "Pixels"])


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
    """

    def __init__(
        self, manifest: Manifest, layers: Mapping[str, str], load: Load, warn: Warn
    ) -> None:
        self._manifest = manifest
        self._main = manifest.main_input.name
        self._layers = layers
        self._load = load
        self._warn = warn

    def read(self, footage: Footage, step: Step) -> list[Shot]:
        """Return each view that the main file holds, every input in its main part's data window.

        Args:
            footage: the files.
            step: called before each frame and after the last.

        Raises:
            CancelledError: from *step*.
            ImageError: a file cannot be used, or lacks a layer.
            InputError: the files are of different resolutions.
        """
        frames = _distinct_frames(footage)
        step(0, len(frames))
        plates = {name: self._load(blob) for name, blob in footage.at_main.items()}
        params: Mapping[str, Any] = footage.plan.params if footage.plan else {}
        shots = [Shot(plates[self._main], bound, params) for bound in self._views(plates)]
        sources = [self._sources(shot, plates) for shot in shots]
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
                shot.inputs[name] = self._pixels(shot, source, name, plate)
            return
        pixels = self._pixels(shot, source, f"{name}, frame {frame}", plate)
        if name not in shot.inputs:
            count = len(footage.plan.frames)
            shot.inputs[name] = np.empty((count, *pixels.shape), np.float32)
        for place, planned in enumerate(footage.plan.frames):
            if planned == frame:
                shot.inputs[name][place] = pixels

    def _pixels(self, shot: Shot, source: _Source, label: str, plate: Plate) -> Pixels:
        target = shot.plate.parts[shot.bound.inputs[self._main].place]
        part = same_place(plate, source.plate, source.bound, label)
        pixels, report = scrub(fitted(target, part, source.bound.channels, label))
        self._warn([f"{label}: {report.text}"] if report.text else [])
        return pixels


def _distinct_frames(footage: Footage) -> list[int] | list[None]:
    """Return the frames to read, each once; None stands for the only one."""
    return [None] if footage.plan is None else list(dict.fromkeys(footage.plan.frames))
