"""A parent process for tests: it starts children, names them on stdout and waits to be killed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from fakes.pool import FakeBroker, make_package, tensor_blob
from filmgate_server.children import spawn_child
from filmgate_server.operations.logs import configure_logs
from filmgate_server.pool.settings import PoolSettings

WAITING = """
import signal
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        while True:
            signal.sigtimedwait([], 60)
"""


def child() -> None:
    """Start `fakes.child` and say its process id once it is up."""
    reading, writing = os.pipe()
    started = spawn_child("fakes.child", {"report_fd": writing}, [writing])
    os.read(reading, 1)
    sys.stdout.write(f"{started.pid}\n")
    sys.stdout.flush()
    signal.pause()


def pool(folder: Path) -> None:
    """Start a pool of two, each in the middle of a frame, and say the workers' process ids."""
    package = make_package(folder, WAITING)
    with FakeBroker(PoolSettings(devices=("cpu:0", "cpu:1"))) as broker:
        blob = broker.blob(tensor_blob(bytes(12), (1, 1, 3)))
        for worker in range(2):
            broker.run(worker, package, blob, worker=worker)
        broker.until(lambda: sum(stage == "infer" for _, stage in broker.stages) >= 2)
        sys.stdout.write(" ".join(str(info.pid) for _, info in broker.infos) + "\n")
        sys.stdout.flush()
        signal.pause()


if __name__ == "__main__":
    configure_logs("error", as_json=False)  # stdout is for the process ids alone
    child() if sys.argv[1] == "child" else pool(Path(sys.argv[2]))
