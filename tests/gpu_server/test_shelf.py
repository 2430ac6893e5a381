"""The models a worker keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.pool import NEGATIVE, make_package
from filmgate.errors import ManifestError
from filmgate_server.registry.local import load_package
from filmgate_server.shelf import LOADED_MAX, Shelf


def shelf(loads: list[bool] | None = None) -> Shelf:
    """Return an empty shelf that notes when it loads."""
    return Shelf("cpu", 0, (loads if loads is not None else []).append)


def test_model_is_loaded_once(tmp_path: Path) -> None:
    """The second frame finds package and runtime where the first left them."""
    loads: list[bool] = []
    models = shelf(loads)
    path = make_package(tmp_path, NEGATIVE)
    digest = load_package(path).digest
    first, second = (models.runtime(models.package(path, digest)) for _ in range(2))
    assert first is second
    assert loads == [True, False, True, False]


def test_least_recently_used_model_goes(tmp_path: Path) -> None:
    """What is asked for again stays; what is not is unloaded when the shelf is full."""
    models = shelf()
    packages = [
        load_package(make_package(tmp_path, NEGATIVE, f"model{number}"))
        for number in range(LOADED_MAX + 1)
    ]
    loaded = [models.runtime(package) for package in packages[:LOADED_MAX]]
    assert models.runtime(packages[0]) is loaded[0]
    models.runtime(packages[-1])
    assert models.runtime(packages[0]) is loaded[0]
    assert models.runtime(packages[1]) is not loaded[1]


def test_changed_package_is_refused(tmp_path: Path) -> None:
    """The digest is of what will run, not of what was there once."""
    path = make_package(tmp_path, NEGATIVE)
    digest = load_package(path).digest
    (path / "model.py").write_text("class Model: pass")
    with pytest.raises(ManifestError, match="changed"):
        shelf().package(path, digest)


def test_failed_load_ends_the_patience(tmp_path: Path) -> None:
    """A package that cannot be loaded does not leave the worker marked as loading."""
    loads: list[bool] = []
    path = make_package(tmp_path, "raise RuntimeError")
    with pytest.raises(ManifestError):
        shelf(loads).runtime(load_package(path))
    assert loads == [True, False]
