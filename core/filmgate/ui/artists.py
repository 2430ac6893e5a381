"""The server's queue, artist by artist."""

# ruff: noqa: N802 - Qt's own names

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

from filmgate.ui.bars import paint_bar
from filmgate.ui.figures import counted
from filmgate.ui.labels import EmptyPage
from filmgate.ui.palette import ACCENT, DIM, FAINT, GAP, TEXT, strong
from filmgate.ui.qt import QtCore, QtGui, QtWidgets
from filmgate.wire.records import UserStatus

HEADS = ("Artist", "Show", "Waiting", "Running", "Batch", "Device time")
_TIPS = (
    "Who sent the work",
    "The show that it belongs to",
    "Frames that wait for a device",
    "Frames that a device has in hand",
    "How many of both are a farm's or a range's",
    "Share of all device time since the server's start",
)
_NAMES, _SHARE = 2, 5
_EMPTY = ("Nobody is in the queue", "Whoever sends a frame to this server is listed here.")
_ABSENT = ("No queue to show", "The line at the top says what is needed to reach a server.")
_PAD = 10
_Qt = QtCore.Qt


def busiest_first(users: Sequence[UserStatus]) -> list[UserStatus]:
    """Return the artists, those with the most open work first."""
    return sorted(users, key=lambda user: (-(user.waiting + user.running), -user.device_ms))


class QueueModel(QtCore.QAbstractTableModel):
    """A row for each artist and show."""

    def __init__(self, me: str, parent: Optional[QtCore.QObject] = None) -> None:
        super().__init__(parent)
        self._me = me
        self.users: list[UserStatus] = []
        self._whole_ms = 0

    def tell(self, users: Sequence[UserStatus]) -> None:
        """Show other artists."""
        ordered = busiest_first(users)
        same = [_who(user) for user in ordered] == [_who(user) for user in self.users]
        if not same:
            self.beginResetModel()
        self.users = ordered
        self._whole_ms = sum(user.device_ms for user in ordered)
        if not same:
            self.endResetModel()
        elif ordered:
            corner = self.index(len(ordered) - 1, len(HEADS) - 1)
            self.dataChanged.emit(self.index(0, 0), corner)

    def rowCount(self, parent: Any = None) -> int:
        """Return how many artists there are."""
        return 0 if parent is not None and parent.isValid() else len(self.users)

    def columnCount(self, parent: Any = None) -> int:
        """Return how many columns there are."""
        return 0 if parent is not None and parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Any, role: int = 0) -> Any:
        """Return the head of a column, and what it means."""
        if orientation != _Qt.Orientation.Horizontal:
            return None
        if role == _Qt.ItemDataRole.TextAlignmentRole:
            return int(_side(section))
        texts = {int(_Qt.ItemDataRole.DisplayRole): HEADS, int(_Qt.ItemDataRole.ToolTipRole): _TIPS}
        found = texts.get(int(role))
        return found[section] if found else None

    def data(self, index: Any, role: int = 0) -> Any:
        """Return what a cell shows."""
        user = self.users[int(index.row())]
        if role in (_Qt.ItemDataRole.DisplayRole, _Qt.ItemDataRole.ToolTipRole):
            return self._text(user, index.column())
        if role == _Qt.ItemDataRole.TextAlignmentRole:
            return int(_side(index.column()))
        if role == _Qt.ItemDataRole.UserRole:
            return self.share(user)
        if role == _Qt.ItemDataRole.ForegroundRole:
            return QtGui.QColor(self._colour(user, index.column()))
        return None

    def share(self, user: UserStatus) -> float:
        """Return an artist's share of all device time, 0 to 1."""
        return user.device_ms / self._whole_ms if self._whole_ms else 0.0

    def is_me(self, user: UserStatus) -> bool:
        """Say whether that is whoever sits here."""
        return bool(self._me) and user.user == self._me

    def _text(self, user: UserStatus, column: int) -> str:
        name = f"{user.user} (you)" if self.is_me(user) else user.user
        counts = (user.waiting, user.running, user.batch)
        share = f"{100 * self.share(user):.0f} %"
        return (name, user.show, *(str(count) for count in counts), share)[column]

    def _colour(self, user: UserStatus, column: int) -> str:
        if column == 0:
            return TEXT
        if column < _NAMES:
            return DIM
        count = (user.waiting, user.running, user.batch, 1)[column - _NAMES]
        return TEXT if count else FAINT


