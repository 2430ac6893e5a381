"""What happens when Nuke starts: no network, and nothing that keeps Nuke from starting."""

from __future__ import annotations

from importlib import import_module

import nuke

from filmgate_nuke import vendor


def batch() -> None:
    """Make the plugin ready in any mode; where it cannot run, say why and leave Nuke alone."""
    _tried("filmgate_nuke.callbacks", "register")


def interface() -> None:
    """Add the menu and the panel."""
    _tried("filmgate_nuke.menus", "install")
    _tried("filmgate_nuke.panel", "register")


def _tried(module: str, name: str) -> None:
    try:
        vendor.prepare()
        getattr(import_module(module), name)()
    except Exception as error:  # noqa: BLE001 - the boundary to Nuke, which would not start
        nuke.tprint(f"Filmgate is not available: {error}")
