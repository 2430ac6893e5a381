"""The progress window of a range: there while the node works, gone with it, and it cancels."""

from __future__ import annotations

from typing import Any

import pytest

from filmgate.host.state import State, Status


class Working:
    """A session that works until it is told that it rests."""

    def __init__(self) -> None:
        self.busy, self.cancelled = True, 0
        self.status = Status(State.RUNNING, done=3, total=4)

    def cancel(self) -> None:
        """Note the wish."""
        self.cancelled += 1


@pytest.fixture
def later(nuke: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what waits to be called, in place of a timer."""
    from filmgate_nuke import threads  # noqa: PLC0415 - found once the fixture ran

    calls: list[Any] = []
    monkeypatch.setattr(threads, "post_later", lambda call, _: calls.append(call))
    return calls


def test_the_window_closes_when_the_node_rests(world: Any, later: list[Any]) -> None:
    """Nobody holds it any longer, so it is gone at once."""
    from filmgate_nuke import progress  # noqa: PLC0415

    session: Any = Working()
    progress.follow("Denoise1", session)
    assert world.progress == [("Denoise1", 0), ("Denoise1", 75)]
    session.busy = False

    later.pop()()

    assert world.progress[-1] == ("Denoise1", 100)
    assert (later, session.cancelled) == ([], 0)


def test_cancel_in_the_window_cancels_the_node(world: Any, later: list[Any]) -> None:
    """As the button of the node does."""
    from filmgate_nuke import progress  # noqa: PLC0415

    session: Any = Working()
    progress.follow("Denoise1", session)
    world.cancel_pressed = True

    later.pop()()

    assert session.cancelled == 1


def test_what_rests_already_opens_no_window(world: Any, later: list[Any]) -> None:
    """A range that is fresh is done before anybody could look."""
    from filmgate_nuke import progress  # noqa: PLC0415

    session: Any = Working()
    session.busy = False

    progress.follow("Denoise1", session)

    assert (world.progress, later) == ([], [])
