"""The notification: one for everything, heard when it is cancelled, away while a dialog asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest


class Job:
    """Something that is followed."""

    def __init__(self, name: str) -> None:
        self.name, self.busy, self.cancelled = name, True, 0
        self.problems: dict[str, str] = {}

    def text(self) -> str:
        """Return its name."""
        return self.name

    def cancel(self) -> None:
        """End."""
        self.cancelled += 1
        self.busy = False


class Slow(Job):
    """Something that takes its time to end."""

    def cancel(self) -> None:
        """Begin to end."""
        self.cancelled += 1


class Mortal(Job):
    """Something that can be destroyed."""

    gone = False

    def text(self) -> str:
        """Return its name; fail as the engine does when it is gone."""
        if self.gone:
            raise RuntimeError("ObjectInstance is null")
        return self.name


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


def test_a_cancel_is_not_for_what_begins_later(session: Any, notify: Any) -> None:
    """The button stays pressed while a job winds down; the next job has a notification anew."""
    from unreal import _tasks  # noqa: PLC0415 - found once the stand-in is on the path

    first, second = Slow("rocks"), Slow("leaves")
    notify.follow(first)
    until(session, lambda: bool(session.notices))
    _tasks.press_cancel(session.notices[0])
    until(session, lambda: session.notices[0]._finished is False)
    notify.follow(second)
    until(session, lambda: len(session.notices) == 2)
    until(session, lambda: str(session.notices[1]._text) == "rocks\nleaves")
    assert (first.cancelled, second.cancelled) == (1, 0)
    first.busy = second.busy = False
    until(session, lambda: session.notices[1]._finished is True)


def test_what_failed_ends_without_a_tick(session: Any, notify: Any) -> None:
    """Of two jobs one failed, some time before the other ended."""
    first, second = Job("rocks"), Job("leaves")
    notify.follow(first)
    notify.follow(second)
    until(session, lambda: bool(session.notices))
    first.problems["rocks"], first.busy = "it stumbled", False
    until(session, lambda: str(session.notices[0]._text) == "leaves")
    second.busy = False
    until(session, lambda: session.notices[0]._finished is not None)
    assert session.notices[0]._finished is False


def test_the_last_words_say_what_can_be_done(session: Any, notify: Any) -> None:
    """They are those of this notification alone."""
    for place, last in enumerate(("2 results wait", "leaves")):
        job = Job("leaves")
        notify.follow(job)
        until(session, lambda place=place: len(session.notices) == place + 1)
        until(session, lambda place=place: str(session.notices[place]._text) == "leaves")
        if place == 0:
            notify.close_with(last)
        job.busy = False
        until(session, lambda place=place: session.notices[place]._finished is True)
        assert str(session.notices[place]._text) == last


def test_what_cannot_tell_takes_the_notification_away(session: Any, notify: Any) -> None:
    """It would stay for ever, and the editor would ask nobody anything any more."""
    job = Mortal("rocks")
    notify.follow(job)
    until(session, lambda: bool(session.notices))
    job.gone = True
    until(session, lambda: session.notices[0]._finished is False)
    assert not notify.shown()


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
