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

from fakes.waiting import wait_until
from filmgate.client import Client
from filmgate.errors import error_from_wire
from filmgate.wire.messages import StatusPage

TOKEN = "let me in"  # noqa: S105 - of servers that live for one test
START_S = 50.0
STOP_S = 20.0
MIB = 1 << 20


class Service:
    """One server on a port of its own, with a journal that outlives it.

    Args:
        folder: for its journal and its log.
        launcher: a command that the server's own is given to, such as ``unshare -m``.
        settings: fields of `filmgate_server.config.ServerConfig`.

    Attributes:
        port: where it listens; the same again after a restart.
        journal: the database.
    """

    def __init__(self, folder: Path, launcher: Sequence[str] = (), **settings: Any) -> None:
        self.port = 0
        self.journal = folder / "journal.sqlite3"
        self._log = folder / "server.log"
        self._launcher = launcher
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
        self._restarts_expected = 0

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

    def stop(self) -> None:
        """End it now, however it feels, and wait."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(STOP_S)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None

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
        found = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in found if "filmgate_server.worker" in _command(child)]

    @property
    def private_bytes(self) -> int:
        """The gateway's own resident memory, the store not counted."""
        memory = psutil.Process(self.process.pid).memory_info()
        return int(memory.rss - memory.shared)

    @property
    def descriptors(self) -> int:
        """How many file descriptors the gateway has open."""
        return psutil.Process(self.process.pid).num_fds()

    def client(self, **given: str) -> Client:
        """Return a new client; close it."""
        return Client(self.address, **{"token": TOKEN, **given})


def counters(client: Client) -> dict[str, int]:
    """Return the server's counters."""
    return dict(client.status().counters)


def restarts(page: StatusPage) -> int:
    """Return how often workers had to be started again."""
    return sum(worker.restarts for worker in page.workers)


def wait_idle(client: Client) -> dict[str, int]:
    """Wait until no job, execution or promise is open; return the counters."""
    watched = ("jobs_open", "executions_open", "store_promised_bytes")
    wait_until(
        lambda: not any(counters(client)[name] for name in watched),
        f"nothing open: {counters(client)}",
    )
    return counters(client)


def _read_report(fd: int) -> dict[str, Any]:
    readable, _, _ = select.select([fd], [], [], START_S)
    assert readable, "no report in time"
    return json.loads(os.read(fd, 4096))


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []  # it has just gone
