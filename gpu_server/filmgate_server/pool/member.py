"""One worker as the pool sees it: its process, its channel, what it runs and when it was heard."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from filmgate_server.children import Child, spawn_child
from filmgate_server.pool.channel import Channel, socket_pair
from filmgate_server.pool.environment import worker_environment
from filmgate_server.pool.messages import Beat, PoolMessage, Stop
from filmgate_server.pool.outputs import OutputBook
from filmgate_server.pool.port import WorkerState
from filmgate_server.pool.watch import Patience, Watch

BACKOFF_FIRST_S = 0.25
BACKOFF_MAX_S = 30.0
STOP_GRACE_S = 2.0

FAILING_AFTER_DEATHS = 3
"""So many processes that died one after another without a result are a broken device's."""

LEAVE_GRACE_S = 10.0
"""So long a process that was let go may take to leave."""


class State(Enum):
    """Where a worker is in its life."""

    DOWN = "down"
    STARTING = "starting"
    READY = "ready"
    LEAVING = "leaving"
    DOOMED = "doomed"


@dataclass(frozen=True)
class MemberSettings:
    """What a worker is started with.

    Attributes:
        device: ``cpu`` or ``cuda:0``.
        threads: for decoding, arithmetic and encoding; None means every core.
        beat_s: how often it says that it is alive.
        frame_bytes_max: the largest frame, decoded, that it may take on.
        device_bytes: how much of the device's memory it may use; None leaves it to the device.
        device_sharers: how many workers share the device.
        stall_s: how long an execution may go without a step where nothing better is known.
        hang_floor_s: what a model's tile may take at least before it counts as hung.
        warm: folder and digest (in hexadecimal) of each package to load before it is ready.
        log_json: whether it logs JSON.
    """

    device: str
    threads: int | None
    beat_s: float
    frame_bytes_max: int
    device_bytes: int | None
    device_sharers: int
    stall_s: float
    hang_floor_s: float
    warm: tuple[tuple[str, str], ...]
    log_json: bool


class Member:
    """A seat in the pool: one device, and the process that serves it now, if any.

    Attributes:
        executions: what it has been given and not yet answered.
        seen_inputs: the input segments that the process has mapped.
        preparing: the packages that it was asked to prepare and has not answered for.
        outputs: the book of the process's output segments.
        watch: what the process has said lately.
        beat: its latest beat.
        answered: how many executions this process has ended.
        retiring: whether a successor takes its place once it is idle; until then it gets only what
            may pass the batch work that it has.
    """

    def __init__(self, settings: MemberSettings, patience: Patience) -> None:
        self.settings = settings
        self.watch = Watch(patience, 0.0)
        self.state = State.DOWN
        self.child: Child | None = None
        self.channel: Channel | None = None
        self.executions: set[int] = set()
        self.seen_inputs: set[int] = set()
        self.preparing: set[bytes] = set()
        self.outputs = OutputBook()
        self.beat = Beat()
        self.answered = 0
        self.retiring = False
        self.restart_at_s = 0.0
        self._counters: Counter[str] = Counter(evictions=0, oom_step_downs=0, recycled=0)
        self._batch: set[int] = set()
        self._leave_by_s = 0.0
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
                "filmgate_server.worker.process", settings, [theirs.fileno()], environment
            )
        except BaseException:  # whatever it was, nobody else knows of the socket
            ours.close()
            raise
        finally:
            theirs.close()
        self.channel = Channel(ours)
        self.outputs, self.seen_inputs = OutputBook(), set()
        self.state, self._reason = State.STARTING, ""
        self.beat, self.answered, self.retiring = Beat(), 0, False
        self._batch = set()
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

    def note_run(self, execution: int, batch: bool) -> None:
        """Note that the process was given *execution*."""
        self._batch = {*(self._batch & self.executions), *([execution] if batch else [])}
        self.executions.add(execution)

    def note_end(self, execution: int) -> None:
        """Note that *execution* has been answered."""
        self.executions.discard(execution)
        self.answered += 1

    def note_beat(self, beat: Beat) -> None:
        """Remember what the process says of itself."""
        self.beat = beat
        self.watch.note_beat(beat)

    @property
    def is_at_work(self) -> bool:
        """Whether it takes work."""
        return self.state is State.READY and not self.retiring

    @property
    def is_failing(self) -> bool:
        """Whether it has died so often that nobody should wait for it."""
        return not self.is_at_work and self._deaths >= FAILING_AFTER_DEATHS

    def express_room(self, slots: int) -> int:
        """Return how many interactive executions it takes now, *slots* beside its batch work.

        One that retires takes them only while it has such work, which may last long.
        """
        batch = len(self._batch & self.executions)
        return max(0, slots - (len(self.executions) - batch)) if batch else 0

    def describe(self, worker: int) -> WorkerState:
        """Return what is known of it now."""
        return WorkerState(
            worker=worker,
            device=self.settings.device,
            state=self._word(),
            pid=self.child.pid if self.child else 0,
            running=len(self.executions),
            models=tuple(resident.reference for resident in self.beat.residents),
            memory_used_bytes=self.beat.used_bytes,
            memory_budget_bytes=self.beat.budget_bytes,
            counters={**self._counters, **_summed(self._counters, self.beat.counters)},
        )

    def let_go(self, now_s: float) -> None:
        """Ask an idle process in good health to leave; `bury` and a successor follow."""
        self.post(Stop())
        if self.state is State.READY:
            self.state, self._leave_by_s = State.LEAVING, now_s + LEAVE_GRACE_S

    def judge(self, now_s: float) -> None:
        """Doom a worker with which patience has ended; read its channel before you ask."""
        if self.state is State.LEAVING:
            if now_s > self._leave_by_s and self.child:
                self.child.doom()
            return
        complaint = self.watch.complaint(now_s, self.executions) if self.channel else ""
        if complaint:
            self.doom(complaint)

    def doom(self, reason: str) -> None:
        """Kill the process and hear nothing more of it; `bury` follows once it is gone."""
        if self.child is None or self.state is State.DOOMED:
            return
        if self.state is State.LEAVING:
            self._hang_up()  # it is on its way out, as it was told
            return
        self.state, self._reason = State.DOOMED, reason
        self._hang_up()
        self.child.doom()

    def bury(self, now_s: float) -> str | None:
        """Return why the process has died, once it has; empty if it was let go.

        It can be spawned again at `restart_at_s`.
        """
        status = self.child.poll() if self.child else None
        if status is None:
            return None
        told_to = self.state is State.LEAVING
        self._hang_up()
        self.child, self.state = None, State.DOWN
        self.outputs.close()
        self._counters.update(self.beat.counters)
        self._counters["recycled"] += told_to
        self.beat = Beat()
        self._deaths += not told_to
        self.restart_at_s = now_s if told_to else now_s + backoff_s(self._deaths)
        return "" if told_to else self._reason or describe_exit(status)

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

    def _word(self) -> str:
        if self.state is State.READY:
            return "busy" if self.executions else "idle"
        if self.state is State.STARTING:
            return "warming" if self.beat.loading else "starting"
        return "down"

    def _hang_up(self) -> None:
        if self.channel:
            self.channel.close()
            self.channel = None


def _summed(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    return {name: first.get(name, 0) + count for name, count in second.items()}


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
