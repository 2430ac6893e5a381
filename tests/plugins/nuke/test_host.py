"""One node's side of the seam: slices, what is shown and told, and what is kept without a trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakes.secluded import make_manifest, seclude
from filmgate.host.port import Moment
from filmgate.host.state import Problem, State, Status
from filmgate.takes import Take

PROBLEM = Problem("model", "The model failed.", "Try a smaller frame.", "ab12", 7)


@pytest.fixture
def host(nuke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the host of a node that is connected to a plate of frames 3 to 9."""
    seclude(tmp_path, monkeypatch)
    from filmgate_nuke import node  # noqa: PLC0415 - found once the fixture ran
    from filmgate_nuke.host import NukeHost  # noqa: PLC0415

    nuke.root()["format"].setValue(nuke.addFormat("8 4 0 0 8 4 1 tiny"))
    group = node.create(make_manifest(), "grade")
    group.setInput(0, nuke.nodes.Constant(first=3, last=9))
    nuke.root().setModified(False)
    return NukeHost(group)


def test_span_is_that_of_the_main_input(host: Any, nuke: Any) -> None:
    """Unconnected, a node has the script's range."""
    nuke.root()["first_frame"].setValue(1)
    nuke.root()["last_frame"].setValue(100)

    assert host.span() == (3, 9)
    host.group.setInput(0, None)
    assert host.span() == (1, 100)


def test_settings_are_the_knobs_at_the_moment(host: Any) -> None:
    """An animated knob has its value at each frame."""
    gain = host.group["filmgate_p_gain"]
    gain.setAnimated()
    gain.setValueAt(1.0, 1)
    gain.setValueAt(3.0, 3)

    assert host.settings(Moment(2)).params == {"gain": pytest.approx(2.0)}


def test_fingerprint_changes_with_an_edit_above(host: Any) -> None:
    """At the frame looked at and at every other one."""
    before = [host.fingerprint(Moment(frame)) for frame in (1, 50)]

    host.group.input(0)["color"].setValue([1, 1, 1, 1])

    after = [host.fingerprint(Moment(frame)) for frame in (1, 50)]
    assert before[0] == before[1]
    assert after[0] == after[1]
    assert before[0] != after[0]


def test_hashes_change_with_the_pixels(host: Any, nuke: Any) -> None:
    """Nuke's own hashes are looked at anew each time, and only say something of this frame."""
    before = host.hashes()

    host.group.input(0)["color"].setValue([1, 1, 1, 1])

    assert host.hashes() != before


def test_delivery_shows_in_the_reads_and_is_to_be_saved(
    host: Any, nuke: Any, world: Any, tmp_path: Path
) -> None:
    """The Read's path is the take's; no undo step, but Nuke asks to save."""
    folder = tmp_path / "take_0001"
    folder.mkdir()
    (folder / "color.0003.exr").write_bytes(b"pixels")
    steps = world.undo_steps()

    host.deliver(Take(folder, 1))

    from filmgate_nuke import graph  # noqa: PLC0415

    read = graph.reads(host.group)["color"]
    assert nuke.filename(read) == f"{folder.as_posix()}/color.%04d.exr"
    assert world.undo_steps() == steps
    assert nuke.root().modified()
    nuke.root().setModified(False)
    host.deliver(Take(folder, 1))
    assert not nuke.root().modified()


def test_results_that_go_are_to_be_saved(host: Any, nuke: Any, world: Any) -> None:
    """After Clear, Unbake or another version the script renders something else."""
    patterns = {"color": "/show/color.%04d.exr"}
    host.bind(lambda: patterns, lambda _: None)
    host.show_results()
    nuke.root().setModified(False)
    steps = world.undo_steps()

    patterns.clear()
    host.show_results()

    assert nuke.root().modified()
    assert world.undo_steps() == steps


def test_path_that_is_spelt_for_this_platform_is_nothing_to_save(host: Any, nuke: Any) -> None:
    """A script that was baked elsewhere reads the same files when it is opened."""
    host.bind(lambda: {"color": "/show/color.%04d.exr"}, lambda _: None)

    host.show(Status(State.BAKED))

    from filmgate_nuke import graph  # noqa: PLC0415

    assert graph.reads(host.group)["color"]["file"].value() == "/show/color.%04d.exr"
    assert not nuke.root().modified()


