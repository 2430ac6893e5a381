"""`filmgate run`: one frame, or a sequence, through a model."""

from __future__ import annotations

import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from filmgate.cli.batch import Batch, Ended
from filmgate.cli.connection import connection
from filmgate.cli.display import Display, choose_display, rate
from filmgate.cli.finished import Existing, look_at
from filmgate.cli.models import find_model
from filmgate.cli.options import ServerOptions
from filmgate.cli.order import Order, take_order, wish_of
from filmgate.cli.plan import FrameTask, output_paths
from filmgate.cli.tally import Tally
from filmgate.cli.terminal import say
from filmgate.client import Client
from filmgate.errors import ColourError, DeniedError, FilmgateError, ImageError, InputError
from filmgate.exits import EXIT_OK, EXIT_SOME_FAILED
from filmgate.job import Result, Work

IN_FLIGHT = 4
"""One frame in each stage of a worker, and one on its way."""


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
    kind or its header says, or those of --space. Models of geometry take and make tensors,
    .safetensors or .tensor: each tensor that is named like an input of the model is that input.

    Frames whose result exists already, made by the same model with the same parameters from the
    same files, are skipped: start a run again to go on where it stopped.
    """
    wish = wish_of(options)
    with _terminable(), connection(options) as client:
        model = find_model(client, options.model, options.wait)
        manifest = client.manifest_of(model)
        order = take_order(options, manifest, model, wish)
        tally = Tally()
        _run(client, order, options, tally)
    return EXIT_SOME_FAILED if tally.failed else EXIT_OK


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
    digest_of = cache(order.reader.digest)  # a frame is a neighbour of several
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

    with Batch(client, options.in_flight, options.wait, show, say) as batch:
        for ended in batch.run(tasks, partial(_work, order)):
            _take(ended, order, tally, display)
            show()


def _work(order: Order, task: FrameTask) -> Work:
    read = chain.from_iterable(map(order.reader.payloads, task.files))
    inputs = (*read, *order.colour.inputs)
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


def _take(ended: Ended, order: Order, tally: Tally, display: Display) -> None:
    task, outcome = ended.task, ended.outcome
    tally.through += 1
    if isinstance(outcome, Result):
        try:
            written = order.outputs.write(task, outcome)
        except (ImageError, ColourError) as error:
            tally.add_error(task, error)
            return
        for path in written.paths:
            display.wrote(path.as_posix(), ended.seconds)
        tally.written += 1
        tally.add_warnings(
            task, (*order.reader.notes(task.files), *outcome.warnings, *written.notes)
        )
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
