"""The head of the panel: which server, how it is, what it has, or how to come by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from filmgate.errors import FilmgateError
from filmgate.host.connection import CONNECTING, LOST, NONE, ConnectionState
from filmgate.ui.devices import Devices
from filmgate.ui.figures import counted, duration
from filmgate.ui.icons import icon
from filmgate.ui.labels import ElidedLabel, line, wrapped
from filmgate.ui.palette import BAD, CAUTION, FAINT, GAP, GOOD, small, strong
from filmgate.ui.qt import QtCore, QtGui, QtWidgets, Signal
from filmgate.wire.messages import StatusPage

_DOT = 10


@dataclass(frozen=True)
class ServerView:
    """What is known of the server.

    Attributes:
        state: of the connection.
        page: its latest answer; None while there is none.
        error: why it did not answer the last time.
        is_starting: whether a server of one's own is being started.
        is_own: whether the server was started from here.
    """

    state: ConnectionState
    page: Optional[StatusPage] = None
    error: Optional[FilmgateError] = None
    is_starting: bool = False
    is_own: bool = False

    @property
    def is_reached(self) -> bool:
        """Whether the server answers."""
        return self.page is not None and self.error is None

    @property
    def colour(self) -> str:
        """Of the dot that tells its health."""
        if self.is_reached:
            return self._health
        if self.is_starting or (self.state.kind == CONNECTING and self.error is None):
            return CAUTION
        return BAD if self.error is not None and self.state.kind != NONE else FAINT

    @property
    def title(self) -> str:
        """Where the server is."""
        if self.is_starting:
            return "Starting a server on this machine"
        return self.state.server or "No server"

    @property
    def subtitle(self) -> str:
        """How the server is, in one line."""
        if not self.is_reached or self.page is None:
            return self._absence
        page = self.page
        uptime = duration(page.counters.get("uptime_ms", 0) / 1000)
        clients = counted(page.counters.get("sessions", 0), "client")
        own = ", started here" if self.is_own else ""
        return f"Filmgate {page.server}, {page.state} for {uptime}, {clients}{own}"

    @property
    def _health(self) -> str:
        page = self.page
        is_well = page is not None and page.state == "running"
        down = page is not None and any(worker.state == "down" for worker in page.workers)
        return GOOD if is_well and not down else CAUTION

    @property
    def _absence(self) -> str:
        if self.is_starting:
            return "This takes some seconds, the first time longer."
        if self.state.kind == NONE:
            return "None is configured"
        if self.error is not None or self.state.kind == LOST:
            return "Not reachable"
        return "Connecting …"


class ServerHead(QtWidgets.QFrame):
    """The card at the top of the panel."""

    start_wanted = Signal()
    """The artist wants a server of their own."""
    stop_wanted = Signal()
    """The artist wants that server gone."""
    retry_wanted = Signal()
    """The artist wants to know now."""

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._dot = QtWidgets.QLabel()
        self._title, self._subtitle = ElidedLabel(), ElidedLabel()
        self._title.setFont(strong(self.font(), 1.1))
        self._subtitle.setObjectName("dim")
        self._subtitle.setFont(small(self.font()))
        self.problem, self.remedy = wrapped(), wrapped(name="dim")
        self.start = QtWidgets.QPushButton("Start a local server")
        self.start.setObjectName("main")
        self.stop = QtWidgets.QPushButton("Stop it")
        self.retry = _again_button()
        self.start.clicked.connect(self.start_wanted)
        self.stop.clicked.connect(self.stop_wanted)
        self.retry.clicked.connect(self.retry_wanted)
        self.devices = Devices()
        self._lay_out()

    def tell(self, view: ServerView) -> None:
        """Show another state of the server."""
        self._dot.setPixmap(_dot(view.colour))
        self._title.tell(view.title)
        self._subtitle.tell(view.subtitle)
        self._dot.setAccessibleName(view.subtitle)
        shows_error = view.error is not None and not view.is_starting
        self.problem.setText(view.error.text if view.error else "")
        self.remedy.setText(view.error.remedy if view.error else "")
        self.start.setEnabled(not view.is_starting)
        self._trouble.setVisible(shows_error or view.state.kind == NONE or view.is_starting)
        self.problem.setVisible(shows_error)
        self.remedy.setVisible(shows_error)
        self.stop.setVisible(view.is_own and view.is_reached)
        reached = view.page is not None and view.is_reached
        workers = view.page.workers if reached and view.page is not None else ()
        self.devices.tell(workers)
        self._line.setVisible(bool(workers))

    def _lay_out(self) -> None:
        top = QtWidgets.QGridLayout()
        top.setHorizontalSpacing(GAP)
        top.setVerticalSpacing(0)
        top.addWidget(self._dot, 0, 0)
        top.addWidget(self._title, 0, 1)
        top.addWidget(self._subtitle, 1, 1)
        top.addWidget(self.stop, 0, 2, 2, 1)
        top.addWidget(self.retry, 0, 3, 2, 1)
        self._line = line()
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(12, 10, 10, 10)
        column.setSpacing(GAP)
        column.addLayout(top)
        column.addWidget(self._make_trouble())
        column.addWidget(self._line)
        column.addWidget(self.devices)

    def _make_trouble(self) -> QtWidgets.QWidget:
        self._trouble = QtWidgets.QWidget()
        self._trouble.setObjectName("clear")
        column = QtWidgets.QVBoxLayout(self._trouble)
        column.setContentsMargins(_DOT + GAP, 0, 0, 0)
        column.setSpacing(GAP // 2)
        column.addWidget(self.problem)
        column.addWidget(self.remedy)
        row = QtWidgets.QHBoxLayout()
        row.setContentsMargins(0, GAP // 2, 0, 0)
        row.addWidget(self.start)
        row.addStretch(1)
        column.addLayout(row)
        return self._trouble


def _again_button() -> QtWidgets.QToolButton:
    button = QtWidgets.QToolButton()
    button.setIcon(icon("again"))
    button.setToolTip("Ask the server again, for its models too (F5)")
    button.setAccessibleName("Ask the server again")
    button.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
    return button


def _dot(colour: str) -> QtGui.QPixmap:
    density = 3
    pixmap = QtGui.QPixmap(_DOT * density, _DOT * density)
    pixmap.setDevicePixelRatio(density)
    pixmap.fill(QtGui.QColor(0, 0, 0, 0))
    painter = QtGui.QPainter(pixmap)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(QtGui.QColor(colour))
    painter.drawEllipse(QtCore.QRectF(0.5, 0.5, _DOT - 1, _DOT - 1))
    painter.end()
    return pixmap
