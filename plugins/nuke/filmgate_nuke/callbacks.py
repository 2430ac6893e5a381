"""What Nuke calls by itself; `register` is all that the plugin's ``init.py`` needs."""

from __future__ import annotations


def register() -> None:
    """Register every callback, once however often it is called."""
