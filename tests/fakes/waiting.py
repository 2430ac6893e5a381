"""Waiting for what another process or thread will do: polled, and never for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

PATIENCE_S = 40.0
_PAUSE_S = 0.01


def wait_until(
    condition: Callable[[], object], what: str | Callable[[], str], patience_s: float = PATIENCE_S
) -> None:
    """Return once *condition* holds; fail, saying *what* was waited for, when it never does."""
    pause, deadline_s = threading.Event(), time.monotonic() + patience_s
    while not condition():
        if time.monotonic() >= deadline_s:
            said = what() if callable(what) else what
            raise AssertionError(f"waited {patience_s:g} s in vain: {said}")
        pause.wait(_PAUSE_S)
