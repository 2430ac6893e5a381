"""The package files that tell Houdini where the bundles are: JSON in its folder of preferences."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from filmgate.cli.targets import Target
from filmgate.disk import storage_errors, write_whole
from filmgate.errors import ConfigError

PACKAGE_FOLDER = "packages"
PACKAGE_FILE = "filmgate.json"
PREFERENCES = "HOUDINI_USER_PREF_DIR"

BUNDLE_ABOVE = "$HOUDINI_PACKAGE_PATH/.."
"""The bundle, as its own package file names it: the folder above that file's."""

_HERE = "$HOUDINI_PACKAGE_PATH"
_ENTRY = re.compile(r"filmgate-(py[\d.]+-\w+)\.json\Z")
_FOLDER = re.compile(r"(?:houdini)?(\d+)\.(\d+)\Z")
_VERSION = "__HVER__"
_OLDEST = (19, 5)
"""Earlier ones have a Python that is too old."""


def to_package(template: bytes, root: str, target: Target) -> bytes:
    """Return a package file for a bundle; Houdini passes over it where the Python is another.

    Args:
        template: that of the plugin, for a Houdini of any kind; it names its own folder as
            ``$HOUDINI_PACKAGE_PATH``.
        root: the bundle's folder, with forward slashes.
        target: the interpreter that the bundle is for.
    """
    own = {"name": f"filmgate-{target}", "enable": _condition(target)}
    document = {**_rooted(json.loads(template), root), **own}
    return (json.dumps(document, indent=4, sort_keys=True) + "\n").encode("ascii")


def load_packages(folder: Path) -> dict[str, str]:
    """Return the bundles that package files of ours in a folder of preferences name.

    Returns:
        The folder of each bundle by its target, such as "py3.11-linux".

    Raises:
        ConfigError: one of the files was changed by hand.
        StorageError: one cannot be read.
    """
    return {key: _load(path, key) for key, path in _ours(folder)}


def save_package(folder: Path, bundle: Path, target: Target) -> Path:
    """Let the Houdini with this folder of preferences find a bundle; return the file for that.

    Args:
        folder: of preferences; it is made.
        bundle: the bundle's folder.
        target: what it is for.

    Raises:
        ConfigError: the file that is there was changed by hand.
        StorageError: the disk is full or refuses.
    """
    path = folder / PACKAGE_FOLDER / f"filmgate-{target}.json"
    if path.is_file():
        _load(path, str(target))
    kept = bundle / PACKAGE_FOLDER / PACKAGE_FILE
    with storage_errors(kept):
        document = json.loads(kept.read_bytes())
    root = bundle.absolute().as_posix()
    content = to_package(json.dumps(_rooted(document, root, BUNDLE_ABOVE)).encode(), root, target)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    return path


def remove_packages(folder: Path) -> list[Path]:
    """Remove our package files from a folder of preferences, changed by hand or not.

    Raises:
        StorageError: the disk refuses.
    """
    gone = [path for _, path in _ours(folder)]
    for path in gone:
        with storage_errors(path):
            path.unlink()
    return gone


def preference_folders() -> list[Path]:
    """Return the folders of preferences of every Houdini of this user that can run the plugin."""
    named = os.environ.get(PREFERENCES, "")
    if named and _VERSION not in named:
        return [Path(named)]
    pattern = Path(named or _default_pattern())
    found = pattern.parent.glob(pattern.name.replace(_VERSION, "*"))
    return sorted(folder for folder in found if folder.is_dir() and _is_recent(folder))


def _default_pattern() -> Path:
    if sys.platform == "win32":
        return Path.home() / "Documents" / f"houdini{_VERSION}"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Preferences" / "houdini" / _VERSION
    return Path.home() / f"houdini{_VERSION}"


def _is_recent(folder: Path) -> bool:
    found = _FOLDER.match(folder.name)
    return found is not None and (int(found[1]), int(found[2])) >= _OLDEST


def _condition(target: Target) -> str:
    return f"houdini_os == '{target.platform}' and houdini_python == 'python{target.python}'"


def _rooted(value: Any, root: str, here: str = _HERE) -> Any:
    """Return *value* with *root* in place of the package file's own folder."""
    if isinstance(value, str):
        return value.replace(here, root)
    if isinstance(value, list):
        return [_rooted(each, root, here) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return {key: _rooted(each, root, here) for key, each in pairs}
    return value


def _ours(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted((folder / PACKAGE_FOLDER).glob("filmgate-*.json")):
        found = _ENTRY.match(path.name)
        if found:
            yield found[1], path


def _load(path: Path, key: str) -> str:
    """Return the bundle that a package file names, if it is as we wrote it."""
    with storage_errors(path):
        content = path.read_bytes()
    try:
        python, _, platform = key.removeprefix("py").partition("-")
        folder: str = json.loads(content)["hpath"]
        whole = to_package(content, _HERE, Target(python, platform)) == content.replace(b"\r", b"")
    except (ValueError, KeyError, TypeError) as error:
        raise _changed(path) from error
    if not whole or not isinstance(folder, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _changed(path)
    return folder


def _changed(path: Path) -> ConfigError:
    return ConfigError(
        f"{path.as_posix()} was changed by hand.",
        "Copy what you want to keep of it to another file; then `filmgate install houdini --remove`"
        " removes it, and you can install again.",
    )
