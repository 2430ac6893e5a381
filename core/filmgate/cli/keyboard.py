"""Waiting for a key without a prompt, where there is a terminal; elsewhere only waiting."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

Wait = Callable[[float], str]
"""Waits up to so many seconds for a key and returns it; empty when none was pressed."""

_SLICE_S = 0.05


@contextmanager
def keys() -> Generator[Wait]:
    """Let single keys be heard for as long as the context lasts; the terminal is then as before."""
    if not sys.stdin.isatty():
        yield _only_wait
    elif sys.platform == "win32":
        yield _wait_on_windows
    else:
        with _unbuffered():
            yield _wait_on_posix


def _only_wait(seconds: float) -> str:
    time.sleep(seconds)
    return ""


if sys.platform == "win32":
    import msvcrt

    def _wait_on_windows(seconds: float) -> str:
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            if msvcrt.kbhit():
                return msvcrt.getwch()
            time.sleep(_SLICE_S)
        return ""

else:
    import os
    import select
    import termios
    import tty

    @contextmanager
    def _unbuffered() -> Generator[None]:
        """Hand keys over at once and unseen; Ctrl-C still interrupts."""
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
        try:
            tty.setcbreak(terminal)
            yield
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)

    def _wait_on_posix(seconds: float) -> str:
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        return os.read(sys.stdin.fileno(), 1).decode(errors="replace") if ready else ""
