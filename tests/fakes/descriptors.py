"""The descriptors of this process, to see that none is left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fakes.waiting import wait_until


def count_descriptors(pid: int | None = None) -> int:
    """Return how many descriptors a process has; this one's own look at them counts too."""
    return sum(1 for _ in Path(f"/proc/{pid or os.getpid()}/fd").iterdir())


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Check that what the block opens is closed after it; what was open before may go meanwhile."""
    before = _open()
    yield
    wait_until(lambda: _open() <= before, lambda: f"{_open() - before} to be closed")


def _open() -> set[tuple[str, str]]:
    """Return the number and the kernel's name of each descriptor."""
    found: set[tuple[str, str]] = set()
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that we look with
            found.add((path.name, str(path.readlink())))
    return found
