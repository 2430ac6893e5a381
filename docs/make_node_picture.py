"""Make docs/images/nuke_node.png: a node's controls and its states, drawn from what it is made of.

No Nuke is asked. The plugin makes the node in the stand-in for Nuke that the tests use, and its
knobs, tile colours and labels are drawn with Qt: names, values and order are the node's own, the
look is only like Nuke's. No display is needed::

    QT_QPA_PLATFORM=offscreen python docs/make_node_picture.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSlider,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / name) for name in ("plugins/nuke", "tests/fakes/nuke", "tests")]

import nuke  # noqa: E402 - the stand-in

from filmgate.errors import ConnectionLostError  # noqa: E402
from filmgate.host.problem import to_problem  # noqa: E402
from filmgate.host.state import State, Status  # noqa: E402
from filmgate_nuke import labels, node  # noqa: E402
from filmgate_server.registry.local import load_manifest  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "nuke_node.png"
MODEL = ROOT / "gpu_server" / "filmgate_server" / "zoo" / "denoise"
LOST = ConnectionLostError("tcp://gate:5700 did not answer within 10 s.", "Is it running?")
STATES = (
    Status(State.EMPTY),
    Status(State.RUNNING, done=31, total=100, fraction=0.31, place=2, eta_s=74),
    Status(State.FRESH),
    Status(State.STALE),
    Status(State.PARTIAL, done=31, total=100),
    Status(State.ERROR, problem=to_problem(LOST)),
    Status(State.BAKED),
)
TILE_WIDTH, TILE_HEIGHT, GAP = 400, 56, 14
SLIDER_STEPS = 100
STYLE = """
* { color: #d6d6d6; background: #323232; font-size: 12px; }
QLineEdit, QComboBox { background: #262626; border: 1px solid #1c1c1c; padding: 2px 4px; }
QPushButton { background: #454545; border: 1px solid #1f1f1f; padding: 3px 12px; }
QTabWidget::pane { border: 1px solid #232323; }
QTabBar::tab { background: #2a2a2a; padding: 5px 12px; }
QTabBar::tab:selected { background: #3c3c3c; }
QFrame#line { background: #232323; max-height: 1px; }
"""


class Tiles(QWidget):
    """The node in each of its states, as the node graph shows it.

    Args:
        group: the node.
    """

    def __init__(self, group: Any) -> None:
        super().__init__()
        self._tiles: list[tuple[QColor, list[str]]] = []
        for status in STATES:
            labels.show(group, status)
            colour = QColor.fromRgb(int(group["tile_color"].value()) >> 8)
            text = [group.name(), f"denoise {group['filmgate_version'].value()}"]
            passes = status.state in (State.EMPTY, State.ERROR)
            self._tiles.append((colour, [*text, labels.line(status, passes=passes)]))
        self.setFixedWidth(TILE_WIDTH + 2 * GAP)

    def paintEvent(self, event: object) -> None:  # noqa: N802 - Qt's own name
        """Draw one tile below the other."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place, (colour, lines) in enumerate(self._tiles):
            box = QRectF(GAP, GAP + place * (TILE_HEIGHT + GAP), TILE_WIDTH, TILE_HEIGHT)
            painter.setPen(QPen(QColor("#161616"), 1))
            painter.setBrush(colour)
            painter.drawRoundedRect(box, 4, 4)
            painter.setPen(QColor("white"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(box, int(flags), "\n".join(lines))
        painter.end()


def controls(group: Any) -> QTabWidget:
    """Return the node's panel: the knobs that an artist sees, tab by tab."""
    tabs = QTabWidget()
    rows = QFormLayout()
    buttons: list[QWidget] = []
    for knob in group.knobs().values():
        if not knob.name().startswith("filmgate_") or knob.name() == "filmgate_state":
            continue
        if isinstance(knob, nuke.Tab_Knob):
            rows = QFormLayout()
            rows.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
            page = QWidget()
            page.setLayout(rows)
            tabs.addTab(page, knob.label())
            continue
        if isinstance(knob, nuke.PyScript_Knob):
            buttons.append(QPushButton(knob.label()))
            continue
        add_buttons(rows, buttons)
        add_knob(rows, knob)
    add_buttons(rows, buttons)
    return tabs


def add_buttons(rows: QFormLayout, buttons: list[QWidget]) -> None:
    """Put the buttons that follow each other into one row."""
    if buttons:
        row = QHBoxLayout()
        for button in buttons:
            row.addWidget(button)
        row.addStretch()
        rows.addRow("", row)
        buttons.clear()


def add_knob(rows: QFormLayout, knob: Any) -> None:
    """Put one knob into the panel as Nuke would show its class."""
    if isinstance(knob, nuke.Text_Knob):
        text = str(knob.value())
        if not text:
            line = QFrame()
            line.setObjectName("line")
            rows.addRow(QLabel(f"<b>{knob.label()}</b>"), line)
        else:
            rows.addRow(knob.label(), QLabel(text))
    elif isinstance(knob, nuke.Boolean_Knob):
        box = QCheckBox(knob.label())
        box.setChecked(bool(knob.value()))
        rows.addRow("", box)
    else:
        rows.addRow(knob.label(), field_of(knob))


def field_of(knob: Any) -> QWidget:
    """Return what a knob with a value of its own is set with."""
    if isinstance(knob, nuke.Double_Knob):
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        number = QLineEdit(f"{float(knob.value()):g}")
        number.setFixedWidth(70)
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setValue(round(SLIDER_STEPS * min(1.0, float(knob.value()))))
        layout.addWidget(number)
        layout.addWidget(slider)
        return row
    is_choice = isinstance(knob, (nuke.Enumeration_Knob, nuke.Channel_Knob, nuke.ChannelMask_Knob))
    if is_choice or "mask" in knob.name():
        choice = QComboBox()
        choice.addItem(str(knob.value()))
        return choice
    return QLineEdit(str(knob.value() or ""))


def main() -> None:
    """Draw and write the picture."""
    application = QApplication([])
    nuke._fresh()
    group = node.create(load_manifest(MODEL), "denoise")
    window = QWidget()
    window.setStyleSheet(STYLE)
    columns = QHBoxLayout(window)
    columns.addWidget(Tiles(group))
    labels.show(group, STATES[1])
    right = QVBoxLayout()
    right.addWidget(QLabel(f"<b>{group.name()}</b>"))
    right.addWidget(controls(group))
    columns.addLayout(right)
    window.resize(1040, len(STATES) * (TILE_HEIGHT + GAP) + 2 * GAP)
    application.processEvents()
    window.grab().save(str(PICTURE))


if __name__ == "__main__":
    main()
