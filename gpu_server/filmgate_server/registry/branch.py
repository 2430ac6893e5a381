"""A shared registry as this machine has it: what of it is here, may be used, and is missing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from filmgate.errors import FilmgateError, IntegrityError, ManifestError, StorageError
from filmgate_server.registry.content import marks_of
from filmgate_server.registry.downloads import Downloads
from filmgate_server.registry.inventory import Inventory, load_inventory, save_inventory
from filmgate_server.registry.local import Package, Problem, load_package
from filmgate_server.registry.offer import Published

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from filmgate_server.registry.content import Marks
    from filmgate_server.registry.records import Release
    from filmgate_server.registry.shared import SharedRegistry
    from filmgate_server.registry.trust import Trust

    _Mark = tuple[str, Marks]

RETRY_S = 5.0
"""After a failure of the store or the disk."""

RETRY_DAMAGED_S = 600.0
"""What is damaged in the registry is fetched again only after so long."""


class Branch:
    """Keeps what a server needs of a registry in a folder of its own.

    Args:
        registry: where releases come from.
        folder: the cache.
        trust: which of them may be used.

    Attributes:
        is_new: whether nothing of the registry has ever been read here.
        trouble: why the registry could not be read the last time; empty if it could.

    Raises:
        StorageError: the cache cannot be used.
    """

    def __init__(self, registry: SharedRegistry, folder: Path, trust: Trust) -> None:
        self._registry = registry
        self._downloads = Downloads(registry.store, folder)
        self._trust = trust
        self._copy = folder / "inventory.json"
        known = load_inventory(self._copy)
        self.is_new = known is None
        self.trouble = ""
        self._inventory = known or Inventory()
        self._seen: dict[str, tuple[_Mark, Package | FilmgateError | None]] = {}
        self._failed: dict[str, tuple[FilmgateError, float]] = {}

    def refresh(self) -> None:
        """Read the registry anew; where that fails, what was known stands."""
        try:
            self._inventory = self._checked(self._registry.inventory())
            save_inventory(self._inventory, self._copy)
            self.trouble, self.is_new = "", False
        except FilmgateError as error:
            self.trouble = str(error)
        except OSError as error:
            self.trouble = f"The model cache cannot be written ({error.strerror})."

    def _checked(self, inventory: Inventory) -> Inventory:
        """Return *inventory* if it holds all that was there before: what is published stays.

        Raises:
            StorageError: something is missing; a mount may be away, or somebody hides something.
        """
        if lost := inventory.lacks(self._inventory):
            raise StorageError(
                f"The registry has lost {len(lost)} of its records, the {lost[0]} among them.",
                "Look whether it is mounted. Where they were removed for good, remove the cache "
                "and restart the server.",
            )
        return inventory

    def pull_next(self, asked: Collection[str]) -> bool:
        """Fetch one release that is needed and not here; return whether there was any.

        What was asked for goes first, and what has failed lately goes last: where a store answers
        too slowly to give anything, each release still gets its turn.

        Args:
            asked: ``name@version`` of releases that somebody has asked for.
        """
        missing = [
            each
            for each in self._needed(asked)
            if self._package(each) is None and not self._gave_up(each)
        ]
        if missing:
            self._pull(min(missing, key=lambda each: self._turn(each, asked)))
        return bool(missing)

    def _turn(self, release: Release, asked: Collection[str]) -> tuple[bool, float]:
        _, failed_at_s = self._failed.get(release.reference, (None, 0.0))
        return release.reference not in asked, failed_at_s

    def packages(self) -> list[Package]:
        """Return every release that is here, sound, trusted and not retired."""
        found = (self._package(release) for release in self._usable())
        return [package for package in found if package is not None]

    def problems(self) -> list[Problem]:
        """Return what cannot be used, and why."""
        records = [Problem(Path(key), each) for key, each in self._inventory.problems.items()]
        failed = [Problem(_place(reference), each) for reference, (each, _) in self._failed.items()]
        return records + failed

    def published(self) -> Published:
        """Return what the registry says beyond the packages that are here."""
        retired: dict[str, dict[str, str]] = {}
        for (name, version), each in self._inventory.retired.items():
            retired.setdefault(name, {})[version] = each.words(name, version)
        absent: dict[str, dict[str, str]] = {}
        for release in self._usable():
            if self._package(release) is None:
                absent.setdefault(release.name, {})[release.version] = release.digest
        return Published(self._inventory.aliases, retired, absent)

    def _usable(self) -> Iterator[Release]:
        for releases in self._inventory.usable().values():
            yield from releases

    def _needed(self, asked: Collection[str]) -> Iterator[Release]:
        """Yield each model's latest version, what aliases point to, and what was asked for."""
        aliases = self._inventory.aliases
        for name, releases in self._inventory.usable().items():
            trusted = [each for each in releases if self._is_trusted(each)]
            yield from trusted[:1]
            pointed = set(aliases.get(name, {}).values())
            for release in trusted[1:]:
                if release.version in pointed or release.reference in asked:
                    yield release

    def _is_trusted(self, release: Release) -> bool:
        try:
            self._trust.check(release, self._inventory.signatures_of(release))
        except ManifestError as error:
            self._fail(release, error)
            return False
        known = self._failed.get(release.reference)
        if known is not None and isinstance(known[0], ManifestError):
            self._failed.pop(release.reference)  # it was signed since, or published before it was
        return True

    def _pull(self, release: Release) -> None:
        try:
            self._downloads.pull(release)
            self._seen.pop(release.reference, None)
            self._failed.pop(release.reference, None)
        except FilmgateError as error:
            self._fail(release, error)

    def _package(self, release: Release) -> Package | None:
        """Return a release's package if it is here and may be used."""
        if not self._is_trusted(release):
            return None
        try:
            package = self._load(release)
            if package is not None:
                signatures = self._inventory.signatures_of(release)
                self._trust.check_manifest(release, package.manifest, signatures)
        except FilmgateError as error:
            self._fail(release, error)
            return None
        if package is not None:
            self._failed.pop(release.reference, None)
        return package

    def _load(self, release: Release) -> Package | None:
        """Return a release's package if it is here and sound; hashed once, until it is changed.

        Raises:
            ManifestError: it can never be used.
        """
        mark = release.digest, marks_of(self._downloads.path(release))
        before, found = self._seen.get(release.reference, (None, None))
        if before != mark:
            found = self._examine(release)
            self._seen[release.reference] = mark, found
        if isinstance(found, FilmgateError):
            raise found
        return found

    def _examine(self, release: Release) -> Package | FilmgateError | None:
        if not self._downloads.is_sound(release):
            return None
        try:
            package = load_package(self._downloads.path(release))
        except FilmgateError as error:
            return error
        if package.reference != release.reference:  # a signature covers the package, not its record
            text = f"{release.reference} of the registry holds {package.reference}."
            return ManifestError(text, "Whoever wrote its record did not publish it: retire it.")
        return package

    def _fail(self, release: Release, error: FilmgateError) -> None:
        self._failed[release.reference] = error, time.monotonic()

    def _gave_up(self, release: Release) -> bool:
        """Say whether it is not to be fetched now."""
        if release.reference not in self._failed:
            return False
        error, at_s = self._failed[release.reference]
        wait_s = RETRY_DAMAGED_S if isinstance(error, IntegrityError) else RETRY_S
        return isinstance(error, ManifestError) or time.monotonic() - at_s < wait_s


def _place(reference: str) -> Path:
    return Path(reference.replace("@", "/"))
