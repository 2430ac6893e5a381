"""The pool with real workers: what comes back, what is survived, what is given back."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from fakes.descriptors import count_descriptors, no_descriptor_left
from fakes.pool import NEGATIVE, FakeBroker, make_package, tensor_blob, tensor_bytes
from filmgate.digest import digest_blob
from filmgate.errors import CancelledError, ModelError, ProtocolError, StorageError
from filmgate.tensor import TENSOR_MEDIA
from filmgate_server.pool.environment import MALLOC_SETTINGS, worker_environment
from filmgate_server.pool.member import BACKOFF_MAX_S, backoff_s, describe_exit
from filmgate_server.pool.settings import PoolSettings
from filmgate_server.pool.watch import LOADING_MAX_S, LOADING_SILENCE_S
from filmgate_server.store.segments import capacity_for

SHAPE = (4, 5, 3)
PIXELS = np.linspace(-2, 70000, 60, dtype=np.float32).reshape(SHAPE)
BLOB = tensor_blob(PIXELS.tobytes(), SHAPE)

UNTIL_CANCELLED = """
import signal
class Model:
    def infer(self, inputs, params, step):
        while True:
            step(0, 2)
            signal.sigtimedwait([], 0.01)
"""

ONCE_FATAL = """
import os, pathlib
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        marker = pathlib.Path(__file__).with_name(".died")
        if not marker.exists():
            marker.touch()
            os._exit(3)
        return {"color": -inputs["color"]}
"""

SLOW_TO_LOAD = """
import pathlib, signal
pathlib.Path(__file__).with_name(".loading").touch()
signal.pause()
"""

HANGS = """
import pathlib, signal
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        pathlib.Path(__file__).with_name(".hanging").touch()
        signal.pause()
"""

SAYS = """
import os, signal, socket
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        for fd in map(int, os.listdir("/proc/self/fd")):
            try:
                end = socket.socket(fileno=os.dup(fd))
            except OSError:
                continue
            self.say(end)
        signal.pause()
"""

GARBAGE = (
    SAYS
    + """
    def say(self, end):
        end.send(b"garbage")
"""
)

FOREIGN = (
    SAYS
    + """
    def say(self, end):
        from filmgate_server.pool.channel import pack
        from filmgate_server.pool.messages import Done, OutputEntry
        entry = OutputEntry("color", 1.0, "", "image/x-exr", 1, 8, bytes(32), b"")
        end.send(pack(Done({execution}, (entry,), (), {{}}, "", ())))
"""
)


@pytest.fixture
def broker() -> Iterator[FakeBroker]:
    """Return a broker with one running worker."""
    with FakeBroker() as broker:
        yield broker


def ran(broker: FakeBroker, execution: int, package: Path) -> None:
    """Run one frame to its end."""
    broker.run(execution, package, broker.blob(BLOB))
    broker.until(lambda: broker.ended(execution))


def infers(broker: FakeBroker, execution: int) -> bool:
    """Return whether the model has been reached."""
    return broker.stages.count((execution, "infer")) >= 2


def test_frame_comes_back(broker: FakeBroker, tmp_path: Path) -> None:
    """The output has the model's numbers, the input's time and view, and a sound digest."""
    package = make_package(tmp_path, NEGATIVE)
    broker.run(1, package, broker.blob(BLOB, time=12.5, view="left"))
    broker.until(lambda: broker.ended(1))
    (output,) = broker.outputs[1]
    assert tensor_bytes(output) == (-PIXELS).tobytes()
    assert (output.name, output.time, output.view) == ("color", 12.5, "left")
    assert output.media == TENSOR_MEDIA
    digested = digest_blob(output.segment.view[: output.size_bytes])
    assert (output.digest, output.size_bytes, output.sums) == digested


def test_reservation_bounds_the_output(broker: FakeBroker, tmp_path: Path) -> None:
    """A worker asks for at least as much as it then writes."""
    ran(broker, 1, make_package(tmp_path, NEGATIVE))
    assert broker.asked[1][0] >= broker.outputs[1][0].size_bytes


def test_reader_of_an_output_cannot_write(broker: FakeBroker, tmp_path: Path) -> None:
    """A worker's memory is written by that worker alone."""
    ran(broker, 1, make_package(tmp_path, NEGATIVE))
    assert broker.outputs[1][0].segment.view.readonly


