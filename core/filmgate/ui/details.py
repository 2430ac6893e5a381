"""What is said of a chosen line in full: the text, what helps, and an id to quote."""

from __future__ import annotations

from typing import Optional

from filmgate.ui.icons import icon
from filmgate.ui.labels import ElidedLabel, wrapped
from filmgate.ui.palette import GAP, small
from filmgate.ui.qt import QtCore, QtWidgets

_Margins = (10, 8, 8, 8)


class Details(QtWidgets.QFrame):
    """A card below a list; it hides while there is nothing to say."""

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._text, self._remedy = wrapped(), wrapped(name="dim")
        self._id = ElidedLabel()
        self._id.setObjectName("dim")
        self._id.setFont(small(self.font()))
        self.copy = _copy_button()
        self.copy.clicked.connect(self.copy_all)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(*_Margins)
        column.setSpacing(GAP // 2)
        column.addWidget(self._text)
        column.addWidget(self._remedy)
        row = QtWidgets.QHBoxLayout()
        row.addWidget(self._id, 1)
        row.addWidget(self.copy)
        column.addLayout(row)
        self.hide()

    @property
    def quotation(self) -> str:
        """What is copied: everything, for a mail or a ticket."""
        told = (self._text.text(), self._remedy.text(), self._id.full_text)
        return "\n".join(part for part in told if part)

    def tell(self, text: str, remedy: str = "", id: str = "") -> None:
        """Show another line in full; nothing at all hides the card."""
        self._text.setText(text)
        self._remedy.setText(remedy)
        self._remedy.setVisible(bool(remedy))
        self._id.tell(f"id: {id}" if id else "")
        self.setVisible(bool(text))

    def copy_all(self) -> None:
        """Put the whole of it on the clipboard."""
        QtWidgets.QApplication.clipboard().setText(self.quotation)
        QtWidgets.QToolTip.showText(
            self.copy.mapToGlobal(QtCore.QPoint(0, self.copy.height())), "Copied", self.copy
        )


def _copy_button() -> QtWidgets.QToolButton:
    button = QtWidgets.QToolButton()
    button.setIcon(icon("copy"))
    button.setToolTip("Copy text, remedy and id")
    button.setAccessibleName("Copy text, remedy and id")
    button.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
    return button
