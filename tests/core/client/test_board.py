"""What sessions tell and panels show."""

from __future__ import annotations

import logging
import threading

import pytest

from filmgate.host.board import (
    ERROR,
    INFO,
    LINES_MAX,
    RUNS_MAX,
    Board,
    Comparison,
    LogLine,
    RunRow,
)
from filmgate.host.state import State, Status

RUNNING = Status(State.RUNNING, "frame 1 of 2", 0, 2)
DONE = Status(State.FRESH, "", 2, 2, 1.0)


def row(id: str) -> RunRow:
    """Return a run that has just begun."""
    return RunRow(id, "n" * 32, "Denoise1", "denoise@champion", Status(), 1.0, lambda: None)


def test_a_run_is_shown_from_begin_to_end() -> None:
    """Its status changes; after its end it says when that was."""
    board = Board(clock=lambda: 7.0)
    board.begin(row("a"))
    board.begin(row("b"))
    board.update("a", RUNNING)
    first = board.runs()
    board.end("a", DONE)
    assert [(run.id, run.status, run.ended_s) for run in first] == [
        ("b", Status(), 0.0),
        ("a", RUNNING, 0.0),
    ]
    assert [(run.status, run.ended_s) for run in board.runs()] == [(Status(), 0.0), (DONE, 7.0)]


def test_only_ended_runs_are_forgotten() -> None:
    """However many there are, one that can be cancelled stays in sight."""
    board = Board()
    board.begin(row("long"))
    for number in range(RUNS_MAX + 5):
        board.begin(row(str(number)))
        board.end(str(number), DONE)
    board.begin(row("last"))
    shown = [run.id for run in board.runs()]
    assert len(shown) == RUNS_MAX
    assert (shown[0], shown[-1]) == ("last", "long")


def test_a_run_that_has_ended_never_runs_again() -> None:
    """Another thread may still tell of its progress."""
    board = Board(clock=lambda: 7.0)
    board.begin(row("a"))
    board.end("a", DONE)
    board.update("a", RUNNING)
    board.end("a", RUNNING)
    assert [(run.status, run.ended_s) for run in board.runs()] == [(DONE, 7.0)]


def test_a_run_that_is_not_shown_is_left_alone() -> None:
    """What was forgotten may still tell of itself."""
    board = Board()
    board.update("gone", RUNNING)
    board.end("gone", DONE)
    assert board.runs() == ()


def test_the_log_keeps_the_newest_lines() -> None:
    """Lines have a time and all that a person quotes."""
    board = Board(clock=lambda: 7.0)
    board.note(ERROR, "No.", "Try.", "model 12", "n" * 32)
    assert board.log() == (LogLine(7.0, ERROR, "No.", "Try.", "model 12", "n" * 32),)
    for number in range(LINES_MAX):
        board.note(INFO, str(number))
    assert [line.text for line in board.log()[:: LINES_MAX - 1]] == ["0", str(LINES_MAX - 1)]


def test_the_newest_comparison_is_shown() -> None:
    """There is none before the first."""
    board = Board()
    assert board.comparison() is None
    board.show_result(Comparison("first", b"a", b"b"))
    board.show_result(Comparison("second", b"c", b"d"))
    assert board.comparison() == Comparison("second", b"c", b"d")


def test_listeners_hear_of_every_change_until_they_leave() -> None:
    """They may read the board at once, and leave while they are told."""
    board = Board()
    told: list[int] = []
    leave = board.listen(lambda: told.append(len(board.runs()) + len(board.log())))
    board.begin(row("a"))
    board.update("a", RUNNING)
    board.end("a", DONE)
    board.note(INFO, "done")
    board.show_result(Comparison("", b"", b""))
    board.changed()
    leave()
    leave()
    board.note(INFO, "unheard")
    assert told == [1, 1, 1, 2, 2, 2]


def test_a_listener_that_fails_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A panel's mistake is logged; the run goes on and the others hear of it."""
    board = Board()
    told: list[str] = []

    def fail() -> None:
        raise RuntimeError("a panel")

    board.listen(fail)
    board.listen(lambda: told.append("heard"))
    with caplog.at_level(logging.ERROR):
        board.note(INFO, "x")
    assert told == ["heard"]
    assert "a listener of the board failed" in caplog.text


def test_any_thread_may_tell() -> None:
    """Nothing is lost where many tell at once."""
    board = Board()
    threads = [
        threading.Thread(target=lambda: [board.note(INFO, "x") for _ in range(50)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(board.log()) == 200