def test_slice_that_meets_a_render_comes_back_later(host: Any, world: Any) -> None:
    """While Nuke executes something the call waits, and runs once it is over."""
    ran: list[str] = []
    host.call_on_main(lambda: ran.append("slice"))

    world.executing = True
    world.run_events()
    assert not ran
    world.executing = False

    assert world.run_until(lambda: bool(ran))


def test_slice_of_a_deleted_node_is_dropped(host: Any, nuke: Any, world: Any) -> None:
    """Nothing is called for a node that is gone."""
    ran: list[str] = []
    host.call_on_main(lambda: ran.append("slice"))
    nuke.delete(host.group)

    world.run_events()

    assert not ran


def test_state_is_kept_without_a_trace(host: Any, nuke: Any, world: Any) -> None:
    """The hidden knob is set: no undo step, no change to save."""
    steps = world.undo_steps()

    host.store_state('{"schema": 1, "node": "ab"}')

    assert host.load_state() == '{"schema": 1, "node": "ab"}'
    assert world.undo_steps() == steps
    assert not nuke.root().modified()


def test_state_inside_an_undoable_step_is_undone_with_it(host: Any, nuke: Any) -> None:
    """What an Upgrade changes goes back as one."""
    before = host.load_state()
    with host.undoable("Upgrade"):
        host.store_state('{"schema": 1, "node": "ab"}')

    nuke.undo()

    assert host.load_state() == before


def test_status_is_shown_without_a_trace(host: Any, nuke: Any, world: Any) -> None:
    """Colour and label change; nothing to undo and nothing to save."""
    colour, steps = host.group["tile_color"].value(), world.undo_steps()

    host.show(Status(State.RUNNING, "Frame 1 of 2", 0, 2))

    assert host.group["tile_color"].value() != colour
    assert world.undo_steps() == steps
    assert not nuke.root().modified()


def test_mere_progress_is_shown_now_and_then(host: Any) -> None:
    """A hundred steps of one frame are not a hundred redraws; the end is always shown."""
    shown: list[str] = []
    host.show(Status(State.RUNNING, "0 %", 0, 2))
    first = host.group["filmgate_status"].value()
    for step in range(100):
        host.show(Status(State.RUNNING, f"{step} %", 0, 2, step / 200))
        shown.append(host.group["filmgate_status"].value())

    host.show(Status(State.FRESH, "", 2, 2, 1.0))

    assert len(set(shown)) < 50
    assert "fresh" in host.group["filmgate_status"].value()
    assert first != host.group["filmgate_status"].value()


def test_window_only_for_what_the_artist_has_just_asked_for(host: Any, world: Any) -> None:
    """The first failure after a button opens a window with remedy and id; later ones do not."""
    host.report(PROBLEM)
    world.run_events()
    assert world.messages == []

    host.asked = True
    host.report(PROBLEM)
    host.report(PROBLEM)
    world.run_events()

    (text,) = world.messages
    assert "The model failed. Try a smaller frame. (ab12)" in text
    assert "frame 7" in text


@pytest.mark.parametrize("mode", ["-t", "-x"])
def test_no_window_without_an_interface(
    fresh: Any, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a farm the failure is printed."""
    seclude(tmp_path, monkeypatch)
    world = fresh(mode=mode)
    from filmgate_nuke import node  # noqa: PLC0415
    from filmgate_nuke.host import NukeHost  # noqa: PLC0415

    host = NukeHost(node.create(make_manifest(), "grade"))
    host.asked = True
    host.report(PROBLEM)

    assert world.messages == []
    assert any("The model failed." in text for text in world.printed)


def test_deleted_node_answers_nothing(host: Any, nuke: Any) -> None:
    """Late news of a node that is gone do no harm."""
    nuke.delete(host.group)

    host.show(Status(State.FRESH))
    host.store_state("{}")
    host.report(PROBLEM)

    assert not host.alive
