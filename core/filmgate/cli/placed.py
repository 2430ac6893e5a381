"""What `filmgate doctor` says of the bundles that hosts would find."""

from __future__ import annotations

import os
import platform
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import filmgate
from filmgate.cli.bundled import BUNDLE_FILE, VENDOR_FOLDER, Bundle, find_damage, load_bundle
from filmgate.cli.finding import Finding
from filmgate.cli.hosts import HOUDINI, NUKE, UNREAL, Host
from filmgate.cli.install import nuke_folder
from filmgate.cli.packages import load_packages, preference_folders
from filmgate.cli.project import PLUGINS, find_project, python_of
from filmgate.cli.startup import load_entries
from filmgate.cli.targets import this_platform
from filmgate.cli.trial import MODULES, Trial, try_bundle
from filmgate.errors import FilmgateError

_CARRIED = ("zmq", "msgpack", "blake3")


@dataclass(frozen=True)
class Shelf:
    """Where one host looks for bundles.

    Attributes:
        host: whose it is.
        own: what of a user or project names bundles, for people.
        on_path: the bundles that an environment variable names.
        installed: looks for those that `filmgate install` has put in place, one for each place,
            where what names them may be damaged.
        before: what stands on the host's ``sys.path`` beside a bundle, and before its wheels.
        leave: what to do where several bundles are found for one interpreter.
        python: that of the host, where it is known.
    """

    host: Host
    own: str
    on_path: Callable[[], Sequence[Path]]
    installed: Sequence[Callable[[], Sequence[Path]]]
    before: Callable[[Bundle], Sequence[Path]]
    leave: str
    python: str = ""


def examine_bundles(project: Path | None = None) -> Iterator[Finding]:
    """Look at each bundle that a host would find on this machine.

    Args:
        project: an Unreal project, or a folder that may be one; its plugin is looked at too.
    """
    for shelf in (_nuke(), _houdini(), _unreal(project)):
        yield from _examine_shelf(shelf)


def _nuke() -> Shelf:
    folder = nuke_folder()
    return Shelf(
        NUKE,
        "init.py",
        partial(_bundles_in, NUKE),
        [lambda: _for_this_system(load_entries(folder))],
        lambda _: [folder, *_folders(NUKE.search_path)],
        _leave(NUKE, "empties init.py"),
    )


def _houdini() -> Shelf:
    return Shelf(
        HOUDINI,
        "its preferences",
        lambda: [each.parent for each in _bundles_in(HOUDINI, f"../{BUNDLE_FILE}")],
        [partial(_packaged_in, folder) for folder in preference_folders()],
        lambda bundle: [
            folder / HOUDINI.code_folder(bundle.target.python) for folder in preference_folders()
        ],
        _leave(HOUDINI, "takes the others out"),
    )


def _unreal(project: Path | None) -> Shelf:
    own = "a project (--project)"
    if project is None:
        return Shelf(UNREAL, own, _none, [], lambda _: [], "")
    file = find_project(project)
    return Shelf(
        UNREAL,
        own,
        _none,
        [lambda: _plugins_in(file.parent / PLUGINS)],
        lambda _: [file.parent / UNREAL.code],
        "Leave one folder with Filmgate.uplugin among the project's plugins.",
        python_of(file),
    )


def _none() -> list[Path]:
    return []


def _leave(host: Host, effect: str) -> str:
    command = f"filmgate install {host.name} --remove"
    return f"Leave one in {host.search_path}; `{command}` {effect}."


def _bundles_in(host: Host, description: str = BUNDLE_FILE) -> list[Path]:
    return [each for each in _folders(host.search_path) if (each / description).is_file()]


def _folders(variable: str) -> list[Path]:
    named = os.environ.get(variable, "").split(os.pathsep)
    return [Path(name) for name in named if name]


def _for_this_system(entries: Mapping[str, str]) -> list[Path]:
    """Return those for this system; others may share the home."""
    return [Path(name) for key, name in entries.items() if key.split()[0] == sys.platform]


def _packaged_in(folder: Path) -> list[Path]:
    """Return those that a Houdini's preferences name for this system."""
    named = load_packages(folder).items()
    return [Path(name) for key, name in named if key.endswith(f"-{this_platform()}")]


def _plugins_in(folder: Path) -> list[Path]:
    """Return every copy of the plugin: the editor looks into folders of folders as well."""
    found = [*folder.glob("*/Filmgate.uplugin"), *folder.glob("*/*/Filmgate.uplugin")]
    return [path.parent for path in found]


