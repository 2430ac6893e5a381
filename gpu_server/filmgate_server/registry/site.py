"""The folders of packages that a site has configured, looked at again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from filmgate_server.registry.content import marks_of
from filmgate_server.registry.local import LocalRegistry, load_package

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from filmgate_server.registry.content import Marks
    from filmgate_server.registry.local import Package, Problem


class SiteFolders:
    """Reads packages whose files have changed, and only once they stand still.

    Args:
        folders: searched in this order; each is trusted by being configured.

    Attributes:
        unsettled: whether something changed between the last two looks.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._first = True
        self._read: dict[Path, tuple[Marks, Package]] = {}
        self._seen: dict[Path, Marks] = {}
        self.unsettled = False

    def look(self) -> tuple[list[Package], list[Problem]]:
        """Return the packages that can be used, and what is wrong with the others."""
        self.unsettled = False
        self._seen, before = {}, self._seen
        registry = LocalRegistry(self._folders, lambda path: self._load(path, before))
        self._first = False
        broken = {problem.path for problem in registry.problems}
        kept = [package for path, (_, package) in self._read.items() if path in broken]
        return [*registry.packages(), *kept], registry.problems  # workers may have those loaded

    def _load(self, path: Path, before: dict[Path, Marks]) -> Package:
        """Return the package in *path*: as it was, while it is being changed.

        Raises:
            FilmgateError: as `load_package` raises.
        """
        marks = self._seen[path] = marks_of(path)
        known = self._read.get(path)
        if known is not None and known[0] == marks:
            return known[1]
        if known is not None and before.get(path) != marks:
            self.unsettled = True
            return known[1]
        package = load_package(path)
        if not self._first and before.get(path) != marks:
            self.unsettled = True  # it may still be copied: another look follows soon
        self._read[path] = marks, package
        return package
