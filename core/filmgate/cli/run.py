"""`filmgate run`: one frame, or a sequence, through a model."""

from __future__ import annotations

import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

import typer

from filmgate.cli.batch import Batch, Ended
from filmgate.cli.colours import ColourChoice, choose_colour
from filmgate.cli.connection import connection
from filmgate.cli.display import Display, choose_display, rate
from filmgate.cli.finished import Existing, Recipe, look_at
from filmgate.cli.models import find_model
from filmgate.cli.options import ServerOptions
from filmgate.cli.outputs import Outputs, check_depth, fitting_wish
from filmgate.cli.payloads import PayloadReader, Reading
from filmgate.cli.plan import (
    FrameTask,
    output_paths,
    parse_inputs,
    plan_frames,
    split_assignment,
)
from filmgate.cli.tally import Tally
from filmgate.cli.terminal import say
from filmgate.client import Client
from filmgate.digest import digest_text
from filmgate.errors import (
    ColourError,
    DeniedError,
    FilmgateError,
    ImageError,
    InputError,
    ParameterError,
    RequestError,
)
from filmgate.exits import EXIT_OK, EXIT_SOME_FAILED
from filmgate.image.formats import format_of
from filmgate.image.header import COMPRESSIONS
from filmgate.job import Result, Work
from filmgate.manifest import Manifest
from filmgate.params import resolve_parameters
from filmgate.wire.records import ModelSummary, Wish

IN_FLIGHT = 4
"""One frame in each stage of a worker, and one on its way."""
IN_FLIGHT_MAX = 64


@dataclass(frozen=True, kw_only=True)
class RunOptions(ServerOptions):
    """What `filmgate run` takes."""

    model: Annotated[
        str,
        typer.Argument(
            help="NAME, NAME@VERSION, NAME@DIGEST or NAME@ALIAS; see `filmgate models`."
        ),
    ]
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="A file, or plate.%04d.exr, plate.####.exr.")
    ]
    target: Annotated[str, typer.Argument(metavar="OUTPUT", help="The file or pattern to write.")]
    frames: Annotated[
        str, typer.Option(help="Which frames, like 1-100x2,200; else those that exist.")
    ] = ""
    speed: Annotated[
        str,
        typer.Option(
            metavar="NUMBER",
            help="Retime with a model that works between frames: at 0.5 frames 1-5 give the times "
            "1, 1.5, 2 … 5, written as frames 1 to 9.",
        ),
    ] = ""
    param: Annotated[
        list[str], typer.Option(metavar="NAME=VALUE", help="Set a parameter; may be repeated.")
    ] = field(default_factory=list[str])
    input: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=LAYER|FILE",
            help="Where an input comes from; may be repeated.",
        ),
    ] = field(default_factory=list[str])
    compression: Annotated[
        str, typer.Option(help="EXR compression of the results; else the source's.")
    ] = ""
    depth: Annotated[
        str,
        typer.Option(
            help="half or float in EXR, 8, 10, 12, 16 or float elsewhere; else as before."
        ),
    ] = ""
    space: Annotated[
        str | None,
        typer.Option(help="Colour space of the input; else what the files or the show say."),
    ] = None
    ocio: Annotated[
        str,
        typer.Option(
            "--config",
            metavar="NAME|FILE.ocioz",
            help="OCIO config that names of colour spaces belong to; else the show's.",
        ),
    ] = ""
    model_only: Annotated[
        bool, typer.Option("--model-only", help="Write the model's channels and nothing else.")
    ] = False
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Make every frame again and replace any file.")
    ] = False
    in_flight: Annotated[
        int, typer.Option(metavar="1-64", help="How many frames are under way at once.")
    ] = IN_FLIGHT


def run_model(options: RunOptions) -> int:
    """Run MODEL on a frame or a sequence and write the results.

    Files are EXR, DPX, TIFF, PNG, JPEG, HDR or TX, by their names; each holds the colours that its
    kind or its header says, or those of --space.

    Frames whose result exists already, made by the same model with the same parameters from the
    same files, are skipped: start a run again to go on where it stopped.
    """
    wish = _wish(options)
    with _terminable(), connection(options) as client:
        model = find_model(client, options.model, options.wait)
        manifest = client.manifest_of(model)
        order = _order(options, manifest, model, wish)
        tally = Tally()
        _run(client, order, options, tally)
    return EXIT_SOME_FAILED if tally.failed else EXIT_OK


@dataclass(frozen=True)
class Order:
    """A run as it was asked for, checked against the model's manifest.

    Attributes:
        reference: the exact package.
        given: the parameters that were set.
        recipe: what determines each result.
        colour: what is said of the colours.
        reading: how files other than EXR are read.
        files: the names of the outputs that are files of their own.
        outputs: writes them.
        tasks: every frame.
    """

    reference: str
    given: dict[str, Any]
    recipe: Recipe
    colour: ColourChoice
    reading: Reading
    files: tuple[str, ...]
    outputs: Outputs
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


def _wish(options: RunOptions) -> Wish:
    check_depth(options.depth, options.target, format_of(options.target))
    if options.compression and options.compression not in COMPRESSIONS:
        known = ", ".join(COMPRESSIONS)
        raise RequestError(f"--compression {options.compression} is unknown.", f"Use {known}.")
    if options.space is not None and not options.space.strip():
        text = "--space is empty: it names no colour space."
        raise RequestError(text, "Name one, such as --space ACEScg, or leave --space out.")
    if not 1 <= options.in_flight <= IN_FLIGHT_MAX:
        text = f"--in-flight {options.in_flight} is not possible."
        raise RequestError(text, f"It is a number from 1 to {IN_FLIGHT_MAX}.")
    mode = "model" if options.model_only else "merged"
    return Wish(mode=mode, compression=options.compression, depth=options.depth)


