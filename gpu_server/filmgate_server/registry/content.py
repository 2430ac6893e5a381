"""What a package's folder holds: its files, their common digest, and the way to one of them."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import blake3

from filmgate.digest import CHUNK_BYTES, canonical_digest
from filmgate.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterator

    Marks = tuple[tuple[str, int, int, int], ...]
    """What tells that a file was changed: its path, size, time and number."""

MANIFEST_FILE = "model.toml"
CACHE_FOLDER = "__pycache__"


def locate(package_path: Path, relative: str) -> Path:
    """Return the file *relative* of a package; nothing outside the package can be reached.

    Args:
        package_path: the package's folder.
        relative: the path inside it, with forward slashes.

    Raises:
        ManifestError: there is no such file, the path leaves the package, or a link is on the way.
    """
    parts = PurePosixPath(relative).parts
    if not parts or ".." in parts or PurePosixPath(relative).is_absolute() or "\\" in relative:
        raise ManifestError(f"{relative!r} is not a path inside the package.")
    path = package_path
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise ManifestError(f"{relative!r} is a symbolic link: a package holds its own files.")
    if not path.is_file():
        raise ManifestError(f"The package lacks the file {relative!r}.")
    return path


def digest_package(package_path: Path) -> bytes:
    """Return the digest of everything the package holds, equal on every machine.

    It covers the relative paths (with forward slashes) and the content of all files; caches of
    Python and names that start with a dot do not count.

    Raises:
        ManifestError: the package holds a symbolic link or something that is not a file.
    """
    return canonical_digest(
        [(relative, digest_file(path)) for relative, path in package_files(package_path)]
    )


def package_files(package_path: Path) -> list[tuple[str, Path]]:
    """Return every file that belongs to the package, sorted by its path inside it.

    Raises:
        ManifestError: the package holds a symbolic link or something that is not a file.
    """
    return sorted(
        (path.relative_to(package_path).as_posix(), path) for path in _files(package_path)
    )


def marks_of(package_path: Path) -> Marks:
    """Return what tells that a package was changed; nothing where it cannot be looked at."""
    try:
        files = [(name, file.stat()) for name, file in package_files(package_path)]
    except (OSError, ManifestError):
        return ()
    return tuple((name, each.st_size, each.st_mtime_ns, each.st_ino) for name, each in files)


def is_hidden(name: str) -> bool:
    """Say whether a file or folder of that name does not count as a package's."""
    return name.startswith(".") or name == CACHE_FOLDER


def _files(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        path = folder / name
        if is_hidden(name):
            continue
        if path.is_symlink():
            raise ManifestError(f"{path} is a symbolic link: a package holds its own files.")
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path
        else:
            raise ManifestError(f"{path} is neither a file nor a folder.")


def digest_file(path: Path) -> bytes:
    """Return the blake3 of a file's content."""
    hasher = blake3.blake3()
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            hasher.update(piece)
    return hasher.digest()
