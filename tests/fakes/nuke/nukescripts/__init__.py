"""A stand-in for Nuke's own Python scripts: what plugins use of them."""

from __future__ import annotations

from nukescripts import panels as panels
from nukescripts.panels import (
    PythonPanel as PythonPanel,
)
from nukescripts.panels import (
    registerPanel as registerPanel,
)
from nukescripts.panels import (
    registerWidgetAsPanel as registerWidgetAsPanel,
)
from nukescripts.panels import (
    restorePanel as restorePanel,
)
from nukescripts.panels import (
    unregisterPanel as unregisterPanel,
)
