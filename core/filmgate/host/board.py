"""The board: what the nodes of one host tell, and what its panels show of it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Callable, Optional

from filmgate.host.state import Status

RUNS_MAX = 100
"""Runs that are shown; of those that have ended, the oldest go first."""

LINES_MAX = 1000

INFO, WARNING, ERROR = "info", "warning", "error"
"""The levels of a line of the log."""

log = logging.getLogger("filmgate")


@dataclass(frozen=True)
class RunRow:
    """A run of a node: one line of a panel.

    Attributes:
        id: of the run; unique in the host.
        node: the identity of the node.
        label: what the artist calls the node.
        model: the model as the node shows it.
        status: where the run stands.
        started_s: when it began, in seconds since 1970.
        cancel: ends it; from any thread, returns at once.
        ended_s: when it was over, in seconds since 1970; 0 while it is not.
    """

    id: str
    node: str
    label: str
    model: str
    status: Status
    started_s: float
    cancel: Callable[[], None]
    ended_s: float = 0.0


@dataclass(frozen=True)
class LogLine:
    """One line of the log.

    Attributes:
        time_s: when, in seconds since 1970.
        level: `INFO`, `WARNING` or `ERROR`.
        text: what happened.
        remedy: what helps; may be empty.
        id: what to tell the people who keep the server running; may be empty.
        node: what the artist calls the node that it concerns; empty where it is none.
    """

    time_s: float
    level: str
    text: str
    remedy: str = ""
    id: str = ""
    node: str = ""


@dataclass(frozen=True)
class Comparison:
    """A result beside its source.

    Attributes:
        title: node, frame and model, for people.
        before: the main input as a PNG.
        after: the result as a PNG, of the same size or a multiple.
    """

    title: str
    before: bytes
    after: bytes


class Board:
    """Told by sessions, read by panels; any thread may do either. What is read never changes.

    Args:
        clock: seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._runs: dict[str, RunRow] = {}
        self._lines: deque[LogLine] = deque(maxlen=LINES_MAX)
        self._comparison: Optional[Comparison] = None
        self._listeners: dict[object, Callable[[], None]] = {}

    def begin(self, run: RunRow) -> None:
        """Show a run that has just begun."""
        with self._lock:
            self._runs[run.id] = run
            self._forget_oldest()
        self._tell()

    def update(self, id: str, status: Status) -> None:
        """Show where a run stands; one that has ended or is no longer shown is left alone."""
        self._change(id, status, 0.0)

    def end(self, id: str, status: Status) -> None:
        """Show how a run has ended; it stays for a while."""
        self._change(id, status, self._clock())

    def runs(self) -> tuple[RunRow, ...]:
        """Return the runs, the newest first."""
        with self._lock:
            return tuple(reversed(tuple(self._runs.values())))

    def note(self, level: str, text: str, remedy: str = "", id: str = "", node: str = "") -> None:
        """Add a line to the log; the oldest line makes room for it."""
        with self._lock:
            self._lines.append(LogLine(self._clock(), level, text, remedy, id, node))
        self._tell()

    def log(self) -> tuple[LogLine, ...]:
        """Return the log, the oldest line first."""
        with self._lock:
            return tuple(self._lines)

    def show_result(self, comparison: Comparison) -> None:
        """Show the newest result beside its source."""
        with self._lock:
            self._comparison = comparison
        self._tell()

    def comparison(self) -> Optional[Comparison]:
        """Return the newest result beside its source; None before the first."""
        with self._lock:
            return self._comparison

    def listen(self, call: Callable[[], None]) -> Callable[[], None]:
        """Have *call* called when anything has changed.

        Args:
            call: told on whatever thread made the change: be brief, and read what is new later.

        Returns:
            What ends it; may be called more than once.
        """
        mark = object()
        with self._lock:
            self._listeners[mark] = call
        return lambda: self._leave(mark)

    def changed(self) -> None:
        """Tell the listeners that something has changed which panels show and the board lacks."""
        self._tell()

    def _change(self, id: str, status: Status, ended_s: float) -> None:
        with self._lock:
            run = self._runs.get(id)
            if run is None or run.ended_s:  # threads tell: what is late must not bring it back
                return
            self._runs[id] = replace(run, status=status, ended_s=ended_s)
        self._tell()

    def _forget_oldest(self) -> None:
        """Forget ended runs beyond the bound; one that is under way can always be cancelled."""
        excess = len(self._runs) - RUNS_MAX
        ended = [run.id for run in self._runs.values() if run.ended_s]
        for id in ended[: max(0, excess)]:
            del self._runs[id]

    def _leave(self, mark: object) -> None:
        with self._lock:
            self._listeners.pop(mark, None)

    def _tell(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners.values())
        for call in listeners:
            try:
                call()
            except Exception:  # a panel's failure must not end the run that it shows
                log.exception("a listener of the board failed")
