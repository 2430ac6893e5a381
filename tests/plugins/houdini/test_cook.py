"""What a node shows as it cooks: modes, Esc, no interface, failures, no server, frozen files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import pytest

from fakes.echo import EchoServer
from fakes.hip import PLATE, SHOWN, Hip, PlateSource
from fakes.secluded import seclude
from filmgate.digest import digest_bytes
from filmgate.errors import InputError, ModelError
from filmgate.host.port import Moment
from filmgate.host.state import State
from filmgate.manifest import parse_manifest
from filmgate.testing import CONTRACT_MODELS, PARAMETER, echo_of
from filmgate.wire.records import BlobRef

MANIFEST = parse_manifest(CONTRACT_MODELS[0])
STILL = "import hou\nhou.pwd().geometry().createPoints([(7, 0, 0)])"


class Stage:
    """A scene with a plate and a node for the contract's model, and a server that answers.

    Args:
        hou: the stand-in.
        server: the server.
        folder: for scenes.
    """

    def __init__(self, hou: Any, server: EchoServer, folder: Path) -> None:
        self.hou, self.server, self.folder = hou, server, folder
        self.hip = Hip(hou)
        self.plate = self.hip.script(PLATE)
        self.node = self.hip.node(MANIFEST, self.plate)

    @property
    def world(self) -> Any:
        """The user's hands."""
        return self.hou._world.current()

    @property
    def session(self) -> Any:
        """The node's session."""
        from filmgate_houdini import sessions  # noqa: PLC0415 - found once the fixture ran

        return sessions.session(self.node)

    def cook(self) -> None:
        """Cook as the viewport does, which shows what fails at the node."""
        try:
            self.node.cook(force=True)
        except self.hou.OperationFailed:
            assert self.node.errors()

    def make(self, strength: Optional[float] = None) -> None:
        """Set the parameter, cook, and let the event loop turn until nothing is under way."""
        if strength is not None:
            self.node.parm(f"filmgate_p_{PARAMETER}").set(strength)
        self.cook()
        self.settle()

    def settle(self) -> None:
        """Let the event loop turn until there is nothing to do, and a little longer."""
        assert self.world.run_until(lambda: not self.session.busy)
        self.world.run_events()

    def result(self, strength: float = 1.0, frame: float = 1.0) -> bytes:
        """Return what the server answers for the plate as it is now."""
        plate = PlateSource(self.node).plate(Moment(frame))
        ref = BlobRef("color", digest_bytes(plate), len(plate), time=frame)
        return echo_of({PARAMETER: strength}, (ref,), plate)

    @property
    def shown(self) -> Optional[bytes]:
        """What the node shows; None where its input passes."""
        return self.node.cachedUserData(SHOWN)


@pytest.fixture
def server() -> Iterator[EchoServer]:
    """Return a server that answers."""
    with EchoServer() as echo:
        yield echo


