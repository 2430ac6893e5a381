"""The game thread: a few milliseconds at every tick, and nothing from anywhere else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture
def ticks(session: Any) -> Iterator[Any]:
    """Return the module, started."""
    from filmgate_unreal import ticks as module  # noqa: PLC0415

    module.start()
    yield module
    module.stop()


def test_one_callback_serves_everything(session: Any, ticks: Any) -> None:
    """However often the plugin is started, the editor calls once for each tick."""
    ticks.start()
    assert len(session.post_ticks) == 1
    ticks.stop()
    assert len(session.post_ticks) == 0


def test_calls_of_other_threads_run_on_the_game_thread(session: Any, ticks: Any) -> None:
    """They come in the order in which they were posted."""
    seen: list[tuple[int, int]] = []

    def post() -> None:
        for number in range(3):
            ticks.post(lambda number=number: seen.append((number, threading.get_ident())))

    thread = threading.Thread(target=post)
    thread.start()
    thread.join()
    session.tick()
    assert seen == [(number, session.game_thread) for number in range(3)]


def test_a_tick_ends_when_its_time_is_over(
    session: Any, ticks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left waits for the next one: the editor draws in between."""
    now = [0.0]
    monkeypatch.setattr("filmgate_unreal.ticks.time.monotonic", lambda: now[0])
    done: list[int] = []

    def work() -> None:
        done.append(1)
        now[0] += 0.003

    for _ in range(5):
        ticks.post(work)
    session.tick()
    assert len(done) == 2
    session.tick()
    assert len(done) == 4


def test_a_capture_ends_its_tick(session: Any, ticks: Any) -> None:
    """A call that says so is the last one."""
    done: list[int] = []
    ticks.post(ticks.enough)
    ticks.post(lambda: done.append(1))
    session.tick()
    assert done == []
    session.tick()
    assert done == [1]


def test_a_dialog_that_ticks_begins_nothing(session: Any, ticks: Any) -> None:
    """A modal dialog draws the editor too; what waits goes on after it."""
    done: list[str] = []

    def dialog() -> None:
        session.tick()
        done.append("dialog")

    ticks.post(dialog)
    ticks.post(lambda: done.append("next"))
    session.tick()
    session.tick()
    assert done == ["dialog", "next"]


def test_a_call_that_fails_does_not_stop_the_next(session: Any, ticks: Any) -> None:
    """The editor's log has the traceback, and the next tick works."""
    done: list[int] = []

    def fail() -> None:
        raise ValueError("a mistake")

    ticks.post(fail)
    ticks.post(lambda: done.append(1))
    session.tick(2)
    assert done == [1]
    assert any("a mistake" in text for text in session.errors())


def test_who_looks_looks_until_it_has_seen_enough(
    session: Any, ticks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that begins another does not lose it."""
    now = [0.0]
    monkeypatch.setattr("filmgate_unreal.ticks.time.monotonic", lambda: now[0])
    seen: list[str] = []

    def second() -> bool:
        seen.append("second")
        return True

    def first() -> bool:
        seen.append("first")
        ticks.watch(second)
        return False

    ticks.watch(first)
    for _ in range(3):
        now[0] += 1.0
        session.tick()
    assert seen == ["first", "second", "second"]


def test_a_look_that_fails_ends_alone(
    session: Any, ticks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others look on, and the log has the traceback."""
    now = [0.0]
    monkeypatch.setattr("filmgate_unreal.ticks.time.monotonic", lambda: now[0])
    seen: list[str] = []

    def looks(name: str) -> bool:
        seen.append(name)
        if name == "broken":
            raise ValueError("a mistake")
        return True

    for name in ("before", "broken", "after"):
        ticks.watch(lambda name=name: looks(name))
    for _ in range(2):
        now[0] += 1.0
        session.tick()
    assert seen == ["before", "broken", "after", "before", "after"]
    assert any("a mistake" in text for text in session.errors())


def test_a_commandlet_serves_itself(fresh: Callable[..., Any]) -> None:
    """Where nothing ticks, the thread that waits does the work; its time may run out."""
    fresh(mode="commandlet")
    from filmgate_unreal import ticks as module  # noqa: PLC0415

    done: list[int] = []
    module.post(lambda: done.append(1))
    assert module.serve(lambda: bool(done), timeout_s=5.0)
    assert not module.serve(lambda: False, timeout_s=0.0)
