"""One worker as the pool sees it: its process, its channel, what it runs and when it was heard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from filmgate_server.children import Child, spawn_child
from filmgate_server.pool.channel import Channel, socket_pair
from filmgate_server.pool.messages import PoolMessage, Stop
from filmgate_server.pool.outputs import OutputBook
from filmgate_server.pool.watch import Patience, Watch

BACKOFF_FIRST_S = 0.25
BACKOFF_MAX_S = 30.0
STOP_GRACE_S = 2.0

MALLOC_SETTINGS = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 34),
}
"""Keep freed memory, in one place: fresh pages for each frame cost a worker more than its
arithmetic, and what one stage's thread frees is what another's needs next."""

_KEPT_VARIABLES = {
    *("HOME", "LANG", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "PYTHONPATH"),
    *("TMPDIR", "TZ", "USER", "XDG_CACHE_HOME"),
}
_KEPT_PREFIXES = ("CUDA_", "KMP_", "LC_", "MKL_", "NVIDIA_", "OIDN_", "OMP_", "TORCH_")


class State(Enum):
    """Where a worker is in its life."""

    DOWN = "down"
    STARTING = "starting"
    READY = "ready"
    DOOMED = "doomed"


@dataclass(frozen=True)
class MemberSettings:
    """What a worker is started with.

    Attributes:
        device: ``cpu`` or ``cuda:0``.
        threads: for decoding, arithmetic and encoding; None means every core.
        beat_s: how often it says that it is alive.
        frame_bytes_max: the largest frame, decoded, that it may take on.
    """

    device: str
    threads: int | None
    beat_s: float
    frame_bytes_max: int


class Member:
    """A seat in the pool: one device, and the process that serves it now, if any.

    Attributes:
        executions: what it has been given and not yet answered.
        seen_inputs: the input segments that the process has mapped.
        outputs: the book of the process's output segments.
        watch: what the process has said lately.
    """

    def __init__(self, settings: MemberSettings, patience: Patience) -> None:
        self.settings = settings
        self.watch = Watch(patience, 0.0)
        self.state = State.DOWN
        self.child: Child | None = None
        self.channel: Channel | None = None
        self.executions: set[int] = set()
        self.seen_inputs: set[int] = set()
        self.outputs = OutputBook()
        self.restart_at_s = 0.0
        self._reason = ""
        self._deaths = 0
        self._patience = patience

    def spawn(self, now_s: float) -> None:
        """Start the process."""
        ours, theirs = socket_pair()
        settings = {**vars(self.settings), "channel_fd": theirs.fileno()}
        environment = worker_environment(os.environ, self.settings.threads)
        try:
            self.child = spawn_child(
                "filmgate_server.worker", settings, [theirs.fileno()], environment
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.channel = Channel(ours)
        self.outputs, self.seen_inputs = OutputBook(), set()
        self.state, self._reason = State.STARTING, ""
        self.watch = Watch(self._patience, now_s)

    def respawn(self, now_s: float) -> None:
        """Start the process again; where the system has no room for it, later."""
        try:
            self.spawn(now_s)
        except OSError:
            self._deaths += 1
            self.restart_at_s = now_s + backoff_s(self._deaths)

    def filenos(self) -> list[int]:
        """Return what to poll: the channel while it is open, the process until it has ended."""
        pidfd = self.child.pidfd if self.child else None
        channel = [self.channel.fileno()] if self.channel else []
        return channel + ([pidfd] if pidfd is not None else [])

    def post(self, message: PoolMessage, fds: Sequence[int] = ()) -> None:
        """Send without waiting; a worker that cannot be reached is doomed.

        Raises:
            ProtocolError: the message is too long.
        """
        if self.channel is None:
            return
        try:
            self.channel.post(message, fds)
        except OSError as error:
            self.doom(f"it cannot be reached ({error.strerror or error})")

    def flush(self) -> None:
        """Send what found no room."""
        try:
            if self.channel:
                self.channel.flush()
        except OSError as error:
            self.doom(f"it cannot be reached ({error.strerror or error})")

    def note_success(self) -> None:
        """Forget earlier deaths: this process does its work."""
        self._deaths = 0

    def judge(self, now_s: float) -> None:
        """Doom a worker with which patience has ended; read its channel before you ask."""
        complaint = self.watch.complaint(now_s, self.executions) if self.channel else ""
        if complaint:
            self.doom(complaint)

    def doom(self, reason: str) -> None:
        """Kill the process and hear nothing more of it; `bury` follows once it is gone."""
        if self.child is None or self.state is State.DOOMED:
            return
        self.state, self._reason = State.DOOMED, reason
        self._hang_up()
        self.child.doom()

    def bury(self, now_s: float) -> str | None:
        """Return why the process ended, once it has; it can be spawned again at `restart_at_s`."""
        status = self.child.poll() if self.child else None
        if status is None:
            return None
        self._hang_up()
        self.child, self.state = None, State.DOWN
        self.outputs.close()
        self._deaths += 1
        self.restart_at_s = now_s + backoff_s(self._deaths)
        return self._reason or describe_exit(status)

    def stop(self) -> None:
        """Ask the process to leave; `kill` makes sure."""
        self.post(Stop())

    def kill(self, timeout_s: float) -> None:
        """Wait up to *timeout_s* for the process to leave, then end it."""
        if self.child is None:
            return
        try:
            self.child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.child.kill()
        self._hang_up()
        self.child, self.state = None, State.DOWN
        self.outputs.close()
        self.executions.clear()

    def _hang_up(self) -> None:
        if self.channel:
            self.channel.close()
            self.channel = None


def backoff_s(deaths: int) -> float:
    """Return how long to wait before a restart: at first not at all, then 1/4 s, 1/2 s to 30 s."""
    return min(BACKOFF_FIRST_S * 2 ** (deaths - 2), BACKOFF_MAX_S) if deaths > 1 else 0.0


def describe_exit(status: int) -> str:
    """Say how a process ended."""
    if status >= 0:
        return f"it exited with status {status}"
    try:
        return f"it was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"it was ended by signal {-status}"


def worker_environment(base: Mapping[str, str], threads: int | None) -> dict[str, str]:
    """Return the environment of a worker: what its libraries need, and no credentials.

    A list of what is kept protects better than one of what is taken away: a worker runs models.
    """
    kept = {
        name: value
        for name, value in base.items()
        if name in _KEPT_VARIABLES or name.startswith(_KEPT_PREFIXES)
    }
    malloc = MALLOC_SETTINGS if sys.platform == "linux" else {}
    count = {"OMP_NUM_THREADS": str(threads)} if threads else {}
    return {**kept, **malloc, **count}
