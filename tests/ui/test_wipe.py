"""Before and after: the right pixels on the right side, by mouse and by keys."""

from __future__ import annotations

from typing import Any

import pytest

from filmgate.ui.qt import QtCore, QtGui
from filmgate.ui.wipe import STEP, STRIDE, Wipe

RED, BLUE = "#c02020", "#2020c0"
Qt = QtCore.Qt


def plain(colour: str, width: int = 100, height: int = 50) -> Any:
    """Return a picture of one colour."""
    image = QtGui.QImage(width, height, QtGui.QImage.Format.Format_RGB32)
    image.fill(QtGui.QColor(colour))
    return image


@pytest.fixture
def wipe(qtbot: Any) -> Any:
    """Return a widget of 400 × 200 px that shows red before and blue after."""
    made = Wipe()
    qtbot.addWidget(made)
    made.resize(400, 200)
    made.tell(plain(RED), plain(BLUE))
    made.show()
    return made


def colour_at(wipe: Any, x: int, y: int) -> str:
    """Return the colour that the widget shows at a place."""
    image = wipe.grab().toImage()
    scale = image.width() / wipe.width()
    return image.pixelColor(int(x * scale), int(y * scale)).name()


def drag(qtbot: Any, wipe: Any, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Drag the mouse."""
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(wipe, left, pos=QtCore.QPoint(*start))
    qtbot.mouseMove(wipe, QtCore.QPoint(*end))
    event = QtGui.QMouseEvent(
        QtCore.QEvent.Type.MouseMove,
        QtCore.QPointF(*end),
        QtCore.QPointF(*end),
        left,
        left,
        Qt.KeyboardModifier.NoModifier,
    )
    wipe.mouseMoveEvent(event)
    qtbot.mouseRelease(wipe, left, pos=QtCore.QPoint(*end))


def test_before_is_left_of_the_line_and_after_right_of_it(wipe: Any) -> None:
    """Pixel for pixel, wherever the line is."""
    for split in (0.25, 0.5, 0.75):
        wipe.move_line(split)
        edge = round(400 * split)
        assert colour_at(wipe, edge - 20, 180) == RED
        assert colour_at(wipe, edge + 20, 180) == BLUE


def test_a_larger_result_lies_over_its_source(qtbot: Any, wipe: Any) -> None:
    """After an upscale the result has more pixels than the source, and fits it all the same."""
    before, after = plain(RED), plain(BLUE, 200, 100)
    before.setPixelColor(QtCore.QPoint(0, 0), QtGui.QColor("white"))
    wipe.tell(before, after)
    assert wipe.picture_place() == QtCore.QRectF(0, 0, 400, 200)
    wipe.move_line(1.0)
    assert QtGui.QColor(colour_at(wipe, 1, 1)).lightness() > 200
    assert colour_at(wipe, 300, 180) == RED


def test_the_line_is_dragged(wipe: Any, qtbot: Any) -> None:
    """From wherever it is, and no further than the picture."""
    drag(qtbot, wipe, (200, 100), (100, 50))
    assert wipe.split == pytest.approx(0.25, abs=0.01)
    drag(qtbot, wipe, (100, 100), (0, 50))
    assert wipe.split == pytest.approx(0.0, abs=0.01)


def test_a_mere_click_changes_nothing(wipe: Any, qtbot: Any) -> None:
    """Else a double click would move the line away."""
    qtbot.mouseClick(wipe, Qt.MouseButton.LeftButton, pos=QtCore.QPoint(350, 50))
    assert wipe.split == 0.5


@pytest.mark.parametrize(
    ("key", "shift", "split"),
    [
        (Qt.Key.Key_Left, False, 0.5 - STEP),
        (Qt.Key.Key_Right, True, 0.5 + STRIDE),
        (Qt.Key.Key_Home, False, 0.0),
        (Qt.Key.Key_End, False, 1.0),
    ],
)
def test_the_line_moves_by_keys(wipe: Any, qtbot: Any, key: Any, shift: bool, split: float) -> None:
    """A little by the arrows, more with Shift, to the edges by Home and End."""
    modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    qtbot.keyClick(wipe, key, modifier)
    assert wipe.split == pytest.approx(split)


def test_zoom_keeps_what_is_under_the_pointer(wipe: Any) -> None:
    """And a picture that is larger than the widget can be dragged about."""
    around = QtCore.QPointF(100, 150)
    before = wipe.picture_place()
    wipe.zoom_to(wipe.scale * 3, around)
    after = wipe.picture_place()
    for old, new, point in (
        ((before.left(), before.width()), (after.left(), after.width()), 100),
        ((before.top(), before.height()), (after.top(), after.height()), 150),
    ):
        assert (point - new[0]) / new[1] == pytest.approx((point - old[0]) / old[1])
    assert not wipe.fits


def test_a_zoomed_picture_is_dragged_but_stays_in_sight(wipe: Any, qtbot: Any) -> None:
    """However far it is thrown."""
    wipe.zoom_to(wipe.scale * 3, QtCore.QPointF(200, 100))
    left = wipe.picture_place().left()
    drag(qtbot, wipe, (300, 100), (260, 100))
    assert wipe.picture_place().left() == pytest.approx(left - 40)
    drag(qtbot, wipe, (390, 100), (-5000, 100))
    assert wipe.picture_place().right() > 0


def test_a_double_click_or_f_fits(wipe: Any, qtbot: Any) -> None:
    """After whatever was done to it; 1 shows single pixels."""
    whole = wipe.picture_place()
    for undo in (
        lambda: qtbot.mouseDClick(wipe, Qt.MouseButton.LeftButton),
        lambda: qtbot.keyClick(wipe, Qt.Key.Key_F),
    ):
        qtbot.keyClick(wipe, Qt.Key.Key_1)
        assert wipe.scale == 1.0
        assert wipe.picture_place().width() == pytest.approx(100 / wipe.devicePixelRatioF())
        undo()
        assert wipe.fits
        assert wipe.picture_place() == whole


def test_single_pixels_are_seen_as_they_are(wipe: Any) -> None:
    """Made larger, nothing is blended into what is beside it."""
    after = plain(BLUE, 4, 2)
    after.setPixelColor(QtCore.QPoint(2, 1), QtGui.QColor(RED))
    wipe.tell(after, after)
    wipe.move_line(0.0)
    assert {colour_at(wipe, x, 150) for x in (210, 250, 290)} == {RED}
    assert {colour_at(wipe, x, 150) for x in (120, 190, 310, 390)} == {BLUE}


def test_without_a_picture_nothing_breaks(qtbot: Any) -> None:
    """Before the first result."""
    wipe = Wipe()
    qtbot.addWidget(wipe)
    wipe.show()
    qtbot.keyClick(wipe, Qt.Key.Key_Plus)
    qtbot.mouseDClick(wipe, Qt.MouseButton.LeftButton)
    assert not wipe.has_picture
    assert not wipe.grab().isNull()
