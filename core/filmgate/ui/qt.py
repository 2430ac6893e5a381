"""Qt, whichever a host has: PySide6, or PySide2 in Nuke 14 and 15.

Every other module of the panel imports Qt from here and is written for Qt 6. What differs in Qt 5
is settled here or by QtPy, nowhere else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from filmgate.errors import ConfigError

_CHOICE = "QT_API"
_BINDINGS = {"PySide6": "pyside6", "PySide2": "pyside2"}
"""The bindings that may be taken, the preferred one first, and what QtPy calls them."""


@contextmanager
def _chosen_binding() -> Generator[None, None, None]:
    """Let QtPy take the Qt that the host has loaded already, else the newest that there is.

    Left alone it would prefer PyQt, and two Qts in one process crash. It also writes its choice
    into the environment, which everything that the host starts would inherit.
    """
    before = os.environ.get(_CHOICE)
    loaded = [name for name in _BINDINGS if name in sys.modules]
    there = loaded or [name for name in _BINDINGS if find_spec(name)] or ["PySide6"]
    os.environ[_CHOICE] = _BINDINGS[there[0]]
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_CHOICE, None)
        else:
            os.environ[_CHOICE] = before


if TYPE_CHECKING:
    from PySide6 import QtCore, QtGui, QtWidgets
    from PySide6.QtCore import Signal
else:
    try:
        with _chosen_binding():
            import qtpy
            from qtpy import QtCore, QtGui, QtWidgets
            from qtpy.QtCore import Signal
    except ImportError as error:  # QtPy's own errors of a missing Qt are ImportErrors too
        raise ConfigError(
            f"Qt cannot be loaded ({error}).",
            "Install it with: pip install 'filmgate[ui]'. On Linux it also needs the system's "
            "libraries of OpenGL (libgl1, libegl1) and X (libxkbcommon0).",
        ) from error
    if qtpy.API_NAME not in _BINDINGS:
        raise ConfigError(
            f"This process uses {qtpy.API_NAME}, which the panel is not made for.",
            f"Unset {_CHOICE}, or start the panel by itself: filmgate panel.",
        )

__all__ = [
    "QtCore",
    "QtGui",
    "QtWidgets",
    "Signal",
    "application",
    "bound_allocation",
    "run_events",
]

_IMAGE_MIB_MAX = 256
_made: list[QtWidgets.QApplication] = []
"""Keeps an application to the end of the process: one that goes before its widgets crashes it."""


def application(name: str) -> QtWidgets.QApplication:
    """Return the process's application, made where there is none yet; sharp on dense screens."""
    existing = QtWidgets.QApplication.instance()
    if isinstance(existing, QtWidgets.QApplication):
        return existing
    for attribute in ("AA_EnableHighDpiScaling", "AA_UseHighDpiPixmaps"):
        if _is_qt5():  # Qt 6 does both by itself
            QtWidgets.QApplication.setAttribute(getattr(QtCore.Qt, attribute))
    made = QtWidgets.QApplication([name])
    made.setApplicationName(name)
    _made.append(made)
    return made


def run_events(app: QtWidgets.QApplication) -> int:
    """Run the event loop to its end and return the exit code."""
    loop: Any = app
    return int(loop.exec_() if _is_qt5() else loop.exec())


def bound_allocation(reader: QtGui.QImageReader) -> None:
    """Let a picture take no more memory than any that comes to the panel needs; Qt 5 cannot."""
    if not _is_qt5():
        reader.setAllocationLimit(_IMAGE_MIB_MAX)


def _is_qt5() -> bool:
    return QtCore.qVersion().startswith("5.")
