"""Takes: what a host's node reads. A take is a folder of finished frames that never changes.

A rerun makes a new take; frames that did not change are the same files on disk, by hard link into
the content store. A take appears by the renaming of its finished folder, so that a half-made one
is never read; its files are read-only. ``take.json`` beside the frames says how they were made.

Its files are called ``<output>.<frame>.exr``, with the view before the frame where there are views;
tensors end in ``.tensor``.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Optional

from filmgate.cache import ABANDONED_AFTER_S, Cache
from filmgate.digest import Buffer
from filmgate.disk import READ_ONLY, link_or_copy, make_folder, remove, storage_errors, write_new
from filmgate.errors import InputError, IntegrityError, StorageError, UnsupportedError
from filmgate.tensor import TENSOR_MEDIA
from filmgate.wire.records import EXR_MEDIA, PNG_MEDIA

NOTES_FILE = "take.json"
SUFFIXES = {EXR_MEDIA: ".exr", TENSOR_MEDIA: ".tensor", PNG_MEDIA: ".png"}

_TAKE = re.compile(r"take_(\d{4,})\Z")
_MARK = ".used-"
_USED = re.compile(r"\.used-(\d{4,})\Z")
_FRAME = re.compile(
    r"(?P<output>[^.]+)(?:\.(?P<view>.+))?\.(?P<frame>-?\d+)(?P<suffix>\.exr|\.tensor|\.png)\Z"
)
_OUTPUT = re.compile(r"\w[\w +@-]*\Z")
_VIEW = re.compile(r"(?:\w(?:[\w .+@-]*[\w+@-])?)?\Z")
_DRAFT, _REMOVED = ".draft-", ".removed-"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TakeFile:
    """One file of a take, as its name says.

    Attributes:
        output: whose pixels.
        view: the stereo view; empty where there is one.
        frame: the frame's number.
        suffix: the name's ending, one of `SUFFIXES`.
    """

    output: str
    view: str
    frame: int
    suffix: str

    @property
    def name(self) -> str:
        """The file's name."""
        view = f".{self.view}" if self.view else ""
        return f"{self.output}{view}.{self.frame:04d}{self.suffix}"


@dataclass(frozen=True)
class Take:
    """A finished take; what is in it is looked up once.

    Attributes:
        folder: where its frames are.
        number: 1 is the first take of its node.
    """

    folder: Path
    number: int

    @cached_property
    def files(self) -> tuple[TakeFile, ...]:
        """Every frame's file, in the order of outputs, views and frames."""
        found = _files_in(self.folder) if self.folder.is_dir() else ()
        return tuple(sorted(found, key=lambda file: (file.output, file.view, file.frame)))

    def pattern(self, output: str, media: str = EXR_MEDIA) -> str:
        """Return the path of an output for a host's file knob, with forward slashes.

        ``%04d`` stands for the frame and, where the take has views, ``%V`` for the view.
        """
        view = ".%V" if any(self.views()) else ""
        return f"{self.folder.as_posix()}/{output}{view}.%04d{suffix_of(media)}"

    def path(self, output: str, frame: int, view: str = "", media: str = EXR_MEDIA) -> Path:
        """Return where a frame of an output is, or would be."""
        return self.folder / TakeFile(output, view, frame, suffix_of(media)).name

    def outputs(self) -> list[str]:
        """List the outputs that the take holds."""
        return sorted({file.output for file in self.files})

    def views(self) -> list[str]:
        """List the views that the take holds; the empty one where there is no stereo."""
        return sorted({file.view for file in self.files})

    def media(self, output: str) -> str:
        """Return the media type of an output; that of EXR files where the take has none."""
        return self._media.get(output, EXR_MEDIA)

    def frames(self, output: str = "", view: Optional[str] = None) -> list[int]:
        """List the frames of an output, or of any; of a view, or of any; in order."""
        fitting = (
            file.frame
            for file in self.files
            if output in ("", file.output) and view in (None, file.view)
        )
        return sorted(set(fitting))

    def notes(self) -> Mapping[str, Any]:
        """Return how the take was made; nothing where nobody noted it."""
        return self._notes

    @cached_property
    def _media(self) -> Mapping[str, str]:
        media_of = {suffix: media for media, suffix in SUFFIXES.items()}
        return {file.output: media_of[file.suffix] for file in self.files}

    @cached_property
    def _notes(self) -> Mapping[str, Any]:
        return _load_notes(self.folder / NOTES_FILE)


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
        make_folder(folder)

    def all(self) -> list[Take]:
        """List the finished takes, the oldest first.

        Raises:
            StorageError: the folder has gone, or cannot be read.
        """
        with storage_errors(self.folder):
            matches = [_TAKE.match(path.name) for path in self.folder.iterdir()]
        numbers = (int(match[1]) for match in matches if match)
        return [Take(self.folder / _take_name(number), number) for number in sorted(numbers)]

    def latest(self) -> Optional[Take]:
        """Return the newest finished take, or None before the first."""
        return next(reversed(self.all()), None)

    def last_number(self) -> int:
        """Return the highest number that a take has or had; 0 before the first.

        Numbers are never given again: what reads a take that was removed would take another's
        pixels for it.

        Raises:
            StorageError: the folder has gone, or cannot be read.
        """
        with storage_errors(self.folder):
            names = [path.name for path in self.folder.iterdir()]
        matches = [_TAKE.match(name) or _USED.match(name) for name in names]
        return max((int(match[1]) for match in matches if match), default=0)

    def start(self) -> Draft:
        """Begin a new take; use it as a context manager."""
        return Draft(self)

    def remove(self, take: Take) -> None:
        """Remove a take; the store may then evict what nothing else holds.

        Raises:
            StorageError: a file is in use (Windows); the take is then left as it is, or gone in
                part but no longer listed.
        """
        self._mark_used(take.number)
        doomed = self.folder / f"{_REMOVED}{uuid.uuid4().hex[:12]}"
        with storage_errors(take.folder):
            take.folder.rename(doomed)
        _remove_folder(doomed)

    def _mark_used(self, number: int) -> None:
        """Remember the highest number of what is removed, by the name of an empty file."""
        with storage_errors(self.folder):
            marks = {path: _USED.match(path.name) for path in self.folder.iterdir()}
            lower = {path: int(match[1]) for path, match in marks.items() if match}
            if number > max(lower.values(), default=0):
                (self.folder / f"{_MARK}{number:04d}").touch()
                for path in lower:
                    remove(path)

    def trim(self, keep: int) -> None:
        """Remove all but the newest *keep* takes, and what processes that died have left.

        A take whose files somebody has open (Windows) stays until the next time.
        """
        for take in self.all()[: -keep or None]:
            with suppress(StorageError):
                self.remove(take)
        oldest = time.time() - ABANDONED_AFTER_S
        for path in self.folder.iterdir():
            if path.name.startswith((_DRAFT, _REMOVED)) and _changed_s(path) < oldest:
                _remove_folder(path)


