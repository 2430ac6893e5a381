"""Three stages that overlap: while one frame is inferred, the next is decoded, the last encoded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from queue import Queue

from filmgate.errors import FilmgateError, ModelError, StorageError
from filmgate_server.execution import Execution, RefusedError

Work = Callable[[Execution], None]
Fail = Callable[[Execution, FilmgateError | None], None]

_WAITING = 1
"""Frames that wait between two stages: one keeps the next stage busy, more only take memory."""


class Pipeline:
    """Threads, one per stage, that hand executions on.

    Args:
        stages: what each stage does, by its name, in order. An execution that a stage fails does
            not reach the next one; the stage goes on with its next execution.
        fail: called with the execution and its error, or None when nothing is to be answered.
    """

    def __init__(self, stages: Mapping[str, Work], fail: Fail) -> None:
        self._inboxes: list[Queue[Execution]] = [Queue(_WAITING) for _ in stages]
        self._inboxes[0] = Queue()  # the gateway bounds what is in flight; nobody else may wait
        self._fail = fail
        for place, (name, work) in enumerate(stages.items()):
            thread = threading.Thread(target=self._run, args=(place, name, work), name=name)
            thread.daemon = True
            thread.start()

    def put(self, execution: Execution) -> None:
        """Let *execution* wait for the first stage."""
        self._inboxes[0].put(execution)

    def _run(self, place: int, name: str, work: Work) -> None:
        onward = self._inboxes[place + 1 :][:1]
        while True:
            execution = self._inboxes[place].get()
            if execution.enter() and self._completes(name, work, execution, bool(onward)):
                for inbox in onward:
                    inbox.put(execution)
            del execution  # its pixels must not live until the next one comes

    def _completes(self, name: str, work: Work, execution: Execution, goes_on: bool) -> bool:
        try:
            execution.check()
            work(execution)
            execution.timings[name] = execution.spent_s()
            if goes_on:
                execution.leave()
        except RefusedError:
            self._fail(execution, None)
        except BaseException as error:  # noqa: BLE001 - model code raises anything, even SystemExit
            self._fail(execution, typed_error(error))
        else:
            return True
        return False


def typed_error(error: BaseException) -> FilmgateError:
    """Return *error* as one that can travel."""
    if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
        typed: FilmgateError = StorageError("The worker's memory does not hold this frame.")
    elif isinstance(error, FilmgateError):
        return error
    else:
        typed = ModelError(f"The model failed: {type(error).__name__}: {_words(error)}")
    typed.__cause__ = error
    return typed


def is_fatal(error: BaseException) -> bool:
    """Tell whether a CUDA error other than exhausted memory lies behind *error*.

    Such an error poisons the process's context: every later result may be silently wrong.
    """
    cause: BaseException | None = error
    while cause is not None:
        if _comes_from_the_device(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _comes_from_the_device(error: BaseException) -> bool:
    name = type(error).__name__
    if isinstance(error, FilmgateError) or name == "OutOfMemoryError":
        return False  # our own text repeats that of its cause, which is judged by itself
    return name == "AcceleratorError" or "CUDA error" in _words(error)


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - model code may raise what cannot even say what it is
        return ""
