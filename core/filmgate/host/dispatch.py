"""The share of a run that other threads have: looking up, sending, storing."""

from __future__ import annotations

import logging
from dataclasses import replace
from math import floor
from typing import TYPE_CHECKING, Callable, Optional, Union

from filmgate.client import Client
from filmgate.errors import (
    CancelledError,
    ColourError,
    ConfigError,
    ConnectionLostError,
    DeniedError,
    FilmgateError,
    ManifestError,
    ParameterError,
    ProtocolError,
    StorageError,
    UnknownModelError,
)
from filmgate.host.board import WARNING, Comparison
from filmgate.host.connection import CONNECT_WITHIN_S, CONNECTED
from filmgate.host.delivery import Delivery, Frame
from filmgate.host.freshness import FrameNote, TakeNotes, frame_key
from filmgate.host.order import Order
from filmgate.host.port import Moment
from filmgate.host.problem import to_problem
from filmgate.host.receipt import PREVIEW, PREVIEW_SOURCE
from filmgate.host.results import Found
from filmgate.host.run import DONE, DROPPED, FAILED, Run
from filmgate.host.state import Problem
from filmgate.host.task import FrameTask
from filmgate.job import Job, Output, Progress, Result
from filmgate.takes import Take
from filmgate.wire.records import PNG_MEDIA

if TYPE_CHECKING:
    from filmgate.host.hub import Hub

_ALIKE = (
    ColourError,
    ConfigError,
    ConnectionLostError,
    DeniedError,
    ManifestError,
    ParameterError,
    ProtocolError,
    StorageError,
    UnknownModelError,
)
"""Errors that the next frame of a sequence would meet as well."""

log = logging.getLogger("filmgate")


class DispatchEvents:
    """What the dispatch tells its owner, on any thread."""

    def stirred(self, run: Run) -> None:
        """Say that a run has come further."""

    def taken(self, take: Take) -> None:
        """Say that the node should read *take*."""

    def succeeded(self, run: Run, task: FrameTask) -> None:
        """Say that a frame's result is here."""

    def failed(self, run: Run, moment: Optional[Moment], problem: Problem, retryable: bool) -> None:
        """Say that a frame has failed, or a take of several."""

    def ended(self, run: Run) -> None:
        """Say that a run is over, and what it made delivered."""


