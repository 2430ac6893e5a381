"""The records of a shared registry as they lie in its store; each is read once.

`filmgate_server.registry.shared` says what they are. Whoever may write to the store may write
anything: a record that cannot be used takes no other one down.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from filmgate.errors import ConnectionLostError, FilmgateError, IntegrityError, StorageError
from filmgate_server.registry.inventory import Inventory
from filmgate_server.registry.records import (
    Move,
    Retirement,
    Signed,
    check_alias,
    check_names,
    is_version,
    latest_first,
    parse_move,
    parse_record,
    parse_release,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from filmgate_server.registry.inventory import Place
    from filmgate_server.registry.objects import ObjectStore

    Problems = dict[str, FilmgateError]

SUFFIX = ".json"
_MOVE_DIGITS = 8
_UNREAD = Retirement("the record of why cannot be read", "somebody", 0.0)
_T = TypeVar("_T")


class Archive:
    """Reads records.

    Args:
        store: where they lie.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._read_before: dict[str, bytes] = {}

    def read(self, key: str) -> bytes:
        """Return a record; what was read before is not read again, for it never changes.

        Raises:
            FilmgateError: as `ObjectStore.read` raises.
        """
        if key not in self._read_before:
            self._read_before[key] = self._store.read(key)
        return self._read_before[key]

    def versions(self, name: str, prefix: str = "releases/") -> list[str]:
        """Return the versions of a model that have a record, the latest first."""
        keys = self._store.keys(f"{prefix}{name}/")
        found = (key.rpartition("/")[2].removesuffix(SUFFIX) for key in keys)
        return sorted(filter(is_version, found), key=latest_first)

    def aliases(self, prefix: str, problems: Problems) -> dict[str, dict[str, str]]:
        """Return the version that each alias below *prefix* points to, by model and alias.

        Where the last move cannot be read the one before it counts: the alias stays where it was.
        """
        folders: defaultdict[str, list[str]] = defaultdict(list)
        for key in self._store.keys(prefix):
            folders[key.rpartition("/")[0]].append(key)
        found: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for folder, keys in folders.items():
            name, _, alias = folder.removeprefix("aliases/").partition("/")
            with _noting(problems, folder):
                check_alias(name, alias)
                if move := next(self._moves(reversed(_numbered(keys)), problems), None):
                    found[name][alias] = move.version
        return dict(found)

    def moves(self, name: str, alias: str) -> tuple[list[Move], int]:
        """Return every move of an alias that can be read, in order, and the next one's number."""
        numbered = _numbered(self._store.keys(alias_folder(name, alias)))
        number = _number(numbered[-1]) if numbered else 0
        return list(self._moves(numbered, {})), number + 1

    def inventory(self) -> Inventory:
        """Return everything.

        Raises:
            StorageError: the store fails.
        """
        problems: Problems = {}
        releases = self._read_all("releases/", problems, parse_release)
        retired = self._read_all(
            "retired/", problems, lambda content, _, __: parse_record(Retirement, content), _UNREAD
        )
        aliases = self.aliases("aliases/", problems)
        return Inventory(releases, aliases, retired, self._signatures(problems), problems)

    def _moves(self, keys: Iterable[str], problems: Problems) -> Generator[Move]:
        for key in keys:
            found: list[Move] = []
            with _noting(problems, key):
                found.append(parse_move(self.read(key)))
            yield from found

    def _read_all(
        self,
        prefix: str,
        problems: Problems,
        parse: Callable[[bytes, str, str], _T],
        unread: _T | None = None,
    ) -> dict[Place, _T]:
        """Read what is kept by name and version; *unread* stands for what cannot be read."""
        found: dict[Place, _T] = {}
        for key in self._store.keys(prefix):
            with _noting(problems, key):
                name, version = _place(key, prefix)
                if unread is not None:
                    found[name, version] = unread
                found[name, version] = parse(self.read(key), name, version)
        return found

    def _signatures(self, problems: Problems) -> dict[str, dict[str, bytes]]:
        found: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        for key in self._store.keys("signatures/"):
            digest, _, key_id = key.split("/", 1)[1].removesuffix(SUFFIX).partition("/")
            with _noting(problems, key):
                found[digest][key_id] = _parse_signature(self.read(key))
        return dict(found)


def file_key(digest: str) -> str:
    """Return where a file's content lies."""
    return f"files/{digest}"


def release_key(name: str, version: str) -> str:
    """Return where a release's record lies."""
    return f"releases/{name}/{version}{SUFFIX}"


def retired_key(name: str, version: str) -> str:
    """Return where it says that a release is retired."""
    return f"retired/{name}/{version}{SUFFIX}"


def signature_key(digest: str, key_id: str) -> str:
    """Return where a publisher's signature over a package lies."""
    return f"signatures/{digest}/{key_id}{SUFFIX}"


def move_key(name: str, alias: str, number: int) -> str:
    """Return where an alias's move of that number lies."""
    return f"{alias_folder(name, alias)}{number:0{_MOVE_DIGITS}d}{SUFFIX}"


def alias_folder(name: str, alias: str) -> str:
    """Return the folder of an alias's moves."""
    return f"aliases/{name}/{alias}/"


def _place(key: str, prefix: str) -> Place:
    name, _, version = key.removeprefix(prefix).removesuffix(SUFFIX).partition("/")
    check_names(name, version)
    if key != f"{prefix}{name}/{version}{SUFFIX}":
        raise IntegrityError(f"{key!r} is no record of the registry.")
    return name, version


def _numbered(keys: Iterable[str]) -> list[str]:
    """Return the keys of moves, in order; anything else that lies there is no move."""
    return sorted(filter(_number, keys), key=_number)


def _number(key: str) -> int:
    """Return a move's number, which begins at 1; 0 for what is none."""
    text = key.rpartition("/")[2]
    digits = text.removesuffix(SUFFIX)
    if not digits.isascii() or not digits.isdigit():
        return 0
    number = int(digits)
    return number if text == f"{number:0{_MOVE_DIGITS}d}{SUFFIX}" else 0


def _parse_signature(content: bytes) -> bytes:
    try:
        return bytes.fromhex(parse_record(Signed, content).signature)
    except ValueError:
        raise IntegrityError("A signature of the registry is no hexadecimal number.") from None


@contextmanager
def _noting(problems: Problems, key: str) -> Generator[None]:
    """Note what is wrong with one record, and go on; a store that fails is another matter."""
    try:
        yield
    except (StorageError, ConnectionLostError):
        raise
    except FilmgateError as error:
        problems[key.encode("ascii", "backslashreplace").decode()] = error
