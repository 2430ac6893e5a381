"""Lines of text that give way, and what an empty page says."""

from __future__ import annotations

from typing import Optional

from filmgate.ui import icons
from filmgate.ui.palette import FAINT, GAP, small, strong
from filmgate.ui.qt import QtCore, QtGui, QtWidgets

_Qt = QtCore.Qt
_ICON_PX = 40
_REMEDY_PX = 360


class ElidedLabel(QtWidgets.QLabel):
    """One line that ends in an ellipsis where there is no room, and tells all in its tool tip."""

    def __init__(self, text: str = "", parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._full = ""
        self.setTextFormat(_Qt.TextFormat.PlainText)
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)
        self.setMinimumWidth(1)
        self.tell(text)

    @property
    def full_text(self) -> str:
        """What would be shown with all the room in the world."""
        return self._full

    def tell(self, text: str) -> None:
        """Show another text."""
        if text != self._full:
            self._full = text
            self.setAccessibleName(text)
            self._fit()

    def sizeHint(self) -> QtCore.QSize:
        """Ask for the whole text, on one line."""
        metrics = self.fontMetrics()
        return QtCore.QSize(metrics.horizontalAdvance(self._full) + 2, metrics.height() + 2)

    def minimumSizeHint(self) -> QtCore.QSize:
        """Give way in width."""
        return QtCore.QSize(1, self.fontMetrics().height() + 2)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Cut the text anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        one_line = " ".join(self._full.split())
        shown = self.fontMetrics().elidedText(one_line, _Qt.TextElideMode.ElideRight, self.width())
        self.setText(shown)
        self.setToolTip(plain_tip(self._full) if shown != one_line else "")
        self.updateGeometry()


class EmptyPage(QtWidgets.QWidget):
    """What a page shows that has nothing to show: why, and what to do."""

    def __init__(self, picture: str, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.setObjectName("clear")
        self._title, self._hint = QtWidgets.QLabel(), QtWidgets.QLabel()
        self._title.setFont(strong(self.font()))
        self._hint.setFont(small(self.font()))
        self._hint.setObjectName("dim")
        self._hint.setMaximumWidth(_REMEDY_PX)
        sign = QtWidgets.QLabel()
        sign.setPixmap(icons.picture(picture, FAINT, _ICON_PX))
        column = QtWidgets.QVBoxLayout(self)
        column.setSpacing(GAP)
        column.addStretch(2)
        for label in (sign, self._title, self._hint):
            label.setAlignment(_Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(label is not sign)
            label.setTextFormat(_Qt.TextFormat.PlainText)
            row = QtWidgets.QHBoxLayout()
            row.addStretch(1)
            row.addWidget(label, 0 if label is sign else 6)
            row.addStretch(1)
            column.addLayout(row)
        column.addStretch(3)

    @property
    def text(self) -> str:
        """Everything that it says."""
        return f"{self._title.text()} {self._hint.text()}"

    def tell(self, title: str, hint: str) -> None:
        """Say what is missing, and what to do about it."""
        self._title.setText(title)
        self._hint.setText(hint)


def plain_tip(text: str) -> str:
    """Return a tool tip that breaks its lines and takes no markup from *text*."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "<p>" + escaped.replace("\n", "<br>") + "</p>" if text else ""


def wrapped(text: str = "", name: str = "") -> QtWidgets.QLabel:
    """Return a label of several lines whose text can be marked and copied, and is no markup."""
    label = QtWidgets.QLabel(text)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(_Qt.TextFormat.PlainText)
    flag = _Qt.TextInteractionFlag
    label.setTextInteractionFlags(flag.TextSelectableByMouse | flag.TextSelectableByKeyboard)
    return label


def line() -> QtWidgets.QFrame:
    """Return a thin line across."""
    made = QtWidgets.QFrame()
    made.setObjectName("line")
    made.setFixedHeight(1)
    return made
