"""One thread for what must not be done on a host's main thread."""

from __future__ import annotations

import logging
import queue
import threading
from typing import Callable, Optional

log = logging.getLogger("filmgate")


class Worker:
    """Runs calls in the order given, one by one; the thread starts with the first of them.

    The thread is daemonic: a host that exits without `close` does not wait for it.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[Optional[Callable[[], None]]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None
        self._closed = False

    def post(self, call: Callable[[], None]) -> None:
        """Run *call* soon; returns at once. After `close` it is dropped."""
        with self._lock:
            if self._closed:
                return
            self._calls.put(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Drop what has not begun; returns at once."""
        with self._lock:
            self._closed = True
            self._calls.put(None)

    def close(self) -> None:
        """Stop, and wait for what has begun, unless that is the caller itself."""
        self.stop()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while True:
            call = self._calls.get()
            if call is None or self._closed:
                return
            try:
                call()
            except Exception:  # the thread serves all nodes: one that fails must not end it
                log.exception("a call in the background failed")
