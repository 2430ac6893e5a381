"""Buttons and callbacks: every failure a text, live nodes, and nothing while a script loads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.secluded import make_manifest, seclude
from filmgate.errors import ParameterError, RequestError
from filmgate.host.port import Moment


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
    callbacks.script_closed()
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


def test_idle_update_reads_no_knobs_above(
    group: Any, nuke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nuke updates all the time: unless frame or hashes changed, nothing is walked."""
    from filmgate_nuke import upstream  # noqa: PLC0415

    walks: list[str] = []
    mark = upstream.edit_mark

    def counted(ends: Any) -> str:
        walks.append("walk")
        return mark(ends)

    monkeypatch.setattr(upstream, "edit_mark", counted)
    nuke.updateUI()
    walks.clear()

    nuke.updateUI()
    nuke.updateUI()

    assert walks == []


@pytest.mark.parametrize("kind", ["Write", "DeepWrite", "WriteGeo"])
def test_every_kind_of_write_is_guarded(group: Any, world: Any, kind: str) -> None:
    """Deep pixels and geometry may come from a result as well."""
    from filmgate_nuke import callbacks  # noqa: PLC0415

    del group
    registered = world.callbacks["beforeFrameRender"][kind]
    assert [each[0] for each in registered] == [callbacks.before_frame]


def test_proxy_of_a_format_has_the_scale_of_its_width(group: Any, nuke: Any) -> None:
    """A proxy may be a scale or a format."""
    from filmgate_nuke import script  # noqa: PLC0415

    del group
    root = nuke.root()
    root["format"].setValue(nuke.addFormat("80 40 0 0 80 40 1 whole"))
    root["proxy_format"].setValue(nuke.addFormat("20 10 0 0 20 10 1 quarter"))
    assert script.scale() == 1.0
    root["proxy"].setValue(True)
    root["proxy_type"].setValue("format")

    assert script.scale() == 0.25


def test_choosing_a_version_waits_until_its_callback_has_ended(
    group: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The knob is rebuilt around, never from inside its own callback; state follows at the end."""
    from filmgate_nuke import actions, knobs, sessions  # noqa: PLC0415

    newer = make_manifest(version="2.0.0")
    catalogue = sessions.hub().catalogue
    monkeypatch.setattr(actions, "find_model", lambda models, ref: ref)
    monkeypatch.setattr(catalogue, "manifest", lambda found: newer)
    chosen: list[str] = []
    monkeypatch.setattr(sessions.session(group), "choose", chosen.append)
    knobs.show_versions(group, ["2.0.0"], "1.0.0")
    assert world.run_events() == 0

    group["filmgate_version"].setValue("2.0.0")
    assert chosen == []
    world.run_events()

    assert chosen == ["grade@2.0.0"]
    assert group["filmgate_version"].value() == "2.0.0"
    assert group["filmgate_model"].value() == sessions.session(group).node_state.model


def test_a_version_that_cannot_be_built_is_not_chosen(
    group: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The artist is told, and the node goes on with what it had."""
    from filmgate_nuke import actions, graph, knobs, sessions  # noqa: PLC0415

    monkeypatch.setattr(actions, "find_model", lambda models, ref: ref)
    newer = make_manifest(version="2.0.0")
    monkeypatch.setattr(sessions.hub().catalogue, "manifest", lambda found: newer)
    bind = graph.bind_outputs

    def refuse(node: Any, model: Any) -> None:
        if model.version == "2.0.0":
            raise RuntimeError("no")
        bind(node, model)

    monkeypatch.setattr(graph, "bind_outputs", refuse)
    state = group["filmgate_state"].value()
    knobs.show_versions(group, ["2.0.0"], "1.0.0")
    group["filmgate_version"].setValue("2.0.0")
    world.run_events()

    assert group["filmgate_version"].value() == "1.0.0"
    assert group["filmgate_state"].value() == state
    assert world.messages


def test_what_the_plugin_sets_is_no_change_of_the_artists(group: Any) -> None:
    """Versions listed, results shown, a node rebuilt: nothing runs and no version is chosen."""
    from filmgate_nuke import knobs, node, sessions  # noqa: PLC0415

    group["filmgate_live"].setValue(True)
    recorder = Recorder(group)
    pressed: list[str] = []
    recorder.session.choose = pressed.append
    knobs.show_versions(group, ["2.0.0"], "2.0.0")
    node.rebuild(group, make_manifest(version="3.0.0"))
    sessions.host(group).show_results()
    assert (recorder.touched, pressed) == ([], [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FILMGATE_CACHE", "/dev/null/cache"),
        ("FILMGATE_CACHE_GB", "lots"),
        ("FILMGATE_CONFIG", "/nowhere/filmgate.toml"),
        ("FILMGATE_SERVR", "tcp://gate:5700"),
    ],
)
def test_bad_setting_keeps_no_baked_frame_from_rendering(
    group: Any, nuke: Any, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A blade with a wrong setting renders what is baked; what is not is refused with a line."""
    from filmgate_nuke import callbacks, sessions  # noqa: PLC0415

    kept = sessions.session(group).node_state
    baked = replace(kept, baked={"color": "/show/color.%04d.exr"}, bake_frames="3-5")
    sessions.host(group).store_state(baked.to_text())
    sessions.close_hubs()
    sessions.adopt(group)
    nuke.nodes.Write(inputs=[group])
    monkeypatch.setenv(name, value)

    nuke.frame(3)
    callbacks.before_frame()
    nuke.frame(6)
    with pytest.raises(RuntimeError, match=f"^Filmgate: {group.name()}: "):
        callbacks.before_frame()


def test_file_that_was_written_anew_is_noticed_at_the_next_look(
    group: Any, nuke: Any, world: Any, tmp_path: Path
) -> None:
    """An artist who presses reload on a Read sees at once that the result is stale."""
    from filmgate_nuke import sessions  # noqa: PLC0415

    plate = tmp_path / "plate.exr"
    plate.write_bytes(b"old")
    group.setInput(0, nuke.nodes.Read(file=plate.as_posix()))
    host = sessions.host(group)
    nuke.updateUI()
    world.run_events()
    before = host.fingerprint(Moment(1))
    plate.write_bytes(b"newer")
    assert host.fingerprint(Moment(1)) == before

    nuke.frame(2)
    nuke.updateUI()

    assert host.fingerprint(Moment(1)) != before


def test_frames_beyond_the_plate_are_refused(group: Any, world: Any) -> None:
    """Nuke would hold the last frame there, and its result would look like one of its own."""
    from filmgate_nuke import actions, sessions  # noqa: PLC0415

    ran: list[float] = []
    sessions.session(group).run = lambda moments, force: ran.extend(m.time for m in moments)
    group["filmgate_range"].setValue("2-4,9-11")

    actions.run_range(group)
    world.run_events()

    assert ran == [3, 4, 9]
    assert sorted(sessions.host(group).problems) == [2, 10, 11]
    assert any("no frame 2,10-11: it has 3-9" in text for text in world.messages)


def test_expression_that_means_nothing_is_a_text(group: Any) -> None:
    """It names the knob, at the moment when its value is wanted."""
    from filmgate_nuke import sessions  # noqa: PLC0415

    group["filmgate_p_gain"].setExpression("no_such_knob + 1")

    with pytest.raises(ParameterError, match="expression of gain"):
        sessions.host(group).settings(Moment(1))
