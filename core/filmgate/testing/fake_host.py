"""A host that is not there: a port by the rules of the three ways in which hosts drive."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, Optional

from filmgate.host.port import HostPort, Moment, Settings
from filmgate.host.state import Problem, Status
from filmgate.job import Payload
from filmgate.takes import Take

if TYPE_CHECKING:
    from filmgate.host.session import HostSession

PUSH, PULL, TICK = "push", "pull", "tick"
DRIVES = (PUSH, PULL, TICK)
"""Who calls whom: the session posts its slices to the host's events; the host asks for results
while it cooks; the host calls at every tick."""

NAME = "Node1"
IDLE_S = 0.01
"""How long a turn of the host waits where there is nothing to do."""

Pixels = Callable[[str, Moment], Optional[Payload]]


class FakeHost(HostPort):
    """One node of a host; made on the thread that is the host's main one.

    What breaks a host's rules is raised, and noted where the error may get lost: a call on another
    thread, a capture while one is under way, a call after the node has gone.

    Args:
        drive: one of `DRIVES`.
        pixels: what is connected: the payload of an input at a moment, or None.
        span: first and last frame of the main input.
        state: what the node was saved with.

    Attributes:
        drive: how it is driven.
        name: what the artist calls the node.
        params: what the artist has set.
        revisions: how often the pixels of a frame have changed.
        captured: the input, frame and view of each capture, in order.
        captures_at_once: the largest number of captures in one slice of the main thread.
        take: what the node reads.
        takes: everything that was delivered, in order.
        statuses: what was shown, in order.
        problems: what was reported, in order.
        state: what the session keeps with the node.
        violations: which rules were broken.
        gone: whether the node was deleted.
    """

    def __init__(
        self, drive: str, pixels: Pixels, span: tuple[int, int] = (1001, 1010), state: str = ""
    ) -> None:
        self.drive, self.pixels, self.state = drive, pixels, state
        self.name = NAME
        self.params: dict[str, Any] = {}
        self.revisions: dict[float, int] = {}
        self.captured: list[tuple[str, float, str]] = []
        self.captures_at_once = 0
        self.take: Optional[Take] = None
        self.takes: list[Take] = []
        self.statuses: list[Status] = []
        self.problems: list[Problem] = []
        self.violations: list[str] = []
        self.gone = False
        self._span = span
        self._main = threading.get_ident()
        self._calls: deque[Callable[[], None]] = deque()
        self._woken = threading.Event()
        self._capturing = False
        self._captures = 0

    # The port.

    def label(self) -> str:
        """Return the node's name."""
        self._check("label")
        return self.name

    def span(self) -> tuple[int, int]:
        """Return the range of the main input."""
        self._check("span")
        return self._span

    def settings(self, moment: Moment) -> Settings:
        """Return the parameters; one that is a function is animated."""
        self._check("settings")
        return Settings(params=_at(self.params, moment))

    def fingerprint(self, moment: Moment) -> str:
        """Return how often the pixels have changed."""
        self._check("fingerprint")
        return f"revision {self.revisions.get(moment.time, 0)}"

    def capture(self, name: str, moment: Moment) -> Optional[Payload]:
        """Return what is connected; not re-entrant, as no host's renderer is."""
        self._check("capture")
        if self._capturing:
            self._violate("capture was called while it was capturing")
        self.captured.append((name, moment.time, moment.view))
        self._captures += 1
        self.captures_at_once = max(self.captures_at_once, self._captures)
        self._capturing = True
        try:
            return self.pixels(name, moment)
        finally:
            self._capturing = False

    def deliver(self, take: Take) -> None:
        """Read *take* from now on."""
        self._check("deliver")
        self.take = take
        self.takes.append(take)

    def call_on_main(self, call: Callable[[], None]) -> None:
        """Queue *call* where the host has events; where it asks by itself, only hurry it."""
        if self.drive == PUSH:
            self._calls.append(call)
        self._woken.set()

    def show(self, status: Status) -> None:
        """Note what the label says."""
        self._check("show")
        self.statuses.append(status)

    def report(self, problem: Problem) -> None:
        """Note what the artist was told."""
        self._check("report")
        self.problems.append(problem)

    def load_state(self) -> str:
        """Return what the node was saved with."""
        self._check("load_state")
        return self.state

    def store_state(self, text: str) -> None:
        """Keep the session's state with the node."""
        self._check("store_state")
        self.state = text

    # The host.

    def begin_slice(self) -> None:
        """Note that the main thread was free in between."""
        self._captures = 0

    def run_events(self) -> bool:
        """Run the oldest queued call, waiting for one a moment; return whether there was any."""
        self.begin_slice()
        if not self._calls:
            self.rest()
        if not self._calls:
            return False
        self._calls.popleft()()
        return True

    def tick(self, session: HostSession) -> bool:
        """Do what a host does at each tick: a slice of the session's work."""
        self.begin_slice()
        return session.pump() or self.rest()

    def rest(self) -> bool:
        """Wait a moment for another thread to ask for the main one; return False."""
        self._woken.wait(IDLE_S)
        self._woken.clear()
        return False

    def _check(self, method: str) -> None:
        if threading.get_ident() != self._main:
            self._violate(f"{method} was called on {threading.current_thread().name}")
        if self.gone:
            self._violate(f"{method} was called after the node was deleted")

    def _violate(self, text: str) -> None:
        self.violations.append(text)
        raise RuntimeError(text)


def _at(params: Mapping[str, Any], moment: Moment) -> Mapping[str, Any]:
    return {
        name: value(moment.time) if callable(value) else value for name, value in params.items()
    }
