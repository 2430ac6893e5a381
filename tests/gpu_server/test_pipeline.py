"""The pipeline's threads: order and failure."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any

import pytest

from fakes.frames import order
from filmgate.errors import CancelledError, FilmgateError, ModelError, StorageError
from filmgate_server.pool.messages import Grant, Progress, Reserve
from filmgate_server.worker.execution import Execution, RefusedError
from filmgate_server.worker.inboxes import Inboxes
from filmgate_server.worker.pipeline import Pipeline, typed_error

PATIENCE_S = 30


def execution(said: list[Any] | None = None) -> Execution:
    """Return an execution that says what it says into a list."""
    return Execution(order(), (said if said is not None else []).append)


def run_pipeline(*works: Any) -> FilmgateError | str | None:
    """Run one execution through stages and return how it ended."""
    ends: SimpleQueue[FilmgateError | str | None] = SimpleQueue()
    stages = {f"stage{place}": work for place, work in enumerate(works)}
    stages["last"] = lambda execution: ends.put("completed")
    inboxes = Inboxes(len(stages))
    Pipeline(stages, inboxes, lambda execution, error: ends.put(error)).put(execution())
    return ends.get(timeout=PATIENCE_S)


def test_stages_run_in_order() -> None:
    """Each stage gets the execution after the one before it, and is timed."""
    seen: list[str] = []
    ended = run_pipeline(lambda e: seen.append("first"), lambda e: seen.extend(e.timings))
    assert ended == "completed"
    assert seen == ["first", "stage0"]


def test_failed_execution_goes_no_further() -> None:
    """A stage's error ends the execution, typed."""

    def fail(execution: Execution) -> None:
        raise KeyError("R")

    error = run_pipeline(fail)
    assert isinstance(error, ModelError)
    assert "KeyError" in error.text


def test_cancelled_execution_enters_no_stage() -> None:
    """A stage that comes after the cancellation is not begun."""
    error = run_pipeline(lambda execution: execution.cancel(), lambda execution: 1 / 0)
    assert isinstance(error, CancelledError)


def test_refused_execution_is_not_answered() -> None:
    """The gateway has taken it back: there is no error to report."""

    def refuse(execution: Execution) -> None:
        execution.answer(Grant(1, refused=True))
        execution.ask_for_room([10])

    assert run_pipeline(refuse) is None


def test_stage_survives_a_failure() -> None:
    """The thread goes on with its next execution."""
    ends: SimpleQueue[FilmgateError | None] = SimpleQueue()

    def fail(execution: Execution) -> None:
        raise SystemExit

    pipeline = Pipeline({"only": fail}, Inboxes(1), lambda execution, error: ends.put(error))
    for _ in range(3):
        pipeline.put(execution())
        assert isinstance(ends.get(timeout=PATIENCE_S), ModelError)


def test_room_is_asked_for_and_waited_for() -> None:
    """The request carries the sizes; a cancellation ends the wait."""
    said: list[Any] = []
    waiting = execution(said)
    waiting.answer(Grant(1))
    assert waiting.ask_for_room([10, 20]) == ()
    assert said == [Reserve(1, (10, 20))]
    waiting.answer(Grant(1, refused=True))
    with pytest.raises(RefusedError):
        waiting.ask_for_room([1])
    waiting.cancel()
    with pytest.raises(CancelledError):
        waiting.ask_for_room([1])


def test_progress_is_not_a_flood() -> None:
    """Thousands of tiles become a few messages, the first and the last among them."""
    said: list[Any] = []
    quick = execution(said)
    for done in range(5001):
        quick.step("infer", done, 5000)
    assert said[0] == Progress(1, "infer", 0, 5000)
    assert said[-1] == Progress(1, "infer", 5000, 5000)
    assert len(said) < 500


def test_errors_become_typed() -> None:
    """A full memory, even behind another error, is one of storage; the rest is the model's."""
    own = StorageError("full")
    assert typed_error(own) is own
    assert isinstance(typed_error(MemoryError()), StorageError)
    wrapped = ModelError("It failed.")
    wrapped.__cause__ = MemoryError()
    assert isinstance(typed_error(wrapped), StorageError)
    assert isinstance(typed_error(RuntimeError("x")), ModelError)


def test_waiting_execution_is_withdrawn_once() -> None:
    """What no stage works on ends with its cancel; what a stage works on, the stage ends."""
    waiting, working = execution(), execution()
    assert waiting.withdraw()
    assert not waiting.withdraw()
    assert not waiting.enter("decode")
    assert working.enter("decode")
    assert not working.withdraw()
    with pytest.raises(CancelledError):
        working.check()