def begin(hou: Any, server: EchoServer, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Set a stage, and clear it away."""
    seclude(folder, patch)
    patch.setenv("FILMGATE_SERVER", server.address)
    patch.setenv("FILMGATE_SHOW", "film")
    from filmgate_houdini import sessions, sop  # noqa: PLC0415 - found once Houdini is

    patch.setattr(sop, "SopSource", PlateSource)
    yield Stage(hou, server, folder)
    sessions.close_hubs()


@pytest.fixture
def stage(
    hou: Any, server: EchoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    """Return a stage in Houdini with its interface."""
    yield from begin(hou, server, tmp_path, monkeypatch)


@pytest.fixture
def batch(
    fresh: Any, server: EchoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    """Return a stage in hython."""
    fresh(mode="hython")
    import hou  # noqa: PLC0415 - found once the fixture ran

    yield from begin(hou, server, tmp_path, monkeypatch)


def test_live_shows_the_input_and_then_the_result(stage: Stage) -> None:
    """The first cook does not wait; the event loop cooks again when the result is there."""
    stage.server.allow(0)
    stage.cook()
    assert (stage.shown, stage.node.errors()) == (None, ())
    assert "no result yet" in stage.node.warnings()[0]
    stage.server.allow(None)
    stage.settle()
    assert (stage.shown, stage.node.warnings()) == (stage.result(), ("echoed",))


def test_live_shows_the_last_result_with_a_badge(stage: Stage) -> None:
    """What is stale is shown as stale until the new result has come."""
    stage.make()
    before = stage.shown
    stage.server.allow(0)
    stage.node.parm(f"filmgate_p_{PARAMETER}").set(2.0)
    stage.cook()
    assert stage.shown == before is not None
    assert "stale" in stage.node.warnings()[0]
    stage.server.allow(None)
    stage.settle()
    assert stage.shown == stage.result(2.0)


def test_what_is_known_shows_no_stale_result(stage: Stage) -> None:
    """A parameter that is set back shows its result in the same cook."""
    stage.make()
    stage.make(2.0)
    stage.node.parm(f"filmgate_p_{PARAMETER}").set(1.0)
    stage.cook()
    stage.settle()
    assert stage.shown == stage.result(1.0)
    assert len(stage.server.submitted) == 2


def test_a_cook_costs_a_look_where_nothing_has_changed(stage: Stage) -> None:
    """A node that cooks again for another reason asks the server for nothing."""
    stage.make()
    stage.make()
    assert len(stage.server.submitted) == 1


def test_on_demand_waits_for_the_button(stage: Stage) -> None:
    """A cook begins nothing; Run waits for the result and shows it."""
    stage.node.parm("filmgate_mode").set("ondemand")
    stage.make()
    assert (stage.shown, stage.server.hellos) == (None, 0)
    stage.world.press(stage.node, "filmgate_run")
    assert (stage.shown, stage.node.errors()) == (stage.result(), ())


def test_run_makes_a_fresh_result_again(stage: Stage) -> None:
    """The artist says so: nothing that is known is believed."""
    stage.make()
    stage.world.press(stage.node, "filmgate_run")
    stage.settle()
    assert len(stage.server.submitted) == 2


def test_escape_cancels_at_the_server(stage: Stage) -> None:
    """Esc ends the wait at the next poll; the input passes, and nothing is red."""
    stage.node.parm("filmgate_mode").set("ondemand")
    stage.server.allow(0)
    stage.world.press_escape(after=3)
    stage.world.press(stage.node, "filmgate_run")
    assert (stage.shown, stage.node.errors()) == (None, ())
    assert stage.node.warnings()
    stage.world.run_until(lambda: "cancelled" in stage.server.ended)
    assert stage.server.ended == ["cancelled"] or not stage.server.submitted


def test_progress_is_shown_while_a_cook_waits(stage: Stage) -> None:
    """Houdini's own bar has the node's name and a fraction."""
    stage.node.parm("filmgate_mode").set("ondemand")
    stage.server.allow(0)  # what is answered at once shows no bar
    stage.world.press_escape(after=3)
    stage.world.press(stage.node, "filmgate_run")
    assert {name for name, _ in stage.world.progress} == {stage.node.path()}
    assert all(0 <= fraction <= 1 for _, fraction in stage.world.progress)


def test_the_status_line_tells_of_a_run(stage: Stage) -> None:
    """While something runs no parameter is set, which would cook the node again."""
    stage.server.allow(0)
    stage.cook()
    stage.world.run_events(5)
    assert stage.node.path() in stage.world.status[0]
    assert stage.node.parm("filmgate_status").evalAsString() == ""
    stage.server.allow(None)
    stage.settle()
    assert stage.node.parm("filmgate_status").evalAsString().startswith("fresh")


def test_labels_leave_no_undo_step(stage: Stage) -> None:
    """Undo takes back what the artist did, and nothing of what the plugin says."""
    stage.make()
    before = stage.world.undo_labels()
    stage.make()
    assert stage.world.undo_labels() == before


def test_hython_waits(batch: Stage) -> None:
    """Nothing cooks again there: the one cook has the result."""
    batch.node.cook(force=True)
    assert (batch.shown, batch.node.errors()) == (batch.result(), ())


def test_hython_refuses_a_stale_result(batch: Stage) -> None:
    """A farm never renders what is not of its settings, whatever is on disk."""
    batch.node.cook(force=True)
    before = batch.shown
    batch.server.allow(0)
    batch.world.press_escape(after=3)
    batch.node.parm(f"filmgate_p_{PARAMETER}").set(2.0)
    with pytest.raises(batch.hou.OperationFailed):
        batch.node.cook(force=True)
    assert "Freeze the node before" in batch.node.errors()[0]
    assert batch.shown == before


def test_an_error_names_cause_remedy_and_job(stage: Stage) -> None:
    """The node says what happened, what helps and which job it was; the next result ends it."""
    stage.server.fail(ModelError("The model stumbled.", "Take less."))
    stage.make()
    (said,) = stage.node.errors()
    assert re.fullmatch(r"The model stumbled\. Take less\. \([0-9a-f]{32}\)", said)
    stage.server.fail(None)
    stage.make(3.0)
    assert (stage.node.errors(), stage.shown) == ((), stage.result(3.0))


def test_without_a_server_the_last_result_stays(stage: Stage) -> None:
    """No red network: the last result, and a warning that says what helps."""
    stage.make()
    before = stage.shown
    stage.server.stop()
    stage.node.parm(f"filmgate_p_{PARAMETER}").set(2.0)
    stage.cook()  # what was lost on the way may be waited for, or given up
    assert stage.shown == before is not None
    assert stage.node.errors() == ()
    assert "stale" in stage.node.warnings()[0]


def test_without_a_server_a_fresh_result_is_shown(stage: Stage) -> None:
    """Nothing is asked for, so nothing is missing."""
    stage.make()
    stage.server.stop()
    stage.make()
    assert (stage.shown, stage.node.errors()) == (stage.result(), ())


def test_a_node_without_a_model_says_so(stage: Stage) -> None:
    """The error says where models are chosen."""
    node = stage.hip.network.createNode("filmgate::infer")
    node.setInput(0, stage.plate)
    with pytest.raises(stage.hou.OperationFailed):
        node.cook(force=True)
    assert "No model is chosen" in node.errors()[0]


def test_a_still_input_is_made_once(stage: Stage) -> None:
    """What does not depend on time has one result, whatever frame is cooked."""
    stage.node.setInput(0, stage.hip.script(STILL, "still"))
    stage.make()
    stage.hou.setFrame(50)
    stage.make()
    assert len(stage.server.submitted) == 1
    assert stage.shown is not None


def test_each_frame_of_a_moving_input_is_its_own(stage: Stage) -> None:
    """A frame never shows its neighbour."""
    stage.make()
    stage.hou.setFrame(2)
    stage.server.allow(0)
    stage.cook()
    assert stage.shown is None
    stage.server.allow(None)
    stage.settle()
    assert stage.shown == stage.result(frame=2.0)


@pytest.mark.parametrize(("frame", "shown"), [(0.75, 1.0), (1.25, 1.0), (1.5, 1.0), (1.75, 2.0)])
def test_between_two_frames_the_nearest_ones_result_is_shown(
    batch: Stage, frame: float, shown: float
) -> None:
    """A farm renders motion blur without an error; a warning says which frame it is of."""
    batch.hou.setFrame(frame)
    batch.node.cook(force=True)
    assert (batch.shown, batch.node.errors()) == (batch.result(frame=shown), ())
    assert f"the result of frame {shown:g} is shown" in batch.node.warnings()[0]


def test_between_two_frames_other_points_are_an_error_that_says_so(
    batch: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result of a whole frame does not fit them; the remedy is one that works."""
    monkeypatch.setattr(PlateSource, "apply", _refuse)
    batch.hou.setFrame(1.25)
    batch.cook()
    (said,) = batch.node.errors()
    assert said.startswith("Between two frames the result of frame 1 is shown. It does not fit.")
    assert "Time Shift" in said


def test_a_still_input_is_the_same_between_two_frames(stage: Stage) -> None:
    """There is nothing to warn of."""
    stage.node.setInput(0, stage.hip.script(STILL, "still"))
    stage.make()
    stage.hou.setFrame(1.25)
    stage.cook()
    assert stage.node.warnings() == ("echoed",)


def test_a_render_in_the_interface_waits(stage: Stage) -> None:
    """Frame after frame is cooked and no turn of the event loop comes: none is left out."""
    stage.make()
    stage.server.allow(0)
    stage.hou.setFrame(2)
    stage.cook()  # a render's first frame looks like any other cook
    assert stage.shown is None
    stage.server.allow(None)
    for frame in (3.0, 4.0):
        stage.hou.setFrame(frame)
        stage.cook()
        assert (stage.shown, stage.node.errors()) == (stage.result(frame=frame), ())
        assert "Frame 2 went by before its result was there" in stage.node.warnings()[0]


def test_a_render_refuses_a_frame_without_its_result(stage: Stage) -> None:
    """After Esc nothing stale goes to disk: the frame is an error, and so is each cook of it."""
    stage.server.allow(0)
    stage.cook()
    stage.hou.setFrame(2)
    for _ in range(2):
        stage.world.press_escape(after=3)
        stage.cook()
        assert "Freeze the node before" in stage.node.errors()[0]


def test_the_artist_goes_from_frame_to_frame_without_waiting(stage: Stage) -> None:
    """The event loop turns in between, and while Houdini plays nothing waits either."""
    stage.server.allow(0)
    stage.cook()
    stage.world.run_events(1)
    stage.hou.setFrame(2)
    stage.cook()
    stage.world.playing = True
    stage.hou.setFrame(3)
    stage.cook()
    assert (stage.node.errors(), stage.world.progress) == ((), [])


def test_a_cook_of_the_event_loop_is_no_render(stage: Stage) -> None:
    """A result that came was shown in a turn; the next frame is the artist's."""
    stage.server.allow(0)
    stage.cook()
    stage.server.allow(None)
    assert stage.world.run_until(lambda: stage.shown is not None)
    stage.server.allow(0)
    stage.hou.setFrame(2)
    stage.cook()
    assert (stage.node.errors(), stage.world.progress) == ((), [])


def test_in_manual_mode_nothing_cooks_by_itself(stage: Stage) -> None:
    """What has come is shown with the artist's next update."""
    stage.world.update_mode = stage.hou.updateMode.Manual
    stage.server.allow(0)
    stage.cook()
    stage.server.allow(None)
    before = stage.node.cookCount()
    stage.settle()
    assert (stage.node.cookCount(), stage.shown) == (before, None)
    stage.cook()
    assert stage.shown == stage.result()


def test_a_node_in_a_locked_asset_has_its_result(stage: Stage) -> None:
    """Nothing can be stored on it: what a session knows is kept as long as Houdini runs."""
    stage.world.locked.append(stage.node)
    stage.make()
    assert (stage.shown, stage.node.errors()) == (stage.result(), ())
    stage.make()
    assert len(stage.server.submitted) == 1


def test_a_node_in_a_locked_asset_cooks_in_hython(batch: Stage) -> None:
    """A farm renders a studio's assets as they are."""
    batch.world.locked.append(batch.node)
    batch.node.cook(force=True)
    assert (batch.shown, batch.node.errors()) == (batch.result(), ())


def test_a_button_says_what_is_locked(stage: Stage) -> None:
    """Not a traceback: the cause, and what helps."""
    from filmgate_houdini import actions  # noqa: PLC0415 - found once the fixture ran

    stage.node.parm("filmgate_model").set("echo-window@champion")
    stage.world.locked.append(stage.node)
    stage.make()
    stage.hou.hipFile.save(str(stage.folder / "shot.hip"))
    actions.freeze(stage.node)
    assert "Allow Editing of Contents" in stage.world.messages[-1]


def test_what_houdini_refuses_has_a_cause_and_a_remedy(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node's error is no traceback."""

    def fail(*_: Any) -> str:
        raise stage.hou.OperationFailed("Invalid attribute specification.")

    monkeypatch.setattr(PlateSource, "fingerprint", fail)
    stage.make()
    (said,) = stage.node.errors()
    assert said.startswith("Houdini says: Invalid attribute specification. Look at")


def test_nothing_to_do_is_no_job(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The input passes, with a warning that says why."""
    monkeypatch.setattr(PlateSource, "idle", lambda *_: "The group matches nothing.")
    stage.make()
    assert (stage.shown, stage.node.errors()) == (None, ())
    assert stage.node.warnings() == ("The group matches nothing.",)
    assert not stage.server.submitted


def _refuse(*_: Any) -> None:
    raise InputError("It does not fit.", "Run the node again.")


def freeze(stage: Stage) -> None:
    """Save the scene, make a result and freeze it."""
    stage.hou.hipFile.save(str(stage.folder / "shot.hip"))
    stage.make()
    stage.world.press(stage.node, "filmgate_freeze")


def test_frozen_needs_neither_server_nor_cache(
    stage: Stage, fresh: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file beside the scene is all that a farm reads, and no session is made there."""
    freeze(stage)
    expected = stage.result()
    assert stage.node.parm("filmgate_mode").evalAsString() == "frozen"
    assert stage.node.parm("filmgate_frozen_file").unexpandedString().startswith("$HIP/")
    scene, path = stage.hou.hipFile.path(), stage.node.path()
    stage.hou.hipFile.save(scene)
    from filmgate_houdini import sessions  # noqa: PLC0415 - found once the fixture ran

    sessions.close_hubs()
    stage.server.stop()
    monkeypatch.setenv("FILMGATE_CACHE", str(stage.folder / "nowhere"))
    fresh(mode="hython")
    Hip(stage.hou, scene)
    node = stage.hou.node(path)
    node.cook(force=True)
    assert node.cachedUserData(SHOWN) == expected
    assert not (stage.folder / "nowhere").exists()


def test_a_frame_that_was_not_frozen_is_an_error(stage: Stage) -> None:
    """No neighbour is shown for it."""
    freeze(stage)
    stage.hou.setFrame(2)
    stage.cook()
    assert "There is no frozen result" in stage.node.errors()[0]


def test_frozen_says_which_frame_it_shows_between_two(stage: Stage) -> None:
    """Motion blur has the nearest frame's result, and a warning says so."""
    freeze(stage)
    for frame in (0.75, 1.25):
        stage.hou.setFrame(frame)
        stage.cook()
        assert (stage.shown, stage.node.errors()) == (stage.result(), ())
        assert "the result of frame 1 is shown" in stage.node.warnings()[0]


def test_leaving_frozen_reads_results_again(stage: Stage) -> None:
    """Nobody has to say Unbake; the files stay."""
    freeze(stage)
    stage.node.parm("filmgate_mode").set("live")
    stage.make(2.0)
    assert stage.shown == stage.result(2.0)
    assert stage.session.state_at(Moment(1.0)) is State.FRESH


def test_a_scene_that_was_never_saved_is_not_frozen(stage: Stage) -> None:
    """There is no project yet that the files could go to; the artist reads it."""
    stage.make()
    stage.world.press(stage.node, "filmgate_freeze")
    assert "never saved" in stage.world.messages[-1]
    assert stage.node.parm("filmgate_mode").evalAsString() == "live"


def test_clear_forgets_the_results(stage: Stage) -> None:
    """The node makes its result again, from what this disk has."""
    stage.make()
    stage.world.press(stage.node, "filmgate_clear")
    stage.settle()
    assert stage.shown == stage.result()
    assert len(stage.server.submitted) == 1


def test_a_failing_call_does_not_end_the_event_loop(stage: Stage) -> None:
    """Houdini drops a callback that raises; ours never does."""
    from filmgate_houdini import events  # noqa: PLC0415 - found once the fixture ran

    def fail() -> None:
        raise ValueError("planted")

    stage.make()
    events.post(fail)
    stage.world.run_events()
    assert events.turn in stage.world.loop_callbacks
