"""A list that paints its rows by itself and stands beside an empty page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Optional, TypeVar

from filmgate.ui.labels import EmptyPage
from filmgate.ui.palette import CHOSEN, HOVER, LINE, TEXT
from filmgate.ui.qt import QtCore, QtGui, QtWidgets, Signal
from filmgate.ui.rows import ROW_ROLE, RowsModel

R = TypeVar("R")
_Qt = QtCore.Qt
_Flag = QtWidgets.QStyle.StateFlag
_ALPHA_HOVER = 90
_FOCUS_PX = 2
_LEAST_PX = 48
"""A row, in the smallest of panes."""


class RowPainter(QtWidgets.QStyledItemDelegate):
    """Paints rows of equal height; a subclass says how high and what is in one."""

    def sizeHint(self, option: Any, index: Any) -> QtCore.QSize:
        """Return the height; the width is the view's."""
        return QtCore.QSize(0, self.height(option.font))

    def paint(self, painter: QtGui.QPainter, option: Any, index: Any) -> None:
        """Paint a row: its ground first, then what is in it."""
        row = index.data(ROW_ROLE)
        if row is None:
            return
        painter.save()
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        self._ground(painter, option)
        painter.setFont(option.font)
        painter.setPen(QtGui.QColor(TEXT))
        self.paint_row(painter, QtCore.QRectF(option.rect), row, _is(option, _Flag.State_MouseOver))
        painter.restore()

    def height(self, font: QtGui.QFont) -> int:
        """Return the height of a row, in px."""
        raise NotImplementedError

    def paint_row(
        self, painter: QtGui.QPainter, place: QtCore.QRectF, row: Any, hovered: bool
    ) -> None:
        """Paint what is in a row into *place*."""
        raise NotImplementedError

    def _ground(self, painter: QtGui.QPainter, option: Any) -> None:
        place = QtCore.QRectF(option.rect)
        if _is(option, _Flag.State_Selected):
            painter.fillRect(place, QtGui.QColor(CHOSEN))
        elif _is(option, _Flag.State_MouseOver):
            colour = QtGui.QColor(HOVER)
            colour.setAlpha(_ALPHA_HOVER)
            painter.fillRect(place, colour)
        painter.fillRect(
            QtCore.QRectF(place.left(), place.bottom() - 1, place.width(), 1), QtGui.QColor(LINE)
        )


class RowList(QtWidgets.QStackedWidget, Generic[R]):
    """A list of rows, or an empty page while there are none.

    Args:
        model: the rows.
        painter: paints them.
        empty: what is shown instead of no rows.
        name: what a screen reader calls the list.
    """

    chosen = Signal(object)
    """The row that has become the current one; None where there is none."""

    def __init__(
        self,
        model: RowsModel[R],
        painter: RowPainter,
        empty: EmptyPage,
        name: str,
        parent: Optional[QtWidgets.QWidget] = None,
    ) -> None:
        super().__init__(parent)
        self.model = model
        self.empty = empty
        self.view = QtWidgets.QListView()
        _prepare(self.view, name)
        painter.setParent(self.view)
        self.view.setItemDelegate(painter)
        self.view.setModel(model)
        self.addWidget(empty)
        self.addWidget(self.view)
        self.view.selectionModel().currentChanged.connect(self._announce)
        model.dataChanged.connect(self._announce)

    @property
    def current(self) -> Optional[R]:
        """The row that the keyboard is on."""
        row: Optional[R] = self.view.currentIndex().data(ROW_ROLE)
        return row

    def tell(self, rows: Sequence[R], current: Any = None) -> None:
        """Show other rows; the current one stays current.

        Args:
            rows: all of them.
            current: the key of the one to go to where none is current.
        """
        self.setCurrentIndex(1 if rows else 0)
        chosen = self.current
        self.model.tell(rows)
        if self.current is None and rows:
            wanted = self.model.key(chosen) if chosen is not None else current
            self.choose(self.model.place_of(wanted))
        if self.current is None and chosen is not None:
            self.chosen.emit(None)

    def choose(self, at: int) -> None:
        """Make a row the current one; none where there is no such row."""
        self.view.setCurrentIndex(self.model.index(at) if at >= 0 else QtCore.QModelIndex())

    def _announce(self, *changed: object) -> None:
        self.chosen.emit(self.current)


def _prepare(view: QtWidgets.QListView, name: str) -> None:
    view.setUniformItemSizes(True)
    view.setMinimumHeight(_LEAST_PX)
    view.setMouseTracking(True)
    view.setVerticalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollBarPolicy(_Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setAccessibleName(name)
    view.setAttribute(_Qt.WidgetAttribute.WA_MacShowFocusRect, False)


def elided(
    painter: QtGui.QPainter,
    place: QtCore.QRectF,
    text: str,
    right: bool = False,
) -> float:
    """Paint one line of text, cut with an ellipsis; return how wide it came out, in px."""
    metrics = QtGui.QFontMetrics(painter.font())
    one_line = " ".join(text.split())
    shown = metrics.elidedText(one_line, _Qt.TextElideMode.ElideRight, int(place.width()))
    side = _Qt.AlignmentFlag.AlignRight if right else _Qt.AlignmentFlag.AlignLeft
    painter.drawText(place, int(side | _Qt.AlignmentFlag.AlignVCenter), shown)
    return float(metrics.horizontalAdvance(shown))


def _is(option: Any, flag: Any) -> bool:
    return bool(option.state & flag)
