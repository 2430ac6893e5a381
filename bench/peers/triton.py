"""Triton's gRPC end point with a model that negates: the general server that one would else use.

nvidia-pytriton is no dependency, and its stub crashes under some Pythons: another interpreter
that has it can be named, and where none works the row says why.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import tempfile
from pathlib import Path

from bench.frames import Size
from bench.peers.process import ANSWER_TIMEOUT_S

DRIVER = Path(__file__).with_name("triton_driver.py")
STOP_TIMEOUT_S = 40.0


class TritonMissingError(Exception):
    """Triton does not run here; the text says why."""


class Triton:
    """A child process that runs Triton's server and client.

    Args:
        python: the interpreter that has nvidia-pytriton.

    Raises:
        TritonMissingError: it does not start there.
    """

    def __init__(self, python: str) -> None:
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed in close)
        self._process = subprocess.Popen(
            [python, str(DRIVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        if self._read_line() != "ready":
            self._kill()
            raise TritonMissingError(self._last_words())

    def round_trip_s(self, size: Size) -> float:
        """Return the seconds of one round trip of a frame of *size*, measured by its client."""
        if self._process.stdin is None:
            raise TritonMissingError("no pipe to the driver")
        self._process.stdin.write(f"{size.height} {size.width}\n")
        answer = self._read_line()
        if not answer:
            raise TritonMissingError(self._last_words())
        return float(answer)

    def close(self) -> None:
        """End the input, which stops Triton in order; kill its own session if that fails."""
        try:
            self._process.communicate(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._kill()
        self._complaints.close()

    def _kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def _read_line(self) -> str:
        answers = self._process.stdout
        if answers is None or not select.select([answers], [], [], ANSWER_TIMEOUT_S)[0]:
            return ""
        return answers.readline().strip()

    def _last_words(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read().split("\n")
        return next((line for line in reversed(lines) if line), "it did not start in time")
