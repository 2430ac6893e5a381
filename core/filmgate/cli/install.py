"""`filmgate install`: let a host find its bundle, for one user or one project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from filmgate.cli.bundled import Bundle, bundle_folder, find_bundles, find_damage, load_bundle
from filmgate.cli.hosts import HOUDINI, NUKE, UNREAL, Host
from filmgate.cli.options import Options
from filmgate.cli.packages import (
    PREFERENCES,
    load_packages,
    preference_folders,
    remove_packages,
    save_package,
)
from filmgate.cli.project import (
    PLUGINS,
    PROJECT_SUFFIX,
    find_project,
    python_of,
    remove_plugin,
    save_plugin,
)
from filmgate.cli.startup import key_of, load_entries, save_entries
from filmgate.cli.targets import this_platform
from filmgate.cli.terminal import results, say
from filmgate.errors import ConfigError, IntegrityError, RequestError
from filmgate.exits import EXIT_OK

_NONE_GIVEN = Path()
_REMOVED = "Nothing of Filmgate is in {} now; the bundles stay where they are."
_ANEW = "Start {} anew; `filmgate doctor` checks {}."


def nuke_folder() -> Path:
    """Return where Nuke looks for a user's own files."""
    return Path.home() / ".nuke"


@dataclass(frozen=True, kw_only=True)
class InstallOptions(Options):
    """What `filmgate install` takes for every host."""

    bundle: Annotated[
        Path,
        typer.Option(
            help="The bundle; else the newest that `filmgate bundle` put among your own data, for"
            " each Python.",
            show_default=False,
        ),
    ] = _NONE_GIVEN
    remove: Annotated[bool, typer.Option("--remove", help="Take what is ours out again.")] = False


@dataclass(frozen=True, kw_only=True)
class NukeOptions(InstallOptions):
    """What `filmgate install nuke` takes."""

    folder: Annotated[
        Path, typer.Option(help="Nuke's folder; else ~/.nuke.", show_default=False)
    ] = field(default_factory=nuke_folder)


@dataclass(frozen=True, kw_only=True)
class HoudiniOptions(InstallOptions):
    """What `filmgate install houdini` takes."""

    folder: Annotated[
        Path,
        typer.Option(
            help=f"Houdini's folder of preferences, such as ~/houdini21.0; else {PREFERENCES}, or"
            " those of every version of yours.",
            show_default=False,
        ),
    ] = _NONE_GIVEN


@dataclass(frozen=True, kw_only=True)
class UnrealOptions(InstallOptions):
    """What `filmgate install unreal` takes."""

    project: Annotated[
        Path,
        typer.Option(help="The project: its .uproject file or folder.", show_default=False),
    ] = _NONE_GIVEN
    folder: Annotated[
        Path,
        typer.Option(
            help="Another folder of plugins, such as Engine/Plugins/Marketplace.",
            show_default=False,
        ),
    ] = _NONE_GIVEN


def install_nuke(options: NukeOptions) -> int:
    """Let Nuke find the bundle at its next start, by a few lines in your init.py.

    Your own lines stay as they are; ours are not replaced if somebody changed them. Each version of
    Nuke gets the bundle for its Python. A site does without this command: it names the bundle in
    NUKE_PATH.
    """
    if options.remove:
        path = save_entries(options.folder, {})
        say(_REMOVED.format(path.as_posix()))
        return EXIT_OK
    entries = load_entries(options.folder)
    for bundle in _wanted(NUKE, options.bundle):
        entries[key_of(bundle)] = bundle.folder.absolute().as_posix()
    path = save_entries(options.folder, entries)
    _print(entries)
    say(f"{path.as_posix()} names them. {_ANEW.format('Nuke', 'them')}")
    return EXIT_OK


def install_houdini(options: HoudiniOptions) -> int:
    """Let Houdini find the bundle at its next start, by a package file in its preferences.

    Nothing else there is touched; a file of ours that somebody changed is not replaced. A Houdini
    with another Python passes over it. A site does without this command: it names the bundle's
    folder packages in HOUDINI_PACKAGE_DIR.
    """
    folders = _preferences(options.folder)
    if options.remove:
        gone = [path for folder in folders for path in remove_packages(folder)]
        for path in gone:
            say(f"{path.as_posix()} is removed.")
        say(_REMOVED.format(", ".join(folder.as_posix() for folder in folders)))
        return EXIT_OK
    bundles = _wanted(HOUDINI, options.bundle)
    for folder in folders:
        load_packages(folder)  # before anything is written: none was changed by hand
    paths = [
        save_package(folder, bundle.folder, bundle.target)
        for folder in folders
        for bundle in bundles
    ]
    _print({path.as_posix(): load_packages(path.parents[1])[_key(path)] for path in paths})
    say(_ANEW.format("Houdini", "them"))
    return EXIT_OK