def _examine_shelf(shelf: Shelf) -> Iterator[Finding]:
    topic = shelf.host.title
    folders = list(shelf.on_path())
    unsound = False
    for look in shelf.installed:
        try:
            folders += look()
        except FilmgateError as error:
            unsound = True
            yield Finding(topic, shelf.own, "", error.text, error.remedy)
    if not folders and not unsound:
        yield _nothing(shelf)
    bundles: list[Bundle] = []
    for folder in dict.fromkeys(folders):  # several versions of a host may share one
        try:
            bundles.append(load_bundle(folder))
        except FilmgateError as error:
            yield Finding(topic, "bundle", folder.as_posix(), error.text, error.remedy)
    yield from (_examine(shelf, bundle) for bundle in bundles)
    yield from _rivals(shelf, bundles)


def _nothing(shelf: Shelf) -> Finding:
    host = shelf.host
    named = (
        f"neither {host.search_path} nor {shelf.own}" if host.search_path else f"not {shelf.own}"
    )
    mend = f"Only if you work with {host.title}: `filmgate bundle {host.name} --help`."
    return Finding(host.title, "plugin", f"{named} names a bundle", mend=mend)


def _examine(shelf: Shelf, bundle: Bundle) -> Finding:
    tell = partial(Finding, shelf.host.title, f"bundle for Python {bundle.target.python}")
    value = f"{bundle.folder.as_posix()}, Filmgate {bundle.version}"
    problem = _flaw(bundle)
    if shelf.python not in ("", bundle.target.python):
        problem = f"the project's engine has Python {shelf.python}"
    if problem:
        return tell(value, problem, _make_anew(shelf.host))
    order = _order(shelf, bundle)
    trial = try_bundle(bundle, order)
    if trial.problem:
        return tell(value, f"on {trial.python}: {trial.problem}", _mend(shelf.host, order))
    return tell(f"{value}, {_outcome(trial, bundle)}", mend=_older(bundle))


def _make_anew(host: Host) -> str:
    return f"Make a new one (`filmgate bundle {host.name} --help`) and let {host.title} find that."


def _flaw(bundle: Bundle) -> str:
    """Say what is wrong with the files of a bundle, without running them."""
    damage = find_damage(bundle)
    if damage:
        return f"{len(damage)} of its files are missing or changed, such as {damage[0]}"
    if bundle.target.platform != this_platform():
        return f"it is for {bundle.target.platform}"
    name, version = platform.libc_ver()
    if bundle.glibc and name == "glibc" and _numbers(version) < _numbers(bundle.glibc):
        return f"it needs glibc {bundle.glibc}, and this machine has {version}"
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _order(shelf: Shelf, bundle: Bundle) -> list[Path]:
    """Return what stands on the host's ``sys.path`` before the wheels."""
    folders = list(shelf.before(bundle))
    first = [] if bundle.code in folders else [bundle.code]
    return [*first, *folders, *_folders("PYTHONPATH")]


def _mend(host: Host, order: Sequence[Path]) -> str:
    foreign = [folder for folder in order if _carries(folder)]
    if foreign:
        places = ", ".join(folder.as_posix() for folder in foreign)
        return f"Packages of the same names come first, from {places}: bring them up to date."
    return _make_anew(host)


def _carries(folder: Path) -> bool:
    return any((folder / name).is_dir() for name in _CARRIED)


def _outcome(trial: Trial, bundle: Bundle) -> str:
    if not trial.python:
        return f"not tried: no Python {bundle.target.python} is here"
    vendor = bundle.folder / VENDOR_FOLDER
    named = zip(MODULES, map(Path, trial.files), strict=True)
    foreign = [
        f"{name} from {file.parent.as_posix()}"
        for name, file in named
        if name in _CARRIED and vendor not in file.parents
    ]
    used = f"; uses {', '.join(foreign)}" if foreign else ""
    return f"loads on {trial.python}{used}"


def _older(bundle: Bundle) -> str:
    if bundle.version == filmgate.__version__:
        return ""
    command = f"filmgate bundle {bundle.host.name}"
    return f"This Filmgate is {filmgate.__version__}: `{command}` makes one of it."


def _rivals(shelf: Shelf, bundles: Sequence[Bundle]) -> Iterator[Finding]:
    """Name interpreters for which a host would find several bundles."""
    folders = {bundle.folder.resolve(): str(bundle.target) for bundle in bundles}
    for target, count in Counter(folders.values()).items():
        if count > 1:
            text = f"{count} bundles for {target} are found, and only the first counts"
            yield Finding(shelf.host.title, "bundles", target, text, shelf.leave)
