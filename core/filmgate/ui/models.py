"""The server's models: a list to search, and one of them in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional, Union

from filmgate.errors import FilmgateError
from filmgate.host.catalogue import Catalogue
from filmgate.ui.card import ModelCard, ModelView
from filmgate.ui.errands import Errands
from filmgate.ui.icons import icon
from filmgate.ui.labels import EmptyPage
from filmgate.ui.lists import RowList, RowPainter, elided
from filmgate.ui.palette import ACCENT, DIM, GAP, TEXT, small, strong
from filmgate.ui.pictures import parse_picture
from filmgate.ui.qt import QtCore, QtGui, QtWidgets, Signal
from filmgate.ui.rows import RowsModel
from filmgate.wire.records import ModelSummary

_NONE = (
    "No models are known yet",
    "They are listed as soon as a server has answered once, and stay when it is away.",
)
_NO_MATCH = ("No model fits", "Search for a part of its name, task or description.")
_WIDE_PX = 620
"""From here on list and card stand side by side."""
_PAD = 8
_Qt = QtCore.Qt


def fits(model: ModelSummary, wanted: str) -> bool:
    """Say whether every word of a search occurs in a model's name, task, version or summary."""
    text = " ".join((model.name, model.task, model.version, model.summary, *model.aliases)).lower()
    return all(word in text for word in wanted.lower().split())


def described(model: ModelSummary) -> str:
    """Return a model in words."""
    return f"{model.name} {model.version}, {model.task}: {model.summary}"


class ModelPainter(RowPainter):
    """Paints a model: its name, version and task, and what it does."""

    def height(self, font: QtGui.QFont) -> int:
        """Two lines."""
        lines = QtGui.QFontMetrics(font).height() + QtGui.QFontMetrics(small(font)).height()
        return lines + 2 * _PAD + 2

    def paint_row(
        self, painter: QtGui.QPainter, place: QtCore.QRectF, row: Any, hovered: bool
    ) -> None:
        """Paint one model."""
        model: ModelSummary = row
        font = painter.font()
        inner = place.adjusted(_PAD, _PAD, -_PAD, -_PAD)
        first = QtCore.QRectF(inner)
        first.setHeight(QtGui.QFontMetrics(font).height())
        painter.setFont(small(font))
        painter.setPen(QtGui.QColor(ACCENT))
        task = elided(painter, first, model.task, right=True)
        first.setRight(first.right() - task - _PAD)
        painter.setFont(strong(font))
        painter.setPen(QtGui.QColor(TEXT))
        first.setLeft(first.left() + elided(painter, first, model.name) + _PAD)
        painter.setFont(small(font))
        painter.setPen(QtGui.QColor(DIM))
        elided(painter, first, model.version)
        second = QtCore.QRectF(inner)
        second.setTop(first.bottom() + 2)
        elided(painter, second, model.summary)


class ModelsPage(QtWidgets.QWidget):
    """The catalogue.

    Args:
        catalogue: read on *errands*, as it may lie on a slow disk.
        errands: a thread.
        offers_nodes: whether the host can make nodes.
        parent: lives at least as long.
    """

    node_wanted = Signal(object)
    """The artist wants a node of this `ModelSummary`."""

    def __init__(
        self,
        catalogue: Catalogue,
        errands: Errands,
        offers_nodes: bool = False,
        parent: Optional[QtWidgets.QWidget] = None,
    ) -> None:
        super().__init__(parent)
        self._catalogue, self._errands = catalogue, errands
        self._models: Sequence[ModelSummary] = ()
        self.search = QtWidgets.QLineEdit()
        self.search.setPlaceholderText("Search models")
        self.search.setAccessibleName("Search models")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search"), QtWidgets.QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._search)
        self.empty = EmptyPage("stack")
        model = RowsModel[ModelSummary](lambda each: each.digest, described, self)
        self.list = RowList[ModelSummary](model, ModelPainter(), self.empty, "Models")
        self.list.chosen.connect(self._ask_for)
        self.card = ModelCard(offers_nodes)
        self.card.node_wanted.connect(self.node_wanted)
        self.card.hide()
        self._lay_out()
        self.list.view.installEventFilter(self)
        self._filter()

    def reload(self) -> None:
        """Read the list anew."""
        self._errands.ask(self._catalogue.models, self._list)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Put list and card beside each other where there is room, else below."""
        super().resizeEvent(event)
        wide = self.width() >= _WIDE_PX
        side = _Qt.Orientation.Horizontal if wide else _Qt.Orientation.Vertical
        if self._splitter.orientation() != side:
            self._splitter.setOrientation(side)
            self._splitter.setSizes([2, 3])

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Make a node of the current model by Return."""
        keys = (_Qt.Key.Key_Return, _Qt.Key.Key_Enter)
        is_key = event.type() == QtCore.QEvent.Type.KeyPress
        pressed: Any = event
        if is_key and pressed.key() in keys and not self.card.add.isHidden():
            self.card.add.click()
            return True
        return super().eventFilter(watched, event)

    def _list(self, models: Union[Sequence[ModelSummary], FilmgateError]) -> None:
        if not isinstance(models, FilmgateError):
            self._models = models
            self._filter()
            self._ask_for(self.list.current)  # its card may have arrived by now

    def _search(self, wanted: str) -> None:
        self._filter()

    def _filter(self) -> None:
        shown = [model for model in self._models if fits(model, self.search.text())]
        self.empty.tell(*(_NO_MATCH if self._models else _NONE))
        self.search.setVisible(bool(self._models))
        self.list.tell(shown, shown[0].digest if shown else None)
        self.card.setVisible(bool(shown))

    def _ask_for(self, model: Optional[ModelSummary]) -> None:
        if model is not None:
            self._errands.ask(lambda: self._load(model), self._show)

    def _load(self, model: ModelSummary) -> ModelView:
        content = self._catalogue.picture(model)
        manifest = self._catalogue.manifest(model)
        return ModelView(
            model,
            self._catalogue.card(model),
            parse_picture(content) if content else None,
            manifest.licence if manifest else {},
        )

    def _show(self, view: Union[ModelView, FilmgateError]) -> None:
        if not isinstance(view, FilmgateError) and view.model == self.list.current:
            self.card.tell(view)

    def _lay_out(self) -> None:
        left = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        self._splitter = QtWidgets.QSplitter(_Qt.Orientation.Vertical)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(GAP)
        self._splitter.addWidget(left)
        self._splitter.addWidget(self.card)
        self._splitter.setStretchFactor(0, 2)
        self._splitter.setStretchFactor(1, 3)
        row = QtWidgets.QVBoxLayout(self)
        row.setContentsMargins(0, GAP, 0, 0)
        row.addWidget(self._splitter)
