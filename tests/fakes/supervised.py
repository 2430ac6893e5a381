"""A server as `filmgate serve` runs it: a supervisor that may be stopped and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from fakes.waiting import wait_until
from filmgate.client import Client
from filmgate.endpoint import Endpoint, load_endpoint

STOP_S = 30.0


class Supervised:
    """One server on a port and a journal of its own, which outlive it.

    Args:
        folder: for its journal, its endpoint and its log.
        options: for ``filmgate serve``.
        environ: added to this process's environment.
    """

    def __init__(self, folder: Path, *options: str, **environ: str) -> None:
        self.port = _free_port()
        self.journal = folder / "jobs.sqlite3"
        self._runtime = folder / "runtime"
        self._runtime.mkdir()
        self._log = folder / "server.log"
        self._environ = {**os.environ, "XDG_RUNTIME_DIR": str(self._runtime), **environ}
        self._options = (
            *("--port", str(self.port), "--http-port", "-1", "--journal", str(self.journal)),
            *("--workers", "1", "--threads", "1", "--log-level", "warning", *options),
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Supervised:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_S)

    def start(self) -> None:
        """Start it and wait until it has announced itself."""
        command = [sys.executable, "-P", "-m", "filmgate_server", "serve", *self._options]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stderr=log, env=self._environ)
        wait_until(lambda: self._endpoint, lambda: f"the server to start:\n{self.log}")

    def drain(self) -> None:
        """Send SIGTERM, as a service manager does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait_exit(self) -> int:
        """Wait until it has left by itself and return its exit code."""
        assert self._process is not None
        return self._process.wait(STOP_S)

    def client(self, user: str = "artist") -> Client:
        """Return a new client, which knows the token of this moment; close it."""
        endpoint = self._endpoint
        assert endpoint is not None
        return Client(endpoint.server, user=user, token=endpoint.token)

    @property
    def log(self) -> str:
        """Everything it has said."""
        return self._log.read_text(errors="replace")

    @property
    def _endpoint(self) -> Endpoint | None:
        return load_endpoint(self._runtime / "filmgate" / f"server-{self.port}.json")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
