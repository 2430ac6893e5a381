"""`filmgate models new`: a package that works, made from a PyTorch module."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from filmgate.cli.exits import EXIT_DATA, EXIT_OK
from filmgate.cli.terminal import messages, results
from filmgate.disk import storage_errors, write_new
from filmgate.errors import ManifestError
from filmgate_server.commands.check import TrialOptions, print_findings
from filmgate_server.commands.contents import is_refused
from filmgate_server.commands.signature import parse_signature
from filmgate_server.commands.template import (
    CARD,
    LICENCE,
    NET,
    NET_CLASS,
    NET_FILE,
    WEIGHTS_FILE,
    write_manifest,
)
from filmgate_server.commands.trials import run_trial
from filmgate_server.registry.content import MANIFEST_FILE


@dataclass(frozen=True, kw_only=True)
class NewOptions(TrialOptions):
    """What `filmgate models new` takes."""

    folder: Annotated[Path, typer.Argument(help="The new package's folder, named as the model.")]
    source: Annotated[
        str, typer.Option("--from", help="file.py:Class, your torch module; else an example.")
    ] = ""
    weights: Annotated[
        Path | None, typer.Option(help="Its weights as safetensors; else those it is made with.")
    ] = None


def new_package(options: NewOptions) -> int:
    """Make a package from a PyTorch module: manifest, weights, card, licence and a golden test.

    The arguments of forward become inputs and parameters; sizes and halo are found by trying, in a
    process of its own.
    """
    file, name = _write_code(options)
    arguments = parse_signature(options.folder / file, name)
    text = write_manifest(options.folder.resolve().name, f"{file}:{name}", arguments)
    with storage_errors(options.folder):
        write_new(options.folder / MANIFEST_FILE, text.encode())
        write_new(options.folder / "card.md", CARD.format(name=options.folder.name).encode())
        write_new(options.folder / "LICENSE.md", LICENCE.encode())
        if options.weights:
            shutil.copyfile(options.weights, options.folder / WEIGHTS_FILE)
    with messages.status("starting") as status:
        trial = options.trial("draft", options.folder)
        outcome = run_trial(trial, status.update)
    if is_refused(outcome.findings):
        print_findings(outcome.findings)
        return EXIT_DATA
    for finding in outcome.findings:
        results.print(finding.text)
    results.print(f"Made: {options.folder.as_posix()}. Edit model.toml, card.md and LICENSE.md.")
    return EXIT_OK


def _write_code(options: NewOptions) -> tuple[str, str]:
    """Put the module's file into the new folder; return its name and the class's.

    Raises:
        ManifestError: the folder is there already, or the source is not ``file.py:Class``.
    """
    file, _, name = options.source.rpartition(":")
    if options.source and not (file.endswith(".py") and name):
        text = f"--from {options.source} is not of the form file.py:Class."
        raise ManifestError(text, "For example: --from net.py:Net.")
    if file:
        parse_signature(Path(file), name)  # before anything is written
    with storage_errors(options.folder):
        if options.folder.exists():
            text = f"{options.folder.as_posix()} is there already."
            raise ManifestError(text, "Name a new folder: nothing is overwritten.")
        options.folder.mkdir(parents=True)
        if not file:
            write_new(options.folder / NET_FILE, NET.encode())
            return NET_FILE, NET_CLASS
        shutil.copyfile(file, options.folder / Path(file).name)
        return Path(file).name, name
