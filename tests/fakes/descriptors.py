"""The descriptors of this process, to see that none is left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def count_descriptors(pid: int | None = None) -> int:
    """Return how many descriptors a process has; this one's own look at them counts too."""
    return sum(1 for _ in Path(f"/proc/{pid or os.getpid()}/fd").iterdir())


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Check that what the block opens is closed at its end."""
    before = count_descriptors()
    yield
    assert count_descriptors() == before
