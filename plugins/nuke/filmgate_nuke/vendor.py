"""The wheels that a bundle brings: after everything else on ``sys.path``."""

from __future__ import annotations


def prepare() -> None:
    """Make the bundled wheels importable where the host has none of its own."""
    raise NotImplementedError
