"""Make docs/images/unreal_*.png: what happens to a texture and to a render, drawn with real pixels.

No Unreal is asked, and nothing here is a picture of its windows. The pixels are the project's own
render, as it comes and as the command line's denoiser makes it. No display is needed::

    QT_QPA_PLATFORM=offscreen python docs/make_unreal_pictures.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QImage, QPainter, QPen, QPolygonF

from filmgate.image.exr import parse_exr

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
PLATE = ROOT / "examples" / "plates" / "noisy_0003.exr"
COLOUR = [f"ViewLayer.Combined.{letter}" for letter in "RGB"]
CROP = (slice(60, 300), slice(180, 420))
SIDE, GAP, TOP, FOOT = 240, 72, 44, 64
CURVE = 1 / 2.2
PAPER, INK, SOFT = QColor("#1e1f22"), QColor("#e6e6e6"), QColor("#9aa0a6")

Step = tuple[str, str, "np.ndarray[Any, Any] | None"]
"""What stands above, what stands below, and the pixels; None for a box with the text."""


def main() -> None:
    """Draw both pictures."""
    application = QGuiApplication(sys.argv)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "clean.exr"
        command = [sys.executable, "-m", "filmgate.cli", "run", "denoise", str(PLATE), str(result)]
        subprocess.run([*command, "--embedded"], check=True)
        noisy, clean = load(PLATE), load(result)
    texture: list[Step] = [
        ("Source art", "right click ▸ Filmgate ▸ denoise…", noisy),
        ("The server", "never the mip, never the compressed copy", None),
        ("Preview", "transient: the project is as it was", clean),
        ("Asset", "Accept: one undo step, with tags", clean),
    ]
    render: list[Step] = [
        ("Seq.0003.exr", "written by the queue or the graph", noisy),
        ("The server", "albedo and normal are found by name", None),
        ("denoise/Seq.0003.exr", "beside it; every other layer kept", clean),
    ]
    draw(texture, IMAGES / "unreal_texture.png")
    draw(render, IMAGES / "unreal_render.png")
    application.quit()


def load(path: Path) -> np.ndarray[Any, Any]:
    """Return a part of a render as it is seen, (H, W, 3) 8-bit sRGB."""
    channels = parse_exr(path.read_bytes()).parts[0].channels
    pixels = np.stack([channels[name].astype(np.float32) for name in COLOUR], axis=-1)[CROP]
    seen = np.clip(pixels, 0.0, 1.0) ** CURVE
    return np.ascontiguousarray((seen * 255.0 + 0.5).astype(np.uint8))


def draw(steps: Sequence[Step], path: Path) -> None:
    """Draw steps side by side with arrows between them."""
    width = len(steps) * SIDE + (len(steps) + 1) * GAP
    picture = QImage(width, TOP + SIDE + FOOT, QImage.Format.Format_RGB32)
    picture.fill(PAPER)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for number, (title, below, pixels) in enumerate(steps):
        left = GAP + number * (SIDE + GAP)
        place = QRectF(left, TOP, SIDE, SIDE)
        _box(painter, place, pixels)
        _text(painter, QRectF(left - GAP / 2, 8, SIDE + GAP, TOP - 12), title, INK, 15)
        _text(painter, QRectF(left - GAP / 2, TOP + SIDE + 8, SIDE + GAP, FOOT), below, SOFT, 11)
        if number:
            _arrow(painter, left - GAP + 10, left - 10, TOP + SIDE / 2)
    painter.end()
    picture.save(str(path))


def _box(painter: QPainter, place: QRectF, pixels: np.ndarray[Any, Any] | None) -> None:
    if pixels is not None:
        rows, columns, _ = pixels.shape
        image = QImage(pixels.data, columns, rows, columns * 3, QImage.Format.Format_RGB888)
        painter.drawImage(place, image)
        return
    painter.setPen(QPen(SOFT, 1.5))
    painter.drawRoundedRect(place, 10, 10)
    _text(painter, place, "EXR, scene-linear\n↓\nmodel\n↓\nEXR, scene-linear", INK, 13)


def _text(painter: QPainter, place: QRectF, text: str, colour: QColor, size: int) -> None:
    font = QFont()
    font.setPixelSize(size)
    painter.setFont(font)
    painter.setPen(colour)
    flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
    if place.height() == FOOT:
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
    painter.drawText(place, int(flags) | int(Qt.TextFlag.TextWordWrap), text)


def _arrow(painter: QPainter, left: float, right: float, height: float) -> None:
    painter.setPen(QPen(SOFT, 2))
    painter.drawLine(QPointF(left, height), QPointF(right, height))
    painter.setBrush(SOFT)
    head = [QPointF(right, height), QPointF(right - 9, height - 5), QPointF(right - 9, height + 5)]
    painter.drawPolygon(QPolygonF(head))


if __name__ == "__main__":
    main()
