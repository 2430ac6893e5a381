"""The client's content store on disk: immutable entries by digest, shared by several processes.

An entry is written under a temporary name, synchronised, and linked into place: whoever sees it
sees all of it, and an entry that somebody reads is never replaced. When the store outgrows its
quota, the entries that were not used for longest go first; entries that a take holds by a hard link
stay, because removing them would free nothing.

The time of last use is kept as the file's access time. The time of modification belongs to the
takes as well, and hosts read a file again when it changes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
import uuid
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from filmgate.digest import DIGEST_BYTES, Buffer, digest_bytes
from filmgate.disk import (
    READ_ONLY,
    link_or_copy,
    publish,
    remove,
    storage_error,
    storage_errors,
    write_new,
)
from filmgate.errors import IntegrityError, StorageError

ABANDONED_AFTER_S = 24 * 3600
"""A temporary file of this age belongs to a process that died while it wrote."""

TRIM_TO = 0.9
"""How full the quota is after a trim, so that not every entry pays for a scan."""

SOUND_MAX = 65536
"""Entries that a process remembers to have verified."""

SHARED_REMEDY = (
    "Choose another folder in the setting `cache`. One that people share must be writable for"
    " their group: set-group-id folders, and a umask of 002."
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """A file of the store as it was found on disk.

    Attributes:
        path: where it is.
        size_bytes: its length.
        used_ns: when it was last used.
        linked: whether a take holds it too.
    """

    path: Path
    size_bytes: int
    used_ns: int
    linked: bool


class Cache:
    """The content store in one folder. Instances are cheap; many processes may share the folder.

    Args:
        folder: made when it does not exist.
        quota_bytes: how much the entries may take. What takes hold counts, but is never removed.

    Raises:
        StorageError: the folder cannot be made.
    """

    def __init__(self, folder: Path, quota_bytes: int) -> None:
        self.folder = folder
        self.quota_bytes = quota_bytes
        self._entries = folder / "entries"
        self._incoming = folder / "incoming"
        self._until_scan_bytes = 0
        self._sound: dict[bytes, tuple[int, int]] = {}
        with storage_errors(folder):
            self._entries.mkdir(parents=True, exist_ok=True)
            self._incoming.mkdir(exist_ok=True)

    def put(self, content: Buffer) -> bytes:
        """Store *content* and return its digest; known content is only marked as used.

        An entry that is there already is read once by each process: a damaged one is replaced.

        Raises:
            StorageError: the disk is full or failing; nothing is left behind.
        """
        digest = digest_bytes(content)
        path = self._path(digest)
        if not self._is_sound(digest) and self.load(digest, verify=True) is None:
            with _shared_errors(self.folder):
                self._write(path, content)
            self._note_sound(digest, path)
            self._after_put(digest, memoryview(content).nbytes)
        return digest

    def find(self, digest: bytes) -> Optional[Path]:
        """Return the entry's file and mark it as used, or None when it is not here."""
        path = self._path(digest)
        try:
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        except FileNotFoundError:
            return None
        except PermissionError:  # another artist's entry in a shared store: it is only read
            _log.debug("Could not mark %s as used.", path.as_posix())
        return path

    def load(self, digest: bytes, verify: bool = False) -> Optional[bytes]:
        """Return the content, or None when it is not here.

        Args:
            digest: of the content.
            verify: hash what was read; a damaged entry is removed and counts as missing.

        Raises:
            StorageError: the file is there but cannot be read.
        """
        path = self.find(digest)
        content = None if path is None else _load(path)
        if path is None or content is None:
            return None
        if verify and digest_bytes(content) != digest:
            _log.warning("Removed a damaged cache entry: %s", path)
            remove(path)
            return None
        if verify:
            self._note_sound(digest, path)
        return content

    def link(self, digest: bytes, target: Path) -> None:
        """Make the entry appear as *target* too: a hard link, else a read-only copy.

        Raises:
            IntegrityError: there is no such entry (any more); put the content again.
            StorageError: the target exists or cannot be made.
        """
        path = self.find(digest)
        try:
            if path is None:
                raise FileNotFoundError
            link_or_copy(path, target)
        except FileNotFoundError:
            raise IntegrityError(f"The cache has no entry {digest.hex()}.") from None
        except OSError as error:
            raise storage_error(target, error) from error

    def size_bytes(self) -> int:
        """Return how much the entries take, those held by takes included."""
        return sum(entry.size_bytes for entry in self._scan())

    def trim(self, keep: bytes = b"") -> int:
        """Remove what was not used for longest until the quota is kept; return the bytes freed.

        Args:
            keep: the digest of an entry that stays whatever happens.
        """
        self._clear_abandoned()
        entries = self._scan()
        total = sum(entry.size_bytes for entry in entries)
        target = int(self.quota_bytes * TRIM_TO)
        freed = 0
        if total > self.quota_bytes:
            spared = self._path(keep) if keep else None
            idle = [entry for entry in entries if not entry.linked and entry.path != spared]
            freed = _evict(idle, total - target)
        # Other processes put too, so a counter alone would drift: look again after a tenth at most.
        slack = self.quota_bytes - target
        self._until_scan_bytes = max(slack // 2, min(slack, self.quota_bytes - total + freed))
        return freed

    def _is_sound(self, digest: bytes) -> bool:
        """Say whether an entry is as this process has written or verified it; marks it as used."""
        path = self.find(digest) if digest in self._sound else None
        return path is not None and self._sound.get(digest) == _mark(path)

    def _note_sound(self, digest: bytes, path: Path) -> None:
        mark = _mark(path)
        if len(self._sound) >= SOUND_MAX:
            self._sound.clear()
        if mark is not None:
            self._sound[digest] = mark

    def _path(self, digest: bytes) -> Path:
        if len(digest) != DIGEST_BYTES:
            raise IntegrityError(f"A digest has {DIGEST_BYTES} bytes, not {len(digest)}.")
        name = digest.hex()
        return self._entries / name[:2] / name[2:]

    def _write(self, path: Path, content: Buffer) -> None:
        incoming = self._incoming / uuid.uuid4().hex
        try:
            write_new(incoming, content)
            path.parent.mkdir(exist_ok=True)
            published = publish(incoming, path)
        finally:
            remove(incoming)
        if published:
            path.chmod(READ_ONLY)

    def _after_put(self, digest: bytes, size_bytes: int) -> None:
        self._until_scan_bytes -= size_bytes
        if self._until_scan_bytes < 0:
            self.trim(keep=digest)

    def _scan(self) -> list[Entry]:
        found = (_look_at(path) for path in self._entries.glob("*/*"))
        return [entry for entry in found if entry is not None]

    def _clear_abandoned(self) -> None:
        oldest = time.time() - ABANDONED_AFTER_S
        for path in self._incoming.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    remove(path)


def _mark(path: Path) -> Optional[tuple[int, int]]:
    """Return what changes when somebody writes into a file; None where it has gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


@contextlib.contextmanager
def _shared_errors(folder: Path) -> Generator[None, None, None]:
    """Say what a folder that several accounts share needs where one of them may not write."""
    try:
        yield
    except PermissionError as error:
        text = f"{folder.as_posix()}: {error.strerror}."
        detail = {"path": folder.as_posix(), "errno": error.errno or 0}
        raise StorageError(text, SHARED_REMEDY, detail) from error
    except OSError as error:
        raise storage_error(folder, error) from error


def _load(path: Path) -> Optional[bytes]:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # evicted since it was found
        return None
    except OSError as error:
        raise storage_error(path, error) from error


def _look_at(path: Path) -> Optional[Entry]:
    try:
        status = path.stat()
    except FileNotFoundError:  # evicted by another process
        return None
    return Entry(path, status.st_size, status.st_atime_ns, status.st_nlink > 1)


def _evict(entries: Iterable[Entry], excess_bytes: int) -> int:
    freed = 0
    for entry in sorted(entries, key=lambda entry: entry.used_ns):
        if freed >= excess_bytes:
            break
        if remove(entry.path):
            freed += entry.size_bytes
    return freed
