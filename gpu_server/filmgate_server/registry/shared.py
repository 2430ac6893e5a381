"""The shared registry: releases that never change, aliases that move, and who did what.

`open_registry` is where the command line begins; every method is a command of its own.

Everything is an object that is written once, so a folder and a bucket behave alike::

    files/<blake3>                     the content of each file, once
    releases/<name>/<version>.json     the commit of a publication, written last
    signatures/<digest>/<key>.json     who vouches for the package of that digest
    aliases/<name>/<alias>/<n>.json    the alias after its n-th move: the highest one counts
    retired/<name>/<version>.json      the release must not be used any more, and why

A mover of an alias writes the number after the one that it saw; of two racers the store lets one.
"""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from filmgate.digest import digest_text
from filmgate.errors import (
    BusyError,
    IntegrityError,
    ManifestError,
    RetiredModelError,
    UnknownModelError,
)
from filmgate_server.registry.content import digest_file, package_files
from filmgate_server.registry.folder import FolderStore
from filmgate_server.registry.inventory import Inventory
from filmgate_server.registry.local import load_package
from filmgate_server.registry.objects import MissingObjectError, TakenError
from filmgate_server.registry.records import (
    FileEntry,
    Move,
    Release,
    Retirement,
    Signed,
    check_names,
    is_alias,
    is_version,
    latest_first,
    parse_record,
    parse_release,
    to_record,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from filmgate_server.registry.local import Package
    from filmgate_server.registry.objects import ObjectStore
    from filmgate_server.registry.signatures import PublisherKey

S3_SCHEME = "s3://"
_MOVE_DIGITS = 8
_SUFFIX = ".json"
_T = TypeVar("_T")


def open_registry(address: str, endpoint: str = "") -> SharedRegistry:
    """Return the registry at *address*; nothing is read or written yet.

    Args:
        address: a folder, or ``s3://bucket/prefix``.
        endpoint: of an S3 store that is not AWS, for example ``https://s3.studio.example``.

    Raises:
        ConfigError: the address cannot be one.
    """
    if not address.startswith(S3_SCHEME):
        return SharedRegistry(FolderStore(Path(address).expanduser()))
    from filmgate_server.registry.s3 import S3Store  # noqa: PLC0415 - boto3 takes a while

    return SharedRegistry(S3Store(address, endpoint))


class SharedRegistry:
    """Publishes, finds and retires releases.

    Args:
        store: where everything lies.
        clock: seconds since 1970.

    Attributes:
        store: where everything lies.
    """

    def __init__(self, store: ObjectStore, clock: Callable[[], float] = time.time) -> None:
        self.store = store
        self._clock = clock
        self._read_before: dict[str, bytes] = {}

    def publish(self, path: Path, publisher: str, key: PublisherKey | None = None) -> Release:
        """Publish the package in the folder *path*; the same content again is the same release.

        Args:
            path: the package's folder.
            publisher: who it is, for the record.
            key: to sign it with; a package with code needs that.

        Raises:
            ManifestError: it cannot be used, or the version is published with other content.
            FilmgateError: as `ObjectStore` raises.
        """
        release = self._describe(load_package(path), publisher)
        for entry in release.files:
            self.store.upload(_file_key(entry), path / entry.path, entry.digest)
        if key is not None:
            self.sign(release, key)
        try:
            self.store.create(_release_key(release.name, release.version), to_record(release))
        except TakenError:
            return self._published(release)
        return release

    def sign(self, release: Release, key: PublisherKey) -> None:
        """Vouch for a release; any number of publishers may."""
        digest = bytes.fromhex(release.digest)
        record = to_record(Signed(key.sign(digest).hex()))
        _create_once(self.store, f"signatures/{release.digest}/{key.key_id}{_SUFFIX}", record)

    def release(self, name: str, version: str) -> Release:
        """Return a release, retired or not.

        Raises:
            UnknownModelError: there is none.
        """
        _check_reference(name, version)
        try:
            content = self._read(_release_key(name, version))
        except MissingObjectError:
            raise UnknownModelError(f"The registry has no {name}@{version}.") from None
        return parse_release(content, name, version)

    def resolve(self, ref: str) -> Release:
        """Find a release that is not retired.

        Args:
            ref: ``name`` (its highest version), ``name@1.0.0``, ``name@blake3:<hex>`` or
                ``name@alias``.

        Raises:
            UnknownModelError: there is none.
            RetiredModelError: there was one.
        """
        name, at, wanted = ref.partition("@")
        if is_alias(wanted):
            wanted = self.aliases(name).get(wanted, wanted)
        found = self._find(name, wanted) if at else self._latest(name)
        if found is None:
            raise UnknownModelError(f"The registry has no {ref}.")
        self.refuse_retired(found.name, found.version)
        return found

    def releases(self) -> list[Release]:
        """Return every release that is not retired, by name, the latest version first."""
        inventory = self.inventory()
        found = [each for at, each in inventory.releases.items() if at not in inventory.retired]
        return sorted(found, key=lambda each: (each.name, latest_first(each.version)))

    def aliases(self, name: str) -> dict[str, str]:
        """Return the version that each alias of a model points to."""
        return self._aliases(f"aliases/{name}/").get(name, {})

    def history(self, name: str, alias: str) -> list[Move]:
        """Return every move of an alias, the first one first."""
        keys = self.store.keys(_alias_folder(name, alias))
        return [parse_record(Move, self._read(key)) for key in keys]

    def move_alias(self, name: str, alias: str, version: str, mover: str) -> Move:
        """Let an alias point to a release.

        Raises:
            ManifestError: *alias* is no name for one.
            UnknownModelError: there is no such release, or it is retired.
            BusyError: somebody else moved it at the same time; nothing was changed.
        """
        if not is_alias(alias):
            raise ManifestError(f"{alias!r} is no alias.", "Use lower-case letters, digits, - _.")
        self.release(name, version)
        self.refuse_retired(name, version)
        moves = self.history(name, alias)
        move = Move(version, moves[-1].version if moves else "", mover, self._clock())
        key = f"{_alias_folder(name, alias)}{len(moves) + 1:0{_MOVE_DIGITS}d}{_SUFFIX}"
        try:
            self.store.create(key, to_record(move))
        except TakenError:
            text = f"Somebody else has just moved {name}@{alias}."
            raise BusyError(text, "See where it points now, then decide again.") from None
        return move

    def retire(self, name: str, version: str, reason: str, who: str) -> None:
        """Let a release be used no more; the first reason counts.

        Raises:
            UnknownModelError: there is no such release.
        """
        self.release(name, version)
        record = to_record(Retirement(reason, who, self._clock()))
        _create_once(self.store, _retired_key(name, version), record)

    def refuse_retired(self, name: str, version: str) -> None:
        """Raise if a release is retired.

        Raises:
            RetiredModelError: it is; the text says why.
        """
        try:
            content = self._read(_retired_key(name, version))
        except MissingObjectError:
            return
        why = parse_record(Retirement, content).words(name, version)
        raise RetiredModelError(why)

    def inventory(self) -> Inventory:
        """Return everything; what was read before is not read again, for it never changes."""
        problems: dict[str, IntegrityError] = {}
        releases = self._read_all("releases/", problems, parse_release)
        retired = self._read_all(
            "retired/", problems, lambda content, _, __: parse_record(Retirement, content)
        )
        return Inventory(
            releases, self._aliases("aliases/", problems), retired, self._signatures(problems),
            problems,
        )  # fmt: skip

    def _read_all(
        self,
        prefix: str,
        problems: dict[str, IntegrityError],
        parse: Callable[[bytes, str, str], _T],
    ) -> dict[tuple[str, str], _T]:
        """Read what is kept by name and version; a record that cannot be read is a problem."""
        found: dict[tuple[str, str], _T] = {}
        for key in self.store.keys(prefix):
            name, _, version = key.removeprefix(prefix).removesuffix(_SUFFIX).partition("/")
            try:
                check_names(name, version)
                found[name, version] = parse(self._read(key), name, version)
            except IntegrityError as error:
                problems[key] = error
        return found

    def _aliases(
        self, prefix: str, problems: dict[str, IntegrityError] | None = None
    ) -> dict[str, dict[str, str]]:
        last = {key.rpartition("/")[0]: key for key in self.store.keys(prefix)}
        found: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for folder, key in last.items():
            name, _, alias = folder.removeprefix("aliases/").partition("/")
            try:
                found[name][alias] = parse_record(Move, self._read(key)).version
            except IntegrityError as error:
                if problems is None:
                    raise
                problems[key] = error
        return dict(found)

    def _signatures(self, problems: dict[str, IntegrityError]) -> dict[str, dict[str, bytes]]:
        found: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        for key in self.store.keys("signatures/"):
            digest, _, key_id = key.split("/", 1)[1].removesuffix(_SUFFIX).partition("/")
            try:
                found[digest][key_id] = _parse_signature(self._read(key))
            except IntegrityError as error:
                problems[key] = error
        return dict(found)

    def _read(self, key: str) -> bytes:
        if key not in self._read_before:
            self._read_before[key] = self.store.read(key)
        return self._read_before[key]

    def _versions(self, name: str) -> list[str]:
        keys = self.store.keys(f"releases/{name}/")
        found = (key.rpartition("/")[2].removesuffix(_SUFFIX) for key in keys)
        return sorted(filter(is_version, found), key=latest_first)

    def _latest(self, name: str) -> Release | None:
        """Return the latest release that is not retired; the latest one if all are."""
        versions = self._versions(name)
        gone = {key.rpartition("/")[2].removesuffix(_SUFFIX) for key in self._retired_of(name)}
        usable = [each for each in versions if each not in gone] or versions
        return self.release(name, usable[0]) if usable else None

    def _retired_of(self, name: str) -> list[str]:
        return self.store.keys(f"retired/{name}/")

    def _find(self, name: str, wanted: str) -> Release | None:
        for version in self._versions(name):
            if version == wanted:
                return self.release(name, version)
        found = (self.release(name, version) for version in self._versions(name))
        return next(
            (each for each in found if digest_text(bytes.fromhex(each.digest)) == wanted), None
        )

    def _describe(self, package: Package, publisher: str) -> Release:
        files = tuple(
            FileEntry(relative, digest_file(path).hex(), path.stat().st_size)
            for relative, path in package_files(package.path)
        )
        manifest, digest = package.manifest, package.digest.hex()
        return Release(manifest.name, manifest.version, digest, files, publisher, self._clock())

    def _published(self, release: Release) -> Release:
        there = self.release(release.name, release.version)
        if there.digest == release.digest:
            return there
        raise ManifestError(
            f"{release.reference} was published by {there.publisher} with other content.",
            "Give the package another version: what is published never changes.",
        )


def _parse_signature(content: bytes) -> bytes:
    try:
        return bytes.fromhex(parse_record(Signed, content).signature)
    except ValueError:
        raise IntegrityError("A signature of the registry is no hexadecimal number.") from None


def _check_reference(name: str, version: str) -> None:
    try:
        check_names(name, version)
    except IntegrityError:
        raise UnknownModelError(f"The registry has no {name}@{version}.") from None


def _create_once(store: ObjectStore, key: str, record: bytes) -> None:
    with suppress(TakenError):  # the first one counts
        store.create(key, record)


def _file_key(entry: FileEntry) -> str:
    return f"files/{entry.digest}"


def _release_key(name: str, version: str) -> str:
    return f"releases/{name}/{version}{_SUFFIX}"


def _retired_key(name: str, version: str) -> str:
    return f"retired/{name}/{version}{_SUFFIX}"


def _alias_folder(name: str, alias: str) -> str:
    return f"aliases/{name}/{alias}/"
