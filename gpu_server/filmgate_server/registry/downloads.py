"""Releases on this machine: each file fetched once, verified, and never used before that."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import blake3

from filmgate.digest import CHUNK_BYTES
from filmgate.errors import ConnectionLostError, IntegrityError, ManifestError, StorageError
from filmgate_server.registry.content import digest_file, digest_package, package_files
from filmgate_server.registry.litter import remove_litter

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from typing import BinaryIO

    from filmgate_server.registry.objects import ObjectStore
    from filmgate_server.registry.records import FileEntry, Release

DAMAGED_MAX = 3
"""So often a file may arrive damaged, from its first byte on, before it counts as lost."""

STANDSTILLS_MAX = 3
"""So often the store may end its answer without having sent a byte."""

_READ_ONLY = 0o444
"""Packages are links to the cache's files: nobody may change them."""


class Downloads:
    """A content-addressed cache of files, and the packages made of them by hard links.

    Any number of processes may share it: one fetches a file, the others wait for it.

    Args:
        store: where releases lie.
        folder: of the cache; it lies on one file system, which knows hard links.

    Attributes:
        packages: holds ``<name>/<version>`` for each release that is here whole: a folder for
            `filmgate_server.registry.local.LocalRegistry`.

    Raises:
        StorageError: the cache's folders cannot be made.
    """

    def __init__(self, store: ObjectStore, folder: Path) -> None:
        self._store = store
        self._files = folder / "files"
        self._parts = folder / "parts"
        self.packages = folder / "packages"
        with _disk_errors():
            for each in (self._files, self._parts, self.packages):
                each.mkdir(parents=True, exist_ok=True)
            remove_litter(self.packages.glob("*/.*"))

    def path(self, release: Release) -> Path:
        """Return where a release's package is, or will be."""
        return self.packages / release.name / release.version

    def is_sound(self, release: Release) -> bool:
        """Say whether a release is here, every byte of it as it was published."""
        path = self.path(release)
        try:
            return path.is_dir() and digest_package(path).hex() == release.digest
        except (ManifestError, OSError):
            return False

    def pull(self, release: Release) -> Path:
        """Return the release's package folder, fetching what is missing or damaged of it.

        Raises:
            IntegrityError: the store's content is not what was published.
            StorageError: the store does not answer, or the disk is full; what has arrived is kept,
                and the next pull goes on from there.
        """
        target = self.path(release)
        with _disk_errors(), self._lock(f"{release.name}-{release.version}"):
            if not self.is_sound(release):
                self._drop(release)
                for entry in release.files:
                    self._fetch(entry)
                self._assemble(release, target)
        return target

    def _drop(self, release: Release) -> None:
        """Forget a damaged package and those of its files that are."""
        target = self.path(release)
        if not target.exists():
            return
        doomed = target.parent / f".damaged-{secrets.token_hex(8)}"
        target.rename(doomed)
        for entry in release.files:
            kept = self._files / entry.digest
            if kept.exists() and digest_file(kept).hex() != entry.digest:
                kept.unlink()
        shutil.rmtree(doomed)

    def _fetch(self, entry: FileEntry) -> None:
        kept = self._files / entry.digest
        with self._lock(entry.digest):
            if kept.exists() and digest_file(kept).hex() == entry.digest:
                return
            path = self._parts / entry.digest
            with _open_part(path) as part:
                for _ in range(DAMAGED_MAX):
                    if self._complete(entry, part):
                        path.replace(kept)
                        return
                    part.truncate(0)
            path.unlink()
        raise IntegrityError(
            f"{entry.path} is not in the registry as it was published.",
            "Publish the model under another version; tell who looks after the registry.",
        )

    def _complete(self, entry: FileEntry, part: BinaryIO) -> bool:
        """Fetch from where the last attempt stopped; say whether it is what was published."""
        hasher = blake3.blake3()
        part.seek(0)
        while piece := part.read(CHUNK_BYTES):
            hasher.update(piece)
        standstills = 0
        while part.tell() < entry.size_bytes:
            before = part.tell()
            try:
                self._append(entry, part, hasher)
            except (StorageError, ConnectionLostError):
                standstills += part.tell() == before
                if standstills == STANDSTILLS_MAX:
                    raise
        if part.tell() > entry.size_bytes or hasher.hexdigest() != entry.digest:
            return False
        part.flush()
        os.fsync(part.fileno())
        os.fchmod(part.fileno(), _READ_ONLY)
        return True

    def _append(self, entry: FileEntry, part: BinaryIO, hasher: blake3.blake3) -> None:
        """Add what the store sends, up to one piece too many."""
        for piece in self._store.stream(f"files/{entry.digest}", part.tell()):
            _write(part, piece)
            hasher.update(piece)
            if part.tell() > entry.size_bytes:
                return
        if part.tell() < entry.size_bytes:
            raise StorageError("The registry's store ended its answer too early.")

    def _assemble(self, release: Release, target: Path) -> None:
        """Make the package of its files and show it whole, or not at all."""
        draft = target.parent / f".{release.version}-{secrets.token_hex(8)}"
        try:
            for entry in release.files:
                place = draft / entry.path
                place.parent.mkdir(parents=True, exist_ok=True)
                os.link(self._files / entry.digest, place)
            if {relative for relative, _ in package_files(draft)} != set(_paths(release)):
                raise IntegrityError(f"{release.reference} is not what was published.")
            draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    @contextmanager
    def _lock(self, name: str) -> Generator[None]:
        """Keep other processes, and this one's other threads, from doing the same."""
        with (self._parts / f"{name}.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _paths(release: Release) -> list[str]:
    return [entry.path for entry in release.files]


def _open_part(path: Path) -> BinaryIO:
    """Open what has arrived of a file."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    return os.fdopen(descriptor, "r+b", buffering=0)


def _write(part: BinaryIO, piece: bytes) -> None:
    """Write all of it: without a buffer, what is counted as arrived has arrived."""
    view = memoryview(piece)
    while view:
        view = view[part.write(view) :]


@contextmanager
def _disk_errors() -> Generator[None]:
    try:
        yield
    except OSError as error:
        text = f"The model cache fails ({error.strerror})."
        raise StorageError(text, "Look for what fills the disk of `registry_cache`.") from error
