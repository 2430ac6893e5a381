"""What an execution's stages cost it, and what they do not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from fakes.frames import order
from filmgate.errors import CancelledError
from filmgate_server.worker import execution as module
from filmgate_server.worker.execution import Execution


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that executions look at."""
    clock = Clock()
    times = SimpleNamespace(perf_counter=clock, monotonic=clock)
    monkeypatch.setattr(module, "time", times)
    return clock


def begun(clock: Clock) -> Execution:
    """Return an execution that the device has worked on for two seconds."""
    execution = Execution(order(), lambda message: None)
    execution.enter("infer")
    clock.now_s += 2
    return execution


def test_preempted_execution_does_not_pay_for_the_other(clock: Clock) -> None:
    """Neither while the other one runs nor afterwards."""
    execution = begun(clock)
    with execution.paused():
        clock.now_s += 60
        assert execution.timings_now() == {"infer": 2.0}
    clock.now_s += 1
    execution.end_stage()
    assert execution.timings == {"infer": 3.0}


def test_preempted_execution_does_not_count_as_hung(clock: Clock) -> None:
    """Its next tile has all the time that it may take."""
    execution = begun(clock)
    execution.allow(5)
    with execution.paused():
        clock.now_s += 60
        assert execution.overdue_s(600, 600) <= 0
    clock.now_s += 4
    assert execution.overdue_s(600, 600) <= 0
    clock.now_s += 2
    assert execution.overdue_s(600, 600) == 1


def test_loading_is_nobodys_to_pay_for(clock: Clock) -> None:
    """It is told apart, and excuses what takes long."""
    execution = begun(clock)
    execution.note_load(1.5)
    assert execution.timings_now() == {"load": 1.5, "infer": 0.5}
    clock.now_s += 100
    assert execution.overdue_s(stall_s=90, since_s=600) == 10
    assert execution.overdue_s(stall_s=90, since_s=50) == -40


def test_work_done_together_is_shared(clock: Clock) -> None:
    """Each pays for its part."""
    execution, other = begun(clock), Execution(order(), lambda message: None)
    execution.give_time(1.0)
    other.share_time("infer", 1.0)
    assert execution.timings_now() == {"infer": 1.0}
    assert other.timings_now() == {"infer": 1.0}


def test_cancelled_while_preempted(clock: Clock) -> None:
    """It has ended at once; its stage only finds that out."""
    execution = begun(clock)
    with pytest.raises(CancelledError), execution.paused():
        assert execution.withdraw()
        assert not execution.withdraw()


def test_step_lets_others_go_first(clock: Clock) -> None:
    """Between two tiles, and no more once the stage has ended."""
    calls: list[float] = []
    execution = Execution(order(), lambda message: None)
    execution.enter("infer", lambda: calls.append(clock()))
    execution.step("infer", 0, 2)
    execution.step("infer", 1, 2)
    execution.end_stage()
    execution.step("encode", 0, 1)
    assert calls == [100.0, 100.0]
