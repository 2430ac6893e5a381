"""Which files make which: the frames of a run, and what is known of each before it starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from filmgate.cli.sequence import Sequence, parse_frames, parse_sequence
from filmgate.errors import InputError, RequestError
from filmgate.manifest import Manifest

IMAGE_SUFFIX = ".exr"


@dataclass(frozen=True)
class FrameTask:
    """One result to make.

    Attributes:
        frame: its number; None for a single file.
        inputs: input name to file, the main input first.
        output: the file to write.
    """

    frame: int | None
    inputs: Mapping[str, Path]
    output: Path

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
    """Read ``NAME=LAYER`` and ``NAME=FILE.exr``; both may be given for one input.

    Raises:
        InputError: the model has no such input, or it is chosen twice.
    """
    files: dict[str, str] = {}
    layers: dict[str, str] = {}
    for name, value in map(split_assignment, texts):
        _check_input(name, value, manifest)
        table = files if value.lower().endswith(IMAGE_SUFFIX) else layers
        if name in table:
            raise InputError(f"--input {name} is given twice.", "Give each input once.")
        table[name] = value
    return InputChoices(files, layers)


def split_assignment(text: str) -> tuple[str, str]:
    """Read ``name=value``.

    Raises:
        RequestError: it is not of that form.
    """
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise RequestError(f"{text!r} is not of the form NAME=VALUE.", "Write NAME=VALUE.")
    return name.strip(), value


def check_target(text: str) -> None:
    """Refuse an output of a kind that is not written.

    Raises:
        RequestError: its name does not end in ``.exr``.
    """
    if not text.lower().endswith(IMAGE_SUFFIX):
        raise RequestError(
            f"{text} does not end in {IMAGE_SUFFIX}: only EXR files are written.",
            f"Give the output a name that ends in {IMAGE_SUFFIX}.",
        )


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
    source: str, target: str, frames: str, choices: InputChoices, manifest: Manifest
) -> list[FrameTask]:
    """List what there is to do.

    Args:
        source: the main input: a file, or a pattern.
        target: the output, likewise.
        frames: which ones; empty means those that exist.
        choices: further inputs.
        manifest: of the model.

    Raises:
        RequestError: the patterns do not fit together, or an output would replace an input.
    """
    inputs = {manifest.main_input.name: _place(source)}
    inputs |= {name: _place(text) for name, text in choices.files.items()}
    output = _place(target)
    numbers = _numbers(inputs[manifest.main_input.name], output, frames)
    tasks = [
        FrameTask(
            number,
            {name: _path(place, number) for name, place in inputs.items()},
            _path(output, number),
        )
        for number in numbers
    ]
    _protect_inputs(tasks)
    return tasks


_Place = Sequence | Path


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
                "Write a place for the frame number into it: plate.%04d.exr or plate.####.exr.",
            )
        return [None]
    numbers = parse_frames(frames) if frames else source.frames()
    if not numbers:
        raise RequestError(f"No file fits {source.pattern}.", "Check the path and its padding.")
    if isinstance(target, Path) and len(numbers) > 1:
        raise RequestError(
            f"{len(numbers)} frames cannot all be written to {target}.",
            "Write a place for the frame number into it: out.%04d.exr or out.####.exr.",
        )
    return numbers


def _check_input(name: str, value: str, manifest: Manifest) -> None:
    known = [entry.name for entry in manifest.inputs]
    if name not in known:
        raise InputError(f"{manifest.name} has no input {name!r}; it has {', '.join(known)}.")
    if name == manifest.main_input.name and value.lower().endswith(IMAGE_SUFFIX):
        raise InputError(
            f"The file of {name} is the INPUT argument.",
            f"Use --input {name}=LAYER to choose its layer.",
        )


def _protect_inputs(tasks: list[FrameTask]) -> None:
    """Refuse to write over what is read, of this frame or of any other."""
    read = {path.resolve() for task in tasks for path in task.inputs.values()}
    for task in tasks:
        if task.output.resolve() in read:
            raise RequestError(
                f"{task.output} is read and would be written.", "Choose another output."
            )
