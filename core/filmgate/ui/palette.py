"""The panel's look: neutral greys, as in a grading room, and a few colours that mean something.

Everything here is set on the panel alone; the host's own look is not touched.
"""

from __future__ import annotations

from filmgate.host.state import State
from filmgate.ui.qt import QtGui, QtWidgets

GROUND = "#2b2b2b"
"""Behind everything."""
WELL = "#232323"
"""Lists and fields: where something is kept."""
RAISED = "#3a3a3a"
"""Buttons and cards: what stands out or can be pressed."""
HOVER = "#454545"
LINE = "#404040"
GROOVE = "#22ffffff"
"""Where a bar is not yet; seen on every ground."""
TEXT = "#dcdcdc"
DIM = "#a3a3a3"
FAINT = "#858585"
ACCENT = "#5b9fc9"
ACCENT_DEEP = "#35566b"
"""Behind what is to be pressed first, and marked text."""
CHOSEN = "#35424b"
"""Behind the row that the keyboard is on."""
GOOD = "#74b37f"
CAUTION = "#d8a64c"
BAD = "#e0786d"
BAKED = "#a990cf"
DARKROOM = "#171717"
"""Around pictures."""

STATE_COLOURS = {
    State.EMPTY: FAINT,
    State.FRESH: GOOD,
    State.STALE: CAUTION,
    State.PARTIAL: CAUTION,
    State.RUNNING: ACCENT,
    State.ERROR: BAD,
    State.BAKED: BAKED,
}
LEVEL_COLOURS = {"debug": FAINT, "info": DIM, "warning": CAUTION, "error": BAD}

GAP = 8
"""Between things, in px of a screen of ordinary density."""
ROUND = 4
"""The radius of corners."""

SHEET = f"""
QWidget {{ background: {GROUND}; color: {TEXT}; selection-background-color: {ACCENT_DEEP};
    selection-color: {TEXT}; }}
QLabel, QWidget#clear {{ background: transparent; }}
QLabel#dim {{ color: {DIM}; }}
QLabel#bad {{ color: {BAD}; }}
QFrame#card {{ background: {RAISED}; border: none; border-radius: {ROUND}px; }}
QFrame#line {{ background: {LINE}; border: none; }}
QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid {LINE}; padding: 4px; }}

QTabWidget::pane {{ border: none; border-top: 1px solid {LINE}; }}
QTabBar {{ background: {GROUND}; }}
QTabBar::tab {{ background: transparent; color: {DIM}; padding: 6px 7px; border: none;
    min-width: 12px;
    border-bottom: 2px solid transparent; }}
QTabBar::tab:hover {{ color: {TEXT}; }}
QTabBar::tab:selected {{ color: {TEXT}; border-bottom: 2px solid {ACCENT}; }}
QTabBar::tab:focus {{ background: {RAISED}; }}

QListView, QTextBrowser {{ background: {WELL}; border: 1px solid {LINE};
    border-radius: {ROUND}px; outline: none; alternate-background-color: {WELL}; }}
QListView:focus, QTextBrowser:focus {{ border-color: {ACCENT}; }}

QLineEdit {{ background: {WELL}; border: 1px solid {LINE}; border-radius: {ROUND}px;
    padding: 4px 6px; }}
QLineEdit:focus {{ border-color: {ACCENT}; }}

QPushButton {{ background: {RAISED}; border: 1px solid {LINE}; border-radius: {ROUND}px;
    padding: 4px 12px; }}
QPushButton:hover {{ background: {HOVER}; }}
QPushButton:pressed {{ background: {WELL}; }}
QPushButton:focus {{ border-color: {ACCENT}; }}
QPushButton:disabled {{ color: {FAINT}; }}
QPushButton#main {{ background: {ACCENT_DEEP}; border-color: {ACCENT_DEEP}; }}
QPushButton#main:hover {{ background: #40677f; }}
QPushButton#main:focus {{ border-color: {ACCENT}; }}
QPushButton#main:disabled {{ background: {RAISED}; border-color: {LINE}; }}
QToolButton {{ background: transparent; border: 1px solid transparent;
    border-radius: {ROUND}px; padding: 3px; }}
QToolButton:hover {{ background: {HOVER}; }}
QToolButton:focus {{ border-color: {ACCENT}; }}
QToolButton:checked {{ background: {ACCENT_DEEP}; }}
QToolButton#fold {{ color: {DIM}; padding: 1px 3px 1px 0; }}
QToolButton#fold:checked {{ background: transparent; }}
QToolButton#toggle {{ border-color: {LINE}; padding: 4px 10px; }}
QToolButton#toggle:focus {{ border-color: {ACCENT}; }}

QMenu {{ background: {RAISED}; border: 1px solid {LINE}; padding: 4px; }}
QMenu::item {{ padding: 4px 20px; border-radius: {ROUND}px; background: transparent; }}
QMenu::item:selected {{ background: {ACCENT_DEEP}; }}
QMenu::item:disabled {{ color: {FAINT}; }}

QSplitter::handle {{ background: transparent; }}
QScrollArea {{ border: none; }}
QScrollBar {{ background: transparent; border: none; margin: 0; }}
QScrollBar:vertical {{ width: 10px; }}
QScrollBar:horizontal {{ height: 10px; }}
QScrollBar::handle {{ background: {HOVER}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:hover {{ background: #606060; }}
QScrollBar::handle:vertical {{ min-height: 24px; }}
QScrollBar::handle:horizontal {{ min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
"""


def dress(widget: QtWidgets.QWidget) -> None:
    """Give the panel its look, and whatever lies inside it."""
    palette = QtGui.QPalette(widget.palette())
    role = QtGui.QPalette.ColorRole
    for each, colour in (
        (role.Window, GROUND),
        (role.Base, WELL),
        (role.Button, RAISED),
        (role.Highlight, ACCENT_DEEP),
        (role.Link, ACCENT),
        (role.WindowText, TEXT),
        (role.Text, TEXT),
        (role.ButtonText, TEXT),
        (role.HighlightedText, TEXT),
        (role.PlaceholderText, FAINT),
    ):
        palette.setColor(each, QtGui.QColor(colour))
    widget.setPalette(palette)
    widget.setStyleSheet(SHEET)


def small(font: QtGui.QFont) -> QtGui.QFont:
    """Return *font* for what stands in the second line."""
    return _scaled(font, 0.9)


def strong(font: QtGui.QFont, scale: float = 1.0) -> QtGui.QFont:
    """Return *font* for what is read first."""
    made = _scaled(font, scale)
    made.setWeight(QtGui.QFont.Weight.DemiBold)
    return made


def _scaled(font: QtGui.QFont, scale: float) -> QtGui.QFont:
    made = QtGui.QFont(font)
    if font.pointSizeF() > 0:
        made.setPointSizeF(font.pointSizeF() * scale)
    else:  # hosts set it in pixels
        made.setPixelSize(max(1, round(font.pixelSize() * scale)))
    return made
