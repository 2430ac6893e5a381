"""Rendered files, read before they are asked for, so that the game thread waits for no disk.

They are read and not mapped: Windows would not let Unreal render a mapped file anew, and elsewhere
one that is cut off, or whose share is gone, would end the editor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from filmgate.disk import storage_errors
from filmgate.host.run import IN_FLIGHT_MAX
from filmgate_unreal import receipts

Call = Callable[[], None]


class ReadAhead:
    """What is read on the background's thread; every method is for the game thread.

    Args:
        background: runs calls there, in the order given.
    """

    def __init__(self, background: Callable[[Call], None]) -> None:
        self._background = background
        self._todo: deque[Path] = deque()
        self._contents: dict[Path, tuple[str, bytes]] = {}

    def begin(self, frames: Iterable[Iterable[Path]], then: Call) -> None:
        """Read the first frames, as many as are asked for at once, and then call *then* there.

        Args:
            frames: the files of each, in the order in which they will be asked for.
            then: what begins to ask.
        """
        listed = [tuple(files) for files in frames]
        self._todo = deque(path for files in listed for path in files)
        for _ in [path for files in listed[:IN_FLIGHT_MAX] for path in files]:
            self._next()
        self._background(then)

    def take(self, path: Path) -> bytes:
        """Return what a file holds now, and read another one meanwhile.

        Raises:
            StorageError: it cannot be read.
        """
        if path in self._todo:  # those before it were left out
            while self._todo.popleft() != path:
                pass
        self._next()
        mark, content = self._contents.pop(path, ("", b""))
        with storage_errors(path):
            return content if mark and mark == receipts.mark(path) else path.read_bytes()

    def end(self) -> None:
        """Forget everything."""
        self._todo.clear()
        self._contents.clear()

    def _next(self) -> None:
        if self._todo:
            self._background(partial(self._read, self._todo.popleft()))

    def _read(self, path: Path) -> None:
        """Read a file; on the background's thread."""
        mark = receipts.mark(path)  # before: of one that is written meanwhile it is another after
        try:
            self._contents[path] = (mark, path.read_bytes())
        except OSError:
            return  # `take` says so
