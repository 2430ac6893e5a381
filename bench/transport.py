"""The round trips of plain transports, one frame at a time, beside which the gateway stands."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager

from bench.frames import FrameSource, Size
from bench.measure import Case, Timings, elapsed_s
from bench.peers import Peer
from bench.peers.grpc_stream import GrpcStream
from bench.peers.memcpy import Memcpy, digest_once
from bench.peers.triton import Triton
from bench.peers.zmq_chunks import ZmqChunks
from bench.peers.zmq_message import ZmqMessage
from bench.peers.zmq_store_forward import ZmqStoreForward
from bench.table import milliseconds, table

MEMCPY = "memcpy, warm buffer"
BLAKE3 = "blake3 in 1 MiB pieces, no transport"
MESSAGE = "pyzmq, one message"
CHUNKS = "pyzmq, 1 MiB messages echoed"
STORE_FORWARD = "pyzmq, 1 MiB messages, stored and forwarded"
GRPC = "gRPC, stream of 1 MiB messages"
TRITON = "Triton, gRPC, a model that negates"
FILMGATE_TENSOR = "**Filmgate, tensor**"
FILMGATE_EXR = "**Filmgate, EXR**"
FILMGATE_HANDOFF = "**Filmgate, tensor, by shared memory**"
HANDOFF_ALONE = "**Filmgate, by shared memory, without the worker's part**"

PEERS: Mapping[str, Callable[[int], Peer]] = {
    MEMCPY: Memcpy,
    MESSAGE: lambda _size_bytes: ZmqMessage(),
    CHUNKS: ZmqChunks,
    STORE_FORWARD: ZmqStoreForward,
    GRPC: GrpcStream,
}


@contextmanager
def transport_cases(
    source: FrameSource, size: Size, triton: Triton | None
) -> Generator[dict[str, Case]]:
    """Start the peers, check once that each returns what it got, and yield a case for each."""
    with ExitStack() as running:
        cases: dict[str, Case] = {BLAKE3: lambda: _digest_s(source)}
        for name, start in PEERS.items():
            peer = start(source.size_bytes)
            running.callback(peer.close)
            _check_echo(name, peer, source)
            cases[name] = lambda peer=peer: _round_trip_s(peer, source)
        if triton is not None:
            cases[TRITON] = lambda: triton.round_trip_s(size)
        yield cases


def _digest_s(source: FrameSource) -> float:
    frame = source.advance()
    return elapsed_s(lambda: digest_once(frame))


def _round_trip_s(peer: Peer, source: FrameSource) -> float:
    frame = source.advance()
    return elapsed_s(lambda: peer.round_trip(frame))


def _check_echo(name: str, peer: Peer, source: FrameSource) -> None:
    frame = source.advance()
    if peer.round_trip(frame) != frame:
        raise RuntimeError(f"{name} did not return the frame")


def transport_table(timings: Mapping[str, Timings]) -> str:
    """Return the round trips, fastest first, each against memcpy and store-and-forward."""
    ordered = sorted(timings.items(), key=lambda entry: entry[1].median_s)
    copy_s = timings[MEMCPY].median_s
    forward_s = timings[STORE_FORWARD].median_s
    rows = [
        [
            name,
            milliseconds(timing.median_s),
            milliseconds(timing.p95_s),
            f"{timing.median_s / copy_s:.1f}",
            f"{timing.median_s / forward_s:.2f}",
        ]
        for name, timing in ordered
    ]
    return table(["", "median ms", "p95 ms", "x memcpy", "x stored and forwarded"], rows)
