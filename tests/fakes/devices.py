"""Devices in virtual time: what artists get of them when a scheduler hands out the work."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from filmgate_server.scheduling.scheduler import Scheduler
from filmgate_server.scheduling.tickets import Ticket

IN_FLIGHT = 3
"""Frames that a worker has in hand; one more where it is interactive."""


@dataclass
class Frame:
    """Work with what it really takes."""

    ticket: Ticket
    device_s: float
    left_s: float


@dataclass
class Studio:
    """Artists, a scheduler and devices that interrupt batch work between two tiles.

    Attributes:
        scheduler: under test.
        devices: how many.
        tile_s: how long a tile of batch work takes.
        device_s: by artist, what was really computed.
        batch_s: the part of it that was batch work.
        waits: by artist, the time from the submission to the end of each frame.
        started: executions in the order in which they were handed out.
    """

    scheduler: Scheduler = field(default_factory=Scheduler)
    devices: int = 1
    tile_s: float = 0.05
    package: Callable[[int], frozenset[bytes]] = lambda _: frozenset()

    def __post_init__(self) -> None:
        self.now_s = 0.0
        self.device_s: defaultdict[str, float] = defaultdict(float)
        self.batch_s = 0.0
        self.waits: defaultdict[str, list[float]] = defaultdict(list)
        self.started: list[int] = []
        self.ended: list[int] = []
        self._numbers = itertools.count(1)
        self._frames: dict[int, Frame] = {}
        self._submitted_s: dict[int, float] = {}
        self._hands: dict[int, list[Frame]] = {worker: [] for worker in range(self.devices)}
        self._turns = [(0.0, worker) for worker in range(self.devices)]
        self._loops: dict[str, tuple[float, int]] = {}
        self._batch_left: Counter[str] = Counter()

    def submit(
        self, user: str, device_s: float, priority: str = "interactive", **more: object
    ) -> int:
        """Let an artist submit a frame that takes *device_s*; return its execution."""
        number = next(self._numbers)
        known = {"package": b"p", "estimate_s": device_s, **more}
        ticket = Ticket(number, user, "film", priority, **known)  # type: ignore[arg-type]
        self._frames[number] = Frame(ticket, device_s, device_s)
        self._submitted_s[number] = self.now_s
        self.scheduler.push(ticket)
        return number

    def loop(self, user: str, device_s: float, frames: int) -> None:
        """Let an artist submit a frame whenever the one before has come back."""
        self._loops[user] = (device_s, frames - 1)
        self.submit(user, device_s)

    def run(self, seconds: float) -> None:
        """Let the devices work until *seconds* have passed or nothing is left."""
        while self._turns[0][0] < seconds:
            self.now_s, worker = heapq.heappop(self._turns)
            self._fill()
            taken_s = self._work(worker)
            heapq.heappush(self._turns, (self.now_s + (taken_s or self.tile_s / 10), worker))
            if not len(self.scheduler) and not any(self._hands.values()):
                return

    def _fill(self) -> None:
        for worker, hands in self._hands.items():
            while len(hands) <= IN_FLIGHT:
                express = len(hands) == IN_FLIGHT
                residents = self.package(worker)
                ticket = self.scheduler.pop(self.now_s, worker, residents, express)
                if ticket is None:
                    break
                self.started.append(ticket.execution)
                hands.append(self._frames[ticket.execution])

    def _work(self, worker: int) -> float:
        """Compute a whole interactive frame, or a tile of a batch frame."""
        hands = self._hands[worker]
        urgent = [frame for frame in hands if frame.ticket.priority == "interactive"]
        if not hands:
            return 0.0
        frame = (urgent or hands)[0]
        taken_s = frame.left_s if urgent else min(frame.left_s, self.tile_s)
        frame.left_s -= taken_s
        self.device_s[frame.ticket.user] += taken_s
        self.batch_s += 0.0 if urgent else taken_s
        if frame.left_s <= 1e-9:
            hands.remove(frame)
            self._end(frame, taken_s)
        return taken_s

    def _end(self, frame: Frame, taken_s: float) -> None:
        number, user = frame.ticket.execution, frame.ticket.user
        self.ended.append(number)
        self.scheduler.charge(number, frame.device_s)
        ended_s = self.now_s + taken_s
        self.waits[user].append(ended_s - self._submitted_s[number])
        device_s, left = self._loops.get(user, (0.0, 0))
        if left:
            self._loops[user] = (device_s, left - 1)
            self.submit(user, device_s)
            self._submitted_s[max(self._frames)] = ended_s


def jain_index(shares: Iterable[float]) -> float:
    """Return how even *shares* are: 1 when equal, 1/n when one has all."""
    values = list(shares)
    return sum(values) ** 2 / (len(values) * sum(value * value for value in values))
