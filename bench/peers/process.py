"""A peer's server as a child process that says its port and ends when its parent does."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading

from bench.frames import ROOT

START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 60.0
"""No exchange takes that long; a peer that hangs ends the run instead of holding it."""


class ServerProcess:
    """Runs ``python -m MODULE`` until `close`; the child's first line is *port*.

    Args:
        module: the module to run; it calls `watch_parent` and `announce`.

    Raises:
        RuntimeError: the child ended or said nothing in time.
    """

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self.port = int(self._first_line())
        except BaseException:  # Ctrl-C included: the peer must not stay behind
            self.close()
            raise

    def close(self) -> None:
        """Kill the child by its own id and wait for it."""
        self._process.kill()
        self._process.communicate()

    def _first_line(self) -> str:
        answers = self._process.stdout
        if answers is None or not select.select([answers], [], [], START_TIMEOUT_S)[0]:
            raise RuntimeError("a peer's server did not start in time")
        line = answers.readline()
        if not line:
            raise RuntimeError("a peer's server ended before it was ready")
        return line


def announce(port: int) -> None:
    """In the child: tell the parent which port was bound."""
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def watch_parent() -> None:
    """In the child: exit as soon as the parent's end of the pipe closes."""
    threading.Thread(target=_exit_at_end_of_input, daemon=True).start()


def _exit_at_end_of_input() -> None:
    sys.stdin.read()
    os._exit(0)
