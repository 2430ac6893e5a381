"""Nuke's main thread: how calls get there, and how a batch process serves them itself.

With its interface up, Nuke takes calls from its event loop, one per turn. Without one (``-t``,
``-x``) no loop runs while Python does: calls wait in a queue that `serve` empties.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Optional

import nuke

Call = Callable[[], None]

SLICE_S = 0.05
"""How long the main thread of a batch process sleeps at most, so that Ctrl-C is heard."""

_waiting: queue.SimpleQueue[Call] = queue.SimpleQueue()


def post(call: Call) -> None:
    """Run *call* soon on the main thread; from any thread, returns at once."""
    if nuke.GUI:
        nuke.executeInMainThread(call)
    else:
        _waiting.put(call)


def post_later(call: Call, delay_s: float) -> None:
    """Run *call* on the main thread after *delay_s*."""
    timer = threading.Timer(delay_s, post, (call,))
    timer.daemon = True
    timer.start()


def serve(until: Callable[[], bool], timeout_s: Optional[float] = None) -> bool:
    """Run what was posted, on this thread, until *until* is true; for processes without a loop.

    Returns:
        False when *timeout_s* has passed first.
    """
    give_up_s = None if timeout_s is None else time.monotonic() + timeout_s
    while not until():
        if give_up_s is not None and time.monotonic() > give_up_s:
            return False
        try:
            call = _waiting.get(timeout=SLICE_S)
        except queue.Empty:
            continue
        call()
    return True


def drop_all() -> None:
    """Forget what waits: the script that it belongs to is gone."""
    while True:
        try:
            _waiting.get_nowait()
        except queue.Empty:
            return
