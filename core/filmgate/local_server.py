"""A server of one's own: started for one client, on this machine, and gone with it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from types import TracebackType
from typing import IO, Any, Optional

from filmgate.endpoint import Endpoint
from filmgate.errors import ConnectionLostError, FilmgateError, error_from_wire

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 10.0
HOSTS_OWN_VARIABLES = ("PYTHON*", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_*", "QT_*")
"""What hosts set for themselves, and what would break another interpreter."""

_LOG_TAIL_BYTES = 4000
_REMEDY = "`filmgate doctor` shows what is missing; `filmgate serve` shows the server's own words."
_INSTALL = "Install it there, `pip install 'filmgate[cli,server,oidn]'`, or name another Python."
_NOT_INSTALLED = "No module named"
"""What a Python says that lacks the server, or a part of it."""


class LocalServer:
    """Starts a server, waits until it is ready, and stops it; use it as a context manager.

    The server's stdin is held open by this process: when this process ends, however it ends, the
    server sees the end of it and leaves, with all its processes.

    Args:
        python: the interpreter that the server is installed in; a host's own is not.
        options: for ``filmgate serve``, for example ``("--workers", "2")``.
        environ: its whole environment; None means this process's.
        start_timeout_s: how long it may take to be ready.
    """

    def __init__(
        self,
        python: str = sys.executable,
        options: Sequence[str] = (),
        environ: Optional[Mapping[str, str]] = None,
        start_timeout_s: float = START_TIMEOUT_S,
    ) -> None:
        self._command = [python, "-m", "filmgate_server", "serve", "--embedded", *options]
        self._environ = environ
        self._start_timeout_s = start_timeout_s
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._log: Optional[IO[bytes]] = None
        self._interrupted = threading.Event()

    def __enter__(self) -> Endpoint:
        """Start the server and return where it is.

        Raises:
            FilmgateError: it is not installed or could not start; the text says why.
        """
        try:
            return self.start()
        except BaseException:  # Ctrl-C while it starts included
            self.stop()
            raise

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.stop()

    def start(self) -> Endpoint:
        """Start the server and wait until it takes work.

        Raises:
            FilmgateError: it could not start.
        """
        # A file without a name: nothing is left of it, and a full pipe never stops the server.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - `stop` closes it
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=None if self._environ is None else dict(self._environ),
                start_new_session=True,  # Ctrl-C is for us, who then stop it in good order
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise ConnectionLostError(f"No server could be started: {error}.", _REMEDY) from error
        if self._interrupted.is_set():
            self._process.terminate()
        return self._wait_ready(self._process)

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        process = self._process
        return process is not None and process.poll() is None

    def interrupt(self) -> None:
        """Make a `start` fail soon that another thread waits in; that thread then calls `stop`."""
        self._interrupted.set()
        process = self._process
        if process is not None:
            process.terminate()

    def stop(self) -> None:
        """End the server and wait until it is gone."""
        process, self._process = self._process, None
        if process is not None:
            _stop(process)
        if self._log is not None:
            self._log.close()
            self._log = None

    def _wait_ready(self, process: subprocess.Popen[bytes]) -> Endpoint:
        lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=_read_line, args=(process, lines), daemon=True).start()
        try:
            line = lines.get(timeout=self._start_timeout_s)
        except queue.Empty:
            waited = f"not ready after {self._start_timeout_s:g} s"
            raise ConnectionLostError(f"The server was {waited}.", _REMEDY) from None
        try:
            report: Any = json.loads(line)
        except ValueError:
            raise self._silence() from None
        if "error" in report:
            raise _rebuilt(report["error"])
        return Endpoint(int(report["port"]), str(report["token"]), process.pid)

    def _silence(self) -> ConnectionLostError:
        words = self._last_words()
        if _NOT_INSTALLED in words:
            text = f"No Filmgate server is installed in {self._command[0]} ({words})."
            return ConnectionLostError(text, _INSTALL)
        return ConnectionLostError(f"The server could not start: {words}", _REMEDY)

    def _last_words(self) -> str:
        if self._log is None:
            return ""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _LOG_TAIL_BYTES))
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing."


def scrub_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return *environ* without what a host has set for itself: `HOSTS_OWN_VARIABLES`."""
    return {
        name: value
        for name, value in environ.items()
        if not any(fnmatchcase(name.upper(), pattern) for pattern in HOSTS_OWN_VARIABLES)
    }


def _rebuilt(error: Mapping[str, str]) -> FilmgateError:
    return error_from_wire(error["code"], error["text"], error["remedy"])


def _read_line(process: subprocess.Popen[bytes], lines: queue.Queue[bytes]) -> None:
    if process.stdout is not None:
        lines.put(process.stdout.readline())


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()  # the end of its lifeline: it stops by itself
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
