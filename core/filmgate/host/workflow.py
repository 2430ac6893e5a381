"""The parts of one node's work, put together: feeder, dispatch, delivery and what is read."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from math import floor
from typing import TYPE_CHECKING, Callable, Optional

from filmgate.errors import FilmgateError
from filmgate.frames import write_frames
from filmgate.host.board import ERROR, RunRow
from filmgate.host.captures import Captures
from filmgate.host.clock import Clock
from filmgate.host.delivery import Delivery
from filmgate.host.dispatch import Dispatch, DispatchEvents
from filmgate.host.errands import Errands
from filmgate.host.failures import Failures
from filmgate.host.feeder import Feeder, FeederEvents
from filmgate.host.freshness import FrameNote, TakeNotes, frame_key
from filmgate.host.inbox import Inbox
from filmgate.host.node import Node
from filmgate.host.order import Order
from filmgate.host.port import HostPort, Moment
from filmgate.host.problem import host_failure, to_problem
from filmgate.host.reading import Reading
from filmgate.host.run import Run
from filmgate.host.standing import Standing
from filmgate.host.state import Problem, State, Status
from filmgate.host.task import FrameTask
from filmgate.host.versions import Versions
from filmgate.job import Payload
from filmgate.takes import Take

if TYPE_CHECKING:
    from filmgate.host.hub import Hub

log = logging.getLogger("filmgate")


class Workflow(FeederEvents, DispatchEvents):
    """One node's work. On the main thread, unless a method says otherwise.

    Args:
        port: the node, as the host offers it.
        hub: what all nodes share.
        clock: the time.
        inbox: brings what other threads find to the main thread.
        node: what the node is.

    Attributes:
        reading: what the node reads.
        captures: what was captured before.
        delivery: makes takes, on the background thread only.
        failures: of frames, until they succeed.
        errands: what is done aside.
        questions: what is done aside and may wait for the server.
        standing: where the node stands.
        versions: which package it has.
    """

    def __init__(self, port: HostPort, hub: Hub, clock: Clock, inbox: Inbox, node: Node) -> None:
        self._port, self._hub, self._clock, self._inbox, self.node = port, hub, clock, inbox, node
        self.reading = Reading(port, hub.paths, node.state)
        self.captures = Captures(hub.captures)
        self.delivery = Delivery(lambda: hub.takes(node.state.node), clock.now_s, None)
        self.failures = Failures(node, self.reading, clock)
        self.errands = Errands(hub.background, inbox, self.complain)
        self.questions = Errands(hub.sending, inbox, self.complain)
        self.standing = Standing(node, self.reading, hub.link, clock)
        self.versions = Versions(node, hub, self.change)
        self._dispatch = Dispatch(hub, self.delivery, self)
        self._feeder = Feeder(port, self.reading, self.captures, self)
        self._runs: tuple[Run, ...] = ()
        self._asked: dict[str, tuple[str, str]] = {}
        self._based = self._resolving = False
        self._deaf = False

    # What there is.

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that are wanted; from any thread."""
        return tuple(run for run in self._runs if not run.cancelled)

    @property
    def busy(self) -> bool:
        """Whether anything is under way; from any thread."""
        aside = self.errands.under_way or self.questions.under_way
        return bool(self._runs or aside or self._inbox)

    @property
    def status(self) -> Status:
        """Where the node stands; from any thread."""
        return self.standing.during(self._runs)

    @property
    def captures_made(self) -> int:
        """How often the host was asked for pixels."""
        return self._feeder.captures_made

    def pending(self, moment: Moment) -> bool:
        """Say whether a result is still to come."""
        return any(run.pending(moment) for run in self.runs)

    def holds(self, moment: Moment) -> bool:
        """Say whether a run that is not over yet has a frame, whose take may still be to come."""
        key = frame_key(moment)
        return any(frame_key(each) == key for run in self.runs for each in run.moments)

    def outdated_run(self, moment: Moment) -> Optional[Run]:
        """Return the run that makes this frame alone, of settings or inputs that have changed."""
        asked, manifest = self._asked.get(frame_key(moment)), self.node.manifest
        run = next((run for run in self.runs if run.pending(moment)), None)
        if run is None or asked is None or manifest is None or len(run.moments) > 1 or run.todo:
            return None
        return None if run.task or self.reading.look(manifest, moment) == asked else run

    def uncaptured(self, moment: Moment) -> bool:
        """Say whether the main thread has work left for a frame."""
        key = frame_key(moment)
        return any(
            (run.task is not None and run.task.key == key)
            or any(frame_key(each) == key for each in run.todo)
            for run in self.runs
            if run.feeding
        )

    # What is to be done.

    def begin(self, run: Run) -> None:
        """Take up a run."""
        if not self._based:
            self._based = True
            self.rebase()
        run.label = self._port.label()
        self._runs = (*self._runs, run)
        self._feeder.add(run)
        self._hub.board.begin(self._row(run))
        if self.node.manifest is None:
            self._resolve()
        self._dispatch.check_end(run)
        self._inbox.wake()

    def wants(self) -> bool:
        """Say whether the main thread has something to do now."""
        return bool(self._inbox) or (self.node.manifest is not None and self._feeder.wants())

    def step(self) -> None:
        """Do one slice: a call of another thread, else one capture."""
        call, manifest = self._inbox.take(), self.node.manifest
        if call is not None:
            self._do(call)
        elif manifest is not None:
            self._feeder.step(manifest)

    def cancel(self) -> None:
        """End every run; what is finished is still delivered. From any thread."""
        for run in self.runs:
            self.cancel_run(run)

    def cancel_run(self, run: Run) -> None:
        """End a run; from any thread."""
        run.cancel()
        self._dispatch.check_end(run)
        self._inbox.wake()

    def change(self, **fields: object) -> None:
        """Change what the node keeps of itself."""
        self.node.change(**fields)
        self.reading.follow(self.node.state)

    def rebase(self) -> None:
        """Let the next take go on from what the node reads now."""
        take = self.reading.take
        self._hub.background(lambda: self.delivery.rebase(take))

    def follow(self) -> None:
        """Read what the node's state says, after the host has changed it."""
        before = self.reading.take
        self.reading.follow(self.node.state)
        if self.reading.take != before:
            self.rebase()

    def own_take(self) -> None:
        """Make the take that a copied node reads its own: the original's may be removed."""
        take, state = self.reading.take, self.node.state
        header = TakeNotes(state.node, state.model, state.package)
        self._based = True
        self.errands.run(lambda: self._adopted(take, header))

    def clear(self) -> None:
        """Forget every take, and what is on its way into one."""
        self.cancel()
        self.captures.clear()
        self.failures.clear()
        self.change(take="")
        self.standing.unread()
        self._deaf = True
        self.errands.run(self._cleared)

    def complain(self, error: FilmgateError) -> None:
        """Tell the artist of a failure that concerns no frame."""
        problem = to_problem(error)
        self.standing.rest = Status(State.ERROR, problem.text, problem=problem)
        self._report(problem)

    # What the feeder says.

    def captured(self, run: Run, task: FrameTask, payloads: tuple[Payload, ...]) -> None:
        """Send a frame."""
        manifest = self.node.manifest
        if manifest is not None:
            self._asked[task.key] = (task.digest, task.fingerprint)
            show = self._hub.config.show.value
            self._dispatch.post(Order(run, task, payloads, self.node.state, manifest, show))

    def unchanged(self, run: Run) -> None:
        """Look whether that was all."""
        self._dispatch.check_end(run)

    def refused(self, run: Run, moment: Moment, error: FilmgateError) -> None:
        """End the frame."""
        self._dispatch.refused(run, moment, error)

    def outdated(self, frames: dict[str, FrameNote]) -> None:
        """Leave what no longer fits out of the next take."""
        self._dispatch.leave_out(frames)

    # What the dispatch says, on any thread.

    def stirred(self, run: Run) -> None:
        """Show it."""
        if not run.over:
            self._hub.board.update(run.id, _of_frames(run, self.standing.of(run)))
        self._inbox.wake()

    def taken(self, take: Take) -> None:
        """Let the node read it."""
        self._inbox.put(lambda: self._deliver(take))

    def succeeded(self, run: Run, task: FrameTask) -> None:
        """Forget an earlier failure."""
        self._inbox.put(lambda: self.failures.forget(task.key))

    def failed(self, run: Run, moment: Optional[Moment], problem: Problem, retryable: bool) -> None:
        """Note it, and tell the artist of the first."""
        first = run.fail(problem)
        self._inbox.put(lambda: self._failed(moment, problem, retryable, first))

    def ended(self, run: Run) -> None:
        """Sum it up; the board must hear of it even when the node is gone."""
        state = State.PARTIAL if run.cancelled else State.FRESH
        self._hub.board.end(run.id, _of_frames(run, self.standing.ended(run, state)))
        self._inbox.put(lambda: self._end(run))

    # Their part on the main thread.

    def _do(self, call: Callable[[], None]) -> None:
        try:
            call()
        except FilmgateError as error:
            self.complain(error)
        except Exception as error:  # the host's own code, in a call that nobody waits for
            log.exception("the host failed")
            self.complain(host_failure(error))

    def _deliver(self, take: Take) -> None:
        if self._deaf:  # it is being removed
            return
        self.change(take=take.folder.as_posix())
        self._port.deliver(take)
        self._hub.background(lambda: self.delivery.delivered(take))

    def _adopted(self, take: Optional[Take], header: TakeNotes) -> Callable[[], None]:
        """Link the frames into a take of the node's own; in the background."""
        self.delivery.rebase(take)
        own = self.delivery.adopt(header)
        return (lambda: self._deliver(own)) if own is not None else lambda: None

    def _cleared(self) -> Callable[[], None]:
        """Remove the takes; in the background, after everything that was asked for before."""
        try:
            self.delivery.clear()
        finally:
            self._inbox.put(self._hear)
        return lambda: None

    def _hear(self) -> None:
        self._deaf = False

    def _failed(
        self, moment: Optional[Moment], problem: Problem, retryable: bool, first: bool
    ) -> None:
        if moment is not None:
            self.failures.note(moment, problem, retryable)
        if first:
            self._report(problem)

    def _report(self, problem: Problem) -> None:
        self._hub.board.note(ERROR, problem.text, problem.remedy, problem.id, self._port.label())
        self._port.report(problem)

    def _end(self, run: Run) -> None:
        self._runs = tuple(each for each in self._runs if each is not run)
        self.standing.settle(run)
        if not self._runs:
            self._asked.clear()
            self._hub.background(self.delivery.rest)

    def _resolve(self) -> None:
        """Settle which package the model means, before anything can be planned."""
        self.versions.pin()
        if self.node.manifest is not None:
            return
        for run in self._runs:
            run.resolving = True
        if not self._resolving:
            self._resolving = True
            model = self.node.state.model
            self.questions.run(lambda: self.versions.resolve(model, self._resolved))

    def _resolved(self, error: Optional[FilmgateError]) -> None:
        self._resolving = False
        for run in self.runs:
            run.resolving = False
            if error is not None:
                self._abort(run, error)
        if self.node.manifest is None and self.runs and error is None:
            self._resolve()

    def _abort(self, run: Run, error: FilmgateError) -> None:
        """End a run of which nothing has been planned."""
        problem = to_problem(error)
        for moment in run.todo:
            self.failures.note(moment, problem, error.retryable)
        run.halt()
        self.failed(run, None, problem, error.retryable)
        self._dispatch.check_end(run)

    def _row(self, run: Run) -> RunRow:
        return RunRow(
            run.id,
            run.node,
            run.label,
            self.node.state.model,
            _of_frames(run, self.standing.of(run)),
            time.time(),
            lambda: self.cancel_run(run),
        )


def _of_frames(run: Run, status: Status) -> Status:
    """Return a status that says which frames it is of, where others are shown beside it."""
    frames = write_frames([floor(moment.time) for moment in run.moments])
    which = f"Frames {frames}" if len(run.moments) > 1 else f"Frame {frames}"
    return replace(status, text=f"{which}: {status.text}" if status.text else which)
