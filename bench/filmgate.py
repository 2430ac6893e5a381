"""A server and a client of our own for the measurements, and what one round trip is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import psutil
from numpy.typing import NDArray

from bench.frames import CHANNELS, FrameSource, decode_planes
from bench.measure import Timings
from filmgate.client import Client
from filmgate.job import Payload, Result, Work
from filmgate.local_server import LocalServer
from filmgate.tensor import TENSOR_MEDIA, parse_tensor_blob
from filmgate.wire.records import Wish

MODEL = "negate"
INPUT = "color"
START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 120.0
STORE_BYTES_MIN = 16 << 20
EVICTIONS = 4
WORKER_STAGES = ("decode", "infer", "encode")
ALPHA = CHANNELS.index("A")


class RunningServer:
    """A server on a free port of this machine, started as an embedded one is, and a client of it.

    Args:
        options: for ``filmgate serve``.

    Attributes:
        client: connected; its pixels take the wire.
        neighbour: another, which hands its pixels over by shared memory.
        port: where the gateway listens.
        gateway: its process.
    """

    def __init__(self, *options: str) -> None:
        self._server = LocalServer(options=("--log-level", "error", *options))
        endpoint = self._server.start()
        self.port, self._token = endpoint.port, endpoint.token
        self._supervisor = psutil.Process(endpoint.pid)
        (self.gateway,) = self._supervisor.children()
        self.client = self.connect(self.port)
        self.neighbour = self.connect(self.port, handoff=True)

    def connect(self, port: int, handoff: bool = False) -> Client:
        """Return another client that reaches the server by way of *port*."""
        client = Client(f"tcp://127.0.0.1:{port}", token=self._token, handoff=handoff)
        client.wait_connected(START_TIMEOUT_S)
        return client

    def counters(self) -> Mapping[str, int]:
        """Return the server's own counters."""
        return self.client.status().counters

    def cpu_s(self) -> float:
        """Return the processor seconds that client and server, workers included, have used."""
        processes = [psutil.Process(), *self._supervisor.children(recursive=True)]
        times = [process.cpu_times() for process in processes]
        return sum(used.user + used.system for used in times)

    def __enter__(self) -> Self:
        """Return the server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the clients and stop the server."""
        self.neighbour.close()
        self.client.close()
        self._server.stop()


def negation(source: FrameSource, frame: bytes, alpha: bool = False) -> Work:
    """Return the work of negating *frame*; an EXR comes back whole and uncompressed."""
    wish = Wish() if source.media == TENSOR_MEDIA else Wish(mode="merged", compression="none")
    return Work(MODEL, (Payload(INPUT, frame, source.media),), {"alpha": alpha}, wish)


def run(client: Client, work: Work) -> tuple[float, Result]:
    """Run *work*; return the seconds from its bytes to those of the answer, and the answer."""
    start = time.perf_counter()
    result = client.submit(work).result(ANSWER_TIMEOUT_S)
    return time.perf_counter() - start, result


@dataclass
class Moving:
    """What of each round trip is not the worker's: digests, copies, the gateway, waiting.

    Attributes:
        seconds: one entry for each round trip, in order.
    """

    seconds: list[float] = field(default_factory=list[float])

    def round_trip_s(self, client: Client, source: FrameSource) -> float:
        """Return the seconds of a round trip of a new frame, and note those without the worker."""
        taken_s, result = run(client, negation(source, bytes(source.advance())))
        worker_s = sum(result.timings_ms[stage] for stage in WORKER_STAGES) / 1000
        self.seconds.append(taken_s - worker_s)
        return taken_s

    def timings(self, rounds: int) -> Timings:
        """Return the last *rounds*: those that count."""
        return Timings(tuple(self.seconds[-rounds:]))


def round_trip_s(client: Client, source: FrameSource) -> float:
    """Return the seconds of one round trip of a frame that the server has never seen."""
    taken_s, _ = run(client, negation(source, bytes(source.advance())))
    return taken_s


def store_option(frames: int, size_bytes: int) -> str:
    """Return the option for a store of *frames* frames with their results, as far as allowed."""
    return f"--store-bytes={max(STORE_BYTES_MIN, 2 * frames * size_bytes)}"


def fill_store(server: RunningServer, source: FrameSource) -> None:
    """Send frames until older ones make room for newer ones, as on any server after minutes."""
    while server.counters()["store_evictions"] < EVICTIONS:
        round_trip_s(server.client, source)


def check_negation(client: Client, source: FrameSource) -> None:
    """Make sure that what is measured does what it should.

    Raises:
        RuntimeError: the answer is not the negated frame with its alpha as it was.
    """
    frame = bytes(source.advance())
    _, result = run(client, negation(source, frame))
    expected = -_pixels(frame, source.media)
    expected[..., ALPHA] *= -1
    if not np.array_equal(_pixels(result.outputs[0].data, source.media), expected):
        raise RuntimeError(f"{MODEL} returned other pixels than the negated ones")


def _pixels(blob: bytes | memoryview, media: str) -> NDArray[np.float16]:
    if media == TENSOR_MEDIA:
        tensor = parse_tensor_blob(blob)[INPUT]
        return np.frombuffer(tensor.data, np.float16).reshape(tensor.spec.shape)
    planes = decode_planes(bytes(blob), threads=1)
    return np.stack([planes[name] for name in CHANNELS], axis=-1)


@dataclass(frozen=True)
class Repeat:
    """What asking for the same frame again cost.

    Attributes:
        uploaded_bytes: pixels that were sent.
        executions: times that a worker ran.
        seconds: until the answer was here.
    """

    uploaded_bytes: int
    executions: int
    seconds: float


def repeat_with_other_parameter(server: RunningServer, source: FrameSource) -> Repeat:
    """Negate a frame, then negate it again with another parameter."""
    first = negation(source, bytes(source.advance()))
    return _repeat(server, first, replace(first, params={"alpha": True}))


def repeat_unchanged(server: RunningServer, source: FrameSource) -> Repeat:
    """Negate a frame, then ask for exactly the same again."""
    first = negation(source, bytes(source.advance()))
    return _repeat(server, first, first)


def _repeat(server: RunningServer, first: Work, second: Work) -> Repeat:
    run(server.client, first)
    before = server.counters()
    taken_s, _ = run(server.client, second)
    after = server.counters()
    return Repeat(
        after["uploaded_bytes"] - before["uploaded_bytes"],
        after["executions_run"] - before["executions_run"],
        taken_s,
    )
