"""What a menu offers: its own items, or what its script returns each time it is opened."""

from __future__ import annotations

from typing import Any

from hou._constants import scriptLanguage
from hou._errors import OperationFailed


def choices(parm: Any) -> list[tuple[str, str]]:
    """Return tokens and labels."""
    template: Any = parm.tuple()._template
    if not hasattr(template, "_items"):
        raise OperationFailed("The parameter is not a menu")
    if template.itemGeneratorScript():
        return _generated(parm, template)
    labels = template.menuLabels() or template.menuItems()
    return list(zip(template.menuItems(), labels))


def _generated(parm: Any, template: Any) -> list[tuple[str, str]]:
    """Run the script: its last expression, or what it returns, lists tokens and labels."""
    if template.itemGeneratorScriptLanguage() is not scriptLanguage.Python:
        raise OperationFailed("The stand-in runs no Hscript")
    from hou import _scripts

    given = {"node": parm.node(), "parm": parm, "script_multiparm_index": "-1"}
    found = list(_scripts.returned(template.itemGeneratorScript(), {"kwargs": given}, parm.node()))
    if len(found) % 2:
        raise OperationFailed("A menu's script returned a token without a label")
    return list(zip(map(str, found[::2]), map(str, found[1::2])))