def test_worker_that_is_busy_has_fewer_slots(broker: FakeBroker, tmp_path: Path) -> None:
    """A slot is taken by an execution and free again at its end."""
    package = make_package(tmp_path, NEGATIVE)
    assert broker.pool.free_slots(express=False) == {0: 3}
    broker.run(1, package, broker.blob(BLOB))
    assert broker.pool.free_slots(express=False) == {0: 2}
    broker.until(lambda: broker.ended(1))
    assert broker.pool.free_slots(express=False) == {0: 3}


def test_released_output_is_used_again(broker: FakeBroker, tmp_path: Path) -> None:
    """The next output of that size goes into the same memory, and not before it is released."""
    package = make_package(tmp_path, NEGATIVE)
    ran(broker, 1, package)
    ran(broker, 2, package)
    first, second = (broker.outputs[number][0].segment.id for number in (1, 2))
    assert first != second
    broker.pool.release_output(first)
    ran(broker, 3, package)
    assert broker.outputs[3][0].segment.id == first


def test_output_bytes_are_counted(broker: FakeBroker, tmp_path: Path) -> None:
    """The counters follow a segment from its grant to its end."""
    package = make_package(tmp_path, NEGATIVE)
    size = capacity_for(1)
    ran(broker, 1, package)
    assert broker.pool.output_bytes == (size, 0)
    broker.pool.release_output(broker.outputs[1][0].segment.id)
    assert broker.pool.output_bytes == (0, size)
    broker.pool.trim_outputs(0)
    assert broker.pool.output_bytes == (0, 0)


def test_trimmed_output_leaves_both_processes(broker: FakeBroker, tmp_path: Path) -> None:
    """A closed segment is closed in the worker too: its memory really goes."""
    package = make_package(tmp_path, NEGATIVE)
    blob = broker.blob(BLOB)
    broker.run(1, package, blob)
    broker.until(lambda: broker.ended(1))
    broker.pool.release_output(broker.outputs[1][0].segment.id)
    before = count_descriptors(broker.pid)
    broker.pool.trim_outputs(0)
    broker.pool.drop_input(blob.segment.id)
    broker.until(lambda: count_descriptors(broker.pid) == before - 4)


def test_input_that_was_dropped_can_come_again(broker: FakeBroker, tmp_path: Path) -> None:
    """A worker that has let go of an input is sent its descriptor anew."""
    package = make_package(tmp_path, NEGATIVE)
    blob = broker.blob(BLOB)
    for execution in (1, 2):
        broker.run(execution, package, blob)
        broker.until(lambda execution=execution: broker.ended(execution))
        broker.pool.drop_input(blob.segment.id)
    assert tensor_bytes(broker.outputs[2][0]) == (-PIXELS).tobytes()


def test_new_content_in_the_same_segment(broker: FakeBroker, tmp_path: Path) -> None:
    """A reused input segment is not mapped again, and the worker sees the new blob."""
    package = make_package(tmp_path, NEGATIVE)
    first = broker.blob(BLOB)
    broker.run(1, package, first)
    broker.until(lambda: broker.ended(1))
    broker.arena.give_back(first.segment)
    second = broker.blob(tensor_blob((PIXELS + 1).tobytes(), SHAPE))
    assert second.segment is first.segment
    broker.run(2, package, second)
    broker.until(lambda: broker.ended(2))
    assert tensor_bytes(broker.outputs[2][0]) == (-(PIXELS + 1)).tobytes()


def test_cancelled_execution_stops_at_its_next_tile(broker: FakeBroker, tmp_path: Path) -> None:
    """It ends as cancelled, and the worker goes on."""
    broker.run(1, make_package(tmp_path, UNTIL_CANCELLED, "slow"), broker.blob(BLOB))
    broker.until(lambda: infers(broker, 1))
    broker.pool.cancel(1)
    broker.until(lambda: broker.ended(1))
    assert isinstance(broker.errors[1], CancelledError)
    ran(broker, 2, make_package(tmp_path, NEGATIVE))
    assert broker.losses == []


def test_cancelled_execution_that_waits_for_memory(tmp_path: Path) -> None:
    """It does not wait on for a grant that never comes."""
    with FakeBroker(granting=False) as broker:
        broker.run(1, make_package(tmp_path, NEGATIVE), broker.blob(BLOB))
        broker.until(lambda: 1 in broker.asked)
        broker.pool.cancel(1)
        broker.until(lambda: broker.ended(1))
        assert isinstance(broker.errors[1], CancelledError)
        assert broker.pool.output_bytes == (0, 0)


