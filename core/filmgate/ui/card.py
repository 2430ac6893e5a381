"""One model in full: picture, licence and card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional, Union

from filmgate.ui.labels import ElidedLabel
from filmgate.ui.palette import ACCENT, DIM, GAP, RAISED, small, strong
from filmgate.ui.qt import QtCore, QtGui, QtWidgets, Signal
from filmgate.wire.records import ModelSummary

_PICTURE = "card:picture"
_IMAGE_RESOURCE = int(QtGui.QTextDocument.ResourceType.ImageResource)
_LINE_PERCENT, _PROPORTIONAL = 118, 1
"""Qt 5 and 6 disagree on whether the constant is a number: it is 1."""
_OBJECT = "\ufffc"
"""What stands for a picture in a document's text."""
_TEXT_MARGIN = 12
_INDENT = 22
_LEAST_PX = 48
"""Three lines, in the smallest of panes; the rest is scrolled to."""
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
        self._picture: Optional[QtGui.QImage] = None
        self.setOpenLinks(False)
        self.setMinimumHeight(_LEAST_PX)
        self.setAccessibleName("Model card")
        self.document().setDocumentMargin(_TEXT_MARGIN)
        self.document().setIndentWidth(_INDENT)
        self.anchorClicked.connect(open_link)

    def tell(self, card: str, picture: Optional[QtGui.QImage], above: str = "") -> None:
        """Show another card.

        Args:
            card: Markdown.
            picture: stands where the card's first picture is, or at its top; other pictures of the
                card are left out.
            above: a line of plain text above it, which is scrolled with it.
        """
        feature = QtGui.QTextDocument.MarkdownFeature
        features = feature.MarkdownDialectGitHub | feature.MarkdownNoHTML
        self._picture = picture
        self.document().clear()  # with the picture that it had under the same name
        self.document().setMarkdown(card, features)
        self._place_picture()
        _dress(self.document(), self.font())
        if above:
            _put_above(self.document(), above, small(self.font()))
        self._fit_picture()
        self.moveCursor(QtGui.QTextCursor.MoveOperation.Start)

    def loadResource(self, type: int, name: Union[QtCore.QUrl, str]) -> Any:
        """Load nothing: a card could otherwise read files here, or tell a site who looks at it."""
        return QtCore.QByteArray()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Fit the picture anew."""
        super().resizeEvent(event)
        self._fit_picture()

    def _place_picture(self) -> None:
        places = _picture_places(self.document())
        for cursor in places:
            cursor.removeSelectedText()
        if self._picture is None:
            return
        place = QtCore.QUrl(_PICTURE)
        self.document().addResource(_IMAGE_RESOURCE, place, self._picture)
        cursor = places[0] if places else QtGui.QTextCursor(self.document())
        shape = QtGui.QTextImageFormat()
        shape.setName(_PICTURE)
        cursor.insertImage(shape)
        if not places:
            cursor.insertBlock()

    def _fit_picture(self) -> None:
        """Make the picture no wider than the text, and no larger than it is."""
        if self._picture is None or self._picture.isNull():
            return
        for cursor in _picture_places(self.document()):
            room = self.viewport().width() - 2 * _TEXT_MARGIN
            width = max(1, min(room, self._picture.width()))
            shape = cursor.charFormat().toImageFormat()
            shape.setWidth(width)
            shape.setHeight(self._picture.height() * width / self._picture.width())
            cursor.setCharFormat(shape)


class ModelCard(QtWidgets.QWidget):
    """The right side of the models' page."""

    node_wanted = Signal(object)
    """The artist wants a node of this `ModelSummary`."""

    def __init__(
        self, offers_nodes: bool = False, parent: Optional[QtWidgets.QWidget] = None
    ) -> None:
        super().__init__(parent)
        self._model: Optional[ModelSummary] = None
        self._shown: Any = None
        self._name, self._facts = ElidedLabel(), ElidedLabel()
        self._name.setFont(strong(self.font(), 1.25))
        self._facts.setObjectName("dim")
        self._facts.setFont(small(self.font()))
        self.text = CardText()
        self.add = QtWidgets.QPushButton("Add node")
        self.add.setObjectName("main")
        self.add.setVisible(offers_nodes)
        self.add.clicked.connect(self._want_node)
        self._lay_out()

    def tell(self, view: ModelView) -> None:
        """Show another model."""
        self._model = view.model
        self._name.tell(view.model.name)
        aliases = f", also {', '.join(view.model.aliases)}" if view.model.aliases else ""
        self._facts.tell(f"{view.model.task}, version {view.model.version}{aliases}")
        licence = licence_line(view.licence)
        known = view.card is not None
        card = without_title(view.card or "", view.model.name) if known else _NO_CARD
        shown = (view.model, card, view.picture is None, licence)
        if shown != self._shown:  # else the reader would lose the place
            self._shown = shown
            self.text.tell(card, view.picture, licence)

    def _want_node(self) -> None:
        if self._model is not None:
            self.node_wanted.emit(self._model)

    def _lay_out(self) -> None:
        names = QtWidgets.QVBoxLayout()
        names.setSpacing(1)
        for label in (self._name, self._facts):
            names.addWidget(label)
        head = QtWidgets.QHBoxLayout()
        head.addLayout(names, 1)
        head.addWidget(self.add, 0, QtCore.Qt.AlignmentFlag.AlignTop)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addLayout(head)
        column.addWidget(self.text, 1)


def open_link(url: QtCore.QUrl) -> bool:
    """Open a web page in the browser; other links, to files for example, do nothing.

    Returns:
        Whether the link was one to follow.
    """
    if url.scheme().lower() not in _SAFE_SCHEMES:
        return False
    return QtGui.QDesktopServices.openUrl(url)


def _picture_places(document: QtGui.QTextDocument) -> list[QtGui.QTextCursor]:
    """Return cursors that have marked one picture each."""
    places: list[QtGui.QTextCursor] = []
    found = document.find(_OBJECT)
    while not found.isNull():
        if found.charFormat().isImageFormat():
            places.append(found)
        found = document.find(_OBJECT, found)
    return places


def _put_above(document: QtGui.QTextDocument, text: str, font: QtGui.QFont) -> None:
    """Put a line of plain text before everything else, in the look of what is said aside."""
    cursor = QtGui.QTextCursor(document)
    cursor.insertBlock()
    cursor.movePosition(QtGui.QTextCursor.MoveOperation.Start)
    cursor.setBlockFormat(QtGui.QTextBlockFormat())
    look = QtGui.QTextCharFormat()
    look.setFont(font)
    look.setForeground(QtGui.QColor(DIM))
    cursor.insertText(text, look)


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
    if _OBJECT not in cursor.block().text():  # or there would be a gap below a picture
        shape.setLineHeight(_LINE_PERCENT, _PROPORTIONAL)
    if level:
        shape.setTopMargin(GAP + 4)
        shape.setBottomMargin(GAP // 2)
    cursor.mergeBlockFormat(shape)
    if not level:
        return
    cursor.select(QtGui.QTextCursor.SelectionType.BlockUnderCursor)
    look = QtGui.QTextCharFormat()
    look.setFont(strong(font, 1.15 if level == 1 else 1.0))
    look.setProperty(int(QtGui.QTextFormat.Property.FontSizeAdjustment), 0)
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
