"""The devices of the server: a line for each, or where there are many, one for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Optional

from filmgate.ui.bars import MemoryBar
from filmgate.ui.figures import counted, memory
from filmgate.ui.labels import ElidedLabel
from filmgate.ui.palette import ACCENT, BAD, CAUTION, GAP, GOOD, small
from filmgate.ui.qt import QtCore, QtWidgets
from filmgate.wire.records import WorkerStatus

FOLDED_FROM = 3
"""So many devices are folded into one line: below it there are jobs to be seen."""
_SHOWN_MAX = 8
_IDLE = "idle"
_COLOURS = {"busy": ACCENT, _IDLE: GOOD, "starting": CAUTION, "warming": CAUTION}
_Qt = QtCore.Qt


def summary(workers: Sequence[WorkerStatus]) -> str:
    """Return what many devices do, in one line: ``8 devices, 5 busy, 1 down``."""
    states = Counter(worker.state for worker in workers if worker.state != _IDLE)
    doing = [f"{number} {state}" for state, number in states.most_common()]
    return ", ".join([counted(len(workers), "device"), *doing])


class DeviceRow:
    """One device: its name, what it does, its models and its memory, in the columns of a grid.

    Args:
        grid: shared by all devices, so that their bars stand below each other.
        row: its row there.
    """

    def __init__(self, grid: QtWidgets.QGridLayout, row: int) -> None:
        self._name, self._state = QtWidgets.QLabel(), QtWidgets.QLabel()
        self._models, self.memory = ElidedLabel(), QtWidgets.QLabel()
        self.bar = MemoryBar()
        for label in (self._models, self.memory):
            label.setObjectName("dim")
            label.setFont(small(label.font()))
        flag = QtCore.Qt.AlignmentFlag
        self.memory.setAlignment(flag.AlignRight | flag.AlignVCenter)
        self._cells = (self._name, self._state, self._models, self.bar, self.memory)
        for column, cell in enumerate(self._cells):
            grid.addWidget(cell, row, column)

    def tell(self, worker: WorkerStatus) -> None:
        """Show another state of it."""
        self._name.setText(worker.device)
        colour = _COLOURS.get(worker.state, BAD)
        restarts = f" ({counted(worker.restarts, 'restart')})" if worker.restarts else ""
        self._state.setText(worker.state + restarts)
        self._state.setStyleSheet(f"color: {colour}")
        self._models.tell(", ".join(worker.models) or "no model loaded")
        used, budget = worker.memory_used_bytes, worker.memory_budget_bytes
        told = memory(used, budget)
        self.memory.setText(told)
        self.bar.tell(used / budget if budget else None, f"Memory of {worker.device}: {told}")

    def show(self, is_shown: bool) -> None:
        """Show or hide the row."""
        for cell in self._cells:
            cell.setVisible(is_shown)


class Devices(QtWidgets.QWidget):
    """All devices of the server."""

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.setObjectName("clear")
        self.rows: list[DeviceRow] = []
        self.fold = _fold_button()
        self.fold.toggled.connect(self._unfold)
        self._more = QtWidgets.QLabel()
        self._more.setObjectName("dim")
        self._workers: Sequence[WorkerStatus] = ()
        self._lay_out()

    def tell(self, workers: Sequence[WorkerStatus]) -> None:
        """Show other devices, or another state of them."""
        self._workers = workers
        folds = len(workers) >= FOLDED_FROM
        self.fold.setVisible(folds)
        self.fold.setText(summary(workers))
        shown = () if folds and not self.fold.isChecked() else workers[:_SHOWN_MAX]
        while len(self.rows) < len(shown):
            self.rows.append(DeviceRow(self._grid, len(self.rows)))
        for row, worker in zip(self.rows, shown):
            row.tell(worker)
        for at, row in enumerate(self.rows):
            row.show(at < len(shown))
        left = len(workers) - len(shown) if shown else 0
        self._more.setText(f"and {counted(left, 'more device')}")
        self._more.setVisible(left > 0)
        self.setVisible(bool(workers))

    def _unfold(self, is_open: bool) -> None:
        arrow = _Qt.ArrowType.DownArrow if is_open else _Qt.ArrowType.RightArrow
        self.fold.setArrowType(arrow)
        self.tell(self._workers)

    def _lay_out(self) -> None:
        self._grid = QtWidgets.QGridLayout()
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(GAP // 2)
        self._grid.setColumnStretch(2, 3)
        self._grid.setColumnStretch(3, 2)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP // 2)
        column.addWidget(self.fold)
        column.addLayout(self._grid)
        column.addWidget(self._more)


def _fold_button() -> QtWidgets.QToolButton:
    button = QtWidgets.QToolButton()
    button.setCheckable(True)
    button.setToolButtonStyle(_Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setArrowType(_Qt.ArrowType.RightArrow)
    button.setObjectName("fold")
    button.setToolTip("Show what each device does")
    button.setFocusPolicy(_Qt.FocusPolicy.StrongFocus)
    return button
