"""The models a worker keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.pool import NEGATIVE, make_package
from filmgate.errors import DeviceMemoryError, ManifestError
from filmgate_server.registry.local import Package, load_package
from filmgate_server.worker.measurements import Measurements
from filmgate_server.worker.memory import FakeMemory
from filmgate_server.worker.shelf import Shelf

MIB = 1 << 20


def shelf(loads: list[bool] | None = None, mebibytes: int = 100) -> Shelf:
    """Return an empty shelf on a small device, that notes when it loads."""
    told = (loads if loads is not None else []).append
    return Shelf("fake", 0, FakeMemory(mebibytes * MIB), Measurements(), told)


def model(folder: Path, name: str, mebibytes: int = 0) -> Package:
    """Return a package that takes so much of the device."""
    return load_package(make_package(folder, NEGATIVE, name, f"model_mib = {mebibytes}"))


def use(models: Shelf, *packages: Package) -> list[str]:
    """Use each package once, and return what is loaded in the end."""
    for package in packages:
        with models.lease(package):
            pass
    return sorted(models.references.values())


def test_model_is_loaded_once(tmp_path: Path) -> None:
    """The second frame finds package and runtime where the first left them."""
    loads: list[bool] = []
    models = shelf(loads)
    path = make_package(tmp_path, NEGATIVE)
    digest = load_package(path).digest
    with models.lease(models.package(path, digest)) as first:
        pass
    with models.lease(models.package(path, digest)) as second:
        assert first.runtime is second.runtime
    assert loads == [True, False, True, False]


def test_models_share_the_device_by_bytes(tmp_path: Path) -> None:
    """However many they are: what fits stays."""
    packages = [model(tmp_path, f"model{number}", 20) for number in range(5)]
    models = shelf()
    assert len(use(models, *packages)) == 5
    assert models.held_bytes == 100 * MIB
    assert models.evictions == 0


def test_least_useful_model_goes(tmp_path: Path) -> None:
    """Room is made at the cost of what is used least for its size, and of no more than needed."""
    often, once, small = (
        model(tmp_path, name, size) for name, size in (("often", 40), ("once", 40), ("small", 10))
    )
    newcomer = model(tmp_path, "newcomer", 30)
    models = shelf()
    loaded = use(models, often, *[often] * 50, once, small, *[small] * 50, newcomer)
    assert loaded == ["newcomer@1.0.0", "often@1.0.0", "small@1.0.0"]
    assert models.evictions == 1


def test_model_in_use_is_never_unloaded(tmp_path: Path) -> None:
    """Not for another model, nor when all that is idle has to go."""
    used, idle, other = (model(tmp_path, name, 40) for name in ("used", "idle", "other"))
    models = shelf()
    with models.lease(used):
        assert use(models, idle, other) == ["other@1.0.0", "used@1.0.0"]
        assert models.evict_idle()
        assert not models.evict_idle()
        assert list(models.references.values()) == ["used@1.0.0"]


def test_model_that_does_not_fit(tmp_path: Path) -> None:
    """It is refused, and the device is as empty as it was."""
    memory = FakeMemory(100 * MIB)
    models = Shelf("fake", 0, memory, Measurements(), lambda loading: None)
    with pytest.raises(DeviceMemoryError), models.lease(model(tmp_path, "large", 101)):
        pass
    assert memory.used_bytes() == 0
    assert models.references == {}


def test_measured_size_counts_more_than_the_declared_one(tmp_path: Path) -> None:
    """A model that turned out larger than it says makes room for itself the next time."""
    measurements = Measurements()
    models = Shelf("fake", 0, FakeMemory(100 * MIB), measurements, lambda loading: None)
    first, second = model(tmp_path, "first", 40), model(tmp_path, "second", 40)
    measurements.note_model(second.digest, 70 * MIB)
    assert use(models, first, second) == ["second@1.0.0"]


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
    package = load_package(make_package(tmp_path, "raise RuntimeError"))
    with pytest.raises(ManifestError), shelf(loads).lease(package):
        pass
    assert loads == [True, False]


def test_changed_files_are_not_loaded_again(tmp_path: Path) -> None:
    """A model that had to go comes back only as what it was: its folder may have been edited."""
    package, models = model(tmp_path, "edited"), shelf()
    use(models, package)
    models.evict_idle()
    assert use(models, package) == ["edited@1.0.0"]
    models.evict_idle()
    (package.path / "model.py").write_text(NEGATIVE + "\n# edited", encoding="utf-8")
    with pytest.raises(ManifestError, match="changed on the server's disk"):
        use(models, package)
