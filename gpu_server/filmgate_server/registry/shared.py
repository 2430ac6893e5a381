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
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filmgate.digest import digest_text
from filmgate.errors import (
    BusyError,
    IntegrityError,
    ManifestError,
    RetiredModelError,
    UnknownModelError,
)
from filmgate_server.registry.archive import (
    Archive,
    file_key,
    move_key,
    release_key,
    retired_key,
    signature_key,
)
from filmgate_server.registry.content import digest_file, package_files
from filmgate_server.registry.folder import FolderStore
from filmgate_server.registry.local import load_package
from filmgate_server.registry.objects import SMALL_BYTES_MAX, MissingObjectError, TakenError
from filmgate_server.registry.records import (
    FileEntry,
    Move,
    Release,
    Retirement,
    Signed,
    check_names,
    is_alias,
    latest_first,
    parse_record,
    parse_release,
    to_record,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from filmgate_server.registry.inventory import Inventory
    from filmgate_server.registry.local import Package
    from filmgate_server.registry.objects import ObjectStore
    from filmgate_server.registry.signatures import PublisherKey

S3_SCHEME = "s3://"


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
        self._archive = Archive(store)

    def publish(self, path: Path, publisher: str, key: PublisherKey | None = None) -> Release:
        """Publish the package in the folder *path*; the same content again is the same release.

        Args:
            path: the package's folder.
            publisher: who it is, for the record.
            key: to sign it with; a package with code needs that.

        Raises:
            ManifestError: it cannot be used, no reader would take its record, or the version is
                published with other content.
            FilmgateError: as `ObjectStore` raises.
        """
        release = self._describe(load_package(path), publisher)
        _check_release(release)
        for entry in release.files:
            self.store.upload(file_key(entry.digest), path / entry.path, entry.digest)
        if key is not None:
            self.sign(release, key)
        try:
            self.store.create(release_key(release.name, release.version), to_record(release))
        except TakenError:
            return self._published(release)
        return release

    def sign(self, release: Release, key: PublisherKey) -> None:
        """Vouch for a release; any number of publishers may."""
        digest = bytes.fromhex(release.digest)
        record = to_record(Signed(key.sign(digest).hex()))
        _create_once(self.store, signature_key(release.digest, key.key_id), record)

    def release(self, name: str, version: str) -> Release:
        """Return a release, retired or not.

        Raises:
            UnknownModelError: there is none.
        """
        _check_reference(name, version)
        try:
            content = self._archive.read(release_key(name, version))
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
        return self._archive.aliases(f"aliases/{name}/", {}).get(name, {})

    def history(self, name: str, alias: str) -> list[Move]:
        """Return every move of an alias that can be read, the first one first."""
        return self._archive.moves(name, alias)[0]

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
        moves, number = self._archive.moves(name, alias)
        move = Move(version, moves[-1].version if moves else "", mover, self._clock())
        try:
            self.store.create(move_key(name, alias, number), to_record(move))
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
        record = to_record(Retirement(" ".join(reason.split()), who, self._clock()))
        _create_once(self.store, retired_key(name, version), record)

    def refuse_retired(self, name: str, version: str) -> None:
        """Raise if a release is retired.

        Raises:
            RetiredModelError: it is; the text says why.
        """
        try:
            content = self._archive.read(retired_key(name, version))
        except MissingObjectError:
            return
        why = parse_record(Retirement, content).words(name, version)
        raise RetiredModelError(why)

    def inventory(self) -> Inventory:
        """Return everything; what was read before is not read again, for it never changes."""
        return self._archive.inventory()

    def _latest(self, name: str) -> Release | None:
        """Return the latest release that is not retired; the latest one if all are."""
        versions = self._archive.versions(name)
        gone = self._archive.versions(name, "retired/")
        usable = [each for each in versions if each not in gone] or versions
        return self.release(name, usable[0]) if usable else None

    def _find(self, name: str, wanted: str) -> Release | None:
        for version in self._archive.versions(name):
            if version == wanted:
                return self.release(name, version)
        found = (self.release(name, version) for version in self._archive.versions(name))
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


def _check_release(release: Release) -> None:
    """Refuse at once what every reader would refuse."""
    record = to_record(release)
    try:
        parse_release(record, release.name, release.version)
    except IntegrityError as error:
        raise ManifestError(f"{release.reference} cannot be published. {error.text}") from error
    if len(record) > SMALL_BYTES_MAX:
        raise ManifestError(f"{release.reference} has too many files to be published.")


def _check_reference(name: str, version: str) -> None:
    try:
        check_names(name, version)
    except IntegrityError:
        raise UnknownModelError(f"The registry has no {name}@{version}.") from None


def _create_once(store: ObjectStore, key: str, record: bytes) -> None:
    with suppress(TakenError):  # the first one counts
        store.create(key, record)
