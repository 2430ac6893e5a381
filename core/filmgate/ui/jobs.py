"""One's own jobs: what runs, how far it is, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

from filmgate.host.board import RunRow
from filmgate.host.state import Problem
from filmgate.ui import icons
from filmgate.ui.bars import paint_bar
from filmgate.ui.details import Details
from filmgate.ui.figures import counted, duration, queue_place, to_go
from filmgate.ui.labels import EmptyPage
from filmgate.ui.lists import RowList, RowPainter, elided
from filmgate.ui.palette import BAD, DIM, GAP, STATE_COLOURS, TEXT, small, strong
from filmgate.ui.qt import QtCore, QtGui, QtWidgets
from filmgate.ui.rows import ROW_ROLE, RowsModel

_EMPTY = (
    "No jobs yet",
    "Select a Filmgate node and press Run frame or Run range. What it does is shown here.",
)
_Qt = QtCore.Qt
_PAD, _BAR, _ICON, _DOT = 10, 5, 16, 8


def is_open(run: RunRow) -> bool:
    """Say whether a run is under way."""
    return not run.ended_s


def progress(run: RunRow) -> str:
    """Return how far a run is: frames, place in the queue, time to go."""
    status = run.status
    frames = f"{status.done} of {counted(status.total, 'frame')}" if status.total > 1 else ""
    if not is_open(run):
        took = duration(run.ended_s - run.started_s)
        return f"{frames} in {took}" if frames else f"took {took}"
    place = queue_place(status.place)
    parts = (frames if status.done or not place else "", place, to_go(status.eta_s))
    return ", ".join(filter(None, parts))


def outcome(run: RunRow) -> str:
    """Return what a run does, or what became of it."""
    problem = run.status.problem
    if problem is not None:
        return trouble(problem)
    return run.status.text or run.status.state.value.capitalize()


def trouble(problem: Problem) -> str:
    """Return what went wrong, and at which frame."""
    return problem.text if problem.frame is None else f"Frame {problem.frame}: {problem.text}"


def described(run: RunRow) -> str:
    """Return a run in words."""
    return ", ".join(filter(None, (run.label, run.model, outcome(run), progress(run))))


class RunPainter(RowPainter):
    """Paints a run: label and model, the bar, and what it does."""

    def height(self, font: QtGui.QFont) -> int:
        """Two lines and a bar."""
        lines = QtGui.QFontMetrics(font).height() + QtGui.QFontMetrics(small(font)).height()
        return lines + _BAR + 2 * _PAD + 10

    def paint_row(
        self, painter: QtGui.QPainter, place: QtCore.QRectF, row: Any, hovered: bool
    ) -> None:
        """Paint one run."""
        run: RunRow = row
        font = painter.font()
        inner = place.adjusted(_PAD, _PAD, -_PAD, -_PAD)
        if is_open(run):
            icons.paint(painter, "cross", TEXT if hovered else DIM, cancel_place(place))
            inner.setRight(inner.right() - _ICON - GAP)
        first = QtCore.QRectF(inner)
        first.setHeight(QtGui.QFontMetrics(font).height())
        self._head(painter, first, run, font)
        bar = QtCore.QRectF(inner.left(), first.bottom() + 5, inner.width(), _BAR)
        share = run.status.fraction if is_open(run) or run.status.fraction else 0.0
        paint_bar(painter, bar, share, STATE_COLOURS[run.status.state])
        second = QtCore.QRectF(inner)
        second.setTop(bar.bottom() + 5)
        self._foot(painter, second, run, small(font))

    def _head(
        self, painter: QtGui.QPainter, place: QtCore.QRectF, run: RunRow, font: QtGui.QFont
    ) -> None:
        painter.setBrush(QtGui.QColor(STATE_COLOURS[run.status.state]))
        painter.setPen(_Qt.PenStyle.NoPen)
        painter.drawEllipse(QtCore.QPointF(place.left() + _DOT / 2, place.center().y()), 4, 4)
        rest = place.adjusted(_DOT + GAP, 0, 0, 0)
        painter.setFont(strong(font))
        painter.setPen(QtGui.QColor(TEXT))
        rest.setLeft(rest.left() + elided(painter, rest, run.label) + GAP)
        painter.setFont(font)
        painter.setPen(QtGui.QColor(DIM))
        elided(painter, rest, run.model)

    def _foot(
        self, painter: QtGui.QPainter, place: QtCore.QRectF, run: RunRow, font: QtGui.QFont
    ) -> None:
        painter.setFont(font)
        painter.setPen(QtGui.QColor(DIM))
        # How far it is comes first; what is done takes the rest, and is below in full.
        taken = elided(painter, place, progress(run), right=True)
        rest = place.adjusted(0, 0, -taken - GAP, 0)
        painter.setPen(QtGui.QColor(BAD if run.status.problem else DIM))
        elided(painter, rest, outcome(run))


def cancel_place(place: QtCore.QRectF) -> QtCore.QRectF:
    """Return where a row's cancel sign is, by the row's place."""
    top = place.center().y() - _ICON / 2
    return QtCore.QRectF(place.right() - _PAD - _ICON, top, _ICON, _ICON)


class JobsPage(QtWidgets.QWidget):
    """The runs of this host's nodes, the newest first."""

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        empty = EmptyPage("bars")
        empty.tell(*_EMPTY)
        model = RowsModel[RunRow](lambda run: run.id, described, self)
        self.list = RowList[RunRow](model, RunPainter(), empty, "My jobs")
        self.details = Details()
        self._cancel = QtWidgets.QPushButton("Cancel job")
        self._cancel.setToolTip("Delete does the same on the chosen job")
        self._cancel.clicked.connect(self.cancel_current)
        self._summary = QtWidgets.QLabel()
        self._summary.setObjectName("dim")
        self._lay_out()
        self.list.chosen.connect(self._show)
        self.list.view.viewport().installEventFilter(self)
        self.list.view.installEventFilter(self)
        self.tell(())

    def tell(self, runs: Sequence[RunRow]) -> None:
        """Show other runs, the newest first."""
        troubled = next((run.id for run in runs if run.status.problem), None)
        self.list.tell(runs, troubled)
        running = sum(is_open(run) for run in runs)
        self._summary.setText(f"{running} running, {len(runs) - running} ended" if runs else "")
        self._foot.setVisible(bool(runs))

    def cancel_current(self) -> None:
        """Cancel the chosen run; its finished frames stay."""
        run = self.list.current
        if run is not None and is_open(run):
            run.cancel()

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Cancel by a click on a row's cross, or by Delete."""
        kind = event.type()
        if kind == QtCore.QEvent.Type.MouseButtonRelease and watched is not self.list.view:
            return self._clicked(event)
        if kind == QtCore.QEvent.Type.KeyPress and watched is self.list.view:
            return self._pressed(event)
        return super().eventFilter(watched, event)

    def _clicked(self, event: Any) -> bool:
        index = self.list.view.indexAt(event.pos())
        run: Optional[RunRow] = index.data(ROW_ROLE)
        if run is None or not is_open(run):
            return False
        place = cancel_place(QtCore.QRectF(self.list.view.visualRect(index)))
        if not place.adjusted(-4, -4, 4, 4).contains(QtCore.QPointF(event.pos())):
            return False
        run.cancel()
        return True

    def _pressed(self, event: Any) -> bool:
        if event.key() not in (_Qt.Key.Key_Delete, _Qt.Key.Key_Backspace):
            return False
        self.cancel_current()
        return True

    def _show(self, run: Optional[RunRow]) -> None:
        self._cancel.setEnabled(run is not None and is_open(run))
        problem = run.status.problem if run is not None else None
        if run is not None and problem is not None:
            self.details.tell(f"{run.label}, {trouble(problem)}", problem.remedy, problem.id)
        else:
            self.details.tell("\n".join(run.status.warnings) if run is not None else "")

    def _lay_out(self) -> None:
        self._foot = QtWidgets.QWidget()
        self._foot.setObjectName("clear")
        row = QtWidgets.QHBoxLayout(self._foot)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._summary, 1)
        row.addWidget(self._cancel)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, GAP, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.list, 1)
        column.addWidget(self.details)
        column.addWidget(self._foot)
