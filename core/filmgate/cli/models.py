"""`filmgate models`: what the server offers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer
from rich.table import Table

from filmgate.cli.connection import connection
from filmgate.cli.exits import EXIT_OK
from filmgate.cli.options import JsonOption, ServerOptions
from filmgate.cli.terminal import results, write_json
from filmgate.client import Client
from filmgate.digest import digest_text
from filmgate.errors import UnknownModelError
from filmgate.manifest import Manifest
from filmgate.params import Parameter
from filmgate.wire.records import ModelSummary


@dataclass(frozen=True, kw_only=True)
class ModelsOptions(ServerOptions, JsonOption):
    """What `filmgate models list` takes."""


@dataclass(frozen=True, kw_only=True)
class ShowOptions(ServerOptions, JsonOption):
    """What `filmgate models show` takes."""

    model: Annotated[str, typer.Argument(help="NAME, or NAME@VERSION.")]


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
        model = find_model(client, options.model)
        manifest = load_manifest(client, model)
    if options.as_json:
        write_json({**_summary(model), "manifest": asdict(manifest)})
    else:
        _print_manifest(manifest, model)
    return EXIT_OK


def find_model(client: Client, reference: str) -> ModelSummary:
    """Return what NAME (its latest version), NAME@VERSION, NAME@DIGEST or NAME@ALIAS stands for.

    Raises:
        UnknownModelError: the server does not offer it; the text says what it offers.
    """
    models = client.models()
    for model in models:
        versions = (model.version, digest_text(model.digest), *model.aliases)
        if reference in (model.name, *(f"{model.name}@{version}" for version in versions)):
            return model
    offered = ", ".join(f"{model.name}@{model.version}" for model in models) or "nothing"
    if client.encrypted:  # what a key does not cover is not even listed
        raise UnknownModelError(
            f"Your key opens no model {reference!r}; it opens {offered}.",
            "Choose one of these, or ask the people who run the server whether your key may have "
            "more.",
        )
    raise UnknownModelError(
        f"The server has no model {reference!r}; it offers {offered}.",
        "Choose one of these; the server's log says why a package of yours is not among them.",
    )


def load_manifest(client: Client, model: ModelSummary) -> Manifest:
    """Fetch the manifest of exactly this version."""
    return client.manifest(f"{model.name}@{model.version}")


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


def _print_manifest(manifest: Manifest, model: ModelSummary) -> None:
    results.print(f"{manifest.name} {manifest.version} ({manifest.task})")
    results.print(manifest.summary)
    inputs = _table("Input", "Channels", "Needed")
    for entry in manifest.inputs:
        channels = " ".join(entry.channels) or "all"
        inputs.add_row(entry.name, channels, "no" if entry.optional else "yes")
    outputs = _table("Output", "Channels", "Replaces")
    for output in manifest.outputs:
        outputs.add_row(output.name, " ".join(output.channels) or "as the input", output.replaces)
    results.print(inputs)
    results.print(outputs)
    if manifest.params:
        results.print(_parameters(manifest))
    licence = ", ".join(f"{what}: {text}" for what, text in manifest.licence.items())
    results.print(f"Licence: {licence}")
    results.print(f"Package: {digest_text(model.digest)}", soft_wrap=True)


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