class Dispatch:
    """Sends the frames of one node. `post` may be called from any thread; it returns at once.

    Args:
        hub: what all nodes share.
        delivery: makes the node's takes.
        events: who listens.
    """

    def __init__(self, hub: Hub, delivery: Delivery, events: DispatchEvents) -> None:
        self._hub, self._delivery, self._events = hub, delivery, events

    def post(self, order: Order) -> None:
        """Look a frame up, and send it if its result is not known."""
        order.run.progress(order.task.key, Progress())
        self._background(order, lambda: self._look_up(order))

    def leave_out(self, frames: dict[str, FrameNote]) -> None:
        """Keep these frames of the take no longer."""
        self._hub.background(lambda: self._delivery.leave_out(frames))

    def check_end(self, run: Run) -> None:
        """Look whether a run is over; from any thread."""
        self._hub.background(lambda: self._check_end(run))

    def refused(self, run: Run, moment: Moment, error: FilmgateError) -> None:
        """End a frame that never came this far."""
        self._hub.background(lambda: self._fail(run, moment, error, ""))

    def _background(self, order: Order, step: Callable[[], None]) -> None:
        self._hub.background(lambda: self._do(order, step))

    def _do(self, order: Order, step: Callable[[], None], job: str = "") -> None:
        """Do a step; whatever fails ends the frame, for nobody else would."""
        error = _tried(step)
        if error is not None:
            self._fail(order.run, order.task.moment, error, job)

    def _look_up(self, order: Order) -> None:
        if not order.run.feeding:
            self._drop(order)
            return
        found = self._known(order)
        if found is not None:
            self._accept(order, found)
        else:
            self._hub.sending(lambda: self._send(order))

    def _known(self, order: Order) -> Optional[Found]:
        """Return what was computed before, unless the artist wants it computed again."""
        found = None if order.run.force else self._hub.results.find(order.request.key())
        if found is not None and _tried(lambda: order.check(found.outputs)) is not None:
            log.warning("an earlier result is not what its request asks for")
            return None
        return found

    def _send(self, order: Order) -> None:
        """Wait for the server and send a frame; how it ends is for the background, as takes are."""
        run, moment = order.run, order.task.moment
        error = _tried(lambda: self._submit(order))
        if error is None:
            return
        if isinstance(error, _ALIKE):
            run.halt()  # at once: the next frame must not wait for the same server
        self._hub.background(lambda: self._fail(run, moment, error, ""))

    def _submit(self, order: Order) -> None:
        run, task = order.run, order.task
        client = self._client(run) if run.feeding else None
        if not run.feeding:  # cancelled while the server was waited for
            self._background(order, lambda: self._drop(order))
            return
        if client is None:
            self._again(order)
            return
        job = client.submit(
            order.work,
            run.options(task.moment.view),
            lambda job: self._progressed(run, task, job),
            lambda job: self._answered(order, job),
        )
        run.attach(task.key, job)
        self._events.stirred(run)

    def _client(self, run: Run) -> Optional[Client]:
        """Return the connection; None where a server that served this run is away for now."""
        run.connecting = self._hub.link.state().kind != CONNECTED
        if run.connecting:
            self._events.stirred(run)
        try:
            return self._hub.link.client(CONNECT_WITHIN_S)
        except ConnectionLostError:
            if not run.served:
                raise
            return None
        finally:
            run.connecting = False

    def _again(self, order: Order) -> None:
        """Begin anew with a frame, after what other nodes have to do meanwhile."""
        order.run.progress(order.task.key, Progress())
        self._events.stirred(order.run)
        self._background(order, lambda: self._look_up(order))

    def _progressed(self, run: Run, task: FrameTask, job: Job) -> None:
        run.progress(task.key, job.progress)
        self._events.stirred(run)

    def _answered(self, order: Order, job: Job) -> None:
        name = job.id.hex()
        self._hub.background(lambda: self._do(order, lambda: self._store(order, job), name))

    def _store(self, order: Order, job: Job) -> None:
        """Keep a result, whether or not it is still wanted."""
        try:
            result = job.result()
        except CancelledError:
            self._drop(order)
            return
        except ConnectionLostError:  # another connection was made: what was open on this has ended
            self._again(order)
            return
        order.check(result.outputs)
        self._hub.results.put(order.request.key(), result)
        self._accept(order, result)

    def _accept(self, order: Order, result: Union[Result, Found]) -> None:
        run, task = order.run, order.task
        if run.cancelled:
            self._drop(order)
            return
        note = replace(order.note, work_key=result.work_key.hex(), numerics=result.numerics)
        frame = Frame(task.key, task.serial, result.outputs, note)
        if self._delivery.is_newest(frame):
            self._add(frame, order.header)
        self._tell(order, result)
        run.finish(task.key, DONE)
        self._events.succeeded(run, task)
        if self._delivery.due():
            self._complete(run)
        self._check_end(run)

    def _add(self, frame: Frame, header: TakeNotes) -> None:
        try:
            self._delivery.add(frame, header)
        except FilmgateError:
            self._delivery.discard()  # half a frame must not become visible
            raise

    def _tell(self, order: Order, result: Union[Result, Found]) -> None:
        board, label = self._hub.board, order.run.label
        for text in order.run.warn(result.warnings):
            board.note(WARNING, text, node=label)
        model = f"{order.manifest.name} {order.manifest.version}"
        title = f"{label}, frame {order.task.moment.time:g}, {model}"
        before, after = (_picture(result.outputs, name) for name in (PREVIEW_SOURCE, PREVIEW))
        if before and after:
            board.show_result(Comparison(title, before, after))

    def _drop(self, order: Order) -> None:
        order.run.finish(order.task.key, DROPPED)
        self._check_end(order.run)

    def _fail(self, run: Run, moment: Moment, error: FilmgateError, job: str) -> None:
        run.finish(frame_key(moment), FAILED)
        if isinstance(error, _ALIKE):
            run.halt()
        problem = to_problem(error, floor(moment.time))
        if not run.cancelled:
            problem = replace(problem, id=job or problem.id)
            self._events.failed(run, moment, problem, error.retryable)
        self._check_end(run)

    def _check_end(self, run: Run) -> None:
        if run.retire():
            self._complete(run)
            self._events.ended(run)
        else:
            self._events.stirred(run)

    def _complete(self, run: Run) -> None:
        """Make a take of what has come; frames of one that fails are still among the results."""
        try:
            take = self._delivery.complete()
        except FilmgateError as error:
            self._delivery.discard()
            run.halt()
            if not run.cancelled:
                self._events.failed(run, None, to_problem(error), error.retryable)
            return
        if take is not None:
            self._events.taken(take)


def _tried(step: Callable[[], None]) -> Optional[FilmgateError]:
    """Do a step; return what an artist is told of whatever went wrong."""
    try:
        step()
    except FilmgateError as error:
        return error
    except Exception as error:  # the thread's boundary
        log.exception("a frame failed in the background")
        return FilmgateError(f"The plugin itself failed ({error!r}).")
    return None


def _picture(outputs: tuple[Output, ...], name: str) -> bytes:
    found = [each for each in outputs if each.name == name and each.media == PNG_MEDIA]
    return bytes(found[0].data) if found else b""
