"""Bars that show a share: of work done, of a memory, of a device's time."""

from __future__ import annotations

from typing import Optional

from filmgate.ui.palette import ACCENT, CAUTION, GROOVE
from filmgate.ui.qt import QtCore, QtGui, QtWidgets

FULL_FROM = 0.9
"""From here on a memory counts as full."""
_HEIGHT = 5


def paint_bar(
    painter: QtGui.QPainter, place: QtCore.QRectF, share: float, colour: str, ground: str = GROOVE
) -> None:
    """Paint a bar into *place*; *share* is 0 to 1."""
    painter.save()
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    radius = place.height() / 2
    whole = QtGui.QPainterPath()
    whole.addRoundedRect(place, radius, radius)
    painter.fillPath(whole, QtGui.QColor(ground))
    if share > 0:
        painter.setClipPath(whole)
        width = max(place.height(), place.width() * min(1.0, share))
        filled = QtGui.QPainterPath()
        filled.addRoundedRect(
            QtCore.QRectF(place.left(), place.top(), width, place.height()), radius, radius
        )
        painter.fillPath(filled, QtGui.QColor(colour))
    painter.restore()


class MemoryBar(QtWidgets.QWidget):
    """How much of a device's memory is taken."""

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.setObjectName("clear")
        self.share: Optional[float] = None
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)

    def tell(self, share: Optional[float], text: str) -> None:
        """Show another share, 0 to 1, which *text* puts into words; None shows no bar."""
        self.share = share
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.update()

    def sizeHint(self) -> QtCore.QSize:
        """Ask for a thin bar."""
        return QtCore.QSize(80, _HEIGHT + 2)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Paint it."""
        if self.share is None:
            return
        painter = QtGui.QPainter(self)
        place = QtCore.QRectF(0, (self.height() - _HEIGHT) / 2, self.width(), _HEIGHT)
        paint_bar(painter, place, self.share, CAUTION if self.share >= FULL_FROM else ACCENT)
        painter.end()
