"""What of Nuke's own `nukescripts` is in use, with types; see tests/fakes/nuke/overlay."""

# ruff: noqa: I001, TID252 - a program wrote it
from . import panels as panels
from nukescripts.panels import PythonPanel as PythonPanel
from nukescripts.panels import registerPanel as registerPanel
from nukescripts.panels import registerWidgetAsPanel as registerWidgetAsPanel
from nukescripts.panels import restorePanel as restorePanel
from nukescripts.panels import unregisterPanel as unregisterPanel
