"""The shared registry's records: read strictly, for whoever may write to the store wrote them."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import asdict, dataclass, fields
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from filmgate.digest import canonical_digest
from filmgate.errors import IntegrityError
from filmgate_server.registry.content import is_hidden

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_VERSION = re.compile(r"\d{1,5}\.\d{1,5}\.\d{1,5}\Z", re.ASCII)
_ALIAS = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_NAME_BYTES_MAX = 255
"""No file system takes a longer name for a file or folder."""

_PATH_CHARACTERS_MAX = 1024
_NUMBER_MAX = 2**53
"""Beyond it a float no longer counts every whole number: no size and no time is that large."""

_UNPRINTED = ("Cc", "Cs")
"""Control characters steer terminals, and half a surrogate pair cannot be written at all."""

_TYPES = {"str": (str,), "float": (float, int), "int": (int,)}
_T = TypeVar("_T")


@dataclass(frozen=True)
class FileEntry:
    """A file of a release: where it lies in the package, its blake3 in hexadecimal, its size."""

    path: str
    digest: str
    size_bytes: int


@dataclass(frozen=True)
class Release:
    """A version of a model as it was published.

    Attributes:
        name: of the model.
        version: of it; never published twice.
        digest: of the package, in hexadecimal; see `filmgate_server.registry.content`.
        files: what it holds.
        publisher: who published it.
        time_s: when, in seconds since 1970.
    """

    name: str
    version: str
    digest: str
    files: tuple[FileEntry, ...]
    publisher: str
    time_s: float

    @property
    def reference(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"

    @property
    def size_bytes(self) -> int:
        """What all its files take."""
        return sum(entry.size_bytes for entry in self.files)


@dataclass(frozen=True)
class Move:
    """One move of an alias.

    Attributes:
        version: what it points to from then on.
        before: what it pointed to; empty at its first move.
        mover: who moved it.
        time_s: when, in seconds since 1970.
    """

    version: str
    before: str
    mover: str
    time_s: float


@dataclass(frozen=True)
class Retirement:
    """A release that must not be used any more: why, by whom and when (seconds since 1970)."""

    reason: str
    who: str
    time_s: float

    def words(self, name: str, version: str) -> str:
        """Return what somebody who asks for the release is told."""
        return f"{name}@{version} was retired by {self.who}: {self.reason}"


@dataclass(frozen=True)
class Signed:
    """A signature over a package's digest, in hexadecimal."""

    signature: str


def to_record(record: Release | Move | Retirement | Signed) -> bytes:
    """Return *record* as it lies in the store."""
    return json.dumps(asdict(record), sort_keys=True, indent=1).encode() + b"\n"


def parse_release(content: bytes, name: str, version: str) -> Release:
    """Read the release that should be ``name@version``.

    Raises:
        IntegrityError: it is another one, or holds what no package holds.
    """
    document = _parse(content)
    entries = document.get("files")
    if not isinstance(entries, list):
        raise IntegrityError("A record of the registry lists no files.")
    files = tuple(_read(FileEntry, _table(entry)) for entry in entries)  # pyright: ignore[reportUnknownVariableType]
    release = _read(Release, {**document, "files": files})
    _demand((release.name, release.version) == (name, version), f"it is not {name}@{version}")
    check_names(name, version)
    _check_files(release)
    return release


def parse_record(kind: type[_T], content: bytes) -> _T:
    """Read a record without inner tables.

    Raises:
        IntegrityError: it is none of *kind*.
    """
    return _read(kind, _parse(content))


def parse_move(content: bytes) -> Move:
    """Read one move of an alias.

    Raises:
        IntegrityError: it is none, or goes to what is no version.
    """
    move = parse_record(Move, content)
    _demand(is_version(move.version), f"{move.version!r} is no version")
    _demand(move.before == "" or is_version(move.before), f"{move.before!r} is no version")
    return move


