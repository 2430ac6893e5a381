"""Which Qt is taken, and what that leaves behind in the host."""

from __future__ import annotations

import subprocess
import sys

ENVIRONMENT = """
import os
before = dict(os.environ)
from filmgate.ui import qt
changed = {name for name in os.environ if os.environ.get(name) != before.get(name)}
print(sorted(changed - {"PYSIDE6_OPTION_PYTHON_ENUM"}))
"""

NO_QT = """
import sys
sys.modules.update({"PySide6": None, "PySide2": None})
from filmgate.errors import ConfigError
try:
    import filmgate.ui.panel
except ConfigError as error:
    print(error.code, error.remedy)
"""

OTHER_QT = """
import sys, types
for name in ("PyQt5", "PyQt6"):
    sys.modules[name] = None
from filmgate.ui import qt
print(qt.QtCore.QObject.__module__.split(".")[0])
"""


def run(code: str) -> str:
    """Run *code* in a process of its own and return what it prints."""
    return subprocess.check_output([sys.executable, "-c", code], text=True, timeout=40).strip()


def test_the_environment_stays_as_it_was() -> None:
    """QtPy writes its choice there, and everything that the host starts would inherit it."""
    assert run(ENVIRONMENT) == "[]"


def test_a_machine_without_qt_is_told_what_to_install() -> None:
    """By an error with a remedy, not by an ImportError of somebody else's."""
    assert run(NO_QT).startswith("config Install it with: pip install 'filmgate[ui]'")


def test_pyside_is_taken_and_never_pyqt() -> None:
    """QtPy alone would prefer PyQt, whose licence and whose flags are others."""
    assert run(OTHER_QT) in ("PySide6", "PySide2")
