"""Memory for results, used again once nobody looks at it: fresh pages cost more than copying."""

from __future__ import annotations

from typing import Optional

from filmgate.errors import StorageError

SIZE_MAX = 1 << 36
POOLED_BYTES_MIN = 1 << 20
BUFFERS_KEPT = 3
SLACK = 1.25
"""A kept buffer serves for a smaller result, but not for one much smaller."""


class BufferPool:
    """The last few result buffers, whether in use or not; belongs to one thread."""

    def __init__(self) -> None:
        self._kept: list[bytearray] = []

    def take(self, size_bytes: int) -> memoryview:
        """Return memory of *size_bytes*, with any content.

        Raises:
            StorageError: there is none.
        """
        if not 0 < size_bytes <= SIZE_MAX:
            raise StorageError(f"A result of {size_bytes} bytes is not possible.")
        return memoryview(self._find(size_bytes) or self._make(size_bytes))[:size_bytes]

    def _find(self, size_bytes: int) -> Optional[bytearray]:
        for buffer in self._kept:
            if size_bytes < len(buffer) <= size_bytes * SLACK and _unused(buffer):
                return buffer
        return None

    def _make(self, size_bytes: int) -> bytearray:
        try:
            buffer = bytearray(size_bytes + 1)
        except MemoryError:
            text = f"There is no memory for a result of {size_bytes} bytes."
            raise StorageError(text) from None
        if size_bytes >= POOLED_BYTES_MIN:
            self._kept = [*self._kept[-BUFFERS_KEPT + 1 :], buffer]
        return buffer


def _unused(buffer: bytearray) -> bool:
    """Return whether no view of *buffer* is left: Python refuses to resize one that is viewed."""
    try:
        buffer.append(buffer.pop())
    except BufferError:
        return False
    return True
