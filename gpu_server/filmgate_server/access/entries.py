"""The files in a folder of keys, seen through one descriptor.

A folder that is swapped meanwhile is the old one or an error, never half of each.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filmgate.errors import ConfigError
from filmgate.keys import AUTHORISED_SUFFIX

ENTRY_BYTES_MAX = 64 << 10

Stamp = tuple[int, ...]
"""Changes with a file: mode, times, size and inode."""


@contextmanager
def open_folder(folder: Path) -> Generator[int]:
    """Open a folder.

    Raises:
        OSError: it is not there, or is none.
    """
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def list_entries(folder_fd: int) -> dict[str, Stamp]:
    """List the files that may authorise a key; an editor's hidden ones do not.

    Raises:
        OSError: the folder cannot be read.
    """
    with os.scandir(folder_fd) as found:
        names = [each.name for each in found if each.name.endswith(AUTHORISED_SUFFIX)]
    stamps = {name: _stamp(folder_fd, name) for name in names if not name.startswith(".")}
    return {name: stamp for name, stamp in stamps.items() if stamp}


def load_entry(folder_fd: int, name: str) -> str:
    """Read a file's text.

    Raises:
        ConfigError: it is a link, a pipe or a device, or far too long.
        OSError: it cannot be read.
        ValueError: it is no text.
    """
    if not stat.S_ISREG(os.stat(name, dir_fd=folder_fd, follow_symlinks=False).st_mode):
        raise ConfigError("It is not a plain file; links are not followed.")
    # Without waiting: it may have become a pipe since.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, dir_fd=folder_fd), "rb") as file:
        content = file.read(ENTRY_BYTES_MAX + 1)
    if len(content) > ENTRY_BYTES_MAX:
        raise ConfigError(f"It is longer than {ENTRY_BYTES_MAX >> 10} KiB.")
    return content.decode("utf-8")


def _stamp(folder_fd: int, name: str) -> Stamp:
    """Return a file's stamp; an empty one if it has just been removed."""
    try:
        status = os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
    except FileNotFoundError:
        return ()
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return (status.st_mode, *times, status.st_size, status.st_ino)
