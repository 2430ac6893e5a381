"""What happens when Nuke starts: no network, and nothing that keeps Nuke from starting."""

from __future__ import annotations

from importlib import import_module

import nuke

MENU = "Filmgate"
UNAVAILABLE = "Filmgate cannot start\u2026"

_LIMITED = {"indie": "Indie", "nc": "Non-commercial"}
"""By the key of `nuke.env`: in these editions Python sees ten nodes, and our Groups have more."""


_said = ""
"""What the terminal was told when Nuke started, and is not told again."""


def batch() -> None:
    """Make the plugin ready in any mode; where it cannot run, say why and leave Nuke alone."""
    global _said  # noqa: PLW0603 - Nuke starts once
    _said = ""
    _say(limitation() or _tried("filmgate_nuke.callbacks", "register"))


def interface() -> None:
    """Add the menu and the panel, or say in the menu why there are none."""
    text = limitation() or _tried("filmgate_nuke.menus", "install")
    if text:
        explain(text)
    _say(text or _tried("filmgate_nuke.panel", "register"))


def limitation() -> str:
    """Return why this edition of Nuke cannot run the plugin; empty where it can."""
    edition = next((name for key, name in _LIMITED.items() if nuke.env.get(key)), "")
    if not edition:
        return ""
    return (
        f"Filmgate is not available in Nuke {edition}, where Python can work with ten nodes only. "
        "Baked Filmgate nodes open and render here all the same."
    )


def explain(text: str) -> None:
    """Make the menu one entry that shows *text*, which may hold slashes and so is no title."""
    menu = nuke.menu("Nodes").addMenu(MENU)
    menu.clearMenu()
    menu.addCommand(UNAVAILABLE, lambda: nuke.message(text))


def _tried(module: str, name: str) -> str:
    """Call a function of a module of ours; return why that failed, or an empty text."""
    try:
        import_module("filmgate_nuke.vendor").prepare()  # here, since it needs a whole bundle
        getattr(import_module(module), name)()
    except Exception as error:  # noqa: BLE001 - the boundary to Nuke, which would not start
        return f"Filmgate cannot start: {error}"
    return ""


def _say(text: str) -> None:
    global _said  # noqa: PLW0603 - Nuke starts once
    if text and text != _said:
        _said = text
        nuke.tprint(text)
