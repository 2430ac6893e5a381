"""Houdini's event loop: how what other threads have found gets to the main one, and recooks.

Without an interface there is no event loop: nothing runs between cooks, and a cook does its
session's work itself while it waits.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import Callable

import hou

Call = Callable[[], None]

SLICE_S = 0.01
"""How long the main thread works for us at most in one turn of the loop, which comes every 50 ms;
a single call may take longer."""

log = logging.getLogger("filmgate")

_calls: deque[Call] = deque()
_watched: dict[int, Call] = {}
_started: list[Call] = []
_turns = [0]


def start() -> None:
    """Take part in the event loop from now on, where there is one; on the main thread."""
    if hou.isUIAvailable() and not _started:
        hou.ui.addEventLoopCallback(turn)
        _started.append(turn)


def stop() -> None:
    """Leave the event loop and forget what waits."""
    _calls.clear()
    _watched.clear()
    while _started:
        hou.ui.removeEventLoopCallback(_started.pop())


def post(call: Call) -> None:
    """Have *call* done in a later turn of the event loop; from any thread, returns at once.

    Where there is no loop nothing is done.
    """
    if _started:
        _calls.append(call)


def watch(key: int, look: Call) -> None:
    """Have *look* called at every turn until `unwatch`; on the main thread."""
    if _started:
        _watched[key] = look


def unwatch(key: int) -> None:
    """Call it no more."""
    _watched.pop(key, None)


def turns() -> int:
    """Return a number that is another one after each turn of the loop, and within one.

    While Houdini renders or caches frame after frame, it stays the same.
    """
    return _turns[0]


def turn() -> None:
    """Do one turn's work; Houdini calls it."""
    _turns[0] += 1
    try:
        _work()
    finally:
        _turns[0] += 1


def _work() -> None:
    end_s = time.monotonic() + SLICE_S
    for look in list(_watched.values()):
        _do(look)
    while _calls:
        _do(_calls.popleft())
        if time.monotonic() > end_s:
            return


def _do(call: Call) -> None:
    try:
        call()
    except Exception:  # the loop serves all nodes: Houdini would drop the callback for good
        log.exception("a call in Houdini's event loop failed")
