"""Houdini's side of the seam: which frames depend on time, what is looked at, what is said."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.hip import PLATE, Hip, PlateSource
from fakes.secluded import make_manifest
from filmgate.host.port import Moment
from filmgate.host.state import Problem, State, Status
from filmgate.manifest import Manifest

POINTS = {"name": "P", "kind": "attribute", "channels": ["x", "y", "z"]}
STILL = "import hou\nhou.pwd().geometry().createPoints([(7, 0, 0)])"


def model(**sections: Any) -> Manifest:
    """Return a model of positions."""
    return make_manifest(inputs=[POINTS], outputs=[{**POINTS, "replaces": "P"}], **sections)


@pytest.fixture
def hip(hou: Any) -> Hip:
    """Return a scene in a fresh session."""
    return Hip(hou)


def host_of(node: Any) -> Any:
    """Return a node's side of the seam."""
    from filmgate_houdini.host import HoudiniHost  # noqa: PLC0415 - found once the fixture ran

    return HoudiniHost(node)


def test_what_moves_has_a_result_for_each_frame(hip: Hip) -> None:
    """The moment is the frame that is cooked."""
    host = host_of(hip.node(model(), hip.script(PLATE)))
    hip.hou.setFrame(7)
    assert (host.is_timed, host.moment()) == (True, Moment(7.0))


def test_what_stands_still_has_one_result(hip: Hip) -> None:
    """Whatever frame is cooked first."""
    host = host_of(hip.node(model(), hip.script(STILL)))
    hip.hou.setFrame(7)
    assert (host.is_timed, host.moment()) == (False, Moment(1.0))


def test_an_animated_setting_makes_a_still_input_move(hip: Hip) -> None:
    """The result differs in each frame then."""
    node = hip.node(model(), hip.script(STILL))
    node.parm("filmgate_p_gain").setExpression("$F / 100", hip.hou.exprLanguage.Hscript)
    assert host_of(node).is_timed


def test_far_frames_are_not_cooked_for_a_look(hip: Hip) -> None:
    """A simulation would begin anew; such a frame is looked at once it is cooked."""
    plate = hip.script(PLATE)
    host = host_of(hip.node(model(), plate))
    assert host.fingerprint(Moment(1.0))
    before = plate.cookCount()
    assert host.fingerprint(Moment(50.0)) == ""
    assert plate.cookCount() == before


def test_neighbours_of_a_model_of_several_frames_are_looked_at(hip: Hip) -> None:
    """Its result depends on them, and its cook needs them anyway."""
    window = make_manifest(temporal={"kind": "window", "before": 1, "after": 1})
    host = host_of(hip.node(window, hip.script(PLATE)))
    host.source = PlateSource(host.node)
    looks = [bool(host.fingerprint(Moment(float(frame)))) for frame in (1, 2, 3)]
    assert looks == [True, True, False]


def test_another_frame_is_captured_as_it_is(hip: Hip) -> None:
    """Not the frame that Houdini happens to be at."""
    host = host_of(hip.node(model(), hip.script(PLATE)))
    here, there = host.capture("P", Moment(1.0)), host.capture("P", Moment(5.0))
    assert (bytes(here.data) == bytes(there.data), there.time) == (False, 5.0)
    assert bytes(host.capture("P", Moment(1.0)).data) == bytes(here.data)


def test_the_span_is_the_scenes(hip: Hip) -> None:
    """Geometry does not say which frames it has."""
    hip.hou.playbar.setFrameRange(11, 20)
    assert host_of(hip.node(model())).span() == (11, 20)


def test_a_deleted_node_is_left_alone(hip: Hip) -> None:
    """Nothing is asked of it, and nothing of it is set."""
    node = hip.node(model())
    host = host_of(node)
    node.destroy()
    host.show(Status(State.FRESH))
    host.store_state("{}")
    host.rebuild()
    assert (host.alive, host.label()) == (False, "Filmgate")


def test_a_problem_is_said_where_artists_look(hip: Hip) -> None:
    """In the status line, with the node's path, the remedy and the job."""
    node = hip.node(model())
    host_of(node).report(Problem("model", "It stumbled.", "Take less.", "j0b"))
    text, severity = hip.hou._world.current().status
    assert text == f"{node.path()}: It stumbled. Take less. (j0b)"
    assert severity == hip.hou.severityType.Error


def test_hython_says_it_on_standard_error(fresh: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A farm's log has it."""
    fresh(mode="hython")
    import hou  # noqa: PLC0415 - found once the fixture ran

    host_of(Hip(hou).node(model())).report(Problem("model", "It stumbled."))
    assert "It stumbled." in capsys.readouterr().err


def test_the_state_leaves_no_undo_step(hip: Hip) -> None:
    """But inside what the artist does, which takes it back too."""
    host = host_of(hip.node(model()))
    before = hip.hou._world.current().undo_labels()
    host.store_state('{"model": "one"}')
    assert hip.hou._world.current().undo_labels() == before
    with host.undoable("choose"):
        host.store_state('{"model": "two"}')
    assert hip.hou._world.current().undo_labels()[0] == "choose"
    hip.hou.undos.performUndo()
    assert host.load_state() == '{"model": "one"}'
