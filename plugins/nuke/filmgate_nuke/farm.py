"""Baking without an interface: what ``nuke -t bake.py`` does."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Bake the frames of a node and return the exit code.

    Args:
        arguments: what follows ``bake.py`` on the command line.
    """
    raise NotImplementedError
