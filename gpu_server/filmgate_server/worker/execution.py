"""One execution inside a worker: what was ordered and what has become of it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING

from filmgate.errors import CancelledError
from filmgate_server.pool.messages import (
    INTERACTIVE,
    Grant,
    GrantEntry,
    InputEntry,
    Progress,
    Reserve,
    Run,
)
from filmgate_server.store.segments import Segment

if TYPE_CHECKING:
    from filmgate_server.registry.local import Package
    from filmgate_server.runtime.port import Pixels
    from filmgate_server.worker.task import Task

PROGRESS_INTERVAL_S = 0.1
"""People cannot read faster."""

Say = Callable[[Progress | Reserve], None]


@dataclass(frozen=True)
class InputBlob:
    """An input's description and its bytes, read-only, in shared memory."""

    entry: InputEntry
    data: memoryview


@dataclass(frozen=True)
class Produced:
    """An output that lies at the start of the segment that was granted for it."""

    name: str
    time: float
    view: str
    media: str
    size_bytes: int


class Execution:
    """What travels through the stages.

    Attributes:
        order: the gateway's message.
        blobs: the inputs, in the order's order.
        timings: seconds that each stage has taken, waiting excluded, and ``load``.
        allowed_s: how long the stage may go without a step.
        provenance: what the header of the result will say.
        numerics: what really ran, where it is not what was ordered.
        computed: the model's results, where they came about together with another execution's.
        package: the model's package, once found.
        task: what the stages work on, once the inputs' media are known.
        segments: the outputs' memory, once granted.
        created: the ids of those segments that the gateway does not have yet.
    """

    def __init__(self, order: Run, say: Say) -> None:
        self.order = order
        self.blobs: Sequence[InputBlob] = ()
        self.timings: dict[str, float] = {}
        self.allowed_s = math.inf
        self.provenance = dict(order.provenance)
        self.numerics = ""
        self.computed: dict[str, Pixels] | None = None
        self.segments: list[Segment] = []
        self.created: set[int] = set()
        self.package: Package
        self.task: Task
        self._say = say
        self._cancelled = threading.Event()
        self._turn = threading.Lock()
        self._busy = self._withdrawn = False
        self._waits = False
        self._grants: SimpleQueue[Grant | None] = SimpleQueue()
        self._give_way: Callable[[], None] | None = None
        self._said_s = 0.0
        self._stage = ""
        self._paused_s: float | None = None
        self._begin("")

    def _begin(self, stage: str) -> None:
        self._stage, self.allowed_s = stage, math.inf
        self._began_s, self._waited_s = time.perf_counter(), 0.0
        self._stepped_s = time.monotonic()

    def enter(self, stage: str, give_way: Callable[[], None] | None = None) -> bool:
        """Begin a stage, unless the execution was withdrawn before it came to that.

        Args:
            stage: its name.
            give_way: called at each step, between two tiles, to do what is more urgent.
        """
        with self._turn:
            self._busy = not self._withdrawn
        self._give_way = give_way
        self._begin(stage)
        return self._busy

    def leave(self) -> None:
        """Note that a stage is complete and another one follows.

        Raises:
            CancelledError: nobody wants the result; `withdraw` has left the end to this stage.
        """
        with self._turn:
            self.check()
            self._busy = False

    def end_stage(self) -> None:
        """Note how long the stage has taken, however it ended."""
        self._give_way = None  # it knows the execution: together they would live on with its pixels
        if self._stage:
            self.timings[self._stage] = self.timings.get(self._stage, 0.0) + self.spent_s()
            self._stage = ""

    def withdraw(self) -> bool:
        """Cancel it; return whether it has ended with that because no stage works on it now."""
        self.cancel()
        with self._turn:
            ends, self._withdrawn = not self._busy and not self._withdrawn, not self._busy
        return ends

    @contextmanager
    def paused(self) -> Generator[None]:
        """Let the stage do something else; its time counts for nothing here.

        Raises:
            CancelledError: at the end, if the execution was cancelled meanwhile.
        """
        with self._turn:
            self._busy = False
        self._paused_s = paused_s = time.perf_counter()
        yield
        with self._turn:
            self._busy = not self._withdrawn
        self._stepped_s = time.monotonic()
        self._waited_s += time.perf_counter() - paused_s
        self._paused_s = None
        self.check()

    def allow(self, seconds: float) -> None:
        """Say how long the stage may go without a step."""
        self.allowed_s = seconds

    def overdue_s(self, stall_s: float, since_s: float) -> float:
        """Return for how much longer than it may the stage has made no step.

        Args:
            stall_s: how long it may where nothing better is known.
            since_s: how long the process has done nothing that excuses it.
        """
        return min(self.stalled_s(), since_s) - min(self.allowed_s, stall_s)

    def note_load(self, seconds: float) -> None:
        """Note that the stage had to load a model, which nobody pays for."""
        self.timings["load"] = self.timings.get("load", 0.0) + seconds
        self._waited_s += seconds
        self._stepped_s = time.monotonic()

    def share_time(self, stage: str, seconds: float) -> None:
        """Take over a part of what another execution's stage did for this one."""
        self.timings[stage] = self.timings.get(stage, 0.0) + seconds

    def give_time(self, seconds: float) -> None:
        """Let others account for *seconds* of this stage."""
        self._waited_s += seconds

    def stalled_s(self) -> float:
        """Return how long a stage has worked on it without a step; 0 while it merely waits."""
        idle = self._waits or not self._busy
        return 0.0 if idle else max(0.0, time.monotonic() - self._stepped_s)

    def spent_s(self) -> float:
        """Return how long the stage has worked, its waiting left out."""
        now_s = time.perf_counter() if self._paused_s is None else self._paused_s
        return now_s - self._began_s - self._waited_s

    def timings_now(self) -> dict[str, float]:
        """Return `timings` with what the present stage has taken so far."""
        return {**self.timings, **({self._stage: self.spent_s()} if self._stage else {})}

    @property
    def urgent(self) -> bool:
        """Whether it goes before batch work."""
        return self.order.priority == INTERACTIVE

    @property
    def number(self) -> int:
        """The gateway's number for it."""
        return self.order.execution

    def cancel(self) -> None:
        """Make it stop at its next step; called by another thread."""
        self._cancelled.set()
        self._grants.put(None)

    def answer(self, grant: Grant) -> None:
        """Pass the gateway's answer to `ask_for_room`; called by another thread."""
        self._grants.put(grant)

    def check(self) -> None:
        """Stop here if nobody wants the result any more.

        Raises:
            CancelledError: so it is.
        """
        if self._cancelled.is_set():
            raise CancelledError("The job was cancelled.")

    def step(self, stage: str, done: int, total: int) -> None:
        """Note how far *stage* has come, and let what is more urgent go first.

        Raises:
            CancelledError: nobody wants the result any more.
        """
        self.check()
        if self._give_way is not None:
            self._give_way()
        self._stepped_s = now_s = time.monotonic()
        if done in (0, total) or now_s - self._said_s >= PROGRESS_INTERVAL_S:
            self._said_s = now_s
            self._say(Progress(self.number, stage, done, total))

    def ask_for_room(self, sizes: Sequence[int]) -> tuple[GrantEntry, ...]:
        """Ask the gateway for memory for outputs of at most *sizes* bytes and wait for it.

        Raises:
            CancelledError: nobody wants the result any more.
            RefusedError: the gateway has no memory now and will run the work again.
        """
        self.check()
        self._say(Reserve(self.number, tuple(sizes)))
        asked_s = time.perf_counter()
        self._waits = True
        grant = self._grants.get()
        self._stepped_s, self._waits = time.monotonic(), False
        self._waited_s += time.perf_counter() - asked_s
        if grant is None:
            raise CancelledError("The job was cancelled.")
        if grant.refused:
            raise RefusedError
        return grant.segments


class RefusedError(Exception):
    """The gateway has taken the execution back; nothing is to be answered."""
