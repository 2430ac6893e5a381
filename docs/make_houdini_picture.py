"""Make docs/images/houdini_node.png: the nodes in their networks and the parameters of one.

No Houdini is asked. The assets of the plugin are installed in the stand-in for Houdini that the
tests use, and what they are there is drawn with Qt: names, values, inputs and order are the nodes'
own, the look is only like Houdini's. No display is needed::

    QT_QPA_PLATFORM=offscreen python docs/make_houdini_picture.py
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / name) for name in ("plugins/houdini", "tests/fakes/houdini", "tests")]

import hou  # noqa: E402 - the stand-in

from filmgate.host.node import NodeState  # noqa: E402
from filmgate.manifest import to_manifest_json  # noqa: E402
from filmgate_houdini import parms  # noqa: E402
from filmgate_server.registry.local import load_manifest  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "houdini_node.png"
ZOO = ROOT / "gpu_server" / "filmgate_server" / "zoo"
OTLS = ROOT / "plugins" / "houdini" / "otls"

NETWORKS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("geo", "SOP", ("heightfield_noise1",), "terrain-detail"),
    ("copnet", "Copernicus", ("file1: C", "file1: albedo", "file1: N"), "denoise"),
    ("topnet", "TOP", ("ropfetch1",), "denoise"),
)
"""What holds the node, what people call its kind, what is connected, and the model."""

TABLES = {"geo": "sop", "copnet": "cop", "topnet": "top"}
WIDTH, ROW, BOX_WIDTH, BOX_HEIGHT, GAP = 560, 220, 150, 44, 16
SLIDER_STEPS = 100
STYLE = """
* { color: #d2d2d2; background: #3a3a3a; font-size: 12px; }
QLineEdit, QComboBox { background: #262626; border: 1px solid #1e1e1e; padding: 2px 4px; }
QPushButton { background: #4b4b4b; border: 1px solid #222222; padding: 3px 12px; }
QGroupBox { border: 1px solid #232323; margin-top: 10px; padding-top: 8px; }
QGroupBox::title { subcontrol-origin: margin; left: 8px; }
"""
TEXTS = {
    "filmgate_status": "fresh",
    "filmgate_match": "Everything that the model needs is there.",
}


class Networks(QWidget):
    """Each kind of network with the node in it and what is connected.

    Args:
        nodes: one for each of `NETWORKS`.
    """

    def __init__(self, nodes: Sequence[Any]) -> None:
        super().__init__()
        self._nodes = list(nodes)
        self.setFixedSize(WIDTH, ROW * len(nodes))

    def paintEvent(self, event: object) -> None:  # noqa: N802 - Qt's own name
        """Draw one network below the other."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place, (node, network) in enumerate(zip(self._nodes, NETWORKS, strict=True)):
            _draw_network(painter, place * ROW, node, network)
        painter.end()


def _draw_network(painter: QPainter, top: int, node: Any, network: Any) -> None:
    _, title, above, model = network
    painter.setPen(QColor("#8a8a8a"))
    painter.drawText(QPointF(GAP, top + 22), title)
    inputs = node.type().maxNumInputs()
    left = (WIDTH - BOX_WIDTH) / 2
    box = QRectF(left, top + 130, BOX_WIDTH, BOX_HEIGHT)
    start = (WIDTH - len(above) * (BOX_WIDTH + GAP) + GAP) / 2
    for place, name in enumerate(above):
        upper = QRectF(start + place * (BOX_WIDTH + GAP), top + 40, BOX_WIDTH, BOX_HEIGHT - 8)
        _draw_box(painter, upper, QColor("#5a5f66"), [name])
        end = QPointF(_connector(box, place, inputs), box.top())
        _draw_wire(painter, QPointF(upper.center().x(), upper.bottom()), end)
    for place in range(inputs):
        painter.setBrush(QColor("#c9c9c9"))
        painter.drawEllipse(QPointF(_connector(box, place, inputs), box.top()), 4, 4)
    _draw_box(painter, box, QColor("#2d6f92"), [node.name(), model])


def _connector(box: QRectF, place: int, count: int) -> float:
    return box.left() + box.width() * (place + 1) / (count + 1)


def _draw_box(painter: QPainter, box: QRectF, colour: QColor, lines: Sequence[str]) -> None:
    painter.setPen(QPen(QColor("#1b1b1b"), 1))
    painter.setBrush(colour)
    painter.drawRoundedRect(box, 5, 5)
    painter.setPen(QColor("white"))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), "\n".join(lines))


def _draw_wire(painter: QPainter, start: QPointF, end: QPointF) -> None:
    path = QPainterPath(start)
    middle = (start.y() + end.y()) / 2
    path.cubicTo(QPointF(start.x(), middle), QPointF(end.x(), middle), end)
    painter.setPen(QPen(QColor("#a8a8a8"), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)


def make_node(kind: str, model: str) -> Any:
    """Return a node for a model in a network of its own."""
    hou.hda.installFile(str(OTLS / f"filmgate_{TABLES[kind]}_infer.1.0.hda"))
    node: Any = hou.node("/obj").createNode(kind).createNode("filmgate::infer", "filmgate1")
    manifest = load_manifest(ZOO / model)
    state = NodeState(model=f"{model}@champion", manifest=to_manifest_json(manifest).decode())
    node.setUserData("filmgate_state", state.to_text())
    node.parm("filmgate_model").set(f"{model}@champion")
    node.parm("filmgate_version").set(manifest.version)
    parms.rebuild(node, manifest)
    return node


def add_rows(rows: QFormLayout, node: Any, templates: Sequence[Any]) -> None:
    """Put parameters into the pane, as Houdini would show their kinds."""
    buttons: list[QWidget] = []
    for each in templates:
        if each.isHidden():
            continue
        if isinstance(each, hou.ButtonParmTemplate):
            buttons.append(QPushButton(each.label()))
            continue
        _add_buttons(rows, buttons)
        if isinstance(each, hou.FolderParmTemplate):
            rows.addRow(_folder(node, each))
        else:
            rows.addRow(each.label(), _field(node, each))
    _add_buttons(rows, buttons)


def _add_buttons(rows: QFormLayout, buttons: list[QWidget]) -> None:
    if not buttons:
        return
    row = QHBoxLayout()
    for each in buttons:
        row.addWidget(each)
    row.addStretch()
    rows.addRow("", row)
    buttons.clear()


def _folder(node: Any, template: Any) -> QWidget:
    box = QGroupBox(template.label())
    inner = QFormLayout(box)
    inner.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
    add_rows(inner, node, template.parmTemplates())
    return box


def _field(node: Any, template: Any) -> QWidget:
    name = template.name()
    parm = node.parm(name)
    text = TEXTS.get(name, "" if parm is None else parm.evalAsString())
    if isinstance(template, hou.LabelParmTemplate):
        return QLabel(text)
    if isinstance(template, hou.ToggleParmTemplate):
        toggle = QCheckBox()
        toggle.setChecked(text == "on")
        return toggle
    if isinstance(template, hou.MenuParmTemplate) or template.name() in (
        "filmgate_model",
        "filmgate_version",
    ):
        choice = QComboBox()
        labels = dict(zip(getattr(template, "menuItems", tuple)(), template.menuLabels()))
        choice.addItem(labels.get(text, text))
        return choice
    if isinstance(template, hou.FloatParmTemplate):
        return _number(template, float(text))
    return QLineEdit(text)


def _number(template: Any, value: float) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    number = QLineEdit(f"{value:g}")
    number.setFixedWidth(70)
    slider = QSlider(Qt.Orientation.Horizontal)
    span = template.maxValue() - template.minValue()
    slider.setValue(round(SLIDER_STEPS * (value - template.minValue()) / span))
    layout.addWidget(number)
    layout.addWidget(slider)
    return row


def main() -> None:
    """Draw and write the picture."""
    application = QApplication([])
    hou._fresh("21.0", "gui")
    nodes = [make_node(kind, model) for kind, _, _, model in NETWORKS]
    window = QWidget()
    window.setStyleSheet(STYLE)
    columns = QHBoxLayout(window)
    columns.addWidget(Networks(nodes))
    pane = QVBoxLayout()
    pane.addWidget(QLabel(f"<b>{nodes[0].path()}</b>"))
    rows = QFormLayout()
    rows.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
    add_rows(rows, nodes[0], nodes[0].parmTemplateGroup().entries())
    pane.addLayout(rows)
    pane.addStretch()
    columns.addLayout(pane)
    window.resize(1120, ROW * len(NETWORKS) + 2 * GAP)
    application.processEvents()
    window.grab().save(str(PICTURE))


if __name__ == "__main__":
    main()
