"""`filmgate install`: let a host find its bundle, for one user."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from filmgate.cli.bundled import Bundle, bundle_folder, find_bundles, find_damage, load_bundle
from filmgate.cli.options import Options
from filmgate.cli.startup import key_of, load_entries, save_entries
from filmgate.cli.targets import this_platform
from filmgate.cli.terminal import results, say
from filmgate.errors import ConfigError, IntegrityError, RequestError
from filmgate.exits import EXIT_OK

_NO_FOLDER = Path()
_MAKE_ONE = "Make one: `filmgate bundle nuke --python 3.11`."


def nuke_folder() -> Path:
    """Return where Nuke looks for a user's own files."""
    return Path.home() / ".nuke"


@dataclass(frozen=True, kw_only=True)
class InstallOptions(Options):
    """What `filmgate install nuke` takes."""

    bundle: Annotated[
        Path,
        typer.Option(
            help="The bundle; else the newest that `filmgate bundle nuke` put among your own data,"
            " for each Python.",
            show_default=False,
        ),
    ] = _NO_FOLDER
    folder: Annotated[
        Path, typer.Option(help="Nuke's folder; else ~/.nuke.", show_default=False)
    ] = field(default_factory=nuke_folder)
    remove: Annotated[bool, typer.Option("--remove", help="Take our lines out again.")] = False


def install_nuke(options: InstallOptions) -> int:
    """Let Nuke find the bundle at its next start, by a few lines in your init.py.

    Your own lines stay as they are; ours are not replaced if somebody changed them. Each version of
    Nuke gets the bundle for its Python. A site does without this command: it names the bundle in
    NUKE_PATH.
    """
    if options.remove:
        path = save_entries(options.folder, {})
        say(f"Nothing of Filmgate is in {path.as_posix()} now; the bundles stay where they are.")
        return EXIT_OK
    entries = load_entries(options.folder)
    for bundle in _wanted(options.bundle):
        entries[key_of(bundle)] = _checked(bundle).folder.absolute().as_posix()
    path = save_entries(options.folder, entries)
    for key, folder in sorted(entries.items()):
        results.print(f"{key}: {folder}", soft_wrap=True)
    say(f"{path.as_posix()} names them. Start Nuke anew; `filmgate doctor` checks them.")
    return EXIT_OK


def _wanted(given: Path) -> list[Bundle]:
    if given != _NO_FOLDER:
        return [load_bundle(given)]
    newest: dict[str, Bundle] = {}
    for folder in find_bundles(bundle_folder()):
        bundle = load_bundle(folder)
        if bundle.target.platform == this_platform():
            newest.setdefault(bundle.target.python, bundle)
    if not newest:
        raise ConfigError(f"There is no bundle in {bundle_folder().as_posix()}.", _MAKE_ONE)
    return list(newest.values())


def _checked(bundle: Bundle) -> Bundle:
    target = bundle.target
    if target.platform != this_platform():
        text = f"The bundle in {bundle.folder.as_posix()} is for {target.platform}."
        raise RequestError(text, "Install it there, or make one for this machine.")
    damage = find_damage(bundle)
    if damage:
        text = f"The bundle in {bundle.folder.as_posix()} is damaged: {damage[0]}."
        raise IntegrityError(text, "Copy it again, or make a new one.")
    return bundle
