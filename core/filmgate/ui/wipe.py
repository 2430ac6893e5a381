"""Two pictures over each other and a line between them that can be dragged."""

from __future__ import annotations

from typing import Any, Optional

from filmgate.ui.palette import DARKROOM, TEXT, small
from filmgate.ui.qt import QtCore, QtGui, QtWidgets, Signal

_Qt = QtCore.Qt
STEP, STRIDE = 0.01, 0.1
"""How far a key moves the line, alone and with Shift; parts of the picture's width."""
ZOOM_STEP = 1.25
ZOOM_MIN, ZOOM_MAX = 0.05, 32.0
_GRAB_PX = 12
_KNOB_PX = 11
_PAN_PX = 40
_SHADE = 150


class Wipe(QtWidgets.QWidget):
    """Shows the picture before on the left of a line and the one after on its right.

    The line is dragged, or moved by Left and Right; Home and End bring it to the edges, Space to
    the middle. The wheel, + and − zoom; the picture is dragged where it is larger than the widget.
    F or a double click fits it, 1 shows one pixel of it as one of the screen.
    """

    zoomed = Signal(float)
    """How many of the screen's pixels a picture's takes, after every change."""

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(_Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(120, 80)
        self.setAccessibleName("Before and after")
        self.setAttribute(_Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._before: Optional[QtGui.QPixmap] = None
        self._after: Optional[QtGui.QPixmap] = None
        self.split = 0.5
        self._zoom: Optional[float] = None
        self._shift = QtCore.QPointF()
        self._dragged = ""
        self._last = QtCore.QPointF()

    @property
    def has_picture(self) -> bool:
        """Whether there is anything to see."""
        return self._after is not None

    @property
    def scale(self) -> float:
        """How many of the screen's pixels a pixel of the result takes."""
        return self._zoom if self._zoom is not None else self._fitting()

    @property
    def fits(self) -> bool:
        """Whether the picture follows the widget's size."""
        return self._zoom is None

    def tell(self, before: QtGui.QImage, after: QtGui.QImage) -> None:
        """Show two other pictures; place and zoom stay, so that versions can be compared."""
        self._before = QtGui.QPixmap.fromImage(before)
        self._after = QtGui.QPixmap.fromImage(after)
        self._settle()

    def fit(self) -> None:
        """Show the whole picture."""
        self._zoom = None
        self._shift = QtCore.QPointF()
        self._settle()

    def show_pixels(self) -> None:
        """Show one pixel of the result as one pixel of the screen."""
        self.zoom_to(1.0, QtCore.QRectF(self.rect()).center())

    def zoom_to(self, scale: float, around: QtCore.QPointF) -> None:
        """Zoom, and keep what is at *around* there."""
        if not self.has_picture:
            return
        place = self.picture_place()
        part_x = (around.x() - place.left()) / max(1.0, place.width())
        part_y = (around.y() - place.top()) / max(1.0, place.height())
        self._zoom = min(ZOOM_MAX, max(ZOOM_MIN, scale))
        moved = self.picture_place()
        self._shift += QtCore.QPointF(
            around.x() - moved.left() - part_x * moved.width(),
            around.y() - moved.top() - part_y * moved.height(),
        )
        self._settle()

    def move_line(self, split: float) -> None:
        """Move the line; 0 is the picture's left edge, 1 its right."""
        self.split = min(1.0, max(0.0, split))
        self.update()

    def picture_place(self) -> QtCore.QRectF:
        """Return where the picture lies on the widget; parts of it may be outside."""
        if self._after is None:
            return QtCore.QRectF(self.rect())
        size = QtCore.QSizeF(self._after.size()) * (self.scale / self._density())
        middle = QtCore.QRectF(self.rect()).center() + self._shift
        corner = QtCore.QPointF(middle.x() - size.width() / 2, middle.y() - size.height() / 2)
        return QtCore.QRectF(corner, size)

    def line_x(self) -> float:
        """Return where the line is on the widget."""
        place = self.picture_place()
        return min(self.width() - 1.0, max(0.0, place.left() + self.split * place.width()))

    # What the artist does.

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        """Take hold of the line, or of the picture."""
        is_left = event.button() == _Qt.MouseButton.LeftButton
        near = abs(event.position().x() - self.line_x()) <= _GRAB_PX
        self._dragged = "line" if is_left and (near or self.fits) else "picture"
        self._last = event.position()

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        """Drag what is held; show what can be."""
        if self._dragged:
            self._drag(event)
            return
        near = abs(event.position().x() - self.line_x()) <= _GRAB_PX
        shape = _Qt.CursorShape.SplitHCursor if near else _Qt.CursorShape.OpenHandCursor
        self.setCursor(_Qt.CursorShape.ArrowCursor if self.fits and not near else shape)

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        """Let go."""
        self._dragged = ""

    def mouseDoubleClickEvent(self, event: QtGui.QMouseEvent) -> None:
        """Fit the picture."""
        self._dragged = ""
        self.fit()

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        """Zoom around the pointer."""
        turned = event.angleDelta().y()
        if turned:
            factor = ZOOM_STEP if turned > 0 else 1 / ZOOM_STEP
            self.zoom_to(self.scale * factor, event.position())
        event.accept()

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Do what the class's description says of keys."""
        far = bool(event.modifiers() & _Qt.KeyboardModifier.ShiftModifier)
        step = STRIDE if far else STEP
        middle = QtCore.QRectF(self.rect()).center()
        key = _Qt.Key
        does: dict[Any, Any] = {
            key.Key_Left: lambda: self.move_line(self.split - step),
            key.Key_Right: lambda: self.move_line(self.split + step),
            key.Key_Home: lambda: self.move_line(0.0),
            key.Key_End: lambda: self.move_line(1.0),
            key.Key_Space: lambda: self.move_line(0.5),
            key.Key_Plus: lambda: self.zoom_to(self.scale * ZOOM_STEP, middle),
            key.Key_Equal: lambda: self.zoom_to(self.scale * ZOOM_STEP, middle),
            key.Key_Minus: lambda: self.zoom_to(self.scale / ZOOM_STEP, middle),
            key.Key_F: self.fit,
            key.Key_1: self.show_pixels,
        }
        act = does.get(event.key())
        if act is None:
            super().keyPressEvent(event)
            return
        act()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Follow the widget's size."""
        super().resizeEvent(event)
        self._settle()

    def focusInEvent(self, event: QtGui.QFocusEvent) -> None:
        """Show that the keyboard is here."""
        super().focusInEvent(event)
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Paint pictures, line and names."""
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), QtGui.QColor(DARKROOM))
        if self._before is not None and self._after is not None:
            self._paint_pictures(painter, self._before, self._after)
            self._paint_line(painter)
            self._paint_names(painter)
        painter.end()

    def _paint_pictures(
        self, painter: QtGui.QPainter, before: QtGui.QPixmap, after: QtGui.QPixmap
    ) -> None:
        # Smooth when made smaller; single pixels stay visible when made larger.
        is_smaller = self.scale < 1
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform, is_smaller)
        place, edge = self.picture_place(), self.line_x()
        left = QtCore.QRectF(0, 0, edge, self.height())
        right = QtCore.QRectF(edge, 0, self.width() - edge, self.height())
        for picture, half in ((before, left), (after, right)):
            painter.save()
            painter.setClipRect(half)
            painter.drawPixmap(place, picture, QtCore.QRectF(picture.rect()))
            painter.restore()

    def _paint_line(self, painter: QtGui.QPainter) -> None:
        x, colour = self.line_x(), QtGui.QColor(TEXT)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        shade = QtGui.QColor(0, 0, 0, _SHADE)
        painter.setPen(QtGui.QPen(shade, 3))
        painter.drawLine(QtCore.QPointF(x, 0), QtCore.QPointF(x, self.height()))
        painter.setPen(QtGui.QPen(colour, 1.2))
        painter.drawLine(QtCore.QPointF(x, 0), QtCore.QPointF(x, self.height()))
        middle = QtCore.QPointF(x, self.height() / 2)
        painter.setBrush(shade)
        painter.setPen(QtGui.QPen(colour, 2 if self.hasFocus() else 1.2))
        painter.drawEllipse(middle, _KNOB_PX, _KNOB_PX)
        for side in (-1, 1):  # two arrow heads
            tip = QtCore.QPointF(x + side * 6.5, middle.y())
            back = x + side * 3
            for y in (-3.5, 3.5):
                painter.drawLine(tip, QtCore.QPointF(back, middle.y() + y))

    def _paint_names(self, painter: QtGui.QPainter) -> None:
        painter.setFont(small(self.font()))
        metrics, edge = painter.fontMetrics(), self.line_x()
        for text, is_left in (("Before", True), ("After", False)):
            width, height = metrics.horizontalAdvance(text) + 14, metrics.height() + 6
            room = edge if is_left else self.width() - edge
            if room < width + 16:
                continue
            x = 8.0 if is_left else self.width() - width - 8.0
            place = QtCore.QRectF(x, 8, width, height)
            painter.setPen(_Qt.PenStyle.NoPen)
            painter.setBrush(QtGui.QColor(0, 0, 0, _SHADE))
            painter.drawRoundedRect(place, 4, 4)
            painter.setPen(QtGui.QColor(TEXT))
            painter.drawText(place, int(_Qt.AlignmentFlag.AlignCenter), text)

    def _drag(self, event: QtGui.QMouseEvent) -> None:
        now = event.position()
        if self._dragged == "line":
            place = self.picture_place()
            self.move_line((now.x() - place.left()) / max(1.0, place.width()))
        elif not self.fits:
            self._shift += now - self._last
            self._settle()
        self._last = now

    def _settle(self) -> None:
        """Keep part of the picture in sight, and tell the zoom."""
        place = self.picture_place()
        reach_x = max(0.0, (place.width() + self.width()) / 2 - _PAN_PX)
        reach_y = max(0.0, (place.height() + self.height()) / 2 - _PAN_PX)
        self._shift = QtCore.QPointF(
            min(reach_x, max(-reach_x, self._shift.x())),
            min(reach_y, max(-reach_y, self._shift.y())),
        )
        self.zoomed.emit(self.scale)
        self.update()

    def _fitting(self) -> float:
        if self._after is None or self._after.isNull():
            return 1.0
        size = self._after.size()
        across = self.width() / size.width()
        down = self.height() / size.height()
        return min(across, down) * self._density()

    def _density(self) -> float:
        return float(self.devicePixelRatioF())
