"""Which files make which: the frames of a run, and what is known of each before it starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from pathlib import Path, PurePath

from filmgate.cli.sequence import parse_speed, retimed
from filmgate.errors import InputError, RequestError
from filmgate.frames import Sequence, Times, parse_frames, parse_sequence, parse_times
from filmgate.image.formats import is_image
from filmgate.image.provenance import input_key
from filmgate.manifest import Manifest
from filmgate.temporal import plan_inputs

TENSOR_SUFFIXES = (".safetensors", ".tensor")
_PLACE_REMEDY = "Write a place for the frame number into it: plate.%04d.exr or plate.####.exr."


@dataclass(frozen=True)
class InputFile:
    """A file to read: the input *name* at *frame*, which is None for a single file."""

    name: str
    path: Path
    frame: int | None = None


@dataclass(frozen=True)
class FrameTask:
    """One result to make.

    Attributes:
        frame: its number; None for a single file.
        files: what to read, the main input first.
        output: the file to write.
        time: its source time in frames, for a model that takes several frames; else None.
    """

    frame: int | None
    files: tuple[InputFile, ...]
    output: Path
    time: float | None = None

    @property
    def inputs(self) -> dict[str, Path]:
        """What to read, by the names that a result's header has for it."""
        timed = self.time is not None
        return {
            input_key(file.name, time=file.frame if timed else None): file.path
            for file in self.files
        }

    @property
    def label(self) -> str:
        """What to call it in messages."""
        return self.output.name if self.frame is None else f"frame {self.frame}"


@dataclass(frozen=True)
class InputChoices:
    """What ``--input`` said.

    Attributes:
        files: input name to the path or pattern of its own file.
        layers: input name to layer.
    """

    files: Mapping[str, str]
    layers: Mapping[str, str]


def parse_inputs(texts: list[str], manifest: Manifest) -> InputChoices:
    """Read ``NAME=LAYER`` and ``NAME=FILE``; both may be given for one input.

    Raises:
        InputError: the model has no such input, or it is chosen twice.
    """
    files: dict[str, str] = {}
    layers: dict[str, str] = {}
    for name, value in map(split_assignment, texts):
        _check_input(name, value, manifest)
        table = files if is_image(value) or is_tensor_file(value) else layers
        if name in table:
            raise InputError(f"--input {name} is given twice.", "Give each input once.")
        table[name] = value
    return InputChoices(files, layers)


def is_tensor_file(text: str) -> bool:
    """Say whether a text ends like the name of a file of tensors."""
    return PurePath(text).suffix.lower() in TENSOR_SUFFIXES


def split_assignment(text: str) -> tuple[str, str]:
    """Read ``name=value``.

    Raises:
        RequestError: it is not of that form.
    """
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise RequestError(f"{text!r} is not of the form NAME=VALUE.", "Write NAME=VALUE.")
    return name.strip(), value


def output_paths(path: Path, names: Iterable[str]) -> list[Path]:
    """Return the file of each output: the first has the name asked for, others theirs added.

    Args:
        path: the output as asked for.
        names: of the outputs that are files of their own, in the model's order.
    """
    stem, dot, rest = path.name.partition(".")
    _, *further = names
    return [path, *(path.with_name(f"{stem}_{name}{dot}{rest}") for name in further)]


def plan_frames(
    source: str,
    target: str,
    frames: str,
    choices: InputChoices,
    manifest: Manifest,
    speed: str = "",
) -> list[FrameTask]:
    """List what there is to do.

    Args:
        source: the main input: a file, or a pattern.
        target: the output, likewise.
        frames: which ones; empty means those that exist.
        choices: further inputs.
        manifest: of the model.
        speed: of the sequence that is made, against the source's; empty leaves it at the times that
            *frames* names. Only for a model that works between frames.

    Raises:
        RequestError: the patterns do not fit together, an output would replace an input, or the
            model makes no frames in between.
    """
    if speed and manifest.temporal.kind != "between":
        text = f"{manifest.name} makes no frames between others: it has no --speed."
        raise RequestError(text, "Use a model that does, such as retime.")
    inputs = {manifest.main_input.name: _place(source)}
    inputs |= {name: _place(text) for name, text in choices.files.items()}
    if manifest.temporal.kind == "frame":
        tasks = _single_tasks(inputs, _place(target), frames, manifest)
    else:
        tasks = _temporal_tasks(inputs, _place(target), frames, manifest, speed)
    _protect_inputs(tasks)
    return tasks


_Place = Sequence | Path