def test_refused_execution_can_be_given_again(tmp_path: Path) -> None:
    """Without memory the worker drops it silently, and runs it when it comes back."""
    package = make_package(tmp_path, NEGATIVE)
    with FakeBroker(granting=False) as broker:
        blob = broker.blob(BLOB)
        broker.run(1, package, blob)
        broker.until(lambda: 1 in broker.asked)
        broker.pool.grant(1, None)
        assert broker.pool.free_slots(express=False) == {0: 3}
        del broker.asked[1]
        broker.granting = True
        broker.run(1, package, blob)
        broker.until(lambda: broker.ended(1))
        assert 1 in broker.outputs


def test_memory_that_the_worker_cannot_get(tmp_path: Path) -> None:
    """An output that the machine has no memory for is a storage error, and nothing is kept."""
    with FakeBroker(granting=False) as broker:
        psutil.Process(broker.pid).rlimit(psutil.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        broker.run(1, make_package(tmp_path, NEGATIVE), broker.blob(BLOB))
        broker.until(lambda: 1 in broker.asked)
        broker.pool.grant(1, [2 << 20])
        broker.until(lambda: broker.ended(1))
        assert isinstance(broker.errors[1], StorageError)
        assert broker.pool.output_bytes == (0, 0)


def test_failing_model_fails_its_frame_alone(broker: FakeBroker, tmp_path: Path) -> None:
    """What the model raised is named, and the next frame runs on the same worker."""
    code = NEGATIVE.replace("step(0, 1)", "raise KeyError('no such layer')")
    ran(broker, 1, make_package(tmp_path, code, "broken"))
    error = broker.errors[1]
    assert isinstance(error, ModelError)
    assert "KeyError" in error.text
    assert "no such layer" in error.text
    ran(broker, 2, make_package(tmp_path, NEGATIVE))
    assert 2 in broker.outputs
    assert broker.losses == []


def test_worker_that_dies_is_replaced(broker: FakeBroker, tmp_path: Path) -> None:
    """Its execution is reported lost once the process is gone, and a new process takes over."""
    package = make_package(tmp_path, ONCE_FATAL)
    broker.run(1, package, broker.blob(BLOB))
    broker.until(lambda: bool(broker.losses))
    assert broker.losses == [(0, (1,), "it exited with status 3")]
    broker.until(lambda: len(broker.infos) == 2)
    ran(broker, 1, package)
    assert tensor_bytes(broker.outputs[1][0]) == (-PIXELS).tobytes()


def test_killed_worker_is_gone_when_it_is_lost(broker: FakeBroker, tmp_path: Path) -> None:
    """Nobody can write any more when the broker hears of it."""
    broker.run(1, make_package(tmp_path, UNTIL_CANCELLED), broker.blob(BLOB))
    broker.until(lambda: infers(broker, 1))
    pid = broker.pid
    os.kill(pid, signal.SIGKILL)
    broker.until(lambda: bool(broker.losses))
    assert not psutil.pid_exists(pid)
    assert broker.losses == [(0, (1,), "it was ended by SIGKILL")]


def test_output_outlives_its_worker(broker: FakeBroker, tmp_path: Path) -> None:
    """A result can still be read when its worker is dead, and its memory goes at its release."""
    ran(broker, 1, make_package(tmp_path, NEGATIVE))
    os.kill(broker.pid, signal.SIGKILL)
    broker.until(lambda: bool(broker.losses))
    (output,) = broker.outputs[1]
    assert tensor_bytes(output) == (-PIXELS).tobytes()
    assert broker.pool.output_bytes == (capacity_for(1), 0)
    broker.pool.release_output(output.segment.id)
    assert broker.pool.output_bytes == (0, 0)


def test_stopped_worker_is_replaced_after_three_beats(broker: FakeBroker, tmp_path: Path) -> None:
    """A process that says nothing is killed, and its late answer can never come."""
    broker.run(1, make_package(tmp_path, UNTIL_CANCELLED), broker.blob(BLOB))
    broker.until(lambda: infers(broker, 1))
    os.kill(broker.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, broker.pid, os.WSTOPPED)
    start_s = time.monotonic()
    for later_s in (0, 5.9):
        broker.pool.tick(start_s + later_s)
    assert broker.pool.free_slots(express=False) == {0: 2}
    broker.pool.tick(start_s + 6.1)
    assert broker.pool.free_slots(express=False) == {}
    broker.until(lambda: bool(broker.losses))
    assert broker.losses[0][1] == (1,)
    assert "silent" in broker.losses[0][2]


def test_gateway_that_was_away_kills_nobody() -> None:
    """A worker whose beats wait unread is alive, however late they are read."""
    with FakeBroker(PoolSettings(beat_s=0.1)) as broker:
        start_s = time.monotonic()
        broker.pool.tick(start_s)
        assert select.select(broker.pool.filenos(), [], [], 30)[0]
        broker.pool.tick(start_s + 1000)
        assert broker.pool.free_slots(express=False) == {0: 3}


def test_loading_worker_is_given_time(broker: FakeBroker, tmp_path: Path) -> None:
    """Loading a model may hold up the beats for a while; a stopped process is found out."""
    package = make_package(tmp_path, SLOW_TO_LOAD)
    broker.run(1, package, broker.blob(BLOB))
    broker.until((package / ".loading").exists)
    os.kill(broker.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, broker.pid, os.WSTOPPED)
    start_s = time.monotonic()
    for later_s in (0, LOADING_SILENCE_S - 1):
        broker.pool.tick(start_s + later_s)
    assert broker.pool.free_slots(express=False) == {0: 2}
    broker.pool.tick(start_s + LOADING_SILENCE_S + 1)
    assert broker.pool.free_slots(express=False) == {}
    broker.until(lambda: bool(broker.losses))
    assert "silent" in broker.losses[0][2]


def test_loading_that_never_ends(tmp_path: Path) -> None:
    """Beats do not keep a worker that loads for ever, and no cancel ends it before its time."""
    package = make_package(tmp_path, SLOW_TO_LOAD)
    with FakeBroker(PoolSettings(beat_s=0.05)) as broker:
        broker.run(1, package, broker.blob(BLOB))
        broker.until((package / ".loading").exists)
        broker.pool.cancel(1)
        start_s = time.monotonic()
        for later_s in range(0, int(LOADING_MAX_S), 50):
            assert select.select(broker.pool.filenos(), [], [], 30)[0]
            broker.pool.tick(start_s + later_s)
        assert broker.pool.free_slots(express=False) == {0: 2}
        assert select.select(broker.pool.filenos(), [], [], 30)[0]
        broker.pool.tick(start_s + LOADING_MAX_S + 1)
        broker.until(lambda: bool(broker.losses))
        assert "loading" in broker.losses[0][2]


def test_cancelled_execution_that_does_not_stop(tmp_path: Path) -> None:
    """Its worker is replaced, what else that worker ran is named, and the new one works."""
    package = make_package(tmp_path, HANGS, "hangs")
    with FakeBroker(PoolSettings(cancel_grace_s=0.2)) as broker:
        broker.run(1, package, broker.blob(BLOB))
        broker.until((package / ".hanging").exists)
        broker.run(2, make_package(tmp_path, NEGATIVE), broker.blob(BLOB))
        broker.pool.cancel(1)
        broker.until(lambda: len(broker.infos) == 2)
        assert broker.losses == [(0, (1, 2), "it did not stop when asked")]
        ran(broker, 3, tmp_path / "tiny")
        assert tensor_bytes(broker.outputs[3][0]) == (-PIXELS).tobytes()


def test_cancelled_execution_that_waits_behind_another(broker: FakeBroker, tmp_path: Path) -> None:
    """It ends at once, however long the one before it takes, which is not disturbed."""
    package = make_package(tmp_path, HANGS, "hangs")
    broker.run(1, package, broker.blob(BLOB))
    broker.until((package / ".hanging").exists)
    broker.run(2, make_package(tmp_path, NEGATIVE), broker.blob(BLOB))
    broker.until(lambda: (2, "decode") in broker.finished)
    broker.pool.cancel(2)
    broker.until(lambda: broker.ended(2))
    assert isinstance(broker.errors[2], CancelledError)
    assert broker.pool.free_slots(express=False) == {0: 2}
    assert not broker.ended(1)


def test_model_that_makes_no_step(tmp_path: Path) -> None:
    """Beats do not keep a worker whose model hangs, and waiting frames do not count."""
    package = make_package(tmp_path, HANGS, "hangs")
    with FakeBroker(PoolSettings(beat_s=0.1, stall_s=0.3)) as broker:
        broker.run(1, package, broker.blob(BLOB))
        broker.until(lambda: bool(broker.losses))
        assert broker.losses[0][:2] == (0, (1,))
        assert "made no step" in broker.losses[0][2]


def test_model_that_makes_steps_may_take_long(tmp_path: Path) -> None:
    """Only what stands still is given up: steps and waiting for memory both count as life."""
    with FakeBroker(PoolSettings(beat_s=0.1, stall_s=0.3), granting=False) as broker:
        broker.run(1, make_package(tmp_path, UNTIL_CANCELLED, "slow"), broker.blob(BLOB))
        broker.until(lambda: 1 in broker.asked)
        asked_s = time.monotonic()
        broker.until(lambda: time.monotonic() - asked_s > 0.8)
        broker.pool.grant(1, broker.asked[1])
        broker.until(lambda: broker.stages.count((1, "infer")) > 8)
        assert broker.losses == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (GARBAGE, "it broke the rules"),
        (FOREIGN.format(execution=1), "its outputs cannot be taken"),
        (FOREIGN.format(execution=9), "its outputs cannot be taken"),
    ],
    ids=["garbage", "memory-not-granted", "unknown-execution"],
)
def test_worker_that_breaks_the_rules_goes_alone(code: str, reason: str, tmp_path: Path) -> None:
    """Garbage, or an output outside what was granted, ends that worker; the other one works on."""
    with FakeBroker(PoolSettings(devices=("cpu:0", "cpu:1"))) as broker:
        hostile, good = (broker.infos[place][0] for place in (0, 1))
        broker.run(1, make_package(tmp_path, code, "bad"), broker.blob(BLOB), worker=hostile)
        broker.run(2, make_package(tmp_path, NEGATIVE), broker.blob(BLOB), worker=good)
        broker.until(lambda: bool(broker.losses) and broker.ended(2))
        assert [loss[:2] for loss in broker.losses] == [(hostile, (1,))]
        assert reason in broker.losses[0][2]
        assert 1 not in broker.outputs
        assert tensor_bytes(broker.outputs[2][0]) == (-PIXELS).tobytes()


