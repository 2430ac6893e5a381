"""The Filmgate panel: one widget that a host docks, or that stands alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Optional, Union

from filmgate.errors import FilmgateError
from filmgate.host.board import ERROR, INFO, WARNING, LogLine
from filmgate.host.connection import CONNECT_WITHIN_S
from filmgate.host.hub import Hub
from filmgate.ui.artists import QueuePage
from filmgate.ui.jobs import JobsPage, is_open
from filmgate.ui.log import LogPage
from filmgate.ui.models import ModelsPage
from filmgate.ui.palette import GAP, dress
from filmgate.ui.qt import QtCore, QtGui, QtWidgets, Signal
from filmgate.ui.result import ResultPage
from filmgate.ui.server import ServerHead, ServerView
from filmgate.ui.ties import Ties
from filmgate.wire.messages import StatusPage

ASK_EVERY_MS = 1000
ASK_AGAIN_MS = 4000
"""How long a server that did not answer is left alone."""
ANSWER_WITHIN_S = 3.0
SHOW_AFTER_MS = 50
"""Changes that come faster than this are shown together."""
TABS = ("Jobs", "Queue", "Models", "Result", "Log")
STANDALONE = ("Queue", "Models", "Log")
"""The tabs of a panel outside a host: there are no nodes whose jobs and results could be shown."""
_WIDTH, _HEIGHT = 460, 640


class FilmgatePanel(QtWidgets.QWidget):
    """Server, jobs, queue, models, last result and log.

    The server is asked only while the panel can be seen, and never on the main thread.

    Args:
        hub: what the host's nodes share; it stays open when the panel closes.
        parent: of the widget.
        offers_nodes: whether the host makes a node when `node_wanted` is emitted.
        tabs: which of `TABS` are shown.
    """

    node_wanted = Signal(object)
    """The artist wants a node of this `filmgate.wire.records.ModelSummary`."""

    def __init__(
        self,
        hub: Hub,
        parent: Optional[QtWidgets.QWidget] = None,
        offers_nodes: bool = False,
        tabs: Sequence[str] = TABS,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("filmgate")
        self.setWindowTitle("Filmgate")
        dress(self)
        self._hub = hub
        self._page: Optional[StatusPage] = None
        self._error: Optional[FilmgateError] = None
        self._start_error: Optional[FilmgateError] = None
        self._is_asking = self._is_starting = self._is_own = self._knows_models = False
        self._log_seen_s = 0.0
        self._stirred = threading.Event()
        ties = self._ties = Ties(hub.board)
        self.head = ServerHead()
        self.jobs = JobsPage()
        self.queue = QueuePage(hub.config.user.value)
        self.models = ModelsPage(hub.catalogue, self._ties.errands, offers_nodes)
        self.result = ResultPage(self._ties.errands)
        self.log = LogPage()
        self.tabs = QtWidgets.QTabWidget()
        self._timer, self._pause = QtCore.QTimer(self), QtCore.QTimer(self)
        self._lay_out(tabs)
        self._connect()
        self.destroyed.connect(lambda: ties.cut())  # noqa: PLW0108 - Qt would not keep them alive
        self.resize(_WIDTH, _HEIGHT)

    def sizeHint(self) -> QtCore.QSize:
        """Ask for the room that everything is well readable in."""
        return QtCore.QSize(_WIDTH, _HEIGHT)

    def showEvent(self, event: QtGui.QShowEvent) -> None:
        """Begin to ask."""
        super().showEvent(event)
        self._ties.open(self._changed)
        self._show_board()
        self.models.reload()
        self._ask()
        self._timer.start(ASK_EVERY_MS)

    def hideEvent(self, event: QtGui.QHideEvent) -> None:
        """Leave nothing running while nobody looks, neither timers nor threads."""
        super().hideEvent(event)
        self._timer.stop()
        self._pause.stop()
        self._ties.close()

    def refresh(self) -> None:
        """Ask for everything now: status and models."""
        self._timer.start(ASK_EVERY_MS)
        self._knows_models = False
        self._ask()

    # The server.

    def _ask(self) -> None:
        if self._is_asking or self._is_starting or not self.isVisible():
            return
        self._is_asking = True
        self._ties.questions.ask(self._question, self._answered)
        self._show_server()

    def _question(self) -> StatusPage:
        return self._hub.link.client(CONNECT_WITHIN_S).status(ANSWER_WITHIN_S)

    def _answered(self, answer: Union[StatusPage, FilmgateError]) -> None:
        self._is_asking = False
        failed = isinstance(answer, FilmgateError)
        self._note_change(answer)
        self._error = answer if isinstance(answer, FilmgateError) else None
        self._page = None if isinstance(answer, FilmgateError) else answer
        if self._timer.isActive():
            self._timer.setInterval(ASK_AGAIN_MS if failed else ASK_EVERY_MS)
        if not failed:
            self._start_error = None
        if not failed and not self._knows_models:
            self._knows_models = True
            self._hub.catalogue.refresh(self._refreshed)
        self._show_server()

    def _note_change(self, answer: Union[StatusPage, FilmgateError]) -> None:
        """Note in the log that the server has come or gone.

        That there is none at all is said above the log, and by each run that wants one.
        """
        board = self._hub.board
        if not isinstance(answer, FilmgateError):
            if self._page is None:
                server = self._hub.link.state().server
                board.note(INFO, f"Connected to {server}, Filmgate {answer.server}.")
        elif self._page is not None and not _was_noted(board.log(), answer.text):
            board.note(WARNING, answer.text, answer.remedy)

    def _refreshed(self, error: Optional[FilmgateError]) -> None:
        """Run on another thread."""
        self._ties.mailbox.post(self.models.reload)

    def _start_local(self) -> None:
        self._is_starting, self._start_error = True, None
        self._show_server()
        self._hub.link.start_local(
            done=lambda error: self._ties.mailbox.post(lambda: self._started(error))
        )

    def _started(self, error: Optional[FilmgateError]) -> None:
        self._is_starting = False
        self._is_own = error is None
        self._start_error = error
        if error is None:
            self._error = None
            self.refresh()
        else:
            self._hub.board.note(ERROR, error.text, error.remedy)
        self._show_server()

    def _stop_local(self) -> None:
        self.head.stop.setEnabled(False)
        self._ties.questions.ask(self._hub.link.stop_local, self._stopped)

    def _stopped(self, error: Optional[FilmgateError]) -> None:
        self._is_own, self._page = False, None
        self.head.stop.setEnabled(True)
        self.refresh()

    def _show_server(self) -> None:
        state = self._hub.link.state()
        error = self._start_error or self._error  # why it did not start is not soon overwritten
        view = ServerView(state, self._page, error, self._is_starting, self._is_own)
        self.head.tell(view)
        self.queue.tell(self._page.users if self._page is not None else None)
        users = self._page.users if self._page is not None else ()
        self._count("Queue", sum(user.waiting + user.running for user in users))

    # The board.

    def _changed(self) -> None:
        """Run on any thread, perhaps thousands of times a second."""
        if not self._stirred.is_set():
            self._stirred.set()
            self._ties.mailbox.post(self._soon)

    def _soon(self) -> None:
        if not self._pause.isActive():
            self._pause.start(SHOW_AFTER_MS)

    def _turned(self, tab: int) -> None:
        """Count errors as seen where the log has been opened."""
        self._show_board()

    def _show_board(self) -> None:
        self._stirred.clear()
        if not self.isVisible():
            return
        self._show_server()
        board = self._hub.board
        runs = board.runs()
        self.jobs.tell(runs)
        lines = board.log()
        self.log.tell(lines)
        self._count("Log", self._unseen_errors(lines))
        self.result.tell(board.comparison())
        self._count("Jobs", sum(is_open(run) for run in runs))

    def _unseen_errors(self, lines: Sequence[LogLine]) -> int:
        """Return how many errors have come since the log was last looked at."""
        if lines and self.tabs.currentWidget() is self.log:
            self._log_seen_s = lines[-1].time_s
        return sum(line.level == ERROR and line.time_s > self._log_seen_s for line in lines)

    def _count(self, tab: str, number: int) -> None:
        self.tabs.setTabText(TABS.index(tab), f"{tab} {number}" if number else tab)

    def _connect(self) -> None:
        self._timer.timeout.connect(self._ask)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._show_board)
        self.head.start_wanted.connect(self._start_local)
        self.head.stop_wanted.connect(self._stop_local)
        self.head.retry_wanted.connect(self.refresh)
        self.tabs.currentChanged.connect(self._turned)
        self.models.node_wanted.connect(self.node_wanted)
        again = QtGui.QShortcut(QtGui.QKeySequence("F5"), self)
        again.setContext(QtCore.Qt.ShortcutContext.WidgetWithChildrenShortcut)
        again.activated.connect(self.refresh)

    def _lay_out(self, tabs: Sequence[str]) -> None:
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setExpanding(False)
        self.tabs.tabBar().setDrawBase(False)
        # Where there is little room every tab stays in sight, with less of its name.
        self.tabs.tabBar().setElideMode(QtCore.Qt.TextElideMode.ElideRight)
        self.tabs.tabBar().setUsesScrollButtons(False)
        pages = (self.jobs, self.queue, self.models, self.result, self.log)
        for name, page in zip(TABS, pages):
            self.tabs.setTabToolTip(self.tabs.addTab(page, name), name)
            self.tabs.setTabVisible(TABS.index(name), name in tabs)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(GAP, GAP, GAP, GAP)
        column.setSpacing(GAP)
        column.addWidget(self.head)
        column.addWidget(self.tabs, 1)


def _was_noted(lines: Sequence[LogLine], text: str) -> bool:
    """Say whether the latest trouble is this already: a run may have met it first."""
    latest = next((line for line in reversed(lines) if line.level != INFO), None)
    return latest is not None and latest.text == text
