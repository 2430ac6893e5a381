"""The rules of Nuke that bite plugins, as the stand-in keeps them."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def in_thread(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Start a thread that keeps what *call* returns or raises."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(call())
        except (RuntimeError, SystemExit) as error:
            found.append(error)

    thread = threading.Thread(target=run, name="worker", daemon=True)
    thread.start()
    return thread, found


@pytest.fixture
def render(nuke: Any, tmp_path: Path) -> Any:
    """Return a Write that renders a small picture."""
    source = nuke.nodes.Constant(color=[0.5, 0.5, 0.5, 1], format="square_256")
    return nuke.nodes.Write(inputs=[source], file=str(tmp_path / "out.%04d.exr"))


# ---- threads --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "touch",
    [
        lambda nuke: nuke.allNodes(),
        lambda nuke: nuke.root(),
        lambda nuke: nuke.nodes.NoOp(),
        lambda nuke: nuke.Double_Knob("a"),
        lambda nuke: nuke.Undo.disable(),
        lambda nuke: nuke.menu("Nodes"),
        lambda nuke: nuke.addOnCreate(print),
    ],
)
def test_only_the_main_thread_may_touch_nuke(nuke: Any, world: Any, touch: Any) -> None:
    """A call from another thread is refused, and remembered should the refusal be swallowed."""
    thread, found = in_thread(lambda: touch(nuke))
    thread.join()
    assert "not the main thread" in str(found[0])
    assert len(world.violations) == 1
    world.violations.clear()


def test_nodes_and_knobs_refuse_other_threads_too(nuke: Any, world: Any) -> None:
    """What a thread was handed on the main thread is as forbidden."""
    node = nuke.nodes.Grade()
    knob = node["multiply"]
    for call in (node.name, knob.value, lambda: knob.setValue(2), lambda: node["add"]):
        thread, found = in_thread(call)
        thread.join()
        assert isinstance(found[0], RuntimeError)
    world.violations.clear()


def test_queued_calls_wait_for_the_event_loop(nuke: Any, world: Any) -> None:
    """ExecuteInMainThread returns at once; the loop makes one call after the other."""
    made: list[int] = []
    for number in range(3):
        thread, _ = in_thread(lambda number=number: nuke.executeInMainThread(made.append, number))
        thread.join()
    assert (made, world.queued()) == ([], 3)
    world.run_one()
    assert made == [0]
    world.run_events()
    assert made == [0, 1, 2]


def test_result_of_the_main_thread_loses_exceptions(nuke: Any, world: Any) -> None:
    """What the call raises is printed; the caller gets None as if it had returned that."""
    thread, found = in_thread(lambda: nuke.executeInMainThreadWithResult(lambda: 1 / 0))
    assert world.run_until(lambda: bool(found))
    thread.join()
    assert found == [None]
    assert "ZeroDivisionError" in world.printed[-1]


def test_result_of_the_main_thread_is_no_call_from_it(nuke: Any) -> None:
    """From the main thread the real one would wait for itself."""
    with pytest.raises(RuntimeError, match="main thread"):
        nuke.executeInMainThreadWithResult(len, ((),))


def test_terminal_sessions_have_no_event_loop(fresh: Any) -> None:
    """What is queued with -t is never called: a plugin has to call it itself."""
    world = fresh(mode="-t")
    import nuke  # noqa: PLC0415 - found once the stand-in is on the path

    nuke.executeInMainThread(print)
    with pytest.raises(RuntimeError, match="no event loop"):
        world.run_events()


# ---- rendering ------------------------------------------------------------------------------


def test_execute_is_not_reentrant(nuke: Any, render: Any) -> None:
    """From a callback of a render a second one is refused in Nuke's own words."""
    nuke.addBeforeRender(lambda: nuke.execute(render, 1, 1))
    with pytest.raises(RuntimeError, match="I'm already executing something else"):
        nuke.execute(render, 1, 1)
    assert not nuke.executing()


