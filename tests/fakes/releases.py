"""Packages to publish, and stores that count what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fakes.packages import write_package
from filmgate_server.registry.objects import ObjectStore

MIB = 1 << 20


def weighty(folder: Path, version: str = "1.0.0", weight: bytes = b"", more: str = "") -> Path:
    """Return the folder of a package with *weight* in the file ``weights.bin``."""
    path = write_package(folder / f"toy-{version}", name="toy", version=version, more=more)
    (path / "weights.bin").write_bytes(weight)
    return path


class CountingStore:
    """A store that notes from where on each object was read.

    Attributes:
        streams: the key and the first byte of each reading.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.streams: list[tuple[str, int]] = []

    def read(self, key: str) -> bytes:
        return self._store.read(key)

    def stream(self, key: str, offset: int = 0) -> Iterator[bytes]:
        self.streams.append((key, offset))
        return self._store.stream(key, offset)

    def create(self, key: str, content: bytes) -> None:
        self._store.create(key, content)

    def upload(self, key: str, path: Path, digest: str) -> None:
        self._store.upload(key, path, digest)

    def keys(self, prefix: str) -> list[str]:
        return self._store.keys(prefix)
