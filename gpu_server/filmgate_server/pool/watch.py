"""The watch over one worker process: what it has said lately, and when patience with it ends."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from filmgate_server.pool.messages import Beat

BEATS_MISSED_MAX = 3
START_GRACE_S = 120.0

LOADING_SILENCE_S = 60.0
"""Imports hold the interpreter, and with it the beats: the largest take half a minute."""

LOADING_MAX_S = 600.0


@dataclass(frozen=True)
class Patience:
    """How long a worker may take.

    Attributes:
        beat_s: from one sign of life to the next.
        cancel_grace_s: until an execution that was cancelled has ended; a tile that may take longer
            than that, as the worker says, is waited for.
    """

    beat_s: float
    cancel_grace_s: float


class Watch:
    """What is known of one process's life. All times are monotonic.

    Args:
        patience: how long it may take.
        now_s: when it was started.
    """

    def __init__(self, patience: Patience, now_s: float) -> None:
        self._patience = patience
        self._ready = False
        self._heard = False
        self._silent_since_s = now_s
        self._loading = False
        self._loading_since_s: float | None = None
        self._overdue_s = self._allowed_s = 0.0
        self._cancelled_s: dict[int, float] = {}

    def note_sign_of_life(self) -> None:
        """Remember that it said something."""
        self._heard = True

    def note_ready(self) -> None:
        """Expect beats from now on."""
        self._ready = True

    def note_beat(self, beat: Beat) -> None:
        """Remember what it says of itself; while it loads a model, nothing else can move."""
        self._loading = beat.loading
        self._overdue_s = 0.0 if beat.loading else beat.overdue_s
        self._allowed_s = beat.allowed_s
        if not beat.loading:
            self._loading_since_s = None

    def note_cancel(self, execution: int, now_s: float) -> None:
        """Expect the end of *execution*."""
        self._cancelled_s.setdefault(execution, now_s)

    def complaint(self, now_s: float, executions: Collection[int]) -> str:
        """Say why the process has to go; empty when it may stay. Read its channel before you ask.

        Args:
            now_s: the time.
            executions: what it has not answered yet.
        """
        self._take_note(now_s, executions)
        silent_s = now_s - self._silent_since_s
        if silent_s > self._silence_s():
            return f"it was silent for {silent_s:.1f} s"
        if self._loading_since_s is not None and now_s - self._loading_since_s > LOADING_MAX_S:
            return f"it has been loading a model for more than {LOADING_MAX_S:.0f} s"
        grace_s = max(self._patience.cancel_grace_s, self._allowed_s)
        if any(now_s - at_s > grace_s for at_s in self._cancelled_s.values()):
            return "it did not stop when asked"
        if self._overdue_s > 0:
            return f"its model made no step for {self._overdue_s:.1f} s longer than it may"
        return ""

    def _take_note(self, now_s: float, executions: Collection[int]) -> None:
        if self._heard:
            self._heard, self._silent_since_s = False, now_s
        if self._loading and self._loading_since_s is None:
            self._loading_since_s = now_s
        self._cancelled_s = {  # what is being loaded cannot be stopped: its grace begins after that
            execution: now_s if self._loading else at_s
            for execution, at_s in self._cancelled_s.items()
            if execution in executions
        }

    def _silence_s(self) -> float:
        if not self._ready:
            return START_GRACE_S
        beats_s = BEATS_MISSED_MAX * self._patience.beat_s
        return max(beats_s, LOADING_SILENCE_S) if self._loading else beats_s
