"""Files that appear whole or not at all, and the typed error when a disk does not play along."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import uuid
from collections.abc import Generator
from pathlib import Path

from filmgate.digest import Buffer
from filmgate.errors import StorageError

READ_ONLY = 0o444
_WRITABLE = 0o644
_SHARED = 0o666  # less the user's umask, as for any file

_REMEDIES = {
    errno.ENOENT: "Check the path: the file or its folder does not exist.",
    errno.ENOTDIR: "Check the path: something in it is a file and no folder.",
    errno.EISDIR: "Name a file: this is a folder.",
    errno.EEXIST: "Choose another name, or remove what is there.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.EACCES: "Ask for permission to use this file and its folder, or choose another place.",
    errno.EPERM: "Ask for permission to use this file and its folder, or choose another place.",
    errno.EROFS: "Choose another place: this disk can only be read.",
    errno.ENOSPC: "Free some space and try again.",
    errno.EDQUOT: "Free some of your space on this disk, or ask for more, and try again.",
    errno.EMFILE: "Close other programs, or raise the limit on open files, and try again.",
    errno.ENFILE: "Close other programs, or raise the limit on open files, and try again.",
    errno.ENOMEM: "Close other programs to free memory, and try again.",
}
_REMEDY = "Check the disk and the connection to it, and try again."


@contextlib.contextmanager
def storage_errors(path: Path) -> Generator[None, None, None]:
    """Turn an `OSError` inside the block into a `StorageError` that names *path* and the reason."""
    try:
        yield
    except OSError as error:
        raise storage_error(path, error) from error


def storage_error(path: Path, error: OSError) -> StorageError:
    """Return the error that says what the disk refused, and what helps against that."""
    reason = error.strerror or str(error)
    detail = {"path": path.as_posix(), "errno": error.errno or 0}
    return StorageError(f"{path.as_posix()}: {reason}.", storage_remedy(error), detail)


def storage_remedy(error: OSError) -> str:
    """Return what a person can do about *error*."""
    return _REMEDIES.get(error.errno or 0, _REMEDY)


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it lies in; one that is there is left as it is.

    Raises:
        StorageError: the disk refuses, or a file has that name.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)


def write_whole(path: Path, content: Buffer, mode: int = _SHARED) -> None:
    """Write *content* under a temporary name beside *path*, then rename it into place.

    Args:
        path: what it becomes; a file that is there is replaced.
        content: everything.
        mode: permissions, less the umask; only POSIX knows all of them.

    Raises:
        StorageError: the disk is full or refuses; neither a part nor the temporary file remains.
    """
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.part")
    with storage_errors(path):
        try:
            write_new(beside, content, mode)
            beside.replace(path)
        except BaseException:  # Ctrl-C included: no partial file may stay
            beside.unlink(missing_ok=True)
            raise


def write_new(path: Path, content: Buffer, mode: int = _SHARED) -> None:
    """Write a file that must not exist yet, and wait until the disk has it.

    Raises:
        OSError: the file exists, or the disk is full or refuses.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def publish(incoming: Path, target: Path) -> bool:
    """Give a finished file its name; what has that name already is never replaced.

    Args:
        incoming: on the same disk; it may remain beside the target, for the caller to remove.
        target: what it becomes.

    Returns:
        False when another process was faster.

    Raises:
        OSError: the disk refuses.
    """
    try:
        os.link(incoming, target)
    except FileExistsError:
        return False
    except (OSError, NotImplementedError):  # a disk without hard links
        try:
            incoming.rename(target)
        except FileExistsError:  # only Windows says so
            return False
    return True


def link_or_copy(source: Path, target: Path) -> None:
    """Make *source* appear as *target* too: a hard link, else a read-only copy.

    Raises:
        OSError: *target* exists, *source* does not, or the disk is full or refuses.
    """
    try:
        os.link(source, target)
    except (FileExistsError, FileNotFoundError):
        raise
    except (OSError, NotImplementedError):  # another disk, or one without hard links
        _copy(source, target)


def remove(path: Path) -> bool:
    """Remove a file, read-only or not; return False when somebody has it open (Windows)."""
    try:
        if sys.platform == "win32":  # there a read-only file cannot be removed
            path.chmod(_WRITABLE)
        path.unlink()
    except FileNotFoundError:
        return True
    except PermissionError:
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("xb") as writer:
        try:
            shutil.copyfileobj(reader, writer, 1 << 20)
        except BaseException:  # likewise
            writer.close()
            target.unlink()
            raise
    target.chmod(READ_ONLY)
