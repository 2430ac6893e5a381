"""The last result beside what it was made from."""

from __future__ import annotations

from typing import Optional, Union

from filmgate.errors import FilmgateError
from filmgate.host.board import Comparison
from filmgate.ui.errands import Errands
from filmgate.ui.icons import icon
from filmgate.ui.labels import ElidedLabel, EmptyPage
from filmgate.ui.palette import GAP, small
from filmgate.ui.pictures import parse_picture
from filmgate.ui.qt import QtCore, QtGui, QtWidgets
from filmgate.ui.wipe import Wipe

_EMPTY = (
    "No result yet",
    "Run a frame of a Filmgate node: before and after are compared here, as soon as it is done.",
)
_UNREADABLE = ("The pictures of the last result cannot be read", "The result itself is not harmed.")
_KEYS = (
    "Drag the line, or move it with Left and Right.\n"
    "Wheel, + and − zoom; drag to move; F or a double click fits; 1 shows single pixels."
)
_Pair = tuple[Optional[QtGui.QImage], Optional[QtGui.QImage]]


class ResultPage(QtWidgets.QStackedWidget):
    """A wipe between the last result and its source.

    Args:
        errands: decode the pictures.
        parent: lives at least as long.
    """

    def __init__(self, errands: Errands, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._errands = errands
        self._shown: Optional[Comparison] = None
        self.empty = EmptyPage("frames")
        self.empty.tell(*_EMPTY)
        self.wipe = Wipe()
        self.wipe.setToolTip(_KEYS)
        self._title, self._zoom = ElidedLabel(), QtWidgets.QLabel()
        self._zoom.setObjectName("dim")
        self._fit, self._pixels = QtWidgets.QToolButton(), QtWidgets.QToolButton()
        self.wipe.zoomed.connect(self._show_zoom)
        self.addWidget(self.empty)
        self.addWidget(self._lay_out())

    @property
    def title(self) -> str:
        """What is compared."""
        return self._title.full_text

    def tell(self, comparison: Optional[Comparison]) -> None:
        """Show another result; the same one again costs nothing."""
        if comparison is self._shown:
            return
        self._shown = comparison
        if comparison is None:
            self.empty.tell(*_EMPTY)
            self.setCurrentIndex(0)
            return

        def decode() -> _Pair:
            return parse_picture(comparison.before), parse_picture(comparison.after)

        self._errands.ask(decode, lambda pair: self._show(comparison, pair))

    def _show(self, comparison: Comparison, pair: Union[_Pair, FilmgateError]) -> None:
        if comparison is not self._shown:  # a newer one has come
            return
        before, after = (None, None) if isinstance(pair, FilmgateError) else pair
        if before is None or after is None:
            self.empty.tell(*_UNREADABLE)
            self.setCurrentIndex(0)
            return
        self._title.tell(comparison.title)
        self.wipe.tell(before, after)
        self.setCurrentIndex(1)

    def _show_zoom(self, scale: float) -> None:
        self._zoom.setText(f"{100 * scale:.0f} %")
        self._fit.setChecked(self.wipe.fits)

    def _lay_out(self) -> QtWidgets.QWidget:
        self._fit.setIcon(icon("fit"))
        self._pixels.setText("1:1")
        self._fit.setCheckable(True)
        self._fit.clicked.connect(self.wipe.fit)
        self._pixels.clicked.connect(self.wipe.show_pixels)
        self._title.setFont(small(self.font()))
        foot = QtWidgets.QHBoxLayout()
        foot.addWidget(self._title, 1)
        foot.addWidget(self._zoom)
        for button, text in ((self._fit, "Fit (F)"), (self._pixels, "Single pixels (1)")):
            button.setToolTip(text)
            button.setAccessibleName(text)
            button.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
            foot.addWidget(button)
        page = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(page)
        column.setContentsMargins(0, GAP, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.wipe, 1)
        column.addLayout(foot)
        return page