def test_buttons_cannot_render(nuke: Any, world: Any, render: Any) -> None:
    """A button's script cannot execute; queued for the loop it can."""
    call = "nuke.execute(nuke.toNode('Write1'), 1, 1)"
    render.addKnob(nuke.PyScript_Knob("go", "Go", call))
    with pytest.raises(RuntimeError, match="already executing"):
        world.press(render, "go")
    nuke.executeInMainThread(nuke.execute, (render, 1, 1))
    world.run_events()
    assert len(world.rendered) == 1


def test_knob_changed_cannot_render(nuke: Any, world: Any, render: Any) -> None:
    """Neither can a callback of a knob; its exception is only printed."""
    nuke.addKnobChanged(lambda: nuke.execute(render, 1, 1), nodeClass="Write")
    render.showControlPanel()
    render["channels"].setValue("all")
    assert "already executing" in world.printed[-1]
    assert world.rendered == []


@pytest.mark.parametrize("event", ["BeforeRender", "BeforeFrameRender", "AfterFrameRender"])
def test_exceptions_of_render_callbacks_abort(
    nuke: Any, world: Any, render: Any, event: str
) -> None:
    """What a callback raises ends the render and reaches the caller."""

    def fail() -> None:
        raise ValueError("no")

    getattr(nuke, f"add{event}")(fail)
    with pytest.raises(ValueError, match="no"):
        nuke.execute(render, 1, 3)
    assert len(world.rendered) == (event == "AfterFrameRender")
    assert not nuke.executing()


def test_cancel_raises_between_frames(nuke: Any, world: Any, render: Any) -> None:
    """Cancel in Nuke's own progress window stops the range; what was written stays."""
    nuke.addAfterFrameRender(world.press_cancel)
    with pytest.raises(RuntimeError, match="Cancelled"):
        nuke.execute(render, 1, 10)
    assert [Path(path).name for path in world.rendered] == ["out.0001.exr"]
    assert world.progress[0] == ("Write1", 0)


def test_the_time_line_returns(nuke: Any, render: Any) -> None:
    """A render visits its frames and leaves the user's where it was."""
    frames: list[int] = []
    nuke.frame(7)
    nuke.addBeforeFrameRender(lambda: frames.append(nuke.frame()))
    nuke.execute(render, nuke.FrameRanges("1-5x2 9"))
    assert (frames, nuke.frame()) == ([1, 3, 5, 9], 7)


def test_progress_tasks_work_from_threads(nuke: Any, world: Any) -> None:
    """A task is made, moved and cancelled off the main thread; deleting it closes the window."""

    def work() -> bool:
        task = nuke.ProgressTask("Denoise")
        task.setMessage("frame 1")
        task.setProgress(50)
        world.press_cancel()
        return bool(task.isCancelled())

    thread, found = in_thread(work)
    thread.join()
    gc.collect()
    assert found == [True]
    assert [value for _, value in world.progress] == [0, 50, 100]


# ---- callbacks ------------------------------------------------------------------------------


def test_knob_changed_needs_an_open_panel(nuke: Any) -> None:
    """A closed panel's knobs change in silence."""
    seen: list[str] = []
    nuke.addKnobChanged(lambda: seen.append(nuke.thisKnob().name()), nodeClass="Grade")
    node = nuke.nodes.Grade()
    node["mix"].setValue(0.5)
    assert seen == []
    node.showControlPanel()
    node["mix"].setValue(0.25)
    assert seen == ["mix"]


@pytest.mark.parametrize("mode", ["gui", "-t"])
def test_knob_changed_fires_at_load(fresh: Any, tmp_path: Path, mode: str) -> None:
    """Opening a script tells of every knob that it sets, on farms too."""
    fresh(mode=mode)
    import nuke  # noqa: PLC0415 - found once the stand-in is on the path

    nuke.nodes.Grade(mix=0.5)
    nuke.scriptSaveAs(str(tmp_path / "a.nk"))
    seen: list[str] = []
    nuke.addKnobChanged(lambda: seen.append(nuke.thisKnob().name()), nodeClass="Grade")
    nuke.scriptOpen(str(tmp_path / "a.nk"))
    assert seen == ["mix"]


