"""Memory for results is writable, as large as asked for, and refused when it cannot be."""

from __future__ import annotations

import pytest

from filmgate.buffers import HUGE_BYTES_MIN, SIZE_MAX, allocate
from filmgate.errors import StorageError


@pytest.mark.parametrize("size_bytes", [1, HUGE_BYTES_MIN - 1, HUGE_BYTES_MIN, HUGE_BYTES_MIN + 1])
def test_memory_keeps_what_is_written_from_end_to_end(size_bytes: int) -> None:
    """Small and mapped memory alike hold the first and the last byte."""
    memory = allocate(size_bytes)
    memory[0], memory[-1] = 1, 2
    assert (len(memory), memory[-1]) == (size_bytes, 2)


def test_a_read_only_view_keeps_the_memory() -> None:
    """A result stays valid when the view that wrote it has gone."""
    memory = allocate(HUGE_BYTES_MIN)
    memory[:5] = b"plate"
    result = memory.toreadonly()
    del memory
    assert bytes(result[:5]) == b"plate"


@pytest.mark.parametrize("size_bytes", [0, -1, SIZE_MAX + 1])
def test_sizes_that_cannot_be_are_refused(size_bytes: int) -> None:
    """A server that promises such a result gets a typed error instead of our memory."""
    with pytest.raises(StorageError):
        allocate(size_bytes)
