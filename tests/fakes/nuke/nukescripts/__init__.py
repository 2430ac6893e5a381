"""A stand-in for Nuke's own Python scripts: what plugins use of them."""

from __future__ import annotations

from nukescripts import panels as panels
from nukescripts.panels import (
    PythonPanel as PythonPanel,
    registerPanel as registerPanel,
    registerWidgetAsPanel as registerWidgetAsPanel,
    restorePanel as restorePanel,
    unregisterPanel as unregisterPanel,
)