class _SharePainter(QtWidgets.QStyledItemDelegate):
    """Paints a share as a bar with its number."""

    def paint(self, painter: QtGui.QPainter, option: Any, index: Any) -> None:
        """Paint bar and number."""
        place = QtCore.QRectF(option.rect).adjusted(_PAD, 0, -_PAD, 0)
        if option.state & QtWidgets.QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, option.palette.highlight())
        number = QtGui.QFontMetrics(option.font).horizontalAdvance("100 %") + GAP
        bar = QtCore.QRectF(place.left(), place.center().y() - 2, place.width() - number, 5)
        paint_bar(painter, bar, index.data(int(_Qt.ItemDataRole.UserRole)) or 0.0, ACCENT)
        painter.setPen(QtGui.QColor(DIM))
        side = _Qt.AlignmentFlag.AlignRight | _Qt.AlignmentFlag.AlignVCenter
        painter.drawText(place, int(side), str(index.data()))


class QueuePage(QtWidgets.QStackedWidget):
    """Who waits for the server, and who uses it."""

    def __init__(self, me: str, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.model = QueueModel(me, self)
        self.empty = EmptyPage("people")
        self.view = QtWidgets.QTableView()
        self._summary = QtWidgets.QLabel()
        self._summary.setObjectName("dim")
        self._prepare()
        page = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(page)
        column.setContentsMargins(0, GAP, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.view, 1)
        column.addWidget(self._summary)
        self.addWidget(self.empty)
        self.addWidget(page)
        self.tell(None)

    def tell(self, users: Optional[Sequence[UserStatus]]) -> None:
        """Show other artists; None says that no server tells."""
        self.empty.tell(*(_ABSENT if users is None else _EMPTY))
        self.setCurrentIndex(1 if users else 0)
        self.model.tell(users or ())
        waiting = sum(user.waiting for user in users or ())
        running = sum(user.running for user in users or ())
        artists = counted(len({user.user for user in users or ()}), "artist")
        self._summary.setText(f"{artists}, {waiting} waiting, {running} running")

    def _prepare(self) -> None:
        view = self.view
        view.setModel(self.model)
        view.setItemDelegateForColumn(_SHARE, _SharePainter(view))
        view.setShowGrid(False)
        view.setWordWrap(False)
        view.setTabKeyNavigation(False)
        view.setAccessibleName("Queue by artist")
        view.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.SingleSelection)
        view.setHorizontalScrollBarPolicy(_Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + _PAD)
        view.horizontalHeader().setHighlightSections(False)
        self._size_columns(view.horizontalHeader())

    def _size_columns(self, header: QtWidgets.QHeaderView) -> None:
        mode = QtWidgets.QHeaderView.ResizeMode
        metrics = QtGui.QFontMetrics(strong(self.font()))
        header.setMinimumSectionSize(1)
        for column, head in enumerate(HEADS):
            header.setSectionResizeMode(column, mode.Stretch if column < _NAMES else mode.Fixed)
            if column >= _NAMES:
                header.resizeSection(column, metrics.horizontalAdvance(head) + 2 * _PAD)
        header.resizeSection(_SHARE, metrics.horizontalAdvance("Device time 100 %") + 2 * _PAD)


def _who(user: UserStatus) -> tuple[str, str]:
    return user.user, user.show


def _side(column: int) -> QtCore.Qt.AlignmentFlag:
    flag = _Qt.AlignmentFlag
    if _NAMES <= column < _SHARE:
        return flag.AlignRight | flag.AlignVCenter
    return flag.AlignLeft | flag.AlignVCenter
