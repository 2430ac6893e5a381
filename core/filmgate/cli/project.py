"""The plugin inside an Unreal project, or inside the engine: a folder that copies a bundle."""

from __future__ import annotations

import json
import re
import shutil
import sys
import uuid
from pathlib import Path

from filmgate.cli.bundled import FILES_FILE, Bundle, find_additions, find_damage, load_bundle
from filmgate.cli.hosts import UNREAL
from filmgate.disk import storage_error, storage_errors
from filmgate.errors import ConfigError, RequestError, StorageError

PLUGINS = "Plugins"
PLUGIN = "Filmgate"
PROJECT_SUFFIX = ".uproject"

_ENGINE = re.compile(r"(\d+)\.(\d+)")
_FIRST_WITH_311 = (5, 4)
_OLD_PYTHON, _PYTHON = "3.9", "3.11"
_CLOSE = "Close Unreal Editor: it has files of the plugin open. Then try again."


def find_project(path: Path) -> Path:
    """Return the project file that *path* means: itself, or the only one in that folder.

    Raises:
        RequestError: there is none, or several.
    """
    if path.suffix == PROJECT_SUFFIX and path.is_file():
        return path
    found = sorted(path.glob(f"*{PROJECT_SUFFIX}")) if path.is_dir() else []
    if len(found) != 1:
        text = f"{path.as_posix()} is no Unreal project: it holds {len(found)} project files."
        raise RequestError(text, f"Name the project's {PROJECT_SUFFIX} file with --project.")
    return found[0]


def python_of(project: Path) -> str:
    """Return the Python of the engine that a project is for; the newest where it does not say.

    Raises:
        ConfigError: the project file cannot be read.
    """
    try:
        said = json.loads(project.read_text(encoding="utf-8-sig")).get("EngineAssociation", "")
    except (OSError, ValueError, AttributeError) as error:
        text = f"{project.as_posix()} is no project file of Unreal."
        raise ConfigError(text, "Open the project in Unreal once, or name another.") from error
    found = _ENGINE.fullmatch(str(said))  # an engine that was built at home has another name
    if found and (int(found[1]), int(found[2])) < _FIRST_WITH_311:
        return _OLD_PYTHON
    return _PYTHON


def load_plugin(plugins: Path) -> Bundle | None:
    """Return the plugin that lies in a folder of plugins; None where there is none.

    Raises:
        ConfigError: something else lies there, or its description is damaged.
    """
    folder = plugins / PLUGIN
    if not folder.exists():
        return None
    bundle = load_bundle(folder)
    if bundle.host is not UNREAL:
        raise ConfigError(f"{folder.as_posix()} is the plugin of another host.", "Move it away.")
    return bundle


def save_plugin(bundle: Bundle, plugins: Path) -> Path:
    """Copy a bundle into a folder of plugins, in place of an earlier one.

    No file is overwritten: the copy is made beside and takes the other's name when it is whole.

    Returns:
        The plugin's folder.

    Raises:
        ConfigError: what is there is not ours, or somebody changed a file of it or added one.
        StorageError: the disk is full or refuses, or Unreal has a file of the plugin open.
    """
    there = load_plugin(plugins)
    if there is not None and _is_same(there, bundle):
        return there.folder
    if there is not None:
        _refuse_changes(there)
    beside = _beside(plugins, "part")
    with storage_errors(plugins):
        plugins.mkdir(parents=True, exist_ok=True)
        try:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(bundle.folder, beside, ignore=ignored, copy_function=shutil.copyfile)
            _swap(beside, plugins / PLUGIN)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return plugins / PLUGIN


def remove_plugin(plugins: Path) -> bool:
    """Remove the plugin from a folder of plugins; say whether there was one.

    Raises:
        ConfigError: what is there is not ours.
        StorageError: Unreal has a file of it open, or the disk refuses.
    """
    bundle = load_plugin(plugins)
    if bundle is not None:
        _discard(_set_aside(bundle.folder))
    return bundle is not None


def _swap(new: Path, folder: Path) -> None:
    old = _set_aside(folder) if folder.exists() else None
    try:
        new.rename(folder)
    except OSError:
        if old is not None:
            old.rename(folder)
        raise
    if old is not None:
        _discard(old)


def _discard(folder: Path) -> None:
    """Remove a folder; of one that is elsewhere, as where a studio shares it, the link alone."""
    if folder.is_symlink():
        with storage_errors(folder):
            (folder.rmdir if sys.platform == "win32" else folder.unlink)()  # so each of them has it
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _set_aside(folder: Path) -> Path:
    """Rename a folder to where Unreal finds no plugin; Windows refuses that while it is in use."""
    aside = _beside(folder.parent, "old")
    try:
        return folder.rename(aside)
    except PermissionError as error:
        known = storage_error(folder, error)
        raise StorageError(known.text, _CLOSE, known.detail) from error


def _beside(plugins: Path, suffix: str) -> Path:
    return plugins.absolute().parent / f".filmgate-{uuid.uuid4().hex[:12]}.{suffix}"


def _is_same(one: Bundle, other: Bundle) -> bool:
    listed = [bundle.folder / FILES_FILE for bundle in (one, other)]
    alike = (
        all(path.is_file() for path in listed) and listed[0].read_bytes() == listed[1].read_bytes()
    )
    return alike and not find_damage(one)


def _refuse_changes(bundle: Bundle) -> None:
    changes = [f"{name} is not as it was" for name in find_damage(bundle)]
    changes += [f"{name} was added" for name in find_additions(bundle)]
    if not changes:
        return
    text = f"{bundle.folder.as_posix()} was changed by hand: {changes[0]}."
    remedy = (
        "Copy what you want to keep of it to another place; then `filmgate install unreal --remove`"
        " takes it out, and you can install again."
    )
    raise ConfigError(text, remedy)
