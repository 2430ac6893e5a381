"""The command line."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the `filmgate` command; an interrupt ends it with a line, from the first moment on."""
    try:
        from filmgate.cli.main import main as run  # noqa: PLC0415 - slow, and may be interrupted

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(128 + signal.SIGINT)


__all__ = ["main"]
