"""Input files as payloads; a file that several results need is read and hashed once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from filmgate.cli.plan import InputFile
from filmgate.digest import digest_bytes
from filmgate.disk import storage_error
from filmgate.errors import ImageError, InputError
from filmgate.image.exr import encode_exr
from filmgate.image.formats import format_of
from filmgate.image.picture import load_picture
from filmgate.job import Payload


@dataclass(frozen=True)
class Reading:
    """How files of other kinds than EXR become the EXR that is sent.

    Attributes:
        space: their colour space, if somebody said; empty for what they say themselves.
        coloured: the inputs whose space must be known.
        keeps_hidden: see `load_picture`.
    """

    space: str = ""
    coloured: frozenset[str] = frozenset()
    keeps_hidden: bool = True

    def digest(self, path: Path) -> bytes:
        """Return the digest of what is sent for the file at *path*.

        Raises:
            StorageError: it cannot be read.
        """
        try:
            return digest_bytes(self.load(path, needs_space=False).content)
        except ImageError:  # nothing was made from it; its frame says why when it comes to that
            return digest_bytes(_read(path))

    def load(self, path: Path, *, needs_space: bool) -> Sent:
        """Read a file.

        Raises:
            StorageError: it cannot be read.
            ImageError: it is damaged; of an EXR that is found by the server.
            ColourError: its colour space is needed and nobody knows it.
        """
        if format_of(path) is None:
            return Sent(_read(path))
        picture = load_picture(
            path, self.space, needs_space=needs_space, keeps_hidden=self.keeps_hidden
        )
        return Sent(encode_exr(picture.plate), picture.depth, picture.notes)


@dataclass(frozen=True)
class Sent:
    """A file as it is sent.

    Attributes:
        content: the bytes of an EXR.
        depth: how the file stores samples; empty for an EXR, which says so itself.
        notes: for the artist.
    """

    content: bytes
    depth: str = ""
    notes: tuple[str, ...] = ()


class PayloadReader:
    """Reads files and keeps the last ones: the next result needs most of them again.

    Args:
        keep: how many.
        reading: how files other than EXR are read.
    """

    def __init__(self, keep: int, reading: Reading) -> None:
        self._keep = keep
        self._reading = reading
        self._payloads: OrderedDict[InputFile, Payload] = OrderedDict()
        self._said: dict[InputFile, tuple[str, tuple[str, ...]]] = {}

    def digest(self, path: Path) -> bytes:
        """Return the digest of what is sent for a file; see `Reading.digest`."""
        return self._reading.digest(path)

    def payloads(self, file: InputFile) -> tuple[Payload, ...]:
        """Return *file* as a job takes it.

        Raises:
            InputError: it does not exist.
            FilmgateError: it cannot be used.
        """
        known = self._payloads.pop(file, None) or self._load(file)
        self._payloads[file] = known
        while len(self._payloads) > self._keep:
            self._payloads.popitem(last=False)
        return (known,)

    def depth(self, file: InputFile) -> str:
        """Return how a file that was read stores its samples; empty for an EXR."""
        return self._said.get(file, ("", ()))[0]

    def notes(self, files: Iterable[InputFile]) -> tuple[str, ...]:
        """Return what was assumed about files that were read, each thing once."""
        said = (note for file in files for note in self._said.get(file, ("", ()))[1])
        return tuple(dict.fromkeys(said))

    def _load(self, file: InputFile) -> Payload:
        if not file.path.exists():
            text = f"{file.path} does not exist."
            raise InputError(text, "Render it, or leave the frame out.")
        sent = self._reading.load(file.path, needs_space=file.name in self._reading.coloured)
        self._said[file] = (sent.depth, sent.notes)
        return Payload(file.name, sent.content, time=float(file.frame or 0))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise storage_error(path, error) from error
