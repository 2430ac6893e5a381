"""Model packages in local folders: ``<folder>/<name>[/<version>]/model.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filmgate.errors import FilmgateError, ManifestError
from filmgate.manifest import Manifest, parse_manifest
from filmgate.manifest.lines import syntax_error, with_line
from filmgate_server.registry.content import MANIFEST_FILE, digest_package, locate
from filmgate_server.registry.offer import Offer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Load = Callable[[Path], "Package"]

_HIDDEN = (".", "__")


@dataclass(frozen=True)
class Package:
    """A model package that can be used.

    Attributes:
        manifest: what its ``model.toml`` says.
        path: its folder.
        digest: 32 bytes over everything it holds; see `digest_package`.
    """

    manifest: Manifest
    path: Path
    digest: bytes

    @property
    def reference(self) -> str:
        """``name@version``."""
        return f"{self.manifest.name}@{self.manifest.version}"


@dataclass(frozen=True)
class Problem:
    """A package that cannot be used: its folder, or ``name/version`` of a release."""

    path: Path
    error: FilmgateError


class LocalRegistry(Offer):
    """The packages found in *folders* at the time of construction.

    A package that cannot be used takes no other one down: it is listed in `problems`. Of two
    packages with the same name and version the one in the earlier folder counts.

    Args:
        folders: searched in this order; one that does not exist is a problem, not an error.
        load: reads the package in a folder, as `load_package` does.
    """

    def __init__(self, folders: Sequence[Path], load: Load | None = None) -> None:
        self.problems: list[Problem] = []
        self._load = load or load_package
        self._found: dict[str, Package] = {}
        for folder in folders:
            for path in self._candidates(folder):
                self._admit(path, folder)
        super().__init__(self._found.values(), self.problems)

    def _candidates(self, folder: Path) -> Iterator[Path]:
        for path in self._subfolders(folder):
            versions = [] if (path / MANIFEST_FILE).exists() else self._subfolders(path)
            yield from versions or [path]

    def _subfolders(self, folder: Path) -> list[Path]:
        try:
            paths = sorted(folder.iterdir())
        except OSError as error:
            self._report(folder, ManifestError(f"{folder} cannot be read: {error.strerror}."))
            return []
        return [path for path in paths if path.is_dir() and not path.name.startswith(_HIDDEN)]

    def _admit(self, path: Path, folder: Path) -> None:
        try:
            package = self._load(path)
            self._check_place(package, folder)
        except FilmgateError as error:
            self._report(path, error)
            return
        first = self._found.setdefault(package.reference, package)
        if first is not package:
            text = f"{package.reference} is already given by {first.path}."
            self._report(path, ManifestError(text, "Give one of them another version."))

    def _check_place(self, package: Package, folder: Path) -> None:
        manifest, place = package.manifest, package.path.relative_to(folder).parts
        if place not in ((manifest.name,), (manifest.name, manifest.version)):
            raise ManifestError(
                f"{package.path} holds {package.reference}.",
                "Name the folder after the model, and its subfolder after the version.",
            )

    def _report(self, path: Path, error: FilmgateError) -> None:
        self.problems.append(Problem(path, error))


def load_package(path: Path) -> Package:
    """Read the package in the folder *path*.

    Raises:
        ManifestError: it cannot be used; the text names the field or the file.
    """
    if path.is_symlink():
        raise ManifestError(f"{path} is a symbolic link: a package is a folder of its own.")
    try:
        manifest = load_manifest(path)
        _check_files(path, manifest)
        return Package(manifest, path, digest_package(path))
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}.") from error


def load_manifest(path: Path) -> Manifest:
    """Read the ``model.toml`` of the package in the folder *path*.

    Raises:
        ManifestError: names the line, the field and what would fit.
    """
    file = locate(path, MANIFEST_FILE)
    try:
        text = file.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except ValueError as error:  # of the encoding or of TOML
        raise syntax_error(error, MANIFEST_FILE) from error
    try:
        return parse_manifest(document)
    except ManifestError as error:
        raise with_line(error, text, MANIFEST_FILE) from error


def _check_files(path: Path, manifest: Manifest) -> None:
    if manifest.runtime.engine != "oidn":
        locate(path, manifest.runtime.entry.partition(":")[0])
    for weights in manifest.weights:
        locate(path, weights.file)
