"""A server for the load: run as a studio runs it, killed, drained and started again in place."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import psutil

from bench.load_models import write_models
from filmgate.client import Client
from filmgate.endpoint import Endpoint, load_endpoint

START_S = 120.0
STOP_S = 60.0
_TURN_S = 0.02
_GATEWAY = "filmgate_server.service"


class LoadServer:
    """One server with a journal, on a port that it keeps.

    Args:
        options: for ``filmgate serve``.

    Attributes:
        port: where it listens.
    """

    def __init__(self, *options: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="filmgate-load-")
        folder = Path(self._folder.name)
        self.port, self._http_port = _free_port(), _free_port()
        self._journal = folder / "jobs.sqlite3"
        self._runtime = folder / "run"
        self._runtime.mkdir(mode=0o700)
        self._options = (
            *("--port", str(self.port), "--http-port", str(self._http_port)),
            *("--journal", str(self._journal), "--models", str(write_models(folder))),
            *("--log-level", "error", *options),
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it and forget its journal."""
        self.kill()
        self._folder.cleanup()

    def start(self) -> None:
        """Start it and wait until it takes work."""
        environ = {**os.environ, "XDG_RUNTIME_DIR": str(self._runtime)}
        command = [sys.executable, "-m", "filmgate_server", "serve", *self._options]
        self._process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
        until_s = time.monotonic() + START_S
        while not self._answers():
            if time.monotonic() > until_s or self._process.poll() is not None:
                raise RuntimeError("the server did not start")
            time.sleep(_TURN_S)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            family = self.family
            self._process.kill()
            self._process.wait(STOP_S)
            psutil.wait_procs(family, STOP_S)  # they die a moment after their supervisor
            self._process = None

    def stop_in_good_order(self) -> None:
        """Let accepted work finish and wait until it has left."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(STOP_S + START_S)

    def client(self, user: str, port: int = 0, handoff: bool = False) -> Client:
        """Return a client, by way of *port* if that is given; close it."""
        address = f"tcp://127.0.0.1:{port or self.port}"
        return Client(address, "load", user, self.endpoint.token, handoff=handoff)

    @property
    def endpoint(self) -> Endpoint:
        """Where it is and what it wants to hear."""
        endpoint = load_endpoint(self._runtime / "filmgate" / f"server-{self.port}.json")
        if endpoint is None:
            raise RuntimeError("the server has not announced itself")
        return endpoint

    @property
    def family(self) -> list[psutil.Process]:
        """All of its processes."""
        if self._process is None or self._process.poll() is not None:
            return []
        supervisor = psutil.Process(self._process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    @property
    def gateway(self) -> psutil.Process:
        """The gateway's process."""
        return next(each for each in self.family if _GATEWAY in _command(each))

    def metric(self, name: str) -> float:
        """Return one of the server's metrics, all its labels added up."""
        url = f"http://127.0.0.1:{self._http_port}/metrics"
        with urllib.request.urlopen(url, timeout=STOP_S) as answer:
            lines: Sequence[str] = answer.read().decode().splitlines()
        found = [line for line in lines if line.partition("{")[0].partition(" ")[0] == name]
        return sum(float(line.rpartition(" ")[2]) for line in found)

    def journalled(self) -> dict[str, str]:
        """Return each job's outcome by its id in hex; empty where it has none."""
        base = sqlite3.connect(f"file:{self._journal}?mode=ro", uri=True)
        try:
            rows = base.execute("SELECT job_id, coalesce(outcome, '') FROM jobs").fetchall()
        finally:
            base.close()
        return {bytes(job_id).hex(): str(outcome) for job_id, outcome in rows}

    def _answers(self) -> bool:
        """Return whether the endpoint is that of the process that runs now."""
        endpoint = load_endpoint(self._runtime / "filmgate" / f"server-{self.port}.json")
        return (
            endpoint is not None and self._process is not None and endpoint.pid == self._process.pid
        )


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []  # it has just gone


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
