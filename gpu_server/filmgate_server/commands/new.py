"""`filmgate models new`: a package that works, made from a PyTorch module."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from filmgate.cli.terminal import messages, results
from filmgate.disk import storage_errors, write_new
from filmgate.errors import ManifestError, RequestError
from filmgate.exits import EXIT_DATA, EXIT_OK
from filmgate.manifest.rules import name_problem
from filmgate_server.commands.check import TrialOptions, print_findings, progress
from filmgate_server.commands.contents import is_refused
from filmgate_server.commands.signature import parse_signature
from filmgate_server.commands.template import (
    CARD,
    IMAGE,
    KINDS,
    LICENCE,
    NET_CLASS,
    NET_FILE,
    WEIGHTS_FILE,
    net_code,
    role_words,
    with_roles,
    write_manifest,
)
from filmgate_server.commands.template_geometry import geometry_words
from filmgate_server.commands.trials import run_trial
from filmgate_server.registry.content import MANIFEST_FILE

if TYPE_CHECKING:
    from collections.abc import Generator

    from filmgate_server.commands.signature import Argument

_FOLDER_MODE = 0o755
"""What colleagues may read, unlike a temporary folder."""


@dataclass(frozen=True, kw_only=True)
class NewOptions(TrialOptions):
    """What `filmgate models new` takes."""

    folder: Annotated[Path, typer.Argument(help="The new package's folder, named as the model.")]
    source: Annotated[
        str, typer.Option("--from", help="file.py:Class, your torch module; else an example.")
    ] = ""
    kind: Annotated[str, typer.Option(help=f"What the module works on: {', '.join(KINDS)}.")] = (
        IMAGE
    )
    weights: Annotated[
        Path | None, typer.Option(help="Its weights as safetensors; else those it is made with.")
    ] = None


def new_package(options: NewOptions) -> int:
    """Make a package from a PyTorch module: manifest, weights, card, licence and a golden test.

    The arguments of forward become inputs and parameters; sizes and halo are found by trying, in a
    process of its own.
    """
    _refuse_name(options.folder)
    _refuse_kind(options.kind)
    file, name = _parse_source(options)
    with _unfinished(options.folder) as folder:
        arguments = _write_files(options, folder, file, name)
        with messages.status("starting") as status:
            outcome = run_trial(options.trial("draft", folder), progress(status))
        if is_refused(outcome.findings):
            print_findings(outcome.findings)
            return EXIT_DATA
        with storage_errors(options.folder):
            folder.rename(options.folder)
    for argument, role in with_roles(arguments):
        is_image = options.kind == IMAGE
        words = role_words(argument, role) if is_image else geometry_words(argument, options.kind)
        results.print(words)
    for finding in outcome.findings:
        results.print(finding.text)
    results.print(f"Made: {options.folder.as_posix()}. Edit model.toml, card.md and LICENSE.md.")
    return EXIT_OK


def _refuse_name(folder: Path) -> None:
    name = folder.resolve().name
    text, remedy = name_problem(name)
    if text:
        raise ManifestError(f"The folder's name becomes the model's, and {name!r} {text}.", remedy)
    if folder.exists():
        text = f"{folder.as_posix()} is there already."
        raise ManifestError(text, "Name a new folder: nothing is overwritten.")


def _refuse_kind(kind: str) -> None:
    if kind not in KINDS:
        raise RequestError(f"--kind {kind} is unknown.", f"Use {', '.join(KINDS)}.")


def _parse_source(options: NewOptions) -> tuple[str, str]:
    """Return the module's file, empty for the example, and the class's name.

    Raises:
        ManifestError: the source is not ``file.py:Class``.
    """
    if not options.source:
        return "", NET_CLASS
    file, _, name = options.source.rpartition(":")
    if not (file.endswith(".py") and name):
        text = f"--from {options.source} is not of the form file.py:Class."
        raise ManifestError(text, "For example: --from net.py:Net.")
    parse_signature(Path(file), name)  # before anything is written
    return file, name


@contextmanager
def _unfinished(folder: Path) -> Generator[Path]:
    """Yield a folder beside *folder*; what still lies there at the end is removed."""
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.resolve().name}-", dir=folder.parent))
        made.chmod(_FOLDER_MODE)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _write_files(options: NewOptions, folder: Path, file: str, name: str) -> list[Argument]:
    """Write what is known before the module has run; return the arguments of ``forward``."""
    code = Path(file).name or NET_FILE
    with storage_errors(options.folder):
        if file:
            shutil.copyfile(file, folder / code)
        else:
            write_new(folder / code, net_code(options.kind).encode())
        arguments = parse_signature(folder / code, name)
        entry = f"{code}:{name}"
        text = write_manifest(options.folder.resolve().name, entry, arguments, options.kind)
        write_new(folder / MANIFEST_FILE, text.encode())
        card = CARD.format(name=options.folder.resolve().name)
        write_new(folder / "card.md", card.encode())
        write_new(folder / "LICENSE.md", LICENCE.encode())
        if options.weights:
            shutil.copyfile(options.weights, folder / WEIGHTS_FILE)
    return arguments
