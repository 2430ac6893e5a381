"""The models that a worker keeps loaded, as many as its device's memory holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filmgate.errors import DeviceMemoryError, ManifestError
from filmgate_server.devices import compute_device
from filmgate_server.registry.local import Package, load_package
from filmgate_server.runtime.port import Runtime, load_runtime
from filmgate_server.worker.measurements import Measurements
from filmgate_server.worker.memory import DeviceMemory
from filmgate_server.worker.usefulness import Holding, least_useful

Loading = Callable[[bool], None]


@dataclass
class Loaded:
    """A model on the device.

    Attributes:
        package: what was loaded.
        runtime: what runs it.
        holding: what it costs and has been good for.
        users: how many frames it works on; one that was preempted counts too.
        fresh: whether nothing has run on it yet.
    """

    package: Package
    runtime: Runtime
    holding: Holding
    users: int = 0
    fresh: bool = True


class Shelf:
    """Packages and runtimes by package digest.

    `package` may be called by one thread while another leases.

    Args:
        device: for the runtimes.
        threads: for the runtimes; 0 leaves it to the engine.
        memory: of the device.
        measurements: where the models' sizes are noted.
        loading: told True before and False after each load, which may take long.

    Attributes:
        references: the digests of what is loaded, each with its ``name@version``; replaced by a
            new mapping at each change, so that any thread may read it.
        evictions: how many models were unloaded to make room.
        leases: how often a model was taken into use.
    """

    def __init__(
        self,
        device: str,
        threads: int,
        memory: DeviceMemory,
        measurements: Measurements,
        loading: Loading,
    ) -> None:
        self.references: dict[bytes, str] = {}
        self.evictions = self.leases = 0
        self._device = device
        self._threads = threads
        self._memory = memory
        self._measurements = measurements
        self._note = loading
        self._packages: dict[bytes, Package] = {}
        self._loaded: dict[bytes, Loaded] = {}
        self._left: set[bytes] = set()

    def package(self, path: Path, digest: bytes) -> Package:
        """Return the package in the folder *path*, which must hold what *digest* says.

        Raises:
            ManifestError: it cannot be used, or was changed since the server read it.
        """
        known = self._packages.get(digest)
        if known is None:
            known = self._packages[digest] = self._read(path, digest)
        return known

    @contextmanager
    def lease(self, package: Package) -> Generator[Loaded]:
        """Keep a model loaded while it is in use, loading it first if need be.

        Raises:
            DeviceMemoryError: the memory does not hold it, even with every idle model unloaded.
            FilmgateError: whatever `load_runtime` raises.
        """
        loaded = self._loaded.get(package.digest) or self._load(package)
        loaded.users += 1
        loaded.holding = loaded.holding.used(time.monotonic())
        self.leases += 1
        try:
            yield loaded
        finally:
            loaded.users -= 1

    def make_room(self, size_bytes: int) -> None:
        """Unload idle models, the least useful first, until *size_bytes* more fit or none is left.

        Nothing is refused here: what does not fit after all, the device itself will say.
        """
        budget_bytes = self._memory.budget_bytes
        for digest in least_useful(self._idle(), time.monotonic()):
            if not budget_bytes or self.held_bytes + size_bytes <= budget_bytes:
                return
            self._evict(digest)

    def evict_idle(self) -> bool:
        """Unload every model that is not in use; return whether there was any."""
        idle = list(self._idle())
        for digest in idle:
            self._evict(digest)
        return bool(idle)

    def unload(self, package: Package) -> None:
        """Forget a model that cannot be used after all."""
        self._remove(package.digest)

    @property
    def held_bytes(self) -> int:
        """What all loaded models take."""
        return sum(loaded.holding.size_bytes for loaded in self._loaded.values())

    @contextmanager
    def loading(self) -> Generator[None]:
        """Ask for patience meanwhile."""
        self._note(True)
        try:
            yield
        finally:
            self._note(False)

    def _read(self, path: Path, digest: bytes) -> Package:
        with self.loading():
            package = load_package(path)
        if package.digest != digest:
            text = f"The package {package.reference} has been changed on the server's disk."
            raise ManifestError(text, "Ask for it again; give what is changed a new version.")
        return package

    def _load(self, package: Package) -> Loaded:
        if package.digest in self._left:  # its files may have been changed since they were read
            self._read(package.path, package.digest)
        with self.loading():
            self.make_room(self._measurements.model_bytes(package.digest, package.manifest))
            before_bytes, began_s = self._memory.used_bytes(), time.monotonic()
            runtime = self._new_runtime(package)
            loaded_s = time.monotonic()
            grown_bytes = self._memory.used_bytes() - before_bytes
            size_bytes = self._measurements.note_model(
                package.digest, max(grown_bytes, runtime.model_bytes())
            )
            holding = Holding(size_bytes, loaded_s - began_s, 0.0, loaded_s)
            self._loaded[package.digest] = Loaded(package, runtime, holding)
            self._tell()
        return self._loaded[package.digest]

    def _new_runtime(self, package: Package) -> Runtime:
        try:
            return self._runtime(package)
        except DeviceMemoryError:
            if not self._idle():
                raise
        self.evict_idle()  # not in the handler: its error may keep what was half loaded alive
        return self._runtime(package)

    def _runtime(self, package: Package) -> Runtime:
        return load_runtime(
            package.path,
            package.manifest,
            compute_device(self._device),
            self._threads,
            self._memory,
        )

    def _idle(self) -> dict[bytes, Holding]:
        return {
            digest: loaded.holding for digest, loaded in self._loaded.items() if not loaded.users
        }

    def _evict(self, digest: bytes) -> None:
        self._remove(digest)
        self.evictions += 1

    def _remove(self, digest: bytes) -> None:
        self._loaded.pop(digest).runtime.close()
        self._left.add(digest)
        self._tell()

    def _tell(self) -> None:
        self.references = {
            digest: loaded.package.reference for digest, loaded in self._loaded.items()
        }
