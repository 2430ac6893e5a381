"""A client in a process of its own: another user's, or one in a container.

Run as ``python -m fakes.neighbour PORT SEED HOW``. It runs a frame and says whether it came back
right; *HOW* is ``plain``, ``stranger`` (as another user; only root can), or ``stops`` (it writes
half of a frame and waits to be killed).
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from fakes.plates import negate_tensor
from fakes.service import TOKEN
from filmgate import channel
from filmgate.client import Client

SHAPE = (1000, 1000, 3)
"""Of 32-bit floats: large enough to be handed over in several pieces."""

NOBODY = 65534


def main(port: int, seed: int, how: str) -> None:
    """Run a frame."""
    work, check = negate_tensor(seed, SHAPE)
    if how == "stranger":
        os.setuid(NOBODY)
    half_way = _stop_half_way() if how == "stops" else None
    with Client(f"tcp://127.0.0.1:{port}", user="ann", token=TOKEN) as client:
        job = client.submit(work)
        if half_way is not None:
            half_way.wait()
            _say("half way")
            signal.pause()
        check(job.result(60))
    _say("right")


def _stop_half_way() -> threading.Event:
    """Let the second piece of a blob never be written."""
    write, half_way = channel.Ring.write, threading.Event()

    def stop(ring: channel.Ring, piece: memoryview) -> int:
        if len(ring.free) < channel.PIECES:
            half_way.set()
            threading.Event().wait()
        return write(ring, piece)

    channel.Ring.write = stop  # type: ignore[method-assign]
    return half_way


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
