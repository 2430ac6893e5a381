"""Icons that are drawn, so that they are sharp on every screen and need no files."""

from __future__ import annotations

from typing import Callable

from filmgate.ui.palette import DIM
from filmgate.ui.qt import QtCore, QtGui

_SIDE = 16
"""The grid that the icons are drawn on, in px of an ordinary screen."""
_SHARPNESS = (1, 2, 3)
"""The densities of screens that a picture of its own is made for."""
_PEN = 1.5
_Point = tuple[float, float]


def icon(name: str, colour: str = DIM) -> QtGui.QIcon:
    """Return an icon.

    Args:
        name: one of `NAMES`.
        colour: of its lines.
    """
    made = QtGui.QIcon()
    for density in _SHARPNESS:
        made.addPixmap(_drawn(_PATHS[name](), colour, density))
    return made


def picture(name: str, colour: str, side: int) -> QtGui.QPixmap:
    """Return an icon as a picture of *side* px, sharp on dense screens too."""
    return _drawn(_PATHS[name](), colour, _SHARPNESS[-1], side)


def paint(painter: QtGui.QPainter, name: str, colour: str, place: QtCore.QRectF) -> None:
    """Paint an icon into *place*, for views that paint their rows themselves."""
    painter.save()
    painter.translate(place.topLeft())
    painter.scale(place.width() / _SIDE, place.height() / _SIDE)
    _stroke(painter, _PATHS[name](), colour)
    painter.restore()


def _drawn(path: QtGui.QPainterPath, colour: str, density: int, side: int = _SIDE) -> QtGui.QPixmap:
    pixmap = QtGui.QPixmap(side * density, side * density)
    pixmap.setDevicePixelRatio(density)
    pixmap.fill(QtGui.QColor(0, 0, 0, 0))
    painter = QtGui.QPainter(pixmap)
    painter.scale(side / _SIDE, side / _SIDE)
    _stroke(painter, path, colour)
    painter.end()
    return pixmap


def _stroke(painter: QtGui.QPainter, path: QtGui.QPainterPath, colour: str) -> None:
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    pen = QtGui.QPen(QtGui.QColor(colour), _PEN)
    pen.setCapStyle(QtCore.Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(QtCore.Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.drawPath(path)


def _lines(*strokes: tuple[_Point, ...]) -> QtGui.QPainterPath:
    path = QtGui.QPainterPath()
    for stroke in strokes:
        path.moveTo(*stroke[0])
        for point in stroke[1:]:
            path.lineTo(*point)
    return path


def _cross() -> QtGui.QPainterPath:
    return _lines(((4.5, 4.5), (11.5, 11.5)), ((11.5, 4.5), (4.5, 11.5)))


def _again() -> QtGui.QPainterPath:
    path = QtGui.QPainterPath()
    path.arcMoveTo(3, 3, 10, 10, 40)
    path.arcTo(3, 3, 10, 10, 40, 285)
    path.addPath(_lines(((8.9, 5.2), (12.1, 5.0), (12.1, 1.9))))
    return path


def _copy() -> QtGui.QPainterPath:
    path = QtGui.QPainterPath()
    path.addRoundedRect(5.5, 5.5, 8, 8, 1.5, 1.5)
    path.addPath(_lines(((2.5, 10.5), (2.5, 2.5), (10.5, 2.5))))
    return path


def _search() -> QtGui.QPainterPath:
    path = QtGui.QPainterPath()
    path.addEllipse(2.5, 2.5, 8, 8)
    path.addPath(_lines(((9.6, 9.6), (13.5, 13.5))))
    return path


def _fit() -> QtGui.QPainterPath:
    return _lines(
        ((2.5, 6), (2.5, 2.5), (6, 2.5)),
        ((10, 2.5), (13.5, 2.5), (13.5, 6)),
        ((13.5, 10), (13.5, 13.5), (10, 13.5)),
        ((6, 13.5), (2.5, 13.5), (2.5, 10)),
    )


def _frames() -> QtGui.QPainterPath:
    path = QtGui.QPainterPath()
    path.addRoundedRect(1.5, 4, 13, 8.5, 1.5, 1.5)
    path.addPath(_lines(((8, 2), (8, 14.5))))
    return path


def _people() -> QtGui.QPainterPath:
    path = QtGui.QPainterPath()
    path.addEllipse(5.5, 2.5, 5, 5)
    path.moveTo(2.5, 13.5)
    path.cubicTo(2.5, 8.5, 13.5, 8.5, 13.5, 13.5)
    return path


def _stack() -> QtGui.QPainterPath:
    top = _lines(((8, 2), (14, 5.2), (8, 8.4), (2, 5.2), (8, 2)))
    top.addPath(_lines(((2, 8.2), (8, 11.4), (14, 8.2)), ((2, 11), (8, 14.2), (14, 11))))
    return top


def _text() -> QtGui.QPainterPath:
    return _lines(((3, 4), (13, 4)), ((3, 8), (13, 8)), ((3, 12), (9, 12)))


def _bars() -> QtGui.QPainterPath:
    return _lines(((3, 4), (10, 4)), ((3, 8), (13, 8)), ((3, 12), (6, 12)))


def _plug() -> QtGui.QPainterPath:
    path = _lines(((5.5, 2), (5.5, 5)), ((10.5, 2), (10.5, 5)), ((8, 11), (8, 14)))
    path.addRoundedRect(3.5, 5, 9, 6, 2.5, 2.5)
    return path


_PATHS: dict[str, Callable[[], QtGui.QPainterPath]] = {
    "again": _again,
    "bars": _bars,
    "copy": _copy,
    "cross": _cross,
    "fit": _fit,
    "frames": _frames,
    "people": _people,
    "plug": _plug,
    "search": _search,
    "stack": _stack,
    "text": _text,
}
NAMES = tuple(_PATHS)
