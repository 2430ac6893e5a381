"""Three stages that overlap: while one frame is inferred, the next is decoded, the last encoded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial

from filmgate.errors import FilmgateError, ModelError, StorageError
from filmgate_server.worker.execution import Execution, RefusedError
from filmgate_server.worker.inboxes import Errand, Inboxes
from filmgate_server.worker.poison import words_of

Work = Callable[[Execution], None]
Fail = Callable[[Execution, FilmgateError | None], None]

PREEMPTED = "infer"
"""The stage at whose steps, between two tiles, batch work gives way."""


class Pipeline:
    """Threads, one per stage, that hand executions on.

    Args:
        stages: what each stage does, by its name, in order. An execution that a stage fails does
            not reach the next one; the stage goes on with its next execution.
        inboxes: where executions wait, one for each stage.
        fail: called with the execution and its error, or None when nothing is to be answered.
    """

    def __init__(self, stages: Mapping[str, Work], inboxes: Inboxes, fail: Fail) -> None:
        self._inboxes = inboxes
        self._fail = fail
        self._last = len(stages) - 1
        self._infer = list(stages).index(PREEMPTED) if PREEMPTED in stages else 0
        for place, (name, work) in enumerate(stages.items()):
            thread = threading.Thread(target=self._run, args=(place, name, work), name=name)
            thread.daemon = True
            thread.start()

    def put(self, execution: Execution) -> None:
        """Let *execution* wait for the first stage."""
        self._inboxes.put(execution)

    def between_models(self, errand: Errand) -> None:
        """Call *errand* on the thread that runs models, between two executions; it never raises."""
        self._inboxes.put_errand(self._infer, errand)

    def _run(self, place: int, name: str, work: Work) -> None:
        while True:
            # No name of its own: the pixels must not live until the next execution comes.
            self._turn(place, name, work, self._inboxes.take(place))

    def _turn(self, place: int, name: str, work: Work, found: Execution | Errand) -> None:
        if isinstance(found, Execution):
            self._advance(place, name, work, found)
        else:
            found()

    def _advance(self, place: int, name: str, work: Work, execution: Execution) -> None:
        """Do a stage's work on *execution* and hand it on."""
        preempted = name == PREEMPTED and not execution.urgent
        give_way = partial(self._give_way, place, name, work, execution) if preempted else None
        if execution.enter(name, give_way) and self._completes(work, execution, place < self._last):
            self._inboxes.pass_on(place, execution)
        else:
            self._inboxes.give_up(place, execution)

    def _give_way(self, place: int, name: str, work: Work, execution: Execution) -> None:
        """Do what is more urgent than *execution*, in the middle of it and on its thread.

        Raises:
            CancelledError: nobody wants *execution* any more.
        """
        while (urgent := self._inboxes.take_urgent(place)) is not None:
            with execution.paused():
                self._advance(place, name, work, urgent)

    def _completes(self, work: Work, execution: Execution, goes_on: bool) -> bool:
        try:
            execution.check()
            work(execution)
            if goes_on:
                execution.leave()
        except RefusedError:
            self._fail(execution, None)
        except BaseException as error:  # noqa: BLE001 - model code raises anything, even SystemExit
            self._fail(execution, typed_error(error))
        else:
            return True
        finally:
            execution.end_stage()
        return False


def typed_error(error: BaseException) -> FilmgateError:
    """Return *error* as one that can travel."""
    if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
        typed: FilmgateError = StorageError("The worker's memory does not hold this frame.")
    elif isinstance(error, FilmgateError):
        return error
    else:
        typed = ModelError(f"The model failed: {type(error).__name__}: {words_of(error)}")
    typed.__cause__ = error
    return typed
