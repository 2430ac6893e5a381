"""The Filmgate menu of the toolbar, which the tab menu lists too: one entry for each model."""

from __future__ import annotations


def install() -> None:
    """Make the menu from what is on disk and refresh it in the background."""
    raise NotImplementedError