def test_autolabel_asks_the_latest_first(nuke: Any, world: Any) -> None:
    """Of several callbacks the one registered last answers; None lets the next one."""
    node = nuke.nodes.Grade()
    nuke.addAutolabel(lambda: "first", nodeClass="Grade")
    nuke.addAutolabel(lambda: "second", nodeClass="Grade")
    assert world.label_of(node) == "second"
    nuke.addAutolabel(lambda: None, nodeClass="Grade")
    assert world.label_of(node) == "second"


def test_callbacks_know_their_node(nuke: Any) -> None:
    """In a callback thisNode is the node it was called for."""
    seen: list[str] = []
    nuke.addOnCreate(lambda: seen.append(nuke.thisNode().name()), nodeClass="Grade")
    nuke.addOnDestroy(lambda: seen.append(f"-{nuke.thisNode().name()}"), nodeClass="Grade")
    nuke.delete(nuke.nodes.Grade())
    assert seen == ["Grade1", "-Grade1"]


def test_background_renders_have_no_node(nuke: Any, world: Any) -> None:
    """What is called when a background render ends gets its context; thisNode is an error there."""
    seen: list[Any] = []

    def ended(context: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="thisNode"):
            nuke.thisNode()
        seen.append(context["id"])

    nuke.addAfterBackgroundRender(ended)
    world.finish_background({"id": 7})
    assert seen == [7]


def test_removed_callbacks_are_silent(nuke: Any) -> None:
    """A callback is removed by the same arguments."""
    seen: list[int] = []
    nuke.addOnCreate(seen.append, (1,))
    nuke.removeOnCreate(seen.append, (1,))
    nuke.nodes.Grade()
    assert seen == []


def test_filename_filters_change_what_is_read_and_written(
    nuke: Any, world: Any, render: Any, tmp_path: Path
) -> None:
    """Every filter changes the path in its turn."""
    (tmp_path / "b").mkdir()
    nuke.addFilenameFilter(lambda path: path.replace("out", "b/renamed"))
    nuke.execute(render, 1, 1)
    assert world.rendered == [str(tmp_path / "b" / "renamed.0001.exr")]


# ---- undo and the modified flag -------------------------------------------------------------


def test_every_change_can_be_undone(nuke: Any, world: Any) -> None:
    """Making, connecting, setting, renaming, adding a knob, deleting: each is taken back."""
    source, node = nuke.nodes.Constant(), nuke.nodes.Grade()
    changes = (
        lambda: node.setInput(0, source),
        lambda: node["mix"].setValue(0.5),
        lambda: node.setName("Bright"),
        lambda: node.addKnob(nuke.Tab_Knob("extra")),
        lambda: nuke.delete(source),
    )
    before = _told(node, source)
    for change in changes:
        change()
    after = _told(node, source)
    for _ in changes:
        nuke.undo()
    assert _told(node, source) == before
    for _ in changes:
        nuke.redo()
    assert _told(node, source) == after
    assert world.undo_steps()[-1] == "Delete Constant1"


def _told(node: Any, source: Any) -> list[Any]:
    above = node.input(0)
    known = [each.name() for each in node.parent().nodes()]
    return [above and above.name(), node["mix"].value(), sorted(known), "extra" in node.knobs()]


def test_a_group_of_changes_is_one_step(nuke: Any, world: Any) -> None:
    """`with nuke.Undo(name)` makes one step of all that is inside."""
    node = nuke.nodes.Grade()
    count = len(world.undo_steps())
    with nuke.Undo("Brighten"):
        node["mix"].setValue(0.5)
        node["multiply"].setValue(2)
    assert world.undo_steps()[count:] == ["Brighten"]
    nuke.undo()
    assert (node["mix"].value(), node["multiply"].value()) == (1, 1)


def test_disabled_undo_keeps_no_step_but_the_flag_rises(nuke: Any, world: Any) -> None:
    """Without undo a change still makes the script modified: that is restored by hand."""
    node = nuke.nodes.Grade()
    nuke.modified(False)
    count = len(world.undo_steps())
    nuke.Undo.disable()
    node["mix"].setValue(0.5)
    nuke.Undo.enable()
    assert (len(world.undo_steps()), nuke.modified()) == (count, True)
    nuke.modified(False)
    assert not nuke.root().modified()


