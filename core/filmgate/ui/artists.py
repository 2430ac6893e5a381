"""The server's queue, artist by artist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

from filmgate.ui.bars import paint_bar
from filmgate.ui.figures import counted
from filmgate.ui.labels import EmptyPage
from filmgate.ui.lists import RowList, RowPainter, elided
from filmgate.ui.palette import ACCENT, DIM, FAINT, GAP, GOOD, TEXT, small, strong
from filmgate.ui.qt import QtCore, QtGui, QtWidgets
from filmgate.ui.rows import RowsModel
from filmgate.wire.records import UserStatus

_EMPTY = ("Nobody has sent anything yet", "Whoever sends a frame to this server is listed here.")
_ABSENT = ("No queue to show", "The top of the panel says how to come by a server.")
_PAD, _BAR = 10, 5


@dataclass(frozen=True)
class Share:
    """An artist's part in the queue.

    Attributes:
        user: who, and how much work.
        share: of all device time since the server's start, 0 to 1.
        is_me: whether that is whoever sits here.
    """

    user: UserStatus
    share: float
    is_me: bool

    @property
    def is_active(self) -> bool:
        """Whether there is work of theirs."""
        return bool(self.user.waiting or self.user.running)


def shares(users: Sequence[UserStatus], me: str) -> list[Share]:
    """Return the artists, those with the most open work first."""
    whole_ms = sum(user.device_ms for user in users) or 1
    ordered = sorted(users, key=lambda user: (-(user.waiting + user.running), -user.device_ms))
    return [Share(user, user.device_ms / whole_ms, user.user == me) for user in ordered]


def work(user: UserStatus) -> str:
    """Return what an artist has in the queue: frames that run and that wait, and of which kind."""
    if not user.waiting and not user.running:
        return "nothing queued"
    counts = ((user.running, "running"), (user.waiting, "waiting"))
    told = ", ".join(f"{count} {word}" for count, word in counts if count)
    return f"{told} (batch)" if user.batch >= user.waiting + user.running else told


def described(row: Share) -> str:
    """Return a row in words."""
    me = " (you)" if row.is_me else ""
    time = f"{100 * row.share:.0f} % of device time"
    return ", ".join(filter(None, (row.user.user + me, row.user.show, work(row.user), time)))


class SharePainter(RowPainter):
    """Paints an artist: name, show, work, and the share of device time as a bar."""

    def height(self, font: QtGui.QFont) -> int:
        """Two lines."""
        lines = QtGui.QFontMetrics(font).height() + QtGui.QFontMetrics(small(font)).height()
        return lines + 2 * _PAD

    def paint_row(
        self, painter: QtGui.QPainter, place: QtCore.QRectF, row: Any, hovered: bool
    ) -> None:
        """Paint one artist."""
        share: Share = row
        font = painter.font()
        first = place.adjusted(_PAD, _PAD - 2, -_PAD, 0)
        first.setHeight(QtGui.QFontMetrics(font).height())
        second = place.adjusted(_PAD, 0, -_PAD, -_PAD + 2)
        second.setTop(first.bottom() + 2)
        self._who(painter, first, share, font)
        self._time(painter, second, share, small(font))

    def _who(
        self, painter: QtGui.QPainter, place: QtCore.QRectF, row: Share, font: QtGui.QFont
    ) -> None:
        painter.setPen(QtGui.QColor(TEXT if row.is_active else FAINT))
        rest = QtCore.QRectF(place)
        rest.setRight(rest.right() - elided(painter, rest, work(row.user), right=True) - GAP)
        painter.setFont(strong(font))
        painter.setPen(QtGui.QColor(TEXT))
        rest.setLeft(rest.left() + elided(painter, rest, row.user.user) + GAP)
        painter.setFont(small(font))
        if row.is_me:
            painter.setPen(QtGui.QColor(GOOD))
            rest.setLeft(rest.left() + elided(painter, rest, "you") + GAP)
        painter.setPen(QtGui.QColor(DIM))
        elided(painter, rest, row.user.show)

    def _time(
        self, painter: QtGui.QPainter, place: QtCore.QRectF, row: Share, font: QtGui.QFont
    ) -> None:
        painter.setFont(font)
        painter.setPen(QtGui.QColor(DIM))
        elided(painter, place, f"{100 * row.share:.0f} % of device time", right=True)
        # The longest text that may stand there, so that all bars end at the same place.
        room = painter.fontMetrics().horizontalAdvance("100 % of device time") + GAP
        bar = place.adjusted(0, 0, -room, 0)
        bar = QtCore.QRectF(bar.left(), bar.center().y() - _BAR / 2, bar.width(), _BAR)
        paint_bar(painter, bar, row.share, ACCENT if row.is_active else FAINT)


class QueuePage(QtWidgets.QWidget):
    """Who waits for the server, and who uses it.

    Args:
        me: whoever sits here.
        parent: lives at least as long.
    """

    def __init__(self, me: str, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._me = me
        self.empty = EmptyPage("people")
        model = RowsModel[Share](lambda row: (row.user.user, row.user.show), described, self)
        self.list = RowList[Share](model, SharePainter(), self.empty, "Queue by artist")
        self._summary = QtWidgets.QLabel()
        self._summary.setObjectName("dim")
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, GAP, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.list, 1)
        column.addWidget(self._summary)
        self.tell(None)

    def tell(self, users: Optional[Sequence[UserStatus]]) -> None:
        """Show other artists; None says that no server tells."""
        self.empty.tell(*(_ABSENT if users is None else _EMPTY))
        rows = shares(users or (), self._me)
        self.list.tell(rows)
        waiting = sum(row.user.waiting for row in rows)
        running = sum(row.user.running for row in rows)
        artists = counted(len({row.user.user for row in rows}), "artist")
        self._summary.setText(f"{artists}, {running} running, {waiting} waiting")
        self._summary.setVisible(bool(rows))