def _single_tasks(
    inputs: Mapping[str, _Place], output: _Place, frames: str, manifest: Manifest
) -> list[FrameTask]:
    """List the results of a model that takes one frame."""
    return [
        FrameTask(
            number,
            tuple(InputFile(name, _path(place, number), number) for name, place in inputs.items()),
            _path(output, number),
        )
        for number in _numbers(inputs[manifest.main_input.name], output, frames)
    ]


def _temporal_tasks(
    inputs: Mapping[str, _Place], output: _Place, frames: str, manifest: Manifest, speed: str
) -> list[FrameTask]:
    """List the results of a model that takes several frames, each with the frames it needs.

    The range that ends where the frames end is the one on disk and what was asked for together: a
    frame on disk is a neighbour even where no result is wanted, and one that was asked for and is
    missing is a hole, not an end.
    """
    source = inputs[manifest.main_input.name]
    if isinstance(source, Path):
        raise RequestError(f"{manifest.name} takes several frames; {source} is one.", _PLACE_REMEDY)
    existing = source.frames()
    wanted = _times(source, existing, frames, manifest, speed)
    _check_output(output, len(wanted.times))
    ends = [*existing, *map(floor, wanted.times), *map(ceil, wanted.times)]
    span = (min(ends), max(ends))
    numbers = wanted.numbers(span[0])
    tasks: list[FrameTask] = []
    for number, time in zip(numbers, map(float, wanted.times), strict=True):
        around = sorted(set(plan_inputs(manifest.temporal, time, span)))
        files = [file for name, place in inputs.items() for file in _files(name, place, around)]
        tasks.append(FrameTask(number, tuple(files), _path(output, number), time))
    return tasks


def _times(
    source: Sequence, existing: list[int], frames: str, manifest: Manifest, speed: str
) -> Times:
    if not frames:
        _check_exist(source, existing)
    if speed:
        among = parse_frames(frames or f"{existing[0]}-{existing[-1]}")
        return retimed(among, min((*existing, *among)), parse_speed(speed))
    if not frames:
        return Times(tuple(map(Fraction, existing)), Fraction(1))
    if manifest.temporal.kind == "between":
        return parse_times(frames)
    return Times(tuple(map(Fraction, parse_frames(frames))), Fraction(1))


def _files(name: str, place: _Place, frames: list[int]) -> list[InputFile]:
    """Return an input's file at each of *frames*; a path without a place for them stands still."""
    if isinstance(place, Path):
        return [InputFile(name, place, frames[0])]
    return [InputFile(name, place.path(frame), frame) for frame in frames]


def _place(text: str) -> _Place:
    return parse_sequence(text) or Path(text)


def _path(place: _Place, frame: int | None) -> Path:
    if isinstance(place, Path):
        return place
    return place.path(frame or 0)


def _numbers(source: _Place, target: _Place, frames: str) -> list[int] | list[None]:
    if isinstance(source, Path):
        if frames or isinstance(target, Sequence):
            raise RequestError(
                f"{source} is one file: there are no frames to choose or to number.",
                _PLACE_REMEDY,
            )
        return [None]
    numbers = parse_frames(frames) if frames else source.frames()
    _check_exist(source, numbers)
    _check_output(target, len(numbers))
    return numbers


def _check_exist(source: Sequence, frames: list[int]) -> None:
    if not frames:
        raise RequestError(f"No file fits {source.pattern}.", "Check the path and its padding.")


def _check_output(target: _Place, count: int) -> None:
    if isinstance(target, Path) and count > 1:
        raise RequestError(
            f"{count} frames cannot all be written to {target}.",
            "Write a place for the frame number into it: out.%04d.exr or out.####.exr.",
        )


def _check_input(name: str, value: str, manifest: Manifest) -> None:
    known = [entry.name for entry in manifest.inputs]
    if name not in known:
        raise InputError(f"{manifest.name} has no input {name!r}; it has {', '.join(known)}.")
    if name == manifest.main_input.name and (is_image(value) or is_tensor_file(value)):
        raise InputError(
            f"The file of {name} is the INPUT argument.",
            f"Use --input {name}=LAYER to choose its layer.",
        )


def _protect_inputs(tasks: list[FrameTask]) -> None:
    """Refuse to write over what is read, of this frame or of any other."""
    read = {path.resolve() for path in {file.path for task in tasks for file in task.files}}
    for task in tasks:
        if task.output.resolve() in read:
            raise RequestError(
                f"{task.output} is read and would be written.", "Choose another output."
            )