def test_frames_and_selection_are_no_changes(nuke: Any, world: Any) -> None:
    """Going to a frame and selecting leave no step and no flag; the proxy switch does both."""
    node = nuke.nodes.Grade()
    nuke.modified(False)
    count = len(world.undo_steps())
    nuke.frame(5)
    node.setSelected(True)
    assert (len(world.undo_steps()), nuke.modified()) == (count, False)
    nuke.root()["proxy"].setValue(True)
    assert (len(world.undo_steps()), nuke.modified()) == (count + 1, True)


def test_deleted_nodes_answer_no_more(nuke: Any) -> None:
    """A Python object of a node that was deleted raises, as Nuke's does."""
    node = nuke.nodes.Grade()
    nuke.delete(node)
    with pytest.raises(ValueError, match="not attached to a node"):
        node.name()


# ---- hashes, menus, panels, plugins, releases -------------------------------------------------


def test_hashes_follow_what_is_upstream(nuke: Any) -> None:
    """A knob above changes the hash, once the node was validated; a label does not."""
    source = nuke.nodes.Constant()
    node = nuke.nodes.Grade(inputs=[source])
    before = node.opHashes()
    source["color"].setValue(1.0)
    assert node.opHashes() == before
    node.forceValidate()
    changed = node.opHashes()
    assert changed != before
    source["label"].setValue("sky")
    node.forceValidate()
    assert node.opHashes() == changed


def test_menus_hold_what_was_added(nuke: Any) -> None:
    """Slashes make menus, an entry is invoked, and what was added twice is there once."""
    made: list[int] = []
    nuke.menu("Nodes").addMenu("Filmgate").addCommand("Denoise/Fast", lambda: made.append(1))
    nuke.menu("Nodes").addMenu("Filmgate").addCommand("Denoise/Fast", lambda: made.append(2))
    nuke.menu("Nodes").findItem("Filmgate/Denoise/Fast").invoke()
    assert made == [2]


def test_terminal_sessions_have_no_menus(fresh: Any) -> None:
    """Menus, toolbars and questions belong to the interface."""
    fresh(mode="-t")
    import nuke  # noqa: PLC0415 - found once the stand-in is on the path

    assert (nuke.GUI, nuke.env["gui"]) == (False, False)
    for call in (lambda: nuke.menu("Nodes"), lambda: nuke.toolbar("Nodes"), lambda: nuke.ask("?")):
        with pytest.raises(RuntimeError, match="interface"):
            call()


def test_widgets_are_docked_by_their_name(nuke: Any) -> None:
    """The class is named as text and made when its entry in the Pane menu is chosen."""
    from nukescripts import panels  # noqa: PLC0415 - found once the stand-in is on the path

    panels.registerWidgetAsPanel("__import__('collections').OrderedDict", "Order", "test.order")
    nuke.menu("Pane").findItem("Order").invoke()
    panel = panels.restorePanel("test.order")
    assert panel.customKnob.getObject().widget == {}


@pytest.mark.parametrize(("mode", "ran"), [("gui", ["init", "menu"]), ("-t", ["init"])])
def test_plugin_folders_are_found_by_python(
    fresh: Any, tmp_path: Path, mode: str, ran: list[str]
) -> None:
    """PluginAddPath puts a folder on sys.path and runs init.py, and menu.py with an interface."""
    fresh(mode=mode)
    import nuke  # noqa: PLC0415 - found once the stand-in is on the path

    for name in ("init", "menu"):
        code = f"import nuke\nnuke.tprint('{name}', end='')\n"
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    nuke.pluginAddPath(str(tmp_path))
    assert tmp_path.as_posix() in sys.path
    assert nuke._world.current().printed == ran


