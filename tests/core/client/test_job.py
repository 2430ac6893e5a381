"""Jobs as a program sees them."""

from __future__ import annotations

import threading

import pytest

from filmgate.digest import digest_bytes
from filmgate.errors import CancelledError, ExpiredError
from filmgate.job import Job, Options, Output, Payload, Progress, Result, Work

RESULT = Result((Output("color", memoryview(b"first")), Output("color", memoryview(b"second"))))


def job(*payloads: Payload) -> Job:
    """Return a job that nobody runs."""
    return Job(Work("denoise", payloads), Options(), lambda _: None)


def test_inputs_are_digested_on_submission() -> None:
    """The references name each input with its digest, size, media, time and view."""
    data = memoryview(bytearray(b"pixels"))
    made = job(Payload("color", data, "application/x-tensor", 1001.5, "left"), Payload("n", b"x"))
    ref = made.refs[0]
    assert (ref.name, ref.digest, ref.size) == ("color", digest_bytes(b"pixels"), 6)
    assert (ref.media, ref.time, ref.view) == ("application/x-tensor", 1001.5, "left")
    assert made.refs[1].media == "image/x-exr"


def test_names_are_random() -> None:
    """Two submissions of the same work are two jobs."""
    assert len({job().id for _ in range(100)}) == 100
    assert len(job().id) == 16


def test_result_is_what_the_job_ended_with() -> None:
    """A result is returned, an error is raised, as often as asked."""
    done, cancelled = job(), job()
    done.future.set_result(RESULT)
    cancelled.future.set_exception(CancelledError("The job was cancelled."))
    assert done.done()
    assert done.result() is done.result(0.1) is RESULT
    with pytest.raises(CancelledError):
        cancelled.result()


def test_waiting_can_be_given_up() -> None:
    """A timeout is an error of its own and does not end the job."""
    waiting = job()
    with pytest.raises(ExpiredError):
        waiting.result(0.01)
    assert not waiting.done()


def test_waiting_ends_with_the_job() -> None:
    """Whoever waits is woken by the end."""
    waiting = job()
    thread = threading.Timer(0.05, waiting.future.set_result, [RESULT])
    thread.start()
    assert waiting.result(30) is RESULT
    thread.join()


def test_an_error_that_is_a_timeout_is_not_taken_for_waiting() -> None:
    """A job that ended with a timeout of its own raises that."""
    failed = job()
    failed.future.set_exception(TimeoutError("the model's own"))
    with pytest.raises(TimeoutError, match="the model's own"):
        failed.result(5)


def test_listeners_are_told() -> None:
    """Progress and the end reach the listeners, with the job in hand."""
    told: list[str] = []
    listened = Job(
        Work("denoise", ()),
        Options(),
        lambda _: told.append("cancel"),
        lambda job: told.append(job.progress.stage),
        lambda job: told.append("end"),
    )
    listened.report(Progress("infer", done=1, total=2))
    listened.cancel()
    listened.future.set_result(RESULT)
    assert told == ["infer", "cancel", "end"]


def test_outputs_are_found_by_name() -> None:
    """The first output of a name counts; another name is an error."""
    assert bytes(RESULT.output("color").data) == b"first"
    with pytest.raises(KeyError):
        RESULT.output("depth")
