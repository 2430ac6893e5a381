"""A file that lives in memory where the system can do that.

OpenEXR gets a path, never a Python stream: through a stream it asks for Python's lock at every
block, and one busy Python thread makes decoding a frame fifty times slower.
"""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from filmgate.disk import storage_remedy
from filmgate.errors import StorageError

_WRITE_BYTES_MAX = 1 << 30


class Scratch:
    """A private file with a path; gone when the ``with`` block ends."""

    def __init__(self) -> None:
        try:
            self._fd, self.path, self._on_disk = _open()
        except OSError as error:
            raise _no_memory(error) from error

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)
        if self._on_disk:
            Path(self.path).unlink()

    def write(self, pieces: Iterable[bytes | memoryview]) -> None:
        """Write *pieces* one after the other.

        Raises:
            StorageError: the memory is full.
        """
        try:
            for piece in pieces:
                _write_all(self._fd, memoryview(piece))
        except OSError as error:
            raise _no_memory(error) from error

    def map(self) -> mmap.mmap:
        """Return the file's bytes, to be closed by the caller."""
        return mmap.mmap(self._fd, 0, access=mmap.ACCESS_READ)


def _no_memory(error: OSError) -> StorageError:
    text = f"No scratch memory for an image: {error.strerror}."
    return StorageError(text, storage_remedy(error))


def _open() -> tuple[int, str, bool]:
    if sys.platform == "linux":
        fd = os.memfd_create("filmgate-image")
        return fd, f"/proc/self/fd/{fd}", False
    fd, path = tempfile.mkstemp(suffix=".exr")
    return fd, path, True


def _write_all(fd: int, piece: memoryview) -> None:
    while len(piece):
        piece = piece[os.write(fd, piece[:_WRITE_BYTES_MAX]) :]
