"""What `filmgate run` was asked for, checked against the model's manifest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from filmgate.cli.colours import ColourChoice, choose_colour
from filmgate.cli.finished import Recipe
from filmgate.cli.outputs import Outputs, Written, check_depth, fitting_wish
from filmgate.cli.payloads import PayloadReader, Reading
from filmgate.cli.plan import (
    FrameTask,
    InputChoices,
    InputFile,
    parse_inputs,
    plan_frames,
    split_assignment,
)
from filmgate.cli.tensors import TensorOutputs, TensorReader, check_files, is_tensor_file
from filmgate.digest import digest_text
from filmgate.errors import InputError, ParameterError, RequestError
from filmgate.image.formats import format_of
from filmgate.image.header import COMPRESSIONS
from filmgate.job import Payload, Result
from filmgate.manifest import Manifest
from filmgate.params import resolve_parameters
from filmgate.wire.records import ColourSpec, ModelSummary, Wish

if TYPE_CHECKING:
    from filmgate.cli.run import RunOptions

IN_FLIGHT_MAX = 64
_FOR_IMAGES = ("compression", "depth", "space", "ocio", "model_only", "speed")
_FLAGS = {"ocio": "config"}


class Reader(Protocol):
    """Reads the files of a run."""

    def payloads(self, file: InputFile) -> tuple[Payload, ...]:
        """Return what a file gives a job."""
        ...

    def digest(self, path: Path) -> bytes:
        """Return the digest of what is sent for a file."""
        ...

    def notes(self, files: Iterable[InputFile]) -> tuple[str, ...]:
        """Return what was assumed about files that were read, each thing once."""
        ...


class Writer(Protocol):
    """Writes the results of a run."""

    def write(self, task: FrameTask, result: Result) -> Written:
        """Write every output of a task."""
        ...


@dataclass(frozen=True)
class Order:
    """A run as it was asked for, checked against the model's manifest.

    Attributes:
        reference: the exact package.
        given: the parameters that were set.
        recipe: what determines each result.
        colour: what is said of the colours.
        reader: reads the files.
        files: the names of the outputs that are files of their own.
        outputs: writes them.
        tasks: every frame.
    """

    reference: str
    given: dict[str, Any]
    recipe: Recipe
    colour: ColourChoice
    reader: Reader
    files: tuple[str, ...]
    outputs: Writer
    tasks: list[FrameTask]


def parse_params(texts: list[str], manifest: Manifest) -> dict[str, Any]:
    """Read ``name=value`` texts by the types that the model declares.

    Raises:
        ParameterError: a name is unknown or given twice, or a value does not fit.
    """
    known = {parameter.name: parameter for parameter in manifest.params}
    given: dict[str, Any] = {}
    for name, value in map(split_assignment, texts):
        if name in given:
            raise ParameterError(f"--param {name} is given twice.", "Give each parameter once.")
        given[name] = known[name].parse(value) if name in known else value
    resolve_parameters(manifest.params, given)
    return given


def wish_of(options: RunOptions) -> Wish:
    """Return what the server is asked for, as far as the options say.

    Raises:
        RequestError: an option is not possible, or not for such files.
    """
    if not 1 <= options.in_flight <= IN_FLIGHT_MAX:
        text = f"--in-flight {options.in_flight} is not possible."
        raise RequestError(text, f"It is a number from 1 to {IN_FLIGHT_MAX}.")
    if is_tensor_file(options.target):
        return _tensor_wish(options)
    check_depth(options.depth, options.target, format_of(options.target))
    if options.compression and options.compression not in COMPRESSIONS:
        known = ", ".join(COMPRESSIONS)
        raise RequestError(f"--compression {options.compression} is unknown.", f"Use {known}.")
    if options.space is not None and not options.space.strip():
        text = "--space is empty: it names no colour space."
        raise RequestError(text, "Name one, such as --space ACEScg, or leave --space out.")
    mode = "model" if options.model_only else "merged"
    return Wish(mode=mode, compression=options.compression, depth=options.depth)


def _tensor_wish(options: RunOptions) -> Wish:
    given = [name for name in _FOR_IMAGES if getattr(options, name) not in ("", None, False)]
    if given:
        flag = _FLAGS.get(given[0], given[0]).replace("_", "-")
        raise RequestError(
            f"--{flag} is for images.", "Leave it out: tensors are left as they are."
        )
    return Wish()


def take_order(options: RunOptions, manifest: Manifest, model: ModelSummary, wish: Wish) -> Order:
    """Check the options against the model.

    Raises:
        FilmgateError: says what does not fit.
    """
    given = parse_params(options.param, manifest)
    choices = parse_inputs(options.input, manifest)
    check_files(manifest, [options.source, options.target, *choices.files.values()])
    params = resolve_parameters(manifest.params, given)
    tasks = plan_frames(
        options.source, options.target, options.frames, choices, manifest, options.speed
    )
    recipe = Recipe(model.digest, params, choices.layers, wish, ColourSpec())
    reference = f"{model.name}@{digest_text(model.digest)}"
    asked = Asked(reference, given, recipe, tasks)
    if is_tensor_file(options.source):
        return _of_tensors(manifest, choices, asked)
    return _of_images(options, manifest, choices, asked)


@dataclass(frozen=True)
class Asked:
    """What is asked for whatever the kind of files; see `Order`."""

    reference: str
    given: dict[str, Any]
    recipe: Recipe
    tasks: list[FrameTask]


def _of_tensors(manifest: Manifest, choices: InputChoices, asked: Asked) -> Order:
    if choices.layers:
        name = next(iter(choices.layers))
        text = f"--input {name} names a layer, and tensors have none."
        raise InputError(text, f"Call the tensor {name} in its file, or name a file of its own.")
    reader = TensorReader(manifest, frozenset(choices.files))
    return Order(
        **vars(asked),
        colour=ColourChoice(ColourSpec()),
        reader=reader,
        files=(manifest.outputs[0].name,),
        outputs=TensorOutputs(manifest, asked.recipe, reader),
    )


def _of_images(
    options: RunOptions, manifest: Manifest, choices: InputChoices, asked: Asked
) -> Order:
    colour = choose_colour(options.space or "", options.ocio, manifest)
    kind = format_of(options.target)
    wish = fitting_wish(asked.recipe.wish, options.source, options.target, manifest)
    depth = options.depth if kind else ""
    keep = max(len(task.files) for task in asked.tasks)
    reader = PayloadReader(keep, _reading(colour, manifest, keeps_hidden=kind is not None))
    recipe = replace(asked.recipe, wish=wish, colour=colour.spec, depth=depth)
    return Order(
        **vars(replace(asked, recipe=recipe)),
        colour=colour,
        reader=reader,
        files=_files(manifest, wish),
        outputs=Outputs(manifest, kind, depth, choices.layers, colour, reader),
    )


def _reading(colour: ColourChoice, manifest: Manifest, *, keeps_hidden: bool) -> Reading:
    coloured = frozenset(entry.name for entry in manifest.inputs if entry.is_colour)
    return Reading(colour.spec.space, coloured, keeps_hidden)


def _files(manifest: Manifest, wish: Wish) -> tuple[str, ...]:
    """Name the outputs that become files: a merged file, of the source's size, holds them all."""
    names = tuple(output.name for output in manifest.outputs)
    return names[:1] if wish.mode == "merged" and manifest.geometry.scale == 1 else names
