"""How Houdini's own files get at the plugin: its modules, once its wheels can be found.

Nothing happens when Houdini starts, and nothing here asks the network: the first node, panel or
tool that is used loads what it needs.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import hou

REMEDY = "Run `filmgate doctor` in the environment that Houdini starts with."

_ready: list[bool] = []


def load(name: str) -> ModuleType:
    """Return a module of the plugin.

    Args:
        name: within ``filmgate_houdini``.

    Raises:
        hou.NodeError: it cannot be loaded; the text says why and what helps.
    """
    try:
        prepare()
        return import_module(f"filmgate_houdini.{name}")
    except ImportError as error:
        raise hou.NodeError(f"Filmgate cannot start: {error} {REMEDY}") from error


def prepare() -> None:
    """Make the bundle's wheels importable, and refuse what is too old.

    Raises:
        ImportError: a module is missing or too old; the text names its file.
    """
    if _ready:
        return
    from filmgate.host.vendor import Vendor  # noqa: PLC0415 - it may be what is missing

    wheels = Vendor("Houdini", __file__, "PYTHONPATH and the packages' folders")
    wheels.prepare()
    wheels.check_modules()
    _ready.append(True)
