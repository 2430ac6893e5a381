"""One model in full: picture, licence and card."""

# ruff: noqa: A002, N802 - Qt's own names

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional, Union

from filmgate.ui.labels import ElidedLabel
from filmgate.ui.palette import ACCENT, DIM, GAP, RAISED, small, strong
from filmgate.ui.qt import QtCore, QtGui, QtWidgets, Signal
from filmgate.wire.records import ModelSummary

_PICTURE_PX = 220
_TEXT_MARGIN = 12
_SAFE_SCHEMES = ("http", "https", "mailto")
_NO_CARD = "*This model has no card on this machine yet.*"


@dataclass(frozen=True, eq=False)
class ModelView:
    """What is known of a model.

    Attributes:
        model: as listed.
        card: Markdown; None while it is not on this machine.
        picture: its picture; None where it has none that can be shown.
        licence: the licences, by what they are of: ``code``, ``weights``.
    """

    model: ModelSummary
    card: Optional[str] = None
    picture: Optional[QtGui.QImage] = None
    licence: Mapping[str, str] = field(default_factory=dict[str, str])


def licence_line(licence: Mapping[str, str]) -> str:
    """Return all licences in one line, equal ones together."""
    parts: dict[str, list[str]] = {}
    for part, name in licence.items():
        parts.setdefault(name, []).append(part)
    told = (f"{name} ({', '.join(of)})" for name, of in parts.items())
    return "Licence: " + "; ".join(told) if parts else "Licence: not known on this machine"


def without_title(card: str, name: str) -> str:
    """Return a card without its first heading where that only repeats the model's name."""
    first, _, rest = card.lstrip().partition("\n")
    return rest if first.lstrip("# ").strip().lower() == name.lower() else card


class CardText(QtWidgets.QTextBrowser):
    """Shows Markdown of strangers: no HTML, nothing is loaded, links open only when clicked."""

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        self.setAccessibleName("Model card")
        self.document().setDocumentMargin(_TEXT_MARGIN)
        self.anchorClicked.connect(open_link)

    def tell(self, card: str) -> None:
        """Show another card."""
        feature = QtGui.QTextDocument.MarkdownFeature
        features = feature.MarkdownDialectGitHub | feature.MarkdownNoHTML
        self.document().setMarkdown(card, features)
        _dress(self.document(), self.font())
        self.moveCursor(QtGui.QTextCursor.MoveOperation.Start)

    def loadResource(self, type: int, name: Union[QtCore.QUrl, str]) -> Any:
        """Load nothing: a card could otherwise read files here, or tell a site who looks at it."""
        return QtCore.QByteArray()


class ModelCard(QtWidgets.QWidget):
    """The right side of the models' page."""

    node_wanted = Signal(object)
    """The artist wants a node of this `ModelSummary`."""

    def __init__(
        self, offers_nodes: bool = False, parent: Optional[QtWidgets.QWidget] = None
    ) -> None:
        super().__init__(parent)
        self._model: Optional[ModelSummary] = None
        self._picture: Optional[QtGui.QPixmap] = None
        self._name, self._facts, self._licence = ElidedLabel(), ElidedLabel(), ElidedLabel()
        self._name.setFont(strong(self.font(), 1.25))
        for label in (self._facts, self._licence):
            label.setObjectName("dim")
            label.setFont(small(self.font()))
        self.picture = QtWidgets.QLabel()
        self.picture.setAccessibleName("The model's picture")
        self.text = CardText()
        self.add = QtWidgets.QPushButton("Add node")
        self.add.setObjectName("main")
        self.add.setVisible(offers_nodes)
        self.add.clicked.connect(self._want_node)
        self._lay_out()

    def tell(self, view: ModelView) -> None:
        """Show another model."""
        is_other = self._model != view.model
        self._model = view.model
        self._name.tell(view.model.name)
        aliases = f", also {', '.join(view.model.aliases)}" if view.model.aliases else ""
        self._facts.tell(f"{view.model.task}, version {view.model.version}{aliases}")
        self._licence.tell(licence_line(view.licence))
        known = view.card is not None
        card = without_title(view.card or "", view.model.name) if known else _NO_CARD
        if is_other or card != self._card:
            self._card = card
            self.text.tell(card)
        self._picture = QtGui.QPixmap.fromImage(view.picture) if view.picture else None
        self._fit_picture()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Fit the picture anew."""
        super().resizeEvent(event)
        self._fit_picture()

    def _want_node(self) -> None:
        if self._model is not None:
            self.node_wanted.emit(self._model)

    def _fit_picture(self) -> None:
        self.picture.setVisible(self._picture is not None)
        if self._picture is None:
            return
        density = self.devicePixelRatioF()
        height = min(_PICTURE_PX, self.height() // 3)
        shown = self._picture.scaled(
            QtCore.QSize(int(self.width() * density), int(height * density)),
            QtCore.Qt.AspectRatioMode.KeepAspectRatio,
            QtCore.Qt.TransformationMode.SmoothTransformation,
        )
        shown.setDevicePixelRatio(density)
        self.picture.setPixmap(shown)

    def _lay_out(self) -> None:
        self._card = ""
        names = QtWidgets.QVBoxLayout()
        names.setSpacing(1)
        for label in (self._name, self._facts, self._licence):
            names.addWidget(label)
        head = QtWidgets.QHBoxLayout()
        head.addLayout(names, 1)
        head.addWidget(self.add, 0, QtCore.Qt.AlignmentFlag.AlignTop)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addLayout(head)
        column.addWidget(self.picture)
        column.addWidget(self.text, 1)


def open_link(url: QtCore.QUrl) -> bool:
    """Open a web page in the browser; other links, to files for example, do nothing.

    Returns:
        Whether the link was one to follow.
    """
    if url.scheme().lower() not in _SAFE_SCHEMES:
        return False
    return QtGui.QDesktopServices.openUrl(url)


def _dress(document: QtGui.QTextDocument, font: QtGui.QFont) -> None:
    """Bring headings, code and tables in line with the panel: Qt's own are black on white."""
    block = document.begin()
    while block.isValid():
        _dress_block(QtGui.QTextCursor(block), font)
        block = block.next()
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QtGui.QTextTable):
            _dress_table(frame)


def _dress_block(cursor: QtGui.QTextCursor, font: QtGui.QFont) -> None:
    level = cursor.blockFormat().headingLevel()
    shape = QtGui.QTextBlockFormat()
    shape.setLineHeight(118, int(QtGui.QTextBlockFormat.LineHeightTypes.ProportionalHeight.value))
    if level:
        shape.setTopMargin(GAP + 4)
        shape.setBottomMargin(GAP // 2)
    cursor.mergeBlockFormat(shape)
    if not level:
        return
    cursor.select(QtGui.QTextCursor.SelectionType.BlockUnderCursor)
    look = QtGui.QTextCharFormat()
    look.setFont(strong(font, 1.2 if level == 1 else 1.05))
    look.setForeground(QtGui.QColor(ACCENT if level > 1 else DIM))
    cursor.mergeCharFormat(look)


def _dress_table(table: QtGui.QTextTable) -> None:
    shape = table.format()
    shape.setBorder(0)
    shape.setCellPadding(4)
    shape.setCellSpacing(0)
    shape.setTopMargin(GAP // 2)
    shape.setBottomMargin(GAP)
    table.setFormat(shape)
    for column in range(table.columns()):
        cell = table.cellAt(0, column)
        look = cell.format()
        look.setBackground(QtGui.QColor(RAISED))
        cell.setFormat(look)