@pytest.mark.parametrize(
    ("version", "python", "qt"),
    [
        ("14.0", (3, 9), "PySide2"),
        ("15.1", (3, 10), "PySide2"),
        ("16.0", (3, 11), "PySide6"),
        ("17.0", (3, 11), "PySide6"),
    ],
)
def test_releases_differ(fresh: Any, version: str, python: tuple[int, int], qt: str) -> None:
    """Each release says its numbers, and what later ones brought is missing from it."""
    world = fresh(version)
    import nuke  # noqa: PLC0415 - found once the stand-in is on the path

    assert (world.profile.python, world.profile.qt) == (python, qt)
    assert f"{nuke.NUKE_VERSION_MAJOR}.{nuke.NUKE_VERSION_MINOR}" == version
    assert nuke.env["NukeVersionMajor"] == nuke.NUKE_VERSION_MAJOR
    assert hasattr(nuke, "activeGroup") == (nuke.NUKE_VERSION_MAJOR >= 16)


def test_a_knob_whose_script_runs_cannot_be_removed(nuke: Any, world: Any) -> None:
    """Nuke would crash."""
    group = nuke.nodes.Group()
    button = nuke.PyScript_Knob("go", "Go", "nuke.thisNode().removeKnob(nuke.thisKnob())")
    group.addKnob(button)
    world.names["nuke"] = nuke
    with pytest.raises(RuntimeError, match="executed"):
        world.press(group, "go")


def test_an_expression_needs_a_node(nuke: Any) -> None:
    """Its names are looked up at once."""
    with pytest.raises(RuntimeError, match="belongs to no node"):
        nuke.Double_Knob("far").setExpression("frame")


def test_channels_of_the_main_layer_are_shortened(nuke: Any) -> None:
    """A knob that holds `rgba.alpha` says `alpha`."""
    copy = nuke.nodes.Copy(from0="rgba.red", to0="depth.Z")
    assert (copy["from0"].value(), copy["to0"].value()) == ("red", "depth.Z")


@pytest.mark.parametrize(("version", "told"), [("16.0", 0), ("17.0", 1)])
def test_closed_panels_are_told_of_changes_from_nuke_17_on(
    fresh: Any, version: str, told: int
) -> None:
    """Before, knobChanged was called while the panel was open alone."""
    fresh(version)
    import nuke  # noqa: PLC0415

    heard: list[str] = []
    nuke.addKnobChanged(lambda: heard.append(nuke.thisKnob().name()), nodeClass="Group")
    group = nuke.nodes.Group()
    heard.clear()
    group["label"].setValue("new")
    assert len(heard) == told


@pytest.mark.parametrize("kind", ["NoOp", "Dot", "Output", "Input"])
def test_nodes_that_make_no_picture_have_fewer_knobs(nuke: Any, kind: str) -> None:
    """They cannot be disabled either."""
    with nuke.nodes.Group():
        node = getattr(nuke.nodes, kind)()
    assert not {"disable", "bookmark", "cached", "postage_stamp"} & set(node.knobs())


def test_the_range_of_merged_pictures_is_that_of_both(nuke: Any) -> None:
    """A Read with a wider range widens it, until a FrameRange says otherwise."""
    b, a = nuke.nodes.Constant(first=3, last=7), nuke.nodes.Constant(first=-10, last=5)
    for kind in ("Merge2", "Copy"):
        merged = getattr(nuke.nodes, kind)(inputs=[b, a])
        assert (merged.firstFrame(), merged.lastFrame()) == (-10, 7)
        narrowed = nuke.nodes.FrameRange(inputs=[merged], first_frame=3, last_frame=7)
        assert (narrowed.firstFrame(), narrowed.lastFrame()) == (3, 7)


def test_dependencies_are_of_the_kind_that_is_asked_for(nuke: Any) -> None:
    """Pipes and expressions are told apart; a range that is read counts as a knob does."""
    pipe, named, ranged = (nuke.nodes.Constant() for _ in range(3))
    grade = nuke.nodes.Grade(inputs=[pipe])
    grade["mix"].setExpression(f"{named.name()}.color.r + {ranged.name()}.first_frame")

    assert grade.dependencies(nuke.INPUTS | nuke.HIDDEN_INPUTS) == [pipe]
    assert grade.dependencies(nuke.EXPRESSIONS) == [named, ranged]
    assert grade.dependencies(nuke.INPUTS | nuke.EXPRESSIONS) == [pipe, named, ranged]
