"""Triton's server and client, told what to do line by line; see `bench.peers.triton`.

It runs under whichever Python has nvidia-pytriton, so it imports nothing else of this benchmark.
A line of input ``HEIGHT WIDTH`` is one round trip of such a frame; the answer is its seconds.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pytriton.client import ModelClient
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

MODEL = "negate"
LOOPBACK = "127.0.0.1"
SIGN_BIT = np.uint16(0x8000)
TIMEOUT_S = 60.0


def negate(requests: list[Any]) -> list[dict[str, NDArray[np.float16]]]:
    """Flip the sign bit of every half."""
    flipped = [request["frame"].view(np.uint16) ^ SIGN_BIT for request in requests]
    return [{"frame": bits.view(np.float16)} for bits in flipped]


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])


def start_triton() -> tuple[Triton, str]:
    """Start the server with the one model; return it and its gRPC address."""
    port = free_port()
    config = TritonConfig(
        grpc_port=port,
        http_port=free_port(),
        grpc_address=LOOPBACK,
        http_address=LOOPBACK,
        allow_metrics=False,
    )
    server = Triton(config=config)
    frame = Tensor(name="frame", dtype=np.float16, shape=(-1, -1, 4))
    server.bind(MODEL, negate, [frame], [frame], config=ModelConfig(batching=False))
    server.run()
    return server, f"grpc://{LOOPBACK}:{port}"


def round_trip_s(client: ModelClient, frame: NDArray[np.float16]) -> float:
    """Send a frame that differs from the last one; return the seconds until it is back."""
    frame[-1, -1, 0] += 1
    start = time.perf_counter()
    answer = client.infer_sample(frame)
    taken_s = time.perf_counter() - start
    if not np.array_equal(answer["frame"], -frame):
        raise SystemExit("Triton returned other pixels than the negated ones")
    return taken_s


def main() -> None:
    """Serve lines until the input ends; whatever Triton prints goes to the error stream."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    server, address = start_triton()
    frames: dict[tuple[int, int], NDArray[np.float16]] = {}
    with ModelClient(address, MODEL, inference_timeout_s=TIMEOUT_S) as client:
        print("ready", file=answers)
        for line in sys.stdin:
            height, width = (int(word) for word in line.split())
            frame = frames.setdefault((height, width), np.ones((height, width, 4), np.float16))
            print(round_trip_s(client, frame), file=answers)
    server.stop()


if __name__ == "__main__":
    main()
