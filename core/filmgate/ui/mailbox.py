"""The way from any thread to the panel's: calls that Qt runs on the main thread."""

from __future__ import annotations

import threading
from collections import deque
from typing import Callable

from filmgate.ui.qt import QtCore, Signal

Call = Callable[[], None]


class Mailbox(QtCore.QObject):
    """Runs calls on the main thread that other threads hand over; after `close` none any more.

    It belongs to the application and not to a widget, so that whoever deletes the widget cannot
    delete it while a thread posts.
    """

    _stirred = Signal()

    def __init__(self) -> None:
        super().__init__(QtCore.QCoreApplication.instance())
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque()
        self._is_open = True
        self._stirred.connect(self._deliver, QtCore.Qt.ConnectionType.QueuedConnection)

    def post(self, call: Call) -> None:
        """Run *call* soon on the main thread; from any thread."""
        # Under the lock, so that nothing is emitted once `close` has returned: Qt may then delete
        # this object at any time.
        with self._lock:
            if not self._is_open:
                return
            self._calls.append(call)
            if len(self._calls) == 1:
                self._stirred.emit()

    def close(self) -> None:
        """Forget what has not been run, and take nothing more; on the main thread."""
        with self._lock:
            if self._is_open:
                self.deleteLater()
            self._is_open = False
            self._calls.clear()

    def _deliver(self) -> None:
        with self._lock:
            calls, self._calls = self._calls, deque()
        for call in calls:
            call()
