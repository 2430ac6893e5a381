"""A gateway with its workers in processes of their own, as the supervisor starts it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from fakes.accounts import (
    WORKER,
    Accounts,
    audit_accounts,
    family,
    gone,
    running,
    take_accounts,
)
from fakes.waiting import wait_until
from filmgate.client import Client
from filmgate.errors import error_from_wire
from filmgate.wire.messages import StatusPage

TOKEN = "let me in"  # noqa: S105 - of servers that live for one test
START_S = 50.0
STOP_S = 20.0
MIB = 1 << 20

SMALL_MODELS_BYTES = 32 * MIB
"""What models take that only negate small frames: a few copies of one."""

CREDIT_BYTES = 16 * MIB
"""What a client and a server grant each other at the start, both ways together."""

GAUGES = ("_open", "_promised_bytes", "_queued", "queued_bytes", "_waiting", "_running")
"""How the counters end that go back to zero when nothing is left to do."""


class Service:
    """One server on a port of its own, with a journal that outlives it.

    Args:
        folder: for its journal and its log.
        launcher: a command that the server's own is given to, such as ``unshare -m``.
        models_bytes: what the test's models may take of a worker's memory.
        settings: fields of `filmgate_server.config.ServerConfig`.

    Attributes:
        port: where it listens; the same again after a restart.
        journal: the database.
    """

    def __init__(
        self,
        folder: Path,
        launcher: Sequence[str] = (),
        models_bytes: int = SMALL_MODELS_BYTES,
        **settings: Any,
    ) -> None:
        self.port = 0
        self.journal = folder / "journal.sqlite3"
        self._log = folder / "server.log"
        self._launcher = launcher
        self._models_bytes = models_bytes
        self._settings = {
            "http_port": -1,
            "token": TOKEN,
            "workers": 1,
            "threads": 1,
            "store_bytes": 256 * MIB,
            "log_level": "warning",
            "journal": str(self.journal),
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._base: Accounts | None = None

    def __enter__(self) -> Service:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, on the port that it had before, and wait until its workers are ready."""
        reading, writing = os.pipe()
        command = [*self._launcher, sys.executable, "-P", "-m", "filmgate_server.service"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[writing],
                process_group=0,
            )
        os.close(writing)
        settings = {**self._settings, "port": self.port, "report_fd": writing}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(settings).encode() + b"\n")
        self._process.stdin.flush()
        try:
            report = _read_report(reading)
        except (ValueError, AssertionError) as error:
            raise AssertionError(f"the server did not start:\n{self.log}") from error
        finally:
            os.close(reading)
        if "error" in report:
            raise error_from_wire(**report["error"])
        self.port = int(report["port"])
        self._base = take_accounts(self.process.pid)

    def stop(self) -> None:
        """End it now, however it feels, and wait until nothing of it is left."""
        if self._process is None:
            return
        processes = family(self._process.pid)
        self._process.kill()
        self._process.wait(STOP_S)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None
        wait_until(lambda: gone(*processes), "every process of a killed server to end")

    def restart(self) -> None:
        """Kill it with SIGKILL and start it again on the same port and journal."""
        self.stop()
        self.start()

    def drain(self) -> None:
        """Send SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    def wait_exit(self) -> int:
        """Wait until it has left by itself and return its exit code."""
        return self.process.wait(STOP_S)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The gateway's process."""
        assert self._process is not None
        return self._process

    @property
    def address(self) -> str:
        """Where clients connect."""
        return f"tcp://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Everything it has said."""
        return self._log.read_text(errors="replace")

    @property
    def alive(self) -> bool:
        """Whether the gateway's process runs."""
        return self.process.poll() is None

    @property
    def workers(self) -> list[psutil.Process]:
        """The workers' processes."""
        return running(WORKER, self.process.pid)

    @property
    def private_bytes(self) -> int:
        """The gateway's own resident memory, the store not counted."""
        memory = psutil.Process(self.process.pid).memory_info()
        return int(memory.rss - memory.shared)

    @property
    def descriptors(self) -> int:
        """How many file descriptors the gateway has open."""
        return psutil.Process(self.process.pid).num_fds()

    def client(self, **given: Any) -> Client:
        """Return a new client; close it."""
        return Client(self.address, **{"token": TOKEN, **given})

    def audit(self) -> None:
        """Assert that it is idle and holds what it held at its start; clients are closed."""
        with self.client() as client:
            wait_idle(client)
        assert self._base is not None
        audit_accounts(self.process.pid, self._base, self.budget_bytes, self._models_bytes)

    @property
    def budget_bytes(self) -> int:
        """What it may hold of clients' pixels: its store, and what is under way under credit."""
        return int(self._settings["store_bytes"]) + CREDIT_BYTES


def counters(client: Client) -> dict[str, int]:
    """Return the server's counters."""
    return dict(client.status().counters)


def restarts(page: StatusPage) -> int:
    """Return how often workers had to be started again."""
    return sum(worker.restarts for worker in page.workers)


def wait_idle(client: Client) -> dict[str, int]:
    """Wait until nothing is open, queued or promised; return the counters."""
    wait_until(
        lambda: not _still_open(client.status()), lambda: f"idle: {_still_open(client.status())}"
    )
    return counters(client)


def _still_open(page: StatusPage) -> dict[str, int]:
    """Return each gauge of work that is not zero."""
    gauges = {name: value for name, value in page.counters.items() if name.endswith(GAUGES)}
    for user in page.users:
        gauges[f"waiting of {user.user}"] = user.waiting
        gauges[f"running of {user.user}"] = user.running
    gauges.update({f"running on {worker.name}": worker.running for worker in page.workers})
    return {name: value for name, value in gauges.items() if value}


def _read_report(fd: int) -> dict[str, Any]:
    readable, _, _ = select.select([fd], [], [], START_S)
    assert readable, "no report in time"
    return json.loads(os.read(fd, 4096))