def install_unreal(options: UnrealOptions) -> int:
    """Copy the bundle into a project as its plugin, or into the engine.

    Close the editor before: files that it has open are never written to. A plugin that is there is
    replaced by the newer one as a whole, unless somebody changed it by hand.
    """
    plugins, python = _plugins(options)
    if options.remove:
        was_there = remove_plugin(plugins)
        say(f"{plugins.as_posix()} {'holds' if was_there else 'held'} no Filmgate any more.")
        return EXIT_OK
    bundles = {bundle.target.python: bundle for bundle in _wanted(UNREAL, options.bundle)}
    if python and python not in bundles:
        text = f"The project's engine has Python {python}; the bundle is for {', '.join(bundles)}."
        raise RequestError(text, f"Make one: `filmgate bundle unreal --python {python}`.")
    bundle = bundles[python] if python else next(iter(bundles.values()))
    folder = save_plugin(bundle, plugins)
    results.print(folder.as_posix(), soft_wrap=True)
    say(_ANEW.format("the editor", "it (--project)"))
    return EXIT_OK


def _preferences(given: Path) -> list[Path]:
    folders = [given] if given != _NONE_GIVEN else preference_folders()
    if not folders:
        text = "No Houdini from 19.5 on has preferences here."
        raise ConfigError(text, "Start Houdini once, or name its folder with --folder.")
    return folders


def _plugins(options: UnrealOptions) -> tuple[Path, str]:
    """Return the folder of plugins that is meant, and its engine's Python if a project says it."""
    if (options.project == _NONE_GIVEN) == (options.folder == _NONE_GIVEN):
        text = "It is not clear where the plugin goes."
        raise RequestError(text, "Give --project, or --folder with a folder of plugins.")
    if options.folder != _NONE_GIVEN:
        beside = list(options.folder.absolute().parent.glob(f"*{PROJECT_SUFFIX}"))
        return options.folder, python_of(beside[0]) if len(beside) == 1 else ""
    project = find_project(options.project)
    return project.parent / PLUGINS, python_of(project)


def _wanted(host: Host, given: Path) -> list[Bundle]:
    """Return the bundle that was given, or the newest ones; each is sound and for this machine."""
    if given != _NONE_GIVEN:
        return [_checked(host, load_bundle(given))]
    newest: dict[str, Bundle] = {}
    for bundle in map(load_bundle, find_bundles(bundle_folder())):
        if bundle.host is host and bundle.target.platform == this_platform():
            newest.setdefault(bundle.target.python, bundle)
    if not newest:
        text = f"There is no bundle for {host.title} in {bundle_folder().as_posix()}."
        raise ConfigError(text, f"Make one: `filmgate bundle {host.name} --python 3.11`.")
    return [_checked(host, bundle) for bundle in newest.values()]


def _checked(host: Host, bundle: Bundle) -> Bundle:
    folder, target = bundle.folder.as_posix(), bundle.target
    if bundle.host is not host:
        text = f"The bundle in {folder} is for {bundle.host.title}."
        raise RequestError(text, f"Make one: `filmgate bundle {host.name} --help`.")
    if target.platform != this_platform():
        text = f"The bundle in {folder} is for {target.platform}."
        raise RequestError(text, "Install it there, or make one for this machine.")
    damage = find_damage(bundle)
    if damage:
        text = f"The bundle in {folder} is damaged: {damage[0]}."
        raise IntegrityError(text, "Copy it again, or make a new one.")
    return bundle


def _key(path: Path) -> str:
    return path.stem.partition("-")[2]


def _print(entries: Mapping[str, str]) -> None:
    for key, folder in sorted(entries.items()):
        results.print(f"{key}: {folder}", soft_wrap=True)


INSTALLERS: Mapping[str, tuple[type[InstallOptions], Callable[..., int]]] = {
    "nuke": (NukeOptions, install_nuke),
    "houdini": (HoudiniOptions, install_houdini),
    "unreal": (UnrealOptions, install_unreal),
}
"""What each host's command takes and does."""
