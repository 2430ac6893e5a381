"""`filmgate models`: what the server offers."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer
from rich.table import Table

from filmgate.cli.connection import connection
from filmgate.cli.notice import Notices
from filmgate.cli.options import JsonOption, ServerOptions
from filmgate.cli.terminal import results, say, write_json
from filmgate.client import Client
from filmgate.digest import digest_text
from filmgate.errors import BusyError, RetiredModelError, UnknownModelError
from filmgate.exits import EXIT_OK
from filmgate.manifest import Manifest, Temporal
from filmgate.params import Parameter
from filmgate.wire.records import ModelSummary

_TURN_S = 0.5


@dataclass(frozen=True, kw_only=True)
class ModelsOptions(ServerOptions, JsonOption):
    """What `filmgate models list` takes."""


@dataclass(frozen=True, kw_only=True)
class ShowOptions(ServerOptions, JsonOption):
    """What `filmgate models show` takes."""

    model: Annotated[str, typer.Argument(help="NAME, NAME@VERSION, NAME@DIGEST or NAME@ALIAS.")]


def list_models(options: ModelsOptions) -> int:
    """List the models that the server offers."""
    with connection(options) as client:
        models = client.models()
    if options.as_json:
        write_json([_summary(model) for model in models])
    else:
        _print_models(models)
    return EXIT_OK


def show_model(options: ShowOptions) -> int:
    """Show a model's inputs, outputs and parameters with their ranges."""
    with connection(options) as client:
        model = find_model(client, options.model, options.wait)
        manifest = client.manifest_of(model)
    if options.as_json:
        write_json({**_summary(model), "manifest": asdict(manifest)})
    else:
        print_manifest(manifest, model)
    return EXIT_OK


def find_model(client: Client, reference: str, wait_s: float) -> ModelSummary:
    """Ask the server what NAME, NAME@VERSION, NAME@DIGEST or NAME@ALIAS stands for.

    Args:
        client: connected.
        reference: as it was given.
        wait_s: how long the server may take to fetch a version from its registry.

    Raises:
        UnknownModelError: the server does not have it; the text says what it offers.
        RetiredModelError: it was taken out of use; the text says why.
        BusyError: it was not there in time.
    """
    give_up_s = time.monotonic() + wait_s
    notices = Notices(say)
    while True:
        try:
            return client.model(reference)
        except BusyError as error:
            if time.monotonic() >= give_up_s:
                raise
            notices.show("busy", f"{error.text} Waiting up to {wait_s:g} s for it ...")
        except RetiredModelError:  # what else there is would hide the reason
            raise
        except UnknownModelError as error:
            raise _unknown(client, error) from error
        time.sleep(_TURN_S)


def _unknown(client: Client, error: UnknownModelError) -> UnknownModelError:
    """Add what there is instead."""
    offered = ", ".join(f"{model.name}@{model.version}" for model in client.models()) or "nothing"
    if client.encrypted:  # what a key does not cover is not even listed
        return UnknownModelError(
            f"{error.text} It opens {offered}.",
            "Choose one of these, or ask the people who run the server whether your key may have "
            "more.",
        )
    return UnknownModelError(
        f"{error.text} The server offers {offered}.",
        "Choose one of these; the server's log says why a package of yours is not among them.",
    )


def expected(parameter: Parameter) -> str:
    """Say in a few words what a parameter takes."""
    if parameter.type == "choice":
        return ", ".join(parameter.choices)
    bounds = [_number(parameter.low), _number(parameter.high)]
    span = f" {bounds[0] or '…'} to {bounds[1] or '…'}" if any(bounds) else ""
    return f"{parameter.type}{span} {parameter.unit}".strip()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _summary(model: ModelSummary) -> dict[str, Any]:
    return {
        "name": model.name,
        "version": model.version,
        "task": model.task,
        "summary": model.summary,
        "digest": digest_text(model.digest),
        "aliases": list(model.aliases),
    }


def _print_models(models: list[ModelSummary]) -> None:
    table = _table("Model", "Version", "Task", "Summary")
    for model in models:
        version = " ".join((model.version, *model.aliases))
        table.add_row(model.name, version, model.task, model.summary)
    results.print(table)


def print_manifest(manifest: Manifest, model: ModelSummary) -> None:
    """Show what an artist should know of a model before a run."""
    results.print(f"{manifest.name} {manifest.version} ({manifest.task})")
    results.print(manifest.summary)
    for name, text in _traits(manifest, model):
        results.print(f"{name}: {text}")
    results.print(_inputs(manifest))
    outputs = _table("Output", "Channels", "Replaces")
    for output in manifest.outputs:
        outputs.add_row(output.name, " ".join(output.channels) or "as the input", output.replaces)
    results.print(outputs)
    if manifest.params:
        results.print(_parameters(manifest))
    licence = ", ".join(f"{what}: {text}" for what, text in manifest.licence.items())
    results.print(f"Licence: {licence}")
    results.print(f"Package: {digest_text(model.digest)}", soft_wrap=True)


def _traits(manifest: Manifest, model: ModelSummary) -> list[tuple[str, str]]:
    """Say what is not as with most models: each trait with its name."""
    scale, runtime = manifest.geometry.scale, manifest.runtime
    memory = [
        *([f"{runtime.model_mib} MiB"] if runtime.model_mib else []),
        *([f"{runtime.mib_per_megapixel} MiB per megapixel"] if runtime.mib_per_megapixel else []),
    ]
    traits = {
        "Aliases": ", ".join(f"{model.name}@{alias}" for alias in model.aliases),
        "Result": f"{scale} times as wide and high" if scale != 1 else "",
        "Frames": _frames(manifest.temporal),
        "Device memory": " and ".join(memory),
    }
    return [(name, text) for name, text in traits.items() if text]


def _frames(temporal: Temporal) -> str:
    """Say which frames a result needs; nothing where it is its own alone."""
    return {
        "window": f"a sequence; each result needs {temporal.before} before and {temporal.after} "
        "after it",
        "between": "a sequence; each result lies between two, at any time (--speed)",
        "clip": "a sequence; each result needs all of it",
    }.get(temporal.kind, "")


def _inputs(manifest: Manifest) -> Table:
    if manifest.takes_tensors:
        return _tensors(manifest)
    table = _table("Input", "Channels", "Needed", "Colour space", "HDR")
    for entry in manifest.inputs:
        channels = " ".join(entry.channels) or "all"
        space, hdr = (entry.space or "as it is", entry.hdr) if entry.is_colour else ("data", "")
        table.add_row(entry.name, channels, "no" if entry.optional else "yes", space, hdr)
    return table


def _tensors(manifest: Manifest) -> Table:
    table = _table("Input", "Axes", "Type", "Channels", "Needed")
    for entry in manifest.inputs:
        channels = "" if "c" not in entry.axes else " ".join(entry.channels) or "all"
        needed = "no" if entry.optional else "yes"
        table.add_row(entry.name, " ".join(entry.axes), entry.dtype, channels, needed)
    return table


def _parameters(manifest: Manifest) -> Table:
    table = _table("Parameter", "Takes", "Default", "What it does")
    for parameter in manifest.params:
        default = _written(parameter.default)
        table.add_row(parameter.name, expected(parameter), default, parameter.help)
    return table


def _written(value: Any) -> str:
    """Write a value as --param takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(f"{number:g}" for number in value)  # pyright: ignore[reportUnknownVariableType]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column)
    return table