def _order(options: RunOptions, manifest: Manifest, model: ModelSummary, wish: Wish) -> Order:
    given = parse_params(options.param, manifest)
    choices = parse_inputs(options.input, manifest)
    colour = choose_colour(options.space or "", options.ocio, manifest)
    params = resolve_parameters(manifest.params, given)
    kind = format_of(options.target)
    wish = fitting_wish(wish, options.source, options.target, manifest)
    depth = options.depth if kind else ""
    return Order(
        reference=f"{model.name}@{digest_text(model.digest)}",
        given=given,
        recipe=Recipe(model.digest, params, choices.layers, wish, colour.spec, depth),
        colour=colour,
        reading=_reading(colour, manifest, keeps_hidden=kind is not None),
        files=_files(manifest, wish),
        outputs=Outputs(manifest, kind, depth, choices.layers, colour),
        tasks=plan_frames(
            options.source, options.target, options.frames, choices, manifest, options.speed
        ),
    )


def _reading(colour: ColourChoice, manifest: Manifest, *, keeps_hidden: bool) -> Reading:
    coloured = frozenset(entry.name for entry in manifest.inputs if entry.is_colour)
    return Reading(colour.spec.space, coloured, keeps_hidden)


def _files(manifest: Manifest, wish: Wish) -> tuple[str, ...]:
    """Name the outputs that become files: a merged file, of the source's size, holds them all."""
    names = tuple(output.name for output in manifest.outputs)
    return names[:1] if wish.mode == "merged" and manifest.geometry.scale == 1 else names


def _run(client: Client, order: Order, options: RunOptions, tally: Tally) -> None:
    started_s = time.monotonic()
    tasks = _to_do(order, options.overwrite, tally)
    try:
        if tasks:
            with choose_display(options.model, len(tasks)) as display:
                _make(client, order, tasks, options, tally, display)
    finally:
        tally.sum_up()
        _say_total(tally, len(order.tasks), time.monotonic() - started_s)


def _to_do(order: Order, overwrite: bool, tally: Tally) -> list[FrameTask]:
    """Leave out what is finished; a file that is not ours fails its frame."""
    if overwrite:
        return order.tasks
    digest_of = cache(order.reading.digest)  # a frame is a neighbour of several
    tasks: list[FrameTask] = []
    for task in order.tasks:
        paths = output_paths(task.output, order.files)
        existing = {
            path: look_at(path, order.recipe, task.inputs, task.time, digest_of) for path in paths
        }
        foreign = [path for path in paths if existing[path] is Existing.FOREIGN]
        if foreign:
            tally.add_error(task, _foreign(foreign[0]))
        elif set(existing.values()) == {Existing.WANTED}:
            tally.skipped += 1
        else:
            tasks.append(task)
    return tasks


def _make(
    client: Client,
    order: Order,
    tasks: list[FrameTask],
    options: RunOptions,
    tally: Tally,
    display: Display,
) -> None:
    def show() -> None:
        display.moved(tally.through + batch.tiles_done())

    reader = PayloadReader(max(len(task.files) for task in tasks), order.reading)
    with Batch(client, options.in_flight, options.wait, show, say) as batch:
        for ended in batch.run(tasks, partial(_work, order, reader)):
            _take(ended, order.outputs, reader, tally, display)
            show()


def _work(order: Order, reader: PayloadReader, task: FrameTask) -> Work:
    inputs = (*map(reader.payload, task.files), *order.colour.inputs)
    recipe = order.recipe
    return Work(
        order.reference,
        inputs,
        order.given,
        recipe.wish,
        recipe.layers,
        task.time,
        recipe.colour,
    )


def _take(
    ended: Ended, outputs: Outputs, reader: PayloadReader, tally: Tally, display: Display
) -> None:
    task, outcome = ended.task, ended.outcome
    tally.through += 1
    if isinstance(outcome, Result):
        try:
            written = outputs.write(task, outcome, reader)
        except (ImageError, ColourError) as error:
            tally.add_error(task, error)
            return
        for path in written.paths:
            display.wrote(path.as_posix(), ended.seconds)
        tally.written += 1
        tally.add_warnings(task, (*reader.notes(task.files), *outcome.warnings, *written.notes))
        tally.add_clipped(task, written.clipped)
    elif isinstance(outcome, DeniedError):  # every other frame would hear the same
        raise outcome
    else:
        tally.add_error(task, outcome)


def _foreign(path: Path) -> FilmgateError:
    return InputError(
        f"{path} exists and was not made by Filmgate.",
        "Use --overwrite to replace it, or choose another output.",
    )


def _say_total(tally: Tally, frames: int, seconds: float) -> None:
    parts = [f"{tally.written} of {frames} written in {seconds:.1f} s"]
    if tally.written:
        parts[0] += f" ({rate(tally.written, seconds)})"
    if tally.skipped:
        parts.append(f"{tally.skipped} skipped, already finished")
    if tally.failed:
        parts.append(f"{tally.failed} failed")
    say(", ".join(parts))


@contextmanager
def _terminable() -> Generator[None]:
    """Take SIGTERM, which farms send, for Ctrl-C: jobs are cancelled, no partial file stays."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
