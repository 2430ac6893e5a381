"""Takes: what a host's node reads. A take is a folder of finished frames that never changes.

A rerun makes a new take; frames that did not change are the same files on disk, by hard link into
the content store. A take appears by the renaming of its finished folder, so that a half-made one
is never read; its files are read-only.
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Optional

from filmgate.cache import Cache
from filmgate.digest import Buffer
from filmgate.disk import link_or_copy, remove, storage_errors
from filmgate.errors import IntegrityError, StorageError

_TAKE = re.compile(r"take_(\d{4,})\Z")
_FRAME = re.compile(r"(?P<name>.+)\.(?P<frame>-?\d+)\.exr\Z")


@dataclass(frozen=True)
class Take:
    """A finished take.

    Attributes:
        folder: where its frames are.
        number: 1 is the first take of its node.
        name: what the files are called before the frame number.
    """

    folder: Path
    number: int
    name: str

    @property
    def pattern(self) -> str:
        """The path for a host's file knob, with ``%04d`` for the frame and forward slashes."""
        return f"{self.folder.as_posix()}/{self.name}.%04d.exr"

    def path(self, frame: int) -> Path:
        """Return where *frame* is, or would be."""
        return self.folder / _file_name(self.name, frame)

    def frames(self) -> list[int]:
        """List the frames that the take holds, in order."""
        return sorted(frame for _, frame in _frames_in(self.folder))


class Takes:
    """The takes of one node.

    Args:
        folder: theirs alone; made when it does not exist.
        cache: the store that their frames are linked from; best on the same disk.

    Raises:
        StorageError: the folder cannot be made.
    """

    def __init__(self, folder: Path, cache: Cache) -> None:
        self.folder = folder
        self.cache = cache
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def all(self) -> list[Take]:
        """List the finished takes, the oldest first."""
        takes = [_load_take(path) for path in self.folder.iterdir()]
        return sorted((take for take in takes if take is not None), key=lambda take: take.number)

    def latest(self) -> Optional[Take]:
        """Return the newest finished take, or None before the first."""
        return next(reversed(self.all()), None)

    def start(self, name: str) -> Draft:
        """Begin a new take whose files are called *name*; use it as a context manager."""
        return Draft(self, name)

    def remove(self, take: Take) -> None:
        """Remove a take; the store may then evict what nothing else holds.

        Raises:
            StorageError: a file is in use (Windows); the take is then left as it is, or gone in
                part but no longer listed.
        """
        doomed = self.folder / f".removed-{uuid.uuid4().hex[:12]}"
        with storage_errors(take.folder):
            take.folder.rename(doomed)
        _remove_folder(doomed)


class Draft:
    """A take in the making; leaving the context without `complete` removes it."""

    def __init__(self, takes: Takes, name: str) -> None:
        self._takes = takes
        self._name = name
        self._folder = takes.folder / f".draft-{uuid.uuid4().hex[:12]}"
        with storage_errors(self._folder):
            self._folder.mkdir()

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self._folder.exists():
            _remove_folder(self._folder)

    def add(self, frame: int, content: Buffer) -> bytes:
        """Add a frame's file and return its digest.

        Raises:
            StorageError: the disk is full or failing, or the frame was added before.
        """
        target = self._path(frame)
        digest = self._takes.cache.put(content)
        try:
            self._takes.cache.link(digest, target)
        except IntegrityError:  # another process evicted it in between
            self._takes.cache.link(self._takes.cache.put(content), target)
        return digest

    def keep(self, frame: int, earlier: Take) -> None:
        """Take a frame over from an earlier take, unchanged.

        Raises:
            StorageError: the earlier take has no such frame, or the disk refuses.
        """
        with storage_errors(earlier.path(frame)):
            link_or_copy(earlier.path(frame), self._path(frame))

    def complete(self) -> Take:
        """Give the take its number and make it visible, all at once.

        Raises:
            StorageError: it has no frame, or the disk refuses.
        """
        if not _frames_in(self._folder):
            raise StorageError("A take without frames cannot be completed.", "Add a frame first.")
        latest = self._takes.latest()
        number = latest.number + 1 if latest else 1
        while not self._claim(number):  # another process completed the same number first
            number += 1
        return Take(self._takes.folder / _take_name(number), number, self._name)

    def _claim(self, number: int) -> bool:
        target = self._takes.folder / _take_name(number)
        try:
            self._folder.rename(target)
        except OSError as error:
            if target.exists():
                return False
            raise StorageError(f"{target.as_posix()}: {error.strerror}.") from error
        return True

    def _path(self, frame: int) -> Path:
        return self._folder / _file_name(self._name, frame)


def _file_name(name: str, frame: int) -> str:
    return f"{name}.{frame:04d}.exr"


def _take_name(number: int) -> str:
    return f"take_{number:04d}"


def _load_take(folder: Path) -> Optional[Take]:
    match = _TAKE.match(folder.name)
    if match is None:
        return None
    frames = _frames_in(folder)
    return Take(folder, int(match.group(1)), frames[0][0]) if frames else None


def _frames_in(folder: Path) -> Sequence[tuple[str, int]]:
    matches = (_FRAME.match(path.name) for path in folder.iterdir())
    return [(match["name"], int(match["frame"])) for match in matches if match]


def _remove_folder(folder: Path) -> None:
    for path in folder.iterdir():
        remove(path)
    shutil.rmtree(folder, ignore_errors=True)
