"""One run of a node: its frames from the wish to their end, seen by several threads."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Optional

from filmgate.host.freshness import frame_key
from filmgate.host.port import Moment
from filmgate.host.progress import Tally
from filmgate.host.state import Problem
from filmgate.host.task import FrameTask
from filmgate.job import Job, Options, Progress

IN_FLIGHT_MAX = 4
"""Frames captured and not ended: enough to keep a device busy, and a bound on memory."""

_CAPTURE = "capture"
"""The stage of a frame before anything of it can be sent."""

DONE, FAILED, DROPPED = "done", "failed", "dropped"


class Run:
    """What was asked for at once. Any thread may call it; no call waits.

    Args:
        node: whose run it is.
        moments: of which results.
        live: whether a newer live run of the node ends it, wherever that runs.
        preview: whether pictures for the panel are wanted; None for a single frame.
        force: whether fresh frames are made again.
        started_s: by the session's clock.

    Attributes:
        id: names it on the board.
        moments: as asked for.
        interactive: whether an artist waits for one frame, rather than for a sequence.
        todo: moments that are not planned yet; for the main thread.
        task: what is being captured; for the main thread.
        problem: the first failure.
        warnings: what the server said of its results.
        resolving: whether the server is asked what the model means.
        label: what the artist calls the node.
        connecting: whether a frame waits for a connection.
    """

    def __init__(
        self,
        node: str,
        moments: Sequence[Moment],
        live: bool,
        preview: Optional[bool],
        force: bool,
        started_s: float,
    ) -> None:
        self.id = secrets.token_hex(8)
        self.node = node
        self.moments = tuple({(each.time, each.view): each for each in moments}.values())
        self.live, self.force, self.started_s = live, force, started_s
        self.interactive = len({moment.time for moment in self.moments}) == 1
        self.preview = self.interactive if preview is None else preview
        self.todo = deque(self.moments)
        self.task: Optional[FrameTask] = None
        self.problem: Optional[Problem] = None
        self.warnings: tuple[str, ...] = ()
        self.resolving = self.connecting = False
        self.label = ""
        self._lock = threading.Lock()
        self._under_way: dict[str, Progress] = {}
        self._jobs: dict[str, Job] = {}
        self._ended = {DONE: 0, FAILED: 0, DROPPED: 0}
        self._cancelled = self._halted = self._retired = self._served = False

    @property
    def cancelled(self) -> bool:
        """Whether nothing of it is wanted any more."""
        return self._cancelled

    @property
    def over(self) -> bool:
        """Whether nothing of it changes any more, or nothing that anybody wants."""
        return self._cancelled or self._retired

    @property
    def feeding(self) -> bool:
        """Whether frames may still be captured and sent."""
        return not (self._cancelled or self._halted)

    @property
    def hungry(self) -> bool:
        """Whether the next capture should be made now."""
        with self._lock:
            next_one = bool(self.todo) and len(self._under_way) < IN_FLIGHT_MAX
        return self.feeding and (self.task is not None or next_one)

    @property
    def served(self) -> bool:
        """Whether a server has had a part of it: if that is gone, it is waited for."""
        return self._served

    @property
    def views(self) -> int:
        """How many views it has."""
        return len({moment.view for moment in self.moments})

    def options(self, view: str) -> Options:
        """Return how its jobs are treated; only live ones end their own forerunners."""
        if not self.interactive:
            return Options("batch")
        if not self.live:
            return Options()
        return Options(lane=f"{self.node}{view and '.'}{view}")

    def begin(self) -> Optional[Moment]:
        """Return the next frame to plan and capture, which counts as under way from now on."""
        with self._lock:
            if not self.todo or len(self._under_way) >= IN_FLIGHT_MAX:
                return None
            moment = self.todo.popleft()
            self._under_way[frame_key(moment)] = Progress(_CAPTURE)
        return moment

    def attach(self, key: str, job: Job) -> None:
        """Note the job of a frame, or cancel it at once if the run has been cancelled.

        It may have been answered already: the frame is not under way any more then.
        """
        with self._lock:
            wanted = not self._cancelled
            self._served = True
            if wanted and key in self._under_way:
                self._jobs[key] = job
        if not wanted:
            job.cancel()

    def progress(self, key: str, progress: Progress) -> None:
        """Note where a frame's job is."""
        with self._lock:
            if key in self._under_way:
                self._under_way[key] = progress

    def finish(self, key: str, how: str) -> None:
        """Note the end of a frame, or that it never began: `DONE`, `FAILED` or `DROPPED`."""
        with self._lock:
            self._under_way.pop(key, None)
            self._jobs.pop(key, None)
            self._ended[how] += 1

    def fail(self, problem: Problem) -> bool:
        """Note a failure; return whether it is the first."""
        with self._lock:
            first, self.problem = self.problem is None, self.problem or problem
        return first

    def warn(self, warnings: Iterable[str]) -> list[str]:
        """Note what the server said of a result; return what it has not said before."""
        with self._lock:
            new = [text for text in dict.fromkeys(warnings) if text not in self.warnings]
            self.warnings = (*self.warnings, *new)
        return new

    def halt(self) -> None:
        """Begin no further frame: they would fail alike. What was sent goes on."""
        self._halted = True

    def cancel(self) -> None:
        """End everything: jobs on the server too."""
        with self._lock:
            self._cancelled = True
            jobs = list(self._jobs.values())
            self._jobs.clear()
        for job in jobs:
            job.cancel()

    def retire(self) -> bool:
        """Return whether everything has ended; True only once."""
        with self._lock:
            over = self._is_over()
            first, self._retired = over and not self._retired, self._retired or over
        return first

    def tally(self) -> Tally:
        """Count the frames."""
        with self._lock:
            return Tally(
                self._ended[DONE],
                self._ended[FAILED],
                len(self.moments),
                tuple(each for each in self._under_way.values() if each.stage != _CAPTURE),
            )

    def pending(self, moment: Moment) -> bool:
        """Say whether a result is still to come; on the main thread."""
        key = frame_key(moment)
        with self._lock:
            under_way = key in self._under_way
        waits = self.feeding and any(frame_key(each) == key for each in self.todo)
        return not self._cancelled and (under_way or waits)

    def _is_over(self) -> bool:
        if self._cancelled:
            return True
        return not self._under_way and (self._halted or not self.todo)
