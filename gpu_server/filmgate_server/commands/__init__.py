"""What `filmgate models` offers to those who make models; the command line finds it by entry point.

These modules belong to the command line: unlike the server they use its options and its terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer


def command() -> typer.Typer:
    """Return the subcommands as one app."""
    from filmgate_server.commands.app import build_app  # noqa: PLC0415 - a trial needs none of it

    return build_app()
