"""A child process for tests: it says what it was given, then does as it was told."""

from __future__ import annotations

import json
import os
import signal
import sys

from filmgate_server.children import read_settings, tie_to_parent


def main() -> None:
    """Report over the descriptor ``report_fd``, then wait for a signal, or exit with ``status``."""
    settings = read_settings()
    tie_to_parent()
    report = {"settings": settings, "argv": sys.argv, "stdin": sys.stdin.read()}
    os.write(settings["report_fd"], json.dumps(report).encode() + b"\n")
    if "status" in settings:
        os._exit(settings["status"])
    signal.pause()


if __name__ == "__main__":
    main()
