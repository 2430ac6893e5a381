"""Child processes that never outlive their parent, whatever kills it.

A child's stdin is its lifeline: the parent writes the settings into it (they may hold a token, so
they are never arguments) and keeps its end open. When the parent dies, however it dies, the kernel
closes that end and the child leaves.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from filmgate.errors import ConfigError

SETTINGS_BYTES_MAX = 60_000
"""Less than a pipe holds, so that writing the settings never waits for the child."""

ORPHAN_EXIT_CODE = 113
_STDIN_FD = 0
_STDERR_FD = 2
_PR_SET_PDEATHSIG = 1


class Child:
    """A running child process.

    Attributes:
        process: the process; its stdin is the lifeline.
    """

    def __init__(self, process: subprocess.Popen[bytes], lifeline_fd: int) -> None:
        self.process = process
        self.lifeline_fd = lifeline_fd
        self._pidfd = os.pidfd_open(process.pid) if hasattr(os, "pidfd_open") else None

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @property
    def pidfd(self) -> int | None:
        """A descriptor that becomes readable when the process has ended; None where unknown."""
        return self._pidfd

    def poll(self) -> int | None:
        """Return the exit status (negative: the signal) once the process has been waited for."""
        status = self.process.poll()
        if status is not None:
            self._close()
        return status

    def terminate(self) -> None:
        """Ask the process to finish (SIGTERM)."""
        self.process.terminate()

    def doom(self) -> None:
        """Send SIGKILL without waiting; `poll` says when the process is gone."""
        self.process.kill()

    def kill(self) -> int:
        """End the process now and wait until the kernel has taken it down."""
        self.process.kill()
        return self.wait()

    def wait(self, timeout_s: float | None = None) -> int:
        """Wait for the end and return the exit status.

        Raises:
            subprocess.TimeoutExpired: it still runs after *timeout_s*.
        """
        status = self.process.wait(timeout_s)
        self._close()
        return status

    def _close(self) -> None:
        if self.lifeline_fd >= 0:
            os.close(self.lifeline_fd)
            self.lifeline_fd = -1
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None


def spawn_child(
    module: str,
    settings: Mapping[str, Any],
    pass_fds: Sequence[int] = (),
    env: Mapping[str, str] | None = None,
) -> Child:
    """Start ``python -m module`` with *settings* on its stdin.

    Call it from the main thread only: the kernel's parent-death signal follows the thread that
    forked, not the process. The child gets its own process group, so that Ctrl-C in a terminal
    reaches the supervisor alone, and what it prints goes to stderr.

    Args:
        module: for example ``filmgate_server.worker.process``.
        settings: anything JSON can hold.
        pass_fds: descriptors that the child keeps, under the same numbers.
        env: the child's whole environment; None means this process's.

    Raises:
        ConfigError: the settings are too long.
    """
    content = json.dumps(dict(settings)).encode() + b"\n"
    if len(content) > SETTINGS_BYTES_MAX:
        raise ConfigError(f"The settings for {module} are longer than {SETTINGS_BYTES_MAX} bytes.")
    stdin_fd, lifeline_fd = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=stdin_fd,
            stdout=_STDERR_FD,
            pass_fds=tuple(pass_fds),
            env=None if env is None else dict(env),
            process_group=0,
        )
    except BaseException:  # whatever it was, nobody else knows of the descriptor
        os.close(lifeline_fd)
        raise
    finally:
        os.close(stdin_fd)
    os.write(lifeline_fd, content)
    return Child(process, lifeline_fd)


def read_settings() -> dict[str, Any]:
    """Read this child's settings: the first line of its stdin, which stays open as the lifeline.

    Raises:
        ConfigError: the parent left before it had written them.
    """
    content = b""
    while not content.endswith(b"\n"):
        piece = os.read(_STDIN_FD, SETTINGS_BYTES_MAX)
        if not piece:
            raise ConfigError("This process is started by the Filmgate server, not by hand.")
        content += piece
    return json.loads(content)


def tie_to_parent() -> None:
    """Make this child die with its parent; call it after `read_settings`.

    Two ties: on Linux the kernel sends SIGKILL, which reaches a stopped process too; everywhere a
    thread waits for the end of the lifeline. stdin is then empty for whoever reads it.
    """
    lifeline_fd = os.dup(_STDIN_FD)
    empty_fd = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty_fd, _STDIN_FD)
    os.close(empty_fd)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        # The parent may have died before the signal was asked for: its end is closed then.
        if select.select([lifeline_fd], [], [], 0)[0]:
            os._exit(ORPHAN_EXIT_CODE)
    watch = threading.Thread(target=_outlive_nobody, args=(lifeline_fd,), name="lifeline")
    watch.daemon = True
    watch.start()


def _outlive_nobody(lifeline_fd: int) -> None:
    os.read(lifeline_fd, 1)  # nothing is ever written again: this returns at the parent's end
    os._exit(ORPHAN_EXIT_CODE)
