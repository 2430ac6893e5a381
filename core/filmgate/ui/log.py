"""What happened, line by line, with what helps and an id to quote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

from filmgate.host.board import INFO, LogLine
from filmgate.ui.details import Details
from filmgate.ui.figures import clock
from filmgate.ui.icons import icon
from filmgate.ui.labels import EmptyPage
from filmgate.ui.lists import RowList, RowPainter, elided
from filmgate.ui.palette import BAD, CAUTION, DIM, FAINT, GAP, LEVEL_COLOURS, TEXT
from filmgate.ui.qt import QtCore, QtGui, QtWidgets
from filmgate.ui.rows import RowsModel

_EMPTY = ("Nothing has happened yet", "Warnings and errors of your nodes are kept here.")
_CALM = ("No warnings, no errors", "Show everything to read what else has happened.")
_PAD = 8
_DOT = 3.0


def worded(entry: LogLine) -> str:
    """Return what happened, and to which node."""
    return f"{entry.node}: {entry.text}" if entry.node else entry.text


def quoted(entry: LogLine) -> str:
    """Return a line as it is copied."""
    parts = (
        f"{clock(entry.time_s)} {entry.level}: {worded(entry)}",
        entry.remedy and f"  what to do: {entry.remedy}",
        entry.id and f"  id: {entry.id}",
    )
    return "\n".join(part for part in parts if part)


class LinePainter(RowPainter):
    """Paints a line: when, how bad, what."""

    def height(self, font: QtGui.QFont) -> int:
        """One line."""
        return QtGui.QFontMetrics(font).height() + _PAD

    def paint_row(
        self, painter: QtGui.QPainter, place: QtCore.QRectF, row: Any, hovered: bool
    ) -> None:
        """Paint one line."""
        entry: LogLine = row
        rest = place.adjusted(_PAD, 0, -_PAD, 0)
        painter.setPen(QtGui.QColor(FAINT))
        rest.setLeft(rest.left() + elided(painter, rest, clock(entry.time_s)) + _PAD)
        colour = LEVEL_COLOURS.get(entry.level, DIM)
        painter.setBrush(QtGui.QColor(colour))
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.drawEllipse(QtCore.QPointF(rest.left() + _DOT, rest.center().y()), _DOT, _DOT)
        rest.setLeft(rest.left() + 2 * _DOT + _PAD)
        painter.setPen(QtGui.QColor(colour if colour in (BAD, CAUTION) else TEXT))
        elided(painter, rest, worded(entry))


class LogPage(QtWidgets.QWidget):
    """The log, the newest line at the bottom."""

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.empty = EmptyPage("text")
        model = RowsModel[LogLine](id, quoted, self)
        self.list = RowList[LogLine](model, LinePainter(), self.empty, "Log")
        self.details = Details()
        self.list.chosen.connect(self._show)
        self.problems = QtWidgets.QToolButton()
        self.problems.setText("Problems only")
        self.problems.setCheckable(True)
        self.problems.setObjectName("toggle")
        self.problems.toggled.connect(self._filter)
        self.copy = QtWidgets.QPushButton("Copy log")
        self.copy.setIcon(icon("copy"))
        self.copy.clicked.connect(self.copy_all)
        self._lines: Sequence[LogLine] = ()
        self._lay_out()
        self.tell(())

    def tell(self, lines: Sequence[LogLine]) -> None:
        """Show other lines, the oldest first; stay at the bottom if that is where we are."""
        self._lines = lines
        only = self.problems.isChecked()
        shown = [entry for entry in lines if not only or entry.level != INFO]
        bar = self.list.view.verticalScrollBar()
        at_bottom = bar.value() >= bar.maximum()
        self.empty.tell(*(_CALM if lines else _EMPTY))
        self.list.tell(shown)
        self._foot.setVisible(bool(lines))
        if at_bottom:
            self.list.view.scrollToBottom()

    def copy_all(self) -> None:
        """Put every line that is shown on the clipboard."""
        text = "\n".join(quoted(entry) for entry in self.list.model.rows)
        QtWidgets.QApplication.clipboard().setText(text)

    def _filter(self, only_problems: bool) -> None:
        self.tell(self._lines)

    def _show(self, entry: Optional[LogLine]) -> None:
        if entry is None:
            self.details.tell("")
        else:
            self.details.tell(worded(entry), entry.remedy, entry.id)

    def _lay_out(self) -> None:
        self._foot = QtWidgets.QWidget()
        self._foot.setObjectName("clear")
        row = QtWidgets.QHBoxLayout(self._foot)
        row.setContentsMargins(0, 0, 0, 0)
        self.problems.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        row.addWidget(self.problems)
        row.addStretch(1)
        row.addWidget(self.copy)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, GAP, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.list, 1)
        column.addWidget(self.details)
        column.addWidget(self._foot)