def check_alias(name: str, alias: str) -> None:
    """Refuse an alias that could be taken for a version or a digest.

    Raises:
        IntegrityError: it is no model's name, or no alias.
    """
    _demand(bool(_NAME.match(name)), f"{name!r} is no model's name")
    _demand(is_alias(alias), f"{alias!r} is no alias")


def check_names(name: str, version: str) -> None:
    """Refuse what would be no place of its own in a store.

    Raises:
        IntegrityError: it is no model's name, or no version.
    """
    _demand(bool(_NAME.match(name)), f"{name!r} is no model's name")
    _demand(bool(_VERSION.match(version)), f"{version!r} is no version")


def is_alias(text: str) -> bool:
    """Say whether *text* can name an alias."""
    return bool(_ALIAS.match(text))


def is_version(text: str) -> bool:
    """Say whether *text* is a version."""
    return bool(_VERSION.match(text))


def latest_first(version: str) -> tuple[int, ...]:
    """Sort versions as numbers, the latest first."""
    return tuple(-int(part) for part in version.split("."))


def digest_entries(files: Iterable[FileEntry]) -> str:
    """Return the digest that a package of these files has, in hexadecimal."""
    entries = sorted((entry.path, bytes.fromhex(entry.digest)) for entry in files)
    return canonical_digest(entries).hex()


def _check_files(release: Release) -> None:
    _demand(bool(release.files), "it holds no files")
    for entry in release.files:
        _demand(bool(_DIGEST.match(entry.digest)), f"{entry.digest!r} is no digest")
        _demand(entry.size_bytes >= 0, f"{entry.path!r} has no size")
        _demand(_is_place(entry.path), f"{entry.path!r} is no file")
    _check_places([entry.path for entry in release.files])
    _demand(digest_entries(release.files) == release.digest, "its files are not what it says")


def _is_place(text: str) -> bool:
    """Say whether a package may hold a file of that path."""
    path = PurePosixPath(text)
    plain = text == path.as_posix() and not path.is_absolute() and bool(path.parts)
    # A package's digest passes over hidden files and caches of code: they would be unsigned.
    hidden = any(is_hidden(part) for part in path.parts)
    short = all(len(part.encode()) <= _NAME_BYTES_MAX for part in path.parts)
    return plain and not hidden and "\\" not in text and short and len(text) <= _PATH_CHARACTERS_MAX


def _check_places(paths: Iterable[str]) -> None:
    """Refuse paths that cannot all be there, on any file system."""
    folded = [PurePosixPath(unicodedata.normalize("NFC", each).casefold()) for each in paths]
    files = set(folded)
    _demand(len(files) == len(folded), "it names a file twice")
    for path in folded:
        _demand(files.isdisjoint(path.parents), f"{path.as_posix()!r} lies in a file")


def _parse(content: bytes) -> dict[str, Any]:
    try:
        document: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise IntegrityError("A record of the registry is not JSON.") from None
    return _table(document)


def _read(kind: type[_T], document: Mapping[str, Any]) -> _T:
    """Build a record of fields that are texts, numbers, or were read before."""
    declared = {each.name: str(each.type) for each in fields(kind)}  # pyright: ignore[reportArgumentType]
    _demand(set(document) == set(declared), f"it is no {kind.__name__}")
    for name, type_ in declared.items():
        value: Any = document[name]
        fits = _TYPES.get(type_, (tuple,))
        right = _is_plain(value) and isinstance(value, fits) and not isinstance(value, bool)
        _demand(right, f"{name} is of no use")
    return kind(**document)


def _is_plain(value: object) -> bool:
    """Say whether a number can be counted with, and a text be printed."""
    if isinstance(value, (int, float)):
        return abs(value) <= _NUMBER_MAX  # neither infinite nor undefined
    if isinstance(value, str):
        return all(unicodedata.category(each) not in _UNPRINTED for each in value)
    return True


def _table(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise IntegrityError("A record of the registry is not a table.")
    return document  # pyright: ignore[reportUnknownVariableType]


def _demand(right: bool, otherwise: str) -> None:
    if not right:
        raise IntegrityError(f"A record of the registry cannot be used: {otherwise}.")
