"""Memory for results. Fresh pages cost more than copying; huge ones make that cost small."""

from __future__ import annotations

import mmap
import sys

from filmgate.errors import StorageError

SIZE_MAX = 1 << 36
HUGE_BYTES_MIN = 4 << 20
"""From here on the memory is mapped for itself, in huge pages where the system has them."""


def allocate(size_bytes: int) -> memoryview:
    """Return writable memory of *size_bytes*; it goes with its last view.

    Raises:
        StorageError: there is none.
    """
    if not 0 < size_bytes <= SIZE_MAX:
        raise StorageError(f"A result of {size_bytes} bytes is not possible.")
    try:
        return _allocate(size_bytes)
    except (MemoryError, OSError):
        raise StorageError(f"There is no memory for a result of {size_bytes} bytes.") from None


def _allocate(size_bytes: int) -> memoryview:
    if sys.platform != "linux" or size_bytes < HUGE_BYTES_MIN:
        return memoryview(bytearray(size_bytes))
    memory = mmap.mmap(-1, size_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        memory.madvise(mmap.MADV_HUGEPAGE)
    except OSError:
        return memoryview(memory)  # a kernel without huge pages serves small ones
    return memoryview(memory)
