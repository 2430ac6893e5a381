"""The models that a worker keeps loaded, the most recently used ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from filmgate.errors import ManifestError
from filmgate_server.memory import open_memory
from filmgate_server.registry.local import Package, load_package
from filmgate_server.runtime.port import Runtime, load_runtime

LOADED_MAX = 4

Loading = Callable[[bool], None]


class Shelf:
    """Packages and runtimes by package digest.

    `package` may be called by one thread while `runtime` is called by another.

    Args:
        device: for the runtimes.
        threads: for the runtimes; 0 leaves it to the engine.
        loading: told True before and False after each load, which may take long.
    """

    def __init__(self, device: str, threads: int, loading: Loading) -> None:
        self._device = device
        self._threads = threads
        self._memory = open_memory(device, None)
        self._loading = loading
        self._packages: dict[bytes, Package] = {}
        self._runtimes: OrderedDict[bytes, Runtime] = OrderedDict()

    def package(self, path: Path, digest: bytes) -> Package:
        """Return the package in the folder *path*, which must hold what *digest* says.

        Raises:
            ManifestError: it cannot be used, or was changed since the server read it.
        """
        known = self._packages.get(digest)
        if known is not None:
            return known
        with self._load():
            package = load_package(path)
        if package.digest != digest:
            text = f"The package {package.reference} has been changed on the server's disk."
            raise ManifestError(text, "Give it a new version and restart the server.")
        self._packages[digest] = package
        return package

    def runtime(self, package: Package) -> Runtime:
        """Return the loaded model, loading it and unloading the one unused for longest as needed.

        Raises:
            FilmgateError: whatever `load_runtime` raises.
        """
        runtime = self._runtimes.get(package.digest)
        if runtime is None:
            while len(self._runtimes) >= LOADED_MAX:
                self._runtimes.popitem(last=False)[1].close()
            with self._load():
                runtime = load_runtime(
                    package.path, package.manifest, self._device, self._threads, self._memory
                )
            self._runtimes[package.digest] = runtime
        self._runtimes.move_to_end(package.digest)
        return runtime

    @contextmanager
    def _load(self) -> Generator[None]:
        self._loading(True)
        try:
            yield
        finally:
            self._loading(False)
