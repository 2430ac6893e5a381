"""The time as a session sees it, so that what waits can be tested without waiting."""

from __future__ import annotations

import threading
import time
from typing import Callable, Protocol


class Clock(Protocol):
    """Tells the time and calls back later."""

    def now_s(self) -> float:
        """Return seconds from some moment on; they never run backwards."""
        ...

    def later(self, delay_s: float, call: Callable[[], None]) -> Callable[[], None]:
        """Run *call* on any thread after *delay_s*; return what calls it off."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_s(self) -> float:
        """Return the time since the machine's start, or so."""
        return time.monotonic()

    def later(self, delay_s: float, call: Callable[[], None]) -> Callable[[], None]:
        """Run *call* on a thread of its own."""
        timer = threading.Timer(delay_s, call)
        timer.daemon = True
        timer.start()
        return timer.cancel
