"""Live mode: of the many changes of a moving hand the last one counts, once the hand rests."""

from __future__ import annotations

import threading
from typing import Callable, Optional

from filmgate.host.clock import Clock
from filmgate.host.port import Moment


class Debounce:
    """Holds the newest change until nothing has changed for a while; from any thread.

    Args:
        clock: the time.
        delay_s: how long it must be quiet.
        due: told, on any thread, when it was.
    """

    def __init__(self, clock: Clock, delay_s: float, due: Callable[[], None]) -> None:
        self._clock, self._delay_s, self._due = clock, delay_s, due
        self._lock = threading.Lock()
        self._moment: Optional[Moment] = None
        self._turn = 0
        self._ripe = False
        self._call_off: Callable[[], None] = lambda: None

    @property
    def pending(self) -> bool:
        """Whether a change waits."""
        return self._moment is not None

    @property
    def ripe(self) -> bool:
        """Whether a change has waited long enough."""
        return self._ripe

    def touch(self, moment: Moment) -> None:
        """Note a change at *moment*."""
        with self._lock:
            self._call_off()
            self._moment, self._ripe = moment, False
            self._turn += 1
            turn = self._turn
        call_off = self._clock.later(self._delay_s, lambda: self._rest(turn))
        with self._lock:
            self._call_off = call_off

    def take(self) -> Optional[Moment]:
        """Return the change that has waited long enough, once; else None."""
        with self._lock:
            if not self._ripe:
                return None
            moment, self._moment, self._ripe = self._moment, None, False
            return moment

    def drop(self) -> None:
        """Forget what waits."""
        with self._lock:
            self._call_off()
            self._turn += 1
            self._moment, self._ripe = None, False

    def _rest(self, turn: int) -> None:
        with self._lock:
            if turn != self._turn:  # touched again while the timer fired
                return
            self._ripe = True
        self._due()