class Draft:
    """A take in the making; leaving the context without `complete` removes it."""

    def __init__(self, takes: Takes) -> None:
        self._takes = takes
        self._folder = takes.folder / f"{_DRAFT}{uuid.uuid4().hex[:12]}"
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

    def add(
        self, output: str, frame: int, content: Buffer, view: str = "", media: str = EXR_MEDIA
    ) -> bytes:
        """Add a frame of an output and return its digest.

        Args:
            output: the manifest's name of it.
            frame: its number.
            content: the file's bytes.
            view: the stereo view; empty where there is one.
            media: one of `SUFFIXES`.

        Raises:
            StorageError: the disk is full or failing, or the frame was added before.
            InputError: the output or the view has a name that no file can have.
            UnsupportedError: no host reads files of this media type from a take.
        """
        target = self._folder / _named(output, view, frame, suffix_of(media)).name
        digest = self._takes.cache.put(content)
        try:
            self._takes.cache.link(digest, target)
        except IntegrityError:  # another process evicted it in between
            self._takes.cache.link(self._takes.cache.put(content), target)
        return digest

    def keep(self, earlier: Take, output: str, frame: int, view: str = "") -> None:
        """Take a frame of an output over from an earlier take, unchanged.

        Raises:
            StorageError: the earlier take has no such frame, or the disk refuses.
        """
        source = earlier.path(output, frame, view, earlier.media(output))
        with storage_errors(source):
            link_or_copy(source, self._folder / source.name)

    def complete(self, notes: Mapping[str, Any]) -> Take:
        """Give the take its number and make it visible, all at once.

        Args:
            notes: how its frames were made; what JSON can hold.

        Raises:
            StorageError: it has no frame, or the disk refuses.
        """
        if next(_files_in(self._folder), None) is None:
            raise StorageError("A take without frames cannot be completed.", "Add a frame first.")
        path = self._folder / NOTES_FILE
        with storage_errors(path):
            write_new(path, json.dumps(dict(notes), sort_keys=True).encode(), READ_ONLY)
        number = self._takes.last_number() + 1
        while not self._claim(number):  # another process completed the same number first
            number += 1
        return Take(self._takes.folder / _take_name(number), number)

    def _claim(self, number: int) -> bool:
        target = self._takes.folder / _take_name(number)
        try:
            self._folder.rename(target)
        except OSError as error:
            if target.exists():
                return False
            raise StorageError(f"{target.as_posix()}: {error.strerror}.") from error
        return True


def suffix_of(media: str) -> str:
    """Return how the names of a take's files of this media type end.

    Raises:
        UnsupportedError: no host reads such files from a take.
    """
    if media not in SUFFIXES:
        text = f"A result of the media type {media} has no place in a take."
        raise UnsupportedError(text, "Update the plugin.")
    return SUFFIXES[media]


def _named(output: str, view: str, frame: int, suffix: str) -> TakeFile:
    for pattern, name in ((_OUTPUT, output), (_VIEW, view)):
        if not pattern.match(name):
            text = f"{name!r} cannot be part of a file's name."
            raise InputError(
                text, "Use letters, digits, - and _ in the names of outputs and views."
            )
    return TakeFile(output, view, frame, suffix)


def _take_name(number: int) -> str:
    return f"take_{number:04d}"


def parse_take_file(name: str) -> Optional[TakeFile]:
    """Read what `TakeFile.name` wrote; None where it is no frame's file."""
    match = _FRAME.match(name)
    if match is None:
        return None
    return TakeFile(match["output"], match["view"] or "", int(match["frame"]), match["suffix"])


def _files_in(folder: Path) -> Iterator[TakeFile]:
    files = (parse_take_file(path.name) for path in folder.iterdir())
    return (file for file in files if file is not None)


def _load_notes(path: Path) -> Mapping[str, Any]:
    try:
        notes = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        _log.warning("The notes of a take cannot be read: %s: %s", path.as_posix(), error)
        return {}
    return notes if isinstance(notes, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _changed_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # removed since it was listed
        return time.time()


def _remove_folder(folder: Path) -> None:
    with suppress(FileNotFoundError):  # another process was faster
        for path in folder.iterdir():
            remove(path)
    shutil.rmtree(folder, ignore_errors=True)
