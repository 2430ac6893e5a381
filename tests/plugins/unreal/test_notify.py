"""The notification: one for everything, heard when it is cancelled, away while a dialog asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest


class Job:
    """Something that is followed."""

    def __init__(self, name: str) -> None:
        self.name, self.busy, self.cancelled = name, True, 0

    def text(self) -> str:
        """Return its name."""
        return self.name

    def cancel(self) -> None:
        """End."""
        self.cancelled += 1
        self.busy = False


@pytest.fixture
def notify(session: Any) -> Iterator[Any]:
    """Return the module, in an editor that ticks."""
    from filmgate_unreal import notify as module  # noqa: PLC0415
    from filmgate_unreal import ticks  # noqa: PLC0415

    ticks.start()
    yield module
    module.cancel()
    ticks.stop()
    module._bulletin.__init__()


def until(session: Any, done: Callable[[], bool]) -> None:
    """Let the editor draw."""
    assert session.tick_until(done, 10.0)


def test_everything_is_in_one_notification(session: Any, notify: Any) -> None:
    """The editor shows one task at a time, so the second job is a second line."""
    first, second = Job("rocks"), Job("leaves")
    notify.follow(first)
    notify.follow(second)
    until(session, lambda: bool(session.notices))
    (task,) = session.notices
    until(session, lambda: str(task._text) == "rocks\nleaves")
    first.busy = False
    until(session, lambda: str(task._text) == "leaves")
    second.busy = False
    until(session, lambda: task._finished is True)
    assert not notify.shown()


def test_a_cancel_is_heard(session: Any, notify: Any) -> None:
    """The button ends everything that the notification tells of."""
    from unreal import _tasks  # noqa: PLC0415 - found once the stand-in is on the path

    jobs = [Job("rocks"), Job("leaves")]
    for job in jobs:
        notify.follow(job)
    until(session, lambda: bool(session.notices))
    _tasks.press_cancel(session.notices[0])
    until(session, lambda: session.notices[0]._finished is not None)
    assert [job.cancelled for job in jobs] == [1, 1]


def test_a_dialog_is_seen_while_something_is_under_way(session: Any, notify: Any) -> None:
    """While a task runs the editor asks nobody: it ends for the dialog, and another one follows."""
    from filmgate_unreal import dialogs  # noqa: PLC0415

    job = Job("rocks")
    notify.follow(job)
    until(session, lambda: bool(session.notices))
    assert dialogs.attended()
    dialogs.tell("Look here.")
    assert [text for _, text in session.dialogs] == ["Look here."]
    assert session.unseen == []
    until(session, lambda: len(session.notices) == 2)
    until(session, lambda: str(session.notices[1]._text) == "rocks")
    job.busy = False
    until(session, lambda: session.notices[1]._finished is True)


def test_unattended_there_is_none(fresh: Callable[..., Any]) -> None:
    """Nobody would see it."""
    editor = fresh(mode="unattended")
    from filmgate_unreal import dialogs  # noqa: PLC0415
    from filmgate_unreal import notify as module  # noqa: PLC0415

    module.follow(Job("rocks"))
    editor.tick(3)
    assert (editor.notices, dialogs.attended()) == ([], False)
    module._bulletin.__init__()
