"""`filmgate models bench`: seconds and memory of a model on one device."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from filmgate.cli.options import JsonOption
from filmgate.cli.terminal import messages, write_json
from filmgate.exits import EXIT_DATA, EXIT_OK
from filmgate_server.commands.check import TrialOptions, print_figures, print_findings, progress
from filmgate_server.commands.contents import is_refused
from filmgate_server.commands.trials import run_trial
from filmgate_server.config import load_server_config
from filmgate_server.registry.local import LocalRegistry


@dataclass(frozen=True, kw_only=True)
class BenchOptions(TrialOptions, JsonOption):
    """What `filmgate models bench` takes."""

    model: Annotated[str, typer.Argument(help="A package's folder, or a model that is installed.")]


def bench_model(options: BenchOptions) -> int:
    """Measure seconds and MiB per million pixels, at several sizes.

    The fastest of three runs counts; frames stay whole, without the server around them.
    """
    folder = find_package(options.model)
    with messages.status("starting") as status:
        outcome = run_trial(options.trial("bench", folder), progress(status))
    failed = is_refused(outcome.findings)
    if options.as_json:
        write_json({"package": folder.as_posix(), "figures": outcome.figures})
    elif not failed:
        print_figures(outcome.figures)
    if failed:
        print_findings(outcome.findings)
    return EXIT_DATA if failed else EXIT_OK


def find_package(model: str) -> Path:
    """Return the folder of a package: *model* itself, or that of the installed model of that name.

    Raises:
        UnknownModelError: there is neither.
    """
    folder = Path(model)
    if folder.is_dir():
        return folder
    return LocalRegistry(load_server_config({}).model_folders).resolve(model).path
