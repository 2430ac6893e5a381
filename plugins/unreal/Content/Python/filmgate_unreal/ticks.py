"""The game thread: what other threads want done there, a few milliseconds at every tick.

One callback after Slate's tick serves the whole plugin. Where nothing ticks (``-run=pythonscript``)
`serve` does the same on the thread that waits.
"""

from __future__ import annotations

import queue
import time
import traceback
from collections.abc import Callable
from typing import Optional

import unreal

Call = Callable[[], None]
Look = Callable[[], bool]

BUDGET_S = 0.004
"""How long a tick may work; what is left waits for the next one."""

LOOK_EVERY_S = 0.1
"""How often notifications look for progress."""

SLICE_S = 0.05
"""How long a process without ticks sleeps at most."""


class Ticks:
    """The calls that wait, and the callback that makes them."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Call] = queue.SimpleQueue()
        self._looks: list[Look] = []
        self._looked_s = 0.0
        self._handle: Optional[object] = None
        self._running = self._enough = False

    def post(self, call: Call) -> None:
        """Run *call* soon on the game thread; from any thread, returns at once."""
        self._waiting.put(call)

    def watch(self, look: Look) -> None:
        """Call *look* several times a second on the game thread until it returns False."""
        self._looks.append(look)

    def enough(self) -> None:
        """Let this tick end after the present call, which took long in itself: a capture."""
        self._enough = True

    def start(self) -> None:
        """Register the callback, once however often this is called."""
        if self._handle is None:
            self._handle = unreal.register_slate_post_tick_callback(self._tick)

    def stop(self) -> None:
        """Unregister the callback and forget what waits."""
        if self._handle is not None:
            unreal.unregister_slate_post_tick_callback(self._handle)
            self._handle = None
        self._looks.clear()
        self._waiting = queue.SimpleQueue()

    def serve(self, until: Callable[[], bool], timeout_s: Optional[float] = None) -> bool:
        """Do the ticks' work on this thread, the game thread, until *until* is true.

        Returns:
            False when *timeout_s* has passed first.
        """
        give_up_s = None if timeout_s is None else time.monotonic() + timeout_s
        while not until():
            if give_up_s is not None and time.monotonic() > give_up_s:
                return False
            try:
                call = self._waiting.get(timeout=SLICE_S)
            except queue.Empty:
                self._look()
                continue
            call()
            self._look()
        return True

    def _tick(self, _: float) -> None:
        """Work for a moment; a dialog of ours ticks too, and must not begin this again."""
        if self._running:
            return
        self._running, self._enough = True, False
        try:
            self._look()
            self._work(time.monotonic() + BUDGET_S)
        finally:
            self._running = False

    def _work(self, until_s: float) -> None:
        while not self._enough and time.monotonic() < until_s:
            try:
                call = self._waiting.get_nowait()
            except queue.Empty:
                return
            call()

    def _look(self) -> None:
        now_s = time.monotonic()
        if self._looks and now_s - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = now_s
            looks, self._looks = self._looks, []  # one may begin another
            for look in looks:
                if _goes_on(look):
                    self._looks.append(look)


def _goes_on(look: Look) -> bool:
    """Look; whoever fails looks no more, and costs the others nothing."""
    try:
        return look()
    except Exception:  # noqa: BLE001 - the boundary to the editor
        unreal.log_error(f"Filmgate: {traceback.format_exc()}")
        return False


_ticks = Ticks()

post = _ticks.post
watch = _ticks.watch
enough = _ticks.enough
start = _ticks.start
stop = _ticks.stop
serve = _ticks.serve
