"""What other threads want done on a host's main thread, and how that thread is told."""

from __future__ import annotations

import threading
from collections import deque
from typing import Callable, Optional

from filmgate.host.port import HostPort

Call = Callable[[], None]


class Inbox:
    """Calls for the main thread, in order. Any thread may put; no lock is held towards the host.

    Args:
        port: asked to run one slice whenever there is something new.
        pump: does one slice; returns whether there is more to do now.
    """

    def __init__(self, port: HostPort, pump: Callable[[], bool]) -> None:
        self._port, self._pump = port, pump
        self._calls: deque[Call] = deque()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._posted = self._closed = False

    def __len__(self) -> int:
        """Return how many calls wait."""
        return len(self._calls)

    def put(self, call: Call) -> None:
        """Have *call* done on the main thread; a node that is gone has nothing done."""
        if self._closed:
            return
        self._calls.append(call)
        self.wake()

    def wake(self) -> None:
        """Have a slice done soon; one that is asked for already will do."""
        self._news.set()
        with self._lock:
            if self._posted or self._closed:
                return
            self._posted = True
        self._port.call_on_main(self._slice)

    def take(self) -> Optional[Call]:
        """Return the next call; None when there is none."""
        return self._calls.popleft() if self._calls else None

    def settle(self) -> None:
        """Forget the news so far; on the main thread, before it looks for what there is to do."""
        self._news.clear()

    def wait(self, timeout_s: float) -> None:
        """Wait for news."""
        self._news.wait(timeout_s)

    def close(self) -> None:
        """Drop what waits; the host is never called again."""
        with self._lock:
            self._closed = True
        self._calls.clear()
        self._news.set()

    def _slice(self) -> None:
        with self._lock:
            self._posted = False
            closed = self._closed
        if not closed and self._pump():
            self.wake()
