"""The files that results become: EXR as the server made it, or another kind made of that here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from filmgate.cli.colours import ColourChoice
from filmgate.cli.payloads import PayloadReader
from filmgate.cli.plan import FrameTask, output_paths
from filmgate.cli.sidecar import save_sidecar
from filmgate.disk import storage_errors, write_whole
from filmgate.errors import LayerError, RequestError
from filmgate.image.colour import ColourConfig, builtin_config, parse_config
from filmgate.image.delivery import Delivery
from filmgate.image.exr import parse_exr
from filmgate.image.formats import EXR_SUFFIX, INTEGER_BITS, Format, format_of
from filmgate.image.frame import Part, Plate
from filmgate.image.picture import load_spec
from filmgate.image.provenance import Provenance, read_provenance
from filmgate.job import Output, Result
from filmgate.manifest import Manifest, ModelOutput
from filmgate.manifest.layers import bind_layers
from filmgate.wire.records import BUILTIN_PREFIX, Wish

_EXR_DEPTHS = ("half", "float")
_PRECISE_BITS = 8
"""Codes of more bits need more than a half."""


class Written(NamedTuple):
    """What became of a result.

    Attributes:
        paths: the files, the one that was asked for first.
        clipped: samples that they cannot hold.
        notes: for the artist.
    """

    paths: list[Path]
    clipped: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outputs:
    """Writes results.

    Attributes:
        manifest: of the model.
        kind: of the files; None for EXR.
        depth: how they store samples; empty for what fits the source.
        layers: those chosen by hand.
        colour: what is said of the colours.
        reader: read the inputs, and knows how they are stored.
    """

    manifest: Manifest
    kind: Format | None
    depth: str
    layers: Mapping[str, str]
    colour: ColourChoice
    reader: PayloadReader

    def write(self, task: FrameTask, result: Result) -> Written:
        """Write every output; the one with the name asked for comes last: where it is, all are.

        Raises:
            StorageError: the disk is full or refuses. It ends the run: so would the other frames.
            LayerError: the kind of file cannot hold a result.
            ColourError: the kind of file cannot hold its colours.
        """
        with storage_errors(task.output.parent):
            task.output.parent.mkdir(parents=True, exist_ok=True)
        paths = output_paths(task.output, (output.name for output in result.outputs))
        pairs = reversed(list(zip(paths, result.outputs, strict=True)))
        if self.kind is None:
            for path, output in pairs:
                write_whole(path, output.data)
            return Written(paths)
        told = [self._write_any(path, output, task, self.kind) for path, output in pairs]
        notes = dict.fromkeys(note for written in told for note in written.notes)
        paths = [path for written in reversed(told) for path in written.paths]
        return Written(paths, sum(written.clipped for written in told), tuple(notes))

    def _write_any(self, path: Path, output: Output, task: FrameTask, kind: Format) -> Written:
        """Write an output as *kind*; what is beside the picture and has no place there, as EXR."""
        try:
            return self._write(path, output, task, kind)
        except LayerError:
            if path == task.output:
                raise
        path = path.with_suffix(EXR_SUFFIX)
        write_whole(path, output.data)
        return Written([path], 0, (f"{kind.name} cannot hold {output.name}: it is in an EXR.",))

    def _write(self, path: Path, output: Output, task: FrameTask, kind: Format) -> Written:
        part, provenance = _made(parse_exr(output.data))
        meant = next(each for each in self.manifest.outputs if each.name == output.name)
        channels = self._channels(part, meant, provenance)
        main = task.files[0]
        stored = self.reader.depth(main) or _exr_depth(part, channels)
        like = load_spec(main.path) if format_of(main.path) is kind else None
        delivery = Delivery(kind, self.depth, self.colour.spec.space, self._config())
        colours = self.manifest.is_colour(meant)
        encoded = delivery.encode(part, channels, stored, like, colours=colours)
        save_sidecar(path, encoded.content, self.depth, provenance)
        write_whole(path, encoded.content)
        return Written([path], encoded.clipped, encoded.notes)

    def _channels(self, part: Part, output: ModelOutput, provenance: Provenance) -> Sequence[str]:
        """Return the channels to write: the layer that was replaced, or all of the model's own."""
        if provenance.wish.get("mode") != "merged" or not output.replaces:
            return tuple(part.channels)
        try:
            found = bind_layers(self.manifest.inputs, tuple(part.channels), self.layers)
        except LayerError:  # a result of another size holds the model's channels alone
            return tuple(part.channels)
        channels = found[output.replaces]
        alpha = f"{channels[0].rpartition('.')[0]}.A".removeprefix(".")
        return (*channels, alpha) if alpha in part.channels else channels

    def _config(self) -> ColourConfig | None:
        named = self.colour.spec.config
        if self.colour.inputs:
            return parse_config(self.colour.inputs[0].data)
        if not named:
            return builtin_config()
        return builtin_config(named) if named.startswith(BUILTIN_PREFIX) else None


def fitting_wish(wish: Wish, source: str, target: str, manifest: Manifest) -> Wish:
    """Return what the server is asked for, so that the files at *target* can be made of it.

    Args:
        wish: as the options say it; its depth may be one of any kind of file.
        source: the main input.
        target: the output.
        manifest: of the model.

    Raises:
        RequestError: the output's kind has no such depth or compression.
    """
    kind = format_of(target)
    check_depth(wish.depth, target, kind)
    if kind is None:
        compression = wish.compression or ("" if format_of(source) is None else "zip")
        return Wish(wish.mode, compression, wish.depth)
    if wish.compression:
        raise RequestError("--compression is for EXR.", f"Leave it out for {kind.name}.")
    replaces = len(manifest.outputs) == 1 and bool(manifest.outputs[0].replaces)
    mode = wish.mode if replaces else "model"
    return Wish(mode, "", _carried(wish.depth))


def check_depth(depth: str, target: str, kind: Format | None) -> None:
    """Check that files of the output's kind store samples so.

    Raises:
        RequestError: they do not.
    """
    known = _EXR_DEPTHS if kind is None else kind.depths
    if depth and depth not in known:
        text = f"--depth {depth} is not possible for {Path(target).name}."
        raise RequestError(text, f"It is {' or '.join(known)}.")


def _carried(depth: str) -> str:
    """Return the kind of float that keeps every code of a depth."""
    bits = INTEGER_BITS.get(depth)
    if bits is None:
        return depth
    return "half" if bits <= _PRECISE_BITS else "float"


def _made(plate: Plate) -> tuple[Part, Provenance]:
    """Return the part that the model made."""
    for part in plate.parts:
        provenance = read_provenance(part.header)
        if provenance:
            return part, provenance
    raise LayerError("The result does not say what made it.", "Write EXR.")


def _exr_depth(part: Part, channels: Sequence[str]) -> str:
    types: set[Any] = {part.channels[name].dtype for name in channels}
    return "half" if types == {np.dtype(np.float16)} else "float"
