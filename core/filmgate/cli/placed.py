"""What `filmgate doctor` says of the bundles that Nuke would find."""

from __future__ import annotations

import os
import platform
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import filmgate
from filmgate.cli.bundled import BUNDLE_FILE, VENDOR_FOLDER, Bundle, find_damage, load_bundle
from filmgate.cli.finding import Finding
from filmgate.cli.install import nuke_folder
from filmgate.cli.startup import key_of, load_entries
from filmgate.cli.targets import this_platform
from filmgate.cli.trial import MODULES, Trial, try_bundle
from filmgate.errors import FilmgateError

_TOPIC = "Nuke"
_PATH_VARIABLE = "NUKE_PATH"
_CARRIED = ("zmq", "msgpack", "blake3")
_MAKE_ANEW = "Make a new one (`filmgate bundle nuke --help`) and let Nuke find that."


def examine_nuke() -> Iterator[Finding]:
    """Look at each bundle that ``NUKE_PATH`` or the user's ``init.py`` names."""
    try:
        in_startup = _in_startup()
    except FilmgateError as error:
        yield Finding(_TOPIC, "init.py", "", error.text, error.remedy)
        in_startup = []
    folders = [*_on_path(), *in_startup]
    if not folders:
        yield _nothing()
    bundles: list[Bundle] = []
    for folder in folders:
        try:
            bundles.append(load_bundle(folder))
        except FilmgateError as error:
            yield Finding(_TOPIC, "bundle", folder.as_posix(), error.text, error.remedy)
    yield from map(_examine, bundles)
    yield from _rivals(bundles)


def _nothing() -> Finding:
    found = f"neither {_PATH_VARIABLE} nor {nuke_folder().as_posix()} names a bundle"
    mend = "Only if you work with Nuke: `filmgate bundle nuke --help`."
    return Finding(_TOPIC, "plugin", found, mend=mend)


def _on_path() -> list[Path]:
    return [folder for folder in _plugin_path() if (folder / BUNDLE_FILE).is_file()]


def _plugin_path() -> list[Path]:
    return _folders(_PATH_VARIABLE)


def _folders(variable: str) -> list[Path]:
    named = os.environ.get(variable, "").split(os.pathsep)
    return [Path(name) for name in named if name]


def _in_startup() -> list[Path]:
    """Return those for this system; others may share the home."""
    entries = load_entries(nuke_folder())
    return [Path(name) for key, name in entries.items() if key.split()[0] == sys.platform]


def _examine(bundle: Bundle) -> Finding:
    name = f"bundle for Python {bundle.target.python}"
    value = f"{bundle.folder.as_posix()}, Filmgate {bundle.version}"
    problem = _flaw(bundle)
    if problem:
        return Finding(_TOPIC, name, value, problem, _MAKE_ANEW)
    trial = try_bundle(bundle, _order(bundle))
    if trial.problem:
        return Finding(_TOPIC, name, value, f"on {trial.python}: {trial.problem}", _mend(bundle))
    return Finding(_TOPIC, name, f"{value}, {_outcome(trial, bundle)}", mend=_older(bundle))


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


def _order(bundle: Bundle) -> list[Path]:
    """Return what stands on Nuke's ``sys.path`` before the wheels."""
    folders = [nuke_folder(), *_plugin_path()]
    first = [] if bundle.folder in folders else [bundle.folder]
    return [*first, *folders, *_folders("PYTHONPATH")]


def _mend(bundle: Bundle) -> str:
    foreign = [folder for folder in _order(bundle) if _carries(folder)]
    if foreign:
        places = ", ".join(folder.as_posix() for folder in foreign)
        return f"Packages of the same names come first, from {places}: bring them up to date."
    return _MAKE_ANEW


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
    return f"This Filmgate is {filmgate.__version__}: `filmgate bundle nuke` makes one of it."


def _rivals(bundles: Sequence[Bundle]) -> Iterator[Finding]:
    """Name interpreters for which Nuke would find several bundles."""
    folders = {bundle.folder.resolve(): key_of(bundle) for bundle in bundles}
    for key, count in Counter(folders.values()).items():
        if count > 1:
            text = f"{count} bundles for {key} are found, and only the first counts"
            mend = (
                f"Leave one in {_PATH_VARIABLE}; `filmgate install nuke --remove` empties init.py."
            )
            yield Finding(_TOPIC, "bundles", key, text, mend)
