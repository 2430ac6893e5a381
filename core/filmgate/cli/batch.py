"""Many frames through one connection: several under way, results as they come."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from filmgate.cli.notice import Notices
from filmgate.cli.plan import FrameTask
from filmgate.client import Client
from filmgate.errors import ConnectionLostError, FilmgateError
from filmgate.job import Job, Options, Result, Work
from filmgate.link import lost_error

CANCEL_TIMEOUT_S = 5.0
"""How long the server may take to confirm that the open jobs are cancelled."""

_TURN_S = 0.2
_AWAY, _BUSY = "away", "busy"


@dataclass(frozen=True)
class Ended:
    """A frame that is through: a result, or the error that it ended with."""

    task: FrameTask
    outcome: Result | FilmgateError
    seconds: float


class Batch:
    """Keeps jobs under way; leaving the context cancels those that are still open.

    Args:
        client: connected.
        in_flight: how many frames at once, so that reading, computing and writing overlap.
        patience_s: how long a lost server is waited for.
        on_turn: called a few times a second while waiting, for the display.
        tell: shows a line that says what is waited for, now and then.
    """

    def __init__(
        self,
        client: Client,
        in_flight: int,
        patience_s: float,
        on_turn: Callable[[], None],
        tell: Callable[[str], None],
    ) -> None:
        self._client = client
        self._in_flight = in_flight
        self._patience_s = patience_s
        self._on_turn = on_turn
        self._notices = Notices(tell)
        self._open: dict[Job, tuple[FrameTask, float]] = {}
        self._ended: queue.SimpleQueue[Job] = queue.SimpleQueue()

    def __enter__(self) -> Batch:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cancel what is open and wait until the server, if there is one, has taken note."""
        for job in self._open:
            job.cancel()
        give_up_s = time.monotonic() + (CANCEL_TIMEOUT_S if self._is_connected() else 0.0)
        for job in self._open:
            with suppress(FilmgateError):
                job.result(max(0.01, give_up_s - time.monotonic()))
        self._open.clear()

    def run(
        self, tasks: Iterable[FrameTask], work_of: Callable[[FrameTask], Work]
    ) -> Iterator[Ended]:
        """Submit *tasks* in order and yield each as it ends, in whatever order that is.

        Args:
            tasks: what to do; taken only as fast as they can be submitted.
            work_of: reads a task's files.

        Raises:
            ConnectionLostError: the server has been away for longer than our patience.
        """
        for task in tasks:
            while len(self._open) >= self._in_flight:
                yield self._next()
            try:
                self._submit(task, work_of(task))
            except FilmgateError as error:  # this frame cannot be read; others may
                yield Ended(task, error, 0.0)
        while self._open:
            yield self._next()

    def tiles_done(self) -> float:
        """Return how much of the open frames is done, 1.0 for a whole one."""
        progress = [job.progress for job in self._open]
        return sum(each.done / each.total for each in progress if each.total)

    def _submit(self, task: FrameTask, work: Work) -> None:
        options = Options(priority="batch")
        job = self._client.submit(work, options, on_end=self._ended.put)
        self._open[job] = (task, time.monotonic())

    def _next(self) -> Ended:
        while True:
            self._on_turn()
            try:
                job = self._ended.get(timeout=_TURN_S)
            except queue.Empty:
                self._wait_connected()
                self._tell_refusals()
                continue
            task, started_s = self._open.pop(job)
            return Ended(task, _outcome(job), time.monotonic() - started_s)

    def _is_connected(self) -> bool:
        try:
            self._client.wait_connected(0.0)
        except FilmgateError:
            return False
        return True

    def _wait_connected(self) -> None:
        """Wait for a server that is away, and say so.

        Raises:
            ConnectionLostError: it was away for longer than our patience.
        """
        give_up_s = time.monotonic() + self._patience_s
        while True:
            try:
                self._client.wait_connected(min(_TURN_S, max(0.0, give_up_s - time.monotonic())))
            except ConnectionLostError as error:
                if time.monotonic() >= give_up_s:
                    raise lost_error(self._client.server, self._patience_s) from error
            else:
                self._notices.end(_AWAY, "The server is back.")
                return
            self._notices.show(
                _AWAY, f"The server is away; waiting up to {self._patience_s:g} s for it ..."
            )
            self._on_turn()

    def _tell_refusals(self) -> None:
        """Say why the server takes a frame later, if it does."""
        for progress in [job.progress for job in self._open]:
            if progress.text:
                self._notices.show(_BUSY, f"The server is busy: {progress.text} Trying again ...")
                return


def _outcome(job: Job) -> Result | FilmgateError:
    try:
        return job.result(0.1)
    except FilmgateError as error:
        error.detail.setdefault("job", job.id.hex())
        return error
