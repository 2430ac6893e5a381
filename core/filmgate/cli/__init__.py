"""The command line."""

from __future__ import annotations

from filmgate.cli.main import main

__all__ = ["main"]
