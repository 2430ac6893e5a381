"""A bundle on disk: what it says of itself, and whether it is still what was made."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filmgate.cli.hosts import Host, find_host
from filmgate.cli.targets import Target
from filmgate.cli.wheels import digest_file
from filmgate.errors import ConfigError, FilmgateError

BUNDLE_FILE = "bundle.json"
FILES_FILE = "files.txt"
VENDOR_FOLDER = "vendor"
_COMPILED = "__pycache__"
_MAKE_ANEW = "Make a new one: `filmgate bundle --help`."


@dataclass(frozen=True)
class Bundle:
    """A folder with all that a host needs.

    Attributes:
        folder: where it is.
        host: whose it is.
        version: Filmgate's.
        target: the interpreter that it is for.
        glibc: the oldest C library of Linux that its wheels run with, such as "2.26"; else empty.
        wheels: the names of the wheels inside.
    """

    folder: Path
    host: Host
    version: str
    target: Target
    glibc: str
    wheels: tuple[str, ...]

    @property
    def code(self) -> Path:
        """Where its packages of Python are."""
        return self.folder / self.host.code_folder(self.target.python)

    def to_json(self) -> str:
        """Return what `BUNDLE_FILE` holds."""
        document = {
            "host": self.host.name,
            "filmgate": self.version,
            "python": self.target.python,
            "platform": self.target.platform,
            "machines": list(self.target.machines),
            "glibc": self.glibc,
            "wheels": list(self.wheels),
        }
        return json.dumps(document, indent=2) + "\n"


def load_bundle(folder: Path) -> Bundle:
    """Read what the bundle in *folder* says of itself.

    Raises:
        ConfigError: it is no bundle, or its description is damaged.
    """
    path = folder / BUNDLE_FILE
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {folder.as_posix()}.", _MAKE_ANEW)
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        target = Target(str(said["python"]), str(said["platform"]))
        wheels = tuple(str(name) for name in said["wheels"])
        host, version = find_host(str(said["host"])), str(said["filmgate"])
        return Bundle(folder, host, version, target, str(said["glibc"]), wheels)
    except (OSError, ValueError, KeyError, TypeError, FilmgateError) as error:
        text = f"{folder.as_posix()} is no bundle of Filmgate: {BUNDLE_FILE} cannot be read."
        raise ConfigError(text, _MAKE_ANEW) from error


def find_damage(bundle: Bundle) -> list[str]:
    """Return the names of files that are missing or not as they were when it was made."""
    listed = _load_list(bundle.folder)
    if listed is None:
        return [FILES_FILE]
    return [name for name, digest in listed.items() if not _is_whole(bundle.folder / name, digest)]


def find_additions(bundle: Bundle) -> list[str]:
    """Return the names of files that lie in a bundle and were not made with it.

    What Python compiles beside its modules is nobody's work and is left out.
    """
    known = {FILES_FILE, *(_load_list(bundle.folder) or ())}
    there = (path for path in sorted(bundle.folder.rglob("*")) if _is_work(path))
    names = (path.relative_to(bundle.folder).as_posix() for path in there)
    return [name for name in names if name not in known]


def list_files(folder: Path) -> str:
    """Return what `FILES_FILE` holds for *folder*: lines as ``sha256sum`` writes them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [(path, path.relative_to(folder).as_posix()) for path in files]
    return "".join(f"{digest_file(path)}  {name}\n" for path, name in names)


def bundle_folder() -> Path:
    """Return where bundles are put unless another folder is given: the user's own."""
    if sys.platform == "win32":
        home = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        home = Path.home() / "Library" / "Application Support"
    else:
        home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return home / "filmgate" / "bundles"


def find_bundles(folder: Path) -> list[Path]:
    """Return the bundles that are in *folder*, the newest first."""
    found = folder.glob(f"[!.]*/{BUNDLE_FILE}")  # a dot: one that is being made
    return [path.parent for path in sorted(found, key=_age, reverse=True)]


def _load_list(folder: Path) -> dict[str, str] | None:
    """Return the digest of each file by its name; None where the list cannot be read."""
    try:
        lines = (folder / FILES_FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _is_work(path: Path) -> bool:
    return path.parent.name != _COMPILED and (path.is_file() or path.is_symlink())


def _age(path: Path) -> float:
    return path.stat().st_mtime


def _is_whole(path: Path, digest: str) -> bool:
    try:
        return digest_file(path) == digest
    except OSError:
        return False
