"""The way from other threads to the main one."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from filmgate.errors import FilmgateError, InputError
from filmgate.ui.errands import Errands
from filmgate.ui.mailbox import Mailbox


@pytest.fixture
def mailbox(qapp: Any) -> Any:
    """Return an open mailbox."""
    made = Mailbox()
    yield made
    made.close()


def test_calls_of_many_threads_run_on_the_main_one_in_their_order(
    mailbox: Mailbox, qtbot: Any
) -> None:
    """None is lost and none comes twice."""
    got: list[tuple[int, int]] = []
    on: set[threading.Thread] = set()

    def post_all(name: int) -> None:
        for number in range(200):
            mailbox.post(lambda number=number: got.append((name, number)))
        mailbox.post(lambda: on.add(threading.current_thread()))

    threads = [threading.Thread(target=post_all, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    qtbot.waitUntil(lambda: len(got) == 800)
    for name in range(4):
        assert [number for of, number in got if of == name] == list(range(200))
    qtbot.waitUntil(lambda: on == {threading.main_thread()})


def test_a_closed_mailbox_runs_nothing(mailbox: Mailbox, qtbot: Any, qapp: Any) -> None:
    """Neither what was waiting nor what comes later."""
    got: list[str] = []
    mailbox.post(lambda: got.append("before"))
    mailbox.close()
    mailbox.post(lambda: got.append("after"))
    qapp.processEvents()
    assert got == []


def test_an_application_that_ends_closes_it(mailbox: Mailbox, qtbot: Any, qapp: Any) -> None:
    """Threads go on for a moment after that."""
    got: list[str] = []
    qapp.aboutToQuit.emit()
    mailbox.post(lambda: got.append("after"))
    qapp.processEvents()
    assert got == []


def test_a_call_may_post_another(mailbox: Mailbox, qtbot: Any) -> None:
    """It is run in the next turn of the event loop."""
    got: list[str] = []
    mailbox.post(lambda: mailbox.post(lambda: got.append("inner")))
    qtbot.waitUntil(lambda: got == ["inner"])


def test_errors_are_answers(mailbox: Mailbox, qtbot: Any) -> None:
    """Also those that nobody foresaw; the thread goes on."""
    errands, got = Errands("errands", mailbox), []
    errands.open()
    known = InputError("No.")

    def fail() -> None:
        raise known

    def stumble() -> None:
        raise ZeroDivisionError("by zero")

    for question in (fail, stumble, lambda: 42):
        errands.ask(question, got.append)
    qtbot.waitUntil(lambda: len(got) == 3)
    assert got[0] is known
    assert isinstance(got[1], FilmgateError)
    assert "by zero" in got[1].text
    assert got[2] == 42
    errands.close()


def test_a_closed_thread_ends_and_can_be_opened_again(mailbox: Mailbox, qtbot: Any) -> None:
    """What was asked before is still answered, what is asked between is not, and none is left."""
    errands, got = Errands("errands-again", mailbox), []
    hold = threading.Event()
    errands.open()
    errands.ask(lambda: hold.wait(10), got.append)
    errands.close()
    errands.ask(lambda: "dropped", got.append)
    errands.open()
    errands.ask(lambda: "second", got.append)
    hold.set()
    qtbot.waitUntil(lambda: sorted(map(str, got)) == ["True", "second"])
    errands.close()
    qtbot.waitUntil(lambda: "errands-again" not in [t.name for t in threading.enumerate()])
