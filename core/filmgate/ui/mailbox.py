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
        application = QtCore.QCoreApplication.instance()
        super().__init__(application)
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque()
        self._is_open = True
        self._stirred.connect(self._deliver, QtCore.Qt.ConnectionType.QueuedConnection)
        if application is not None:
            application.aboutToQuit.connect(self.close)

    def post(self, call: Call) -> None:
        """Run *call* soon on the main thread; from any thread."""
        # Under the lock, so that nothing is emitted once `close` has returned: Qt may then delete
        # this object at any time.
        with self._lock:
            if self._is_open:
                self._calls.append(call)
                self._stirred.emit()

    def close(self) -> None:
        """Forget what has not been run, and take nothing more; on the main thread."""
        with self._lock:
            if self._is_open:
                self.deleteLater()
            self._is_open = False
            self._calls.clear()

    def _deliver(self) -> None:
        """Run one call, so that one that fails takes no other with it."""
        with self._lock:
            call = self._calls.popleft() if self._calls else None
        if call is not None:
            call()
