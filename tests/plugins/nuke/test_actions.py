"""Buttons and callbacks: every failure a text, live nodes, and nothing while a script loads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.secluded import make_manifest, seclude
from filmgate.errors import RequestError


@pytest.fixture
def group(nuke: Any, world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a node for a plate of frames 3 to 9, in a Nuke that has the plugin."""
    seclude(tmp_path, monkeypatch)
    from filmgate_nuke import callbacks, node, sessions  # noqa: PLC0415 - found once Nuke is

    callbacks.register()
    made = node.create(make_manifest(), "grade")
    made.setInput(0, nuke.nodes.Constant(first=3, last=9))
    sessions.session(made)
    made.showControlPanel()
    yield made
    sessions.close_hubs()


class Recorder:
    """Stands before a session and notes what it is asked for."""

    def __init__(self, group: Any) -> None:
        from filmgate_nuke import sessions  # noqa: PLC0415

        self.touched: list[float] = []
        self.session = sessions.session(group)
        self.session.touch = lambda moment: self.touched.append(moment.time)


def test_range_is_that_of_the_knob_or_of_the_input(group: Any) -> None:
    """An empty knob means every frame of the main input."""
    from filmgate_nuke import actions  # noqa: PLC0415

    assert actions.frames_of(group) == list(range(3, 10))
    group["filmgate_range"].setValue("3-7x2,9")
    assert actions.frames_of(group) == [3, 5, 7, 9]


def test_wrong_range_is_told_in_a_window(group: Any, world: Any) -> None:
    """The text says what a range looks like."""
    from filmgate_nuke import actions  # noqa: PLC0415

    group["filmgate_range"].setValue("three")
    with pytest.raises(RequestError):
        actions.frames_of(group)

    actions.run_range(group)
    world.run_events()

    assert any("1-100x2" in text for text in world.messages)


def test_unforeseen_failure_has_an_id_that_the_log_has_too(
    group: Any, world: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback window: a sentence, and what to tell the people who look after the plugin."""
    from filmgate_nuke import actions, sessions  # noqa: PLC0415

    def broken(_: Any) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(sessions.session(group), "unbake", lambda: broken(None))
    actions.unbake(group)
    world.run_events()

    (text,) = world.messages
    (record,) = (each for each in caplog.records if "unforeseen" in each.message)
    assert record.args is not None
    assert f"({record.args[0]})" in text


def test_buttons_do_what_the_actions_do(
    group: Any, nuke: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The knob's stored one-liner finds the plugin."""
    monkeypatch.setattr(sys.modules["__main__"], "nuke", nuke, raising=False)
    world.press(group, "filmgate_run_range")
    world.run_until(lambda: bool(world.messages))

    assert any("No server" in text for text in world.messages)


def test_change_of_a_setting_touches_a_live_node_only(group: Any) -> None:
    """Without Live, turning a knob runs nothing."""
    recorder = Recorder(group)
    group["filmgate_p_gain"].setValue(2)
    assert recorder.touched == []

    group["filmgate_live"].setValue(True)
    group["filmgate_p_gain"].setValue(3)

    assert recorder.touched == [1, 1]


def test_change_of_what_changes_no_pixel_touches_nothing(group: Any) -> None:
    """The view, the mix and the range need no run."""
    group["filmgate_live"].setValue(True)
    recorder = Recorder(group)

    group["filmgate_view"].setValue("source")
    group["filmgate_range"].setValue("1-2")

    assert recorder.touched == []


def test_edit_above_touches_a_live_node(group: Any, nuke: Any) -> None:
    """Nuke tells when the interface is drawn anew: then its hashes are compared."""
    group["filmgate_live"].setValue(True)
    nuke.updateUI()
    recorder = Recorder(group)
    nuke.updateUI()
    assert recorder.touched == []

    group.input(0)["color"].setValue([1, 1, 1, 1])
    nuke.updateUI()

    assert recorder.touched == [1]


def test_loading_a_live_node_runs_nothing(
    group: Any, nuke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script with a live node opens without a run, though loading fires every knob's change."""
    group["filmgate_live"].setValue(True)
    nuke.scriptSaveAs(str(tmp_path / "shot.nk"))
    nuke.scriptClear()
    from filmgate_nuke import actions  # noqa: PLC0415

    pressed: list[str] = []
    monkeypatch.setattr(actions, "touch", lambda group: pressed.append("touch"))
    monkeypatch.setattr(actions, "choose_version", lambda group: pressed.append("version"))

    nuke.scriptOpen(str(tmp_path / "shot.nk"))
    nuke.updateUI()

    assert pressed == []


def test_newest_version_is_told(group: Any, world: Any) -> None:
    """Upgrade without anything newer says so."""
    from filmgate_nuke import actions  # noqa: PLC0415

    actions.upgrade(group)

    assert any("newest version" in text for text in world.messages)


def test_registering_twice_calls_once(group: Any, world: Any) -> None:
    """However often init.py runs, each callback is there once."""
    from filmgate_nuke import callbacks  # noqa: PLC0415

    callbacks.register()

    counts = [len(calls) for event in world.callbacks.values() for calls in event.values()]
    assert set(counts) == {1}
