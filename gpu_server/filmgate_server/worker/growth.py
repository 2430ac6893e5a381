"""How much a worker's memory grows while its work stays the same: what it leaks."""

from __future__ import annotations


class Growth:
    """Compares the memory between two frames with that after the first frame of its kind.

    A larger frame than ever before, or another set of models, is a new kind of work: the process
    keeps what that took, and from there on it is measured anew.
    """

    def __init__(self) -> None:
        self._base_bytes: int | None = None
        self._largest_bytes = 0
        self._models: frozenset[bytes] = frozenset()

    def note(self, used_bytes: int, frame_bytes: int, models: frozenset[bytes]) -> int:
        """Return by how much the memory has grown.

        Args:
            used_bytes: the process's memory, while nothing is worked on.
            frame_bytes: the inputs of the frame that was worked on last.
            models: what is loaded.
        """
        anew = frame_bytes > self._largest_bytes or models != self._models
        if self._base_bytes is None or anew:
            self._base_bytes = used_bytes
            self._largest_bytes = max(self._largest_bytes, frame_bytes)
            self._models = models
        return max(0, used_bytes - self._base_bytes)
