"""Notices of what lasts: told at once, then now and then, never as often as it is noticed."""

from __future__ import annotations

import time
from collections.abc import Callable

EVERY_S = 30.0


class Notices:
    """Tells of each kind of trouble at most every half minute.

    Args:
        tell: shows a line.
        clock: counts seconds.
    """

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic):
        self._tell = tell
        self._clock = clock
        self._told_s: dict[str, float] = {}

    def show(self, kind: str, text: str) -> None:
        """Tell, unless the same kind of trouble was told of a short while ago."""
        now_s = self._clock()
        if now_s - self._told_s.get(kind, -EVERY_S) >= EVERY_S:
            self._told_s[kind] = now_s
            self._tell(text)

    def end(self, kind: str, text: str) -> None:
        """Tell that a kind of trouble is over, if it was told of."""
        if self._told_s.pop(kind, None) is not None:
            self._tell(text)
