"""Artists in processes of their own: each sends a frame, waits, looks at every pixel, and goes on.

``python -m bench.load_fleet`` is one such process. It reads its orders as a line of JSON, says
``ready`` when its artists are connected, starts at the next line and stops at the one after that,
or when every frame is done; each end of a job is a line of JSON on stdout.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from typing import Any, Self

from bench.frames import ROOT
from bench.load_server import LoadServer
from bench.load_truth import Truth
from filmgate.client import Client
from filmgate.errors import FilmgateError
from filmgate.job import Options

ANSWER_S = 300.0
NO_END = 1 << 30
NEGATE_ALL = {"alpha": True}
"""Has the model ``negate`` change every channel."""


@dataclass(frozen=True)
class Orders:
    """What the artists of one process do.

    Attributes:
        address: the server's.
        token: its token.
        artists: their numbers, different in all processes.
        frames: how many each sends.
        size_bytes: of a frame.
        model: what they ask for.
        params: its parameters.
        in_flight: how many frames each has under way.
        handoff: whether they may use shared memory.
    """

    address: str
    token: str
    artists: Sequence[int]
    frames: int = NO_END
    size_bytes: int = 64 << 10
    model: str = "negate"
    params: Mapping[str, Any] = field(default_factory=lambda: dict(NEGATE_ALL))
    in_flight: int = 1
    handoff: bool = False


@dataclass(frozen=True)
class Ended:
    """One job's end, as its client saw it.

    Attributes:
        artist: whose.
        job: its id in hex.
        outcome: ``result``, or the error's code.
        right: whether each pixel was right; True where there are none.
        submitted_s: on the monotonic clock, which all processes of a machine share.
        ended_s: likewise.
    """

    artist: int
    job: str
    outcome: str
    right: bool
    submitted_s: float
    ended_s: float

    @property
    def latency_s(self) -> float:
        """From the submission to the verified result."""
        return self.ended_s - self.submitted_s


@dataclass
class Fleet:
    """Processes full of artists, from the side of who started them.

    Args:
        server: where they go.
        artists: how many there are.
        processes: how many processes share them.
        orders: fields of `Orders` that differ from the defaults.
        first: the first artist's number.

    Attributes:
        ends: what has ended so far.
    """

    server: LoadServer
    artists: int
    processes: int = 2
    orders: Mapping[str, Any] = field(default_factory=dict[str, Any])
    first: int = 1

    def __post_init__(self) -> None:
        """Start nothing yet."""
        self.ends: list[Ended] = []
        self._children: list[subprocess.Popen[str]] = []
        self._readers: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Start the processes and let their artists connect and work."""
        numbers = range(self.first, self.first + self.artists)
        for place in range(self.processes):
            self._children.append(self._start(list(numbers[place :: self.processes])))
        for child in self._children:
            _read_line(child)
        for child in self._children:
            _write_line(child, "go")
            reader = threading.Thread(target=self._read, args=(child,), daemon=True)
            reader.start()
            self._readers.append(reader)
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        for child in self._children:
            child.kill()
            child.wait()
        for reader in self._readers:
            reader.join()

    def wait(self) -> list[Ended]:
        """Wait until every artist has finished, and return all ends."""
        for reader in self._readers:
            reader.join()
        return self.ends

    def stop(self) -> list[Ended]:
        """Let every artist finish what is under way, and return all ends."""
        for child in self._children:
            _write_line(child, "stop")
        return self.wait()

    def _start(self, artists: list[int]) -> subprocess.Popen[str]:
        address = f"tcp://127.0.0.1:{self.server.port}"
        orders = Orders(address, self.server.endpoint.token, artists, **self.orders)
        child = subprocess.Popen(
            [sys.executable, "-m", "bench.load_fleet"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        _write_line(child, json.dumps(asdict(orders)))
        return child

    def _read(self, child: subprocess.Popen[str]) -> None:
        if child.stdout is not None:
            for line in child.stdout:
                self.ends.append(Ended(*json.loads(line)))


def _write_line(child: subprocess.Popen[str], text: str) -> None:
    if child.stdin is not None:
        child.stdin.write(text + "\n")
        child.stdin.flush()


def _read_line(child: subprocess.Popen[str]) -> None:
    if child.stdout is None or not child.stdout.readline():
        raise RuntimeError("an artist's process did not start")


class Artist:
    """One client with a job after the other.

    Args:
        orders: what to do.
        number: who it is.
        tell: where each end is reported.
    """

    def __init__(self, orders: Orders, number: int, tell: Callable[[Ended], None]) -> None:
        self._orders = orders
        self._number = number
        self._tell = tell
        user = f"artist{number}"
        self._client = Client(orders.address, "load", user, orders.token, orders.handoff)
        self._client.wait_connected(ANSWER_S)
        self._numbers = iter(range(orders.frames))
        self._lock = threading.Lock()

    def work(self, stopped: threading.Event) -> None:
        """Send frames until all are done or it is told to stop."""
        helpers = [
            threading.Thread(target=self._work_alone, args=(place, stopped))
            for place in range(self._orders.in_flight)
        ]
        for helper in helpers:
            helper.start()
        for helper in helpers:
            helper.join()
        self._client.close()

    def _work_alone(self, place: int, stopped: threading.Event) -> None:
        orders = self._orders
        truth = Truth(self._number * orders.in_flight + place, orders.size_bytes, orders.model)
        while not stopped.is_set():
            with self._lock:
                number = next(self._numbers, None)
            if number is None:
                return
            self._tell(self._send(truth, number))

    def _send(self, truth: Truth, number: int) -> Ended:
        work = truth.work(number, **self._orders.params)
        submitted_s = time.monotonic()
        job = self._client.submit(work, Options(patience_s=ANSWER_S))
        try:
            result = job.result(ANSWER_S)
        except FilmgateError as error:
            outcome, right, ended_s = error.code, True, time.monotonic()
        else:
            ended_s = time.monotonic()
            outcome, right = "result", truth.is_right(number, result)
        return Ended(self._number, job.id.hex(), outcome, right, submitted_s, ended_s)


def main() -> None:
    """Be one process of a fleet."""
    orders = Orders(**json.loads(sys.stdin.readline()))
    stopped, lock = threading.Event(), threading.Lock()

    def tell(ended: Ended) -> None:
        with lock:
            sys.stdout.write(json.dumps(astuple(ended)) + "\n")
            sys.stdout.flush()

    artists = [Artist(orders, number, tell) for number in orders.artists]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    threading.Thread(target=lambda: (sys.stdin.readline(), stopped.set()), daemon=True).start()
    working = [threading.Thread(target=artist.work, args=(stopped,)) for artist in artists]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()


if __name__ == "__main__":
    main()
