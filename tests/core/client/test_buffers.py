"""Result buffers are used again only once nobody looks at them."""

from __future__ import annotations

import pytest

from filmgate.buffers import POOLED_BYTES_MIN, SIZE_MAX, BufferPool
from filmgate.errors import StorageError

SIZE = POOLED_BYTES_MIN


def test_a_buffer_in_use_is_never_handed_out_again() -> None:
    """What one result holds stays as it is while another is received."""
    pool = BufferPool()
    first = pool.take(SIZE)
    first[:] = b"a" * SIZE
    reader = first.toreadonly()
    del first
    second = pool.take(SIZE)
    second[:] = b"b" * SIZE
    assert bytes(reader) == b"a" * SIZE


def test_a_buffer_that_nobody_views_is_used_again() -> None:
    """The pages of a dropped result serve the next one: its content is still there."""
    pool = BufferPool()
    first = pool.take(SIZE)
    first[:5] = b"pages"
    del first
    assert bytes(pool.take(SIZE)[:5]) == b"pages"


def test_views_have_the_size_that_was_asked_for() -> None:
    """A kept buffer that is a little larger shows only as much as the result needs."""
    pool = BufferPool()
    pool.take(SIZE + 1000)
    assert [len(pool.take(size)) for size in (SIZE, 1, SIZE + 1000)] == [SIZE, 1, SIZE + 1000]


@pytest.mark.parametrize("size_bytes", [0, -1, SIZE_MAX + 1])
def test_sizes_that_cannot_be_are_refused(size_bytes: int) -> None:
    """A server that promises such a result gets a typed error instead of our memory."""
    with pytest.raises(StorageError):
        BufferPool().take(size_bytes)