def test_too_large_assignment_is_not_taken(broker: FakeBroker, tmp_path: Path) -> None:
    """It is a typed error for the broker, and costs neither slot nor worker."""
    package = make_package(tmp_path, NEGATIVE)
    texts = {f"note{place}": "x" * 4000 for place in range(64)}
    with pytest.raises(ProtocolError):
        broker.run(1, package, broker.blob(BLOB), provenance=texts)
    assert broker.pool.free_slots(express=False) == {0: 3}
    ran(broker, 2, package)
    assert 2 in broker.outputs


def test_pool_leaves_nothing_behind(tmp_path: Path) -> None:
    """After a stop there is no child, and no descriptor but those of blobs that are still held."""
    package = make_package(tmp_path, UNTIL_CANCELLED)
    with no_descriptor_left():
        with FakeBroker() as broker:
            broker.run(1, package, broker.blob(BLOB))
            broker.until(lambda: infers(broker, 1))
        for blob in broker.blobs:
            broker.arena.give_back(blob.segment)
        broker.arena.trim(0)
    assert not psutil.pid_exists(broker.pid)


def test_worker_gets_no_credentials() -> None:
    """A worker runs models: what it does not need, it does not get."""
    base = {
        "PATH": "/bin",
        "AWS_SECRET_ACCESS_KEY": "x",
        "FILMGATE_KEY": "x",
        "PYTHONSTARTUP": "x",
        "https_proxy": "x",
        "CUDA_VISIBLE_DEVICES": "1",
    }
    assert worker_environment(base, threads=2) == {
        "PATH": "/bin",
        "CUDA_VISIBLE_DEVICES": "1",
        "OMP_NUM_THREADS": "2",
        **MALLOC_SETTINGS,
    }


def test_worker_runs_in_that_environment(broker: FakeBroker) -> None:
    """The allocator's settings are there before Python starts, where alone they count."""
    environment = psutil.Process(broker.pid).environ()
    assert MALLOC_SETTINGS.items() <= environment.items()
    assert "PYTEST_CURRENT_TEST" not in environment


def test_restarts_wait_longer_each_time() -> None:
    """A worker that dies at once does not keep the machine busy with restarts."""
    assert [backoff_s(deaths) for deaths in (1, 2, 3, 4)] == [0.0, 0.25, 0.5, 1.0]
    assert backoff_s(50) == BACKOFF_MAX_S


def test_ends_are_described() -> None:
    """Statuses and signals read as words."""
    assert describe_exit(3) == "it exited with status 3"
    assert describe_exit(-signal.SIGSEGV) == "it was ended by SIGSEGV"
    assert describe_exit(-99) == "it was ended by signal 99"
