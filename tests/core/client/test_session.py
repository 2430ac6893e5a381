"""A node's session, against a server that echoes over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.desk import Desk, DeskClock, document_of, embedded
from fakes.echo import EchoServer, ForgivingServer
from filmgate.digest import digest_text
from filmgate.endpoint import FOLDER_VARIABLE
from filmgate.errors import CancelledError, ImageError, StorageError
from filmgate.host import dispatch
from filmgate.host.port import Moment
from filmgate.host.reading import CHANGED_SINCE, READS_BAKE
from filmgate.host.results import Results
from filmgate.host.session import DEBOUNCE_S, HostSession
from filmgate.host.state import State
from filmgate.job import Result
from filmgate.takes import Take
from filmgate.testing import TICK, FakeHost
from filmgate.wire.messages import Credit

AUX = {"name": "albedo", "role": "albedo", "channels": ["R", "G", "B"], "optional": True}
MODELS: list[dict[str, Any]] = [
    document_of(),
    document_of(model={**document_of()["model"], "name": "between"}, temporal={"kind": "between"}),
    document_of(
        model={**document_of()["model"], "name": "aided"}, inputs=[document_of()["inputs"][0], AUX]
    ),
    document_of(
        model={**document_of()["model"], "name": "window"},
        temporal={"kind": "window", "before": 1, "after": 1, "edges": "drop"},
    ),
]


@pytest.fixture
def server() -> Iterator[EchoServer]:
    """Return a server that answers."""
    with EchoServer(MODELS) as echo:
        yield echo


@pytest.fixture
def desk(server: EchoServer, tmp_path: Path) -> Iterator[Desk]:
    """Return a node of a model of one frame."""
    with Desk(tmp_path / "store", server.address, model="echo@champion") as desk:
        yield desk


def package_of(desk: Desk) -> bytes:
    """Return the digest of the exact package that a node has."""
    return bytes.fromhex(desk.session.node_state.package)


def test_an_alias_is_settled_once(desk: Desk, server: EchoServer) -> None:
    """The node keeps what was asked for and the exact package, and asks for that by digest."""
    desk.make(1)
    state = desk.session.node_state
    assert (state.model, state.version) == ("echo@champion", "1.0.0")
    expected = f"echo@{digest_text(package_of(desk))}"
    assert [work.model for work in server.submitted] == [expected]


def test_a_manifest_without_its_package_is_settled_anew(desk: Desk, server: EchoServer) -> None:
    """A state that was edited, or cut short, may not name a package that is none."""
    state = replace(embedded(MODELS[0]), package="")
    desk.host.state = state.to_text().replace('"package": ""', '"package": "of old"')
    desk.session.reload()
    desk.make(1)
    assert (desk.states([1]), desk.codes()) == ([State.FRESH], [])
    assert server.submitted[0].model == f"echo@{digest_text(package_of(desk))}"


def test_a_node_looks_as_it_did_until_another_model_is_known(desk: Desk) -> None:
    """A model that is not listed on disk has no manifest yet, and the host needs one to draw."""
    desk.make(1)
    before = desk.session.manifest
    desk.session.choose("aided")
    assert (desk.session.manifest, desk.states([1])) == (before, [State.STALE])
    desk.make(2)
    assert desk.session.manifest is not None
    assert (desk.session.manifest.name, desk.states([2])) == ("aided", [State.FRESH])


def test_the_server_outlives_its_clients() -> None:
    """What is sent to one that has vanished is dropped."""
    with ForgivingServer() as forgiving:
        forgiving.route = b"vanished"
        forgiving.tell(Credit(1))
        assert forgiving.silent(1)


def test_nothing_connected_is_an_error_that_says_so(desk: Desk, server: EchoServer) -> None:
    """A main input that gives nothing fails its frame, and nothing is sent."""
    desk.connected.clear()
    desk.make(4)
    problem = desk.session.status.problem
    assert problem is not None
    assert (problem.code, problem.frame, server.submitted) == ("input", 4, [])
    assert desk.states([4]) == [State.ERROR]


def test_a_frame_that_cannot_be_captured_fails_alone(desk: Desk) -> None:
    """The others of its range are made, and the artist is told once."""

    def spoil(name: str, moment: Moment) -> None:
        if moment.time in (2, 3):
            raise ImageError(f"Frame {moment.time:g} is missing.", "Render it.")

    desk.spoil = spoil
    desk.make(1, 2, 3, 4)
    expected = [State.FRESH, State.ERROR, State.ERROR, State.FRESH]
    assert (desk.states([1, 2, 3, 4]), desk.codes()) == (expected, ["image"])
    assert desk.session.status.state is State.ERROR


def test_a_host_that_raises_anything_leaves_no_node_waiting(desk: Desk) -> None:
    """What is no error of ours is shown as one, and the node goes on."""

    def spoil(name: str, moment: Moment) -> None:
        raise RuntimeError("I'm already executing something else")

    desk.spoil = spoil
    desk.make(1)
    assert desk.session.status.problem is not None
    assert "already executing" in desk.session.status.problem.text
    desk.spoil = None
    desk.make(1)
    assert desk.states([1]) == [State.FRESH]


def test_an_error_of_ours_is_told_as_it_is(desk: Desk) -> None:
    """Wherever a port raises it; no code stands where an id is asked for."""

    def refuse(take: Take) -> None:
        raise ImageError("The Read is gone.", "Make the node anew.")

    desk.host.deliver = refuse
    desk.make(1)
    problem = desk.host.problems[0]
    assert (problem.text, problem.remedy) == ("The Read is gone.", "Make the node anew.")
    assert problem.id == ""


def test_a_host_that_was_cancelled_cancels_the_run(desk: Desk, server: EchoServer) -> None:
    """Escape in the host's own progress bar ends the run and is no failure."""

    def spoil(name: str, moment: Moment) -> None:
        raise CancelledError("The artist pressed escape.")

    desk.spoil = spoil
    desk.make(1, 2, 3)
    assert (desk.codes(), len(desk.host.captured), server.submitted) == ([], 1, [])


def test_a_cancel_in_the_middle_of_a_capture_sends_nothing(desk: Desk, server: EchoServer) -> None:
    """What the host still returns is thrown away."""
    desk.spoil = lambda name, moment: desk.session.cancel()
    desk.make(1, 2)
    assert (len(desk.host.captured), server.submitted, desk.codes()) == (1, [], [])
    assert desk.session.status.state is State.EMPTY


def test_a_capture_that_draws_does_not_capture_again(desk: Desk) -> None:
    """A host that lets its interface run while it renders calls again: nothing happens then."""
    answers: list[bool] = []
    desk.spoil = lambda name, moment: answers.append(desk.session.pump())
    desk.make(1, 2)
    assert (answers, desk.states([1, 2])) == ([False] * 2, [State.FRESH] * 2)
    assert desk.host.violations == []


def test_a_node_deleted_while_jobs_run_is_left_alone(desk: Desk, server: EchoServer) -> None:
    """The server's jobs end, the board says so, and the port is never called again."""
    server.allow(0)
    desk.run(1, 2)
    desk.settle(lambda: len(server.submitted) == 2)
    desk.session.close()
    desk.host.gone = True
    desk.settle(lambda: server.ended == ["cancelled"] * 2)
    desk.settle(lambda: all(row.ended_s for row in desk.hub.board.runs()))
    assert (desk.host.violations, desk.session.busy) == ([], False)


def test_settings_that_change_meanwhile_make_the_result_stale(
    desk: Desk, server: EchoServer
) -> None:
    """A result that comes for earlier settings is never shown as fresh."""
    server.allow(0)
    desk.run(1)
    desk.settle(lambda: len(server.submitted) == 1)
    desk.host.params["strength"] = 3.0
    server.allow(None)
    desk.settle()
    assert desk.states([1]) == [State.STALE]
    assert desk.session.status.state is State.STALE
    desk.host.params["strength"] = 1.0
    assert desk.states([1]) == [State.FRESH]


def test_inputs_that_change_between_two_captures_are_captured_again(
    tmp_path: Path, server: EchoServer
) -> None:
    """A result is made of inputs of one moment, whatever the artist does meanwhile."""
    with Desk(tmp_path, server.address, model="aided") as desk:
        desk.connected.add("albedo")

        def spoil(name: str, moment: Moment) -> None:
            if name == "albedo" and len(desk.host.captured) == 2:
                desk.host.revisions[1.0] = 1

        desk.spoil = spoil
        desk.make(1)
        names = [name for name, _, _ in desk.host.captured]
        assert names == ["color", "albedo", "color", "albedo"]
        assert desk.plate("color", Moment(1)) in server.uploaded
        assert desk.states([1]) == [State.FRESH]


def test_a_capture_of_a_changing_input_is_not_taken_for_the_earlier_one(
    desk: Desk, server: EchoServer
) -> None:
    """What was rendered while the graph changed is no picture of how it was before."""

    def spoil(name: str, moment: Moment) -> None:
        desk.host.revisions[1.0] = 1

    desk.spoil = spoil
    desk.make(1)
    desk.spoil = None
    desk.host.revisions[1.0] = 0
    desk.make(1)
    assert desk.plate("color", Moment(1)) == server.uploaded[-1]
    assert (len(desk.host.captured), desk.states([1])) == (3, [State.FRESH])


def test_inputs_that_never_rest_do_not_look_fresh(desk: Desk) -> None:
    """A hint that changes at every look ends in a result that counts as stale."""
    turns = iter(range(1000))
    desk.host.hint = lambda moment: f"turn {next(turns)}"
    desk.make(1)
    assert desk.states([1]) == [State.STALE]


def test_an_input_of_which_nothing_is_known_is_captured_for_each_run(
    desk: Desk, server: EchoServer
) -> None:
    """Without a hint, a forced rerun looks again and finds that the pixels have changed."""
    desk.host.hint = lambda moment: ""
    desk.make(1)
    desk.host.revisions[1.0] = 1
    desk.make(1, force=True)
    assert (len(desk.host.captured), len(server.submitted)) == (2, 2)


def test_a_time_in_between_needs_the_two_frames_around_it(
    tmp_path: Path, server: EchoServer
) -> None:
    """The result's frame is the node's; its source time goes with the work."""
    with Desk(tmp_path, server.address, model="between") as desk:
        desk.host.source_time = 3.25
        desk.make(7)
        (work,) = server.submitted
        assert (work.time, [ref.time for ref in work.inputs]) == (3.25, [3.0, 4.0])
        assert desk.host.take is not None
        assert desk.host.take.frames() == [7]


def test_a_time_on_the_last_frame_needs_that_frame_only(tmp_path: Path, server: EchoServer) -> None:
    """There is no frame after the last, and none is invented."""
    with Desk(tmp_path, server.address, model="between") as desk:
        desk.host.source_time = 10.0
        desk.make(1)
        assert [ref.time for ref in server.submitted[0].inputs] == [10.0]


def test_a_time_beyond_the_input_is_an_error(tmp_path: Path, server: EchoServer) -> None:
    """No neighbour is held in its place, and nothing is captured."""
    with Desk(tmp_path, server.address, model="between") as desk:
        desk.host.source_time = 10.5
        desk.make(1)
        assert (desk.codes(), desk.host.captured) == (["input"], [])


def test_the_ends_of_a_range_are_as_the_model_declares(tmp_path: Path, server: EchoServer) -> None:
    """A model that drops what is not there gets fewer frames at the first one."""
    with Desk(tmp_path, server.address, model="window") as desk:
        desk.make(1, 2)
        times = [[ref.time for ref in work.inputs] for work in server.submitted]
        assert sorted(times) == [[1.0, 2.0], [1.0, 2.0, 3.0]]


def test_an_optional_input_may_be_left_out(tmp_path: Path, server: EchoServer) -> None:
    """What gives nothing is not sent; what is connected is, after the main input."""
    with Desk(tmp_path, server.address, model="aided") as desk:
        desk.make(1)
        desk.connected.add("albedo")
        desk.host.revisions[1.0] = 1
        desk.make(1)
        names = [[ref.name for ref in work.inputs] for work in server.submitted]
        assert names == [["color"], ["color", "albedo"]]


def test_views_are_results_of_their_own(desk: Desk, server: EchoServer) -> None:
    """Both eyes of one frame are made in one run, and neither ends the other."""
    desk.session.run([Moment(1, "left"), Moment(1, "right")])
    desk.settle()
    assert [ref.view for work in server.submitted for ref in work.inputs] == ["left", "right"]
    assert [desk.session.state_at(Moment(1, view)) for view in ("left", "right", "")] == [
        State.FRESH,
        State.FRESH,
        State.EMPTY,
    ]
    assert desk.session.patterns()["color"].endswith("color.%V.%04d.exr")


def test_a_parameter_that_does_not_fit_ends_the_range_before_any_capture(desk: Desk) -> None:
    """Every frame would fail alike: the artist is told once, and no pixel is rendered."""
    desk.host.params["strength"] = 99.0
    desk.make(*range(1, 11))
    assert (desk.codes(), desk.host.captured) == (["parameter"], [])


def test_a_full_disk_is_an_error_and_costs_nothing(desk: Desk) -> None:
    """The frames of before are still read, and a rerun makes the new one."""
    desk.make(1)
    works, desk.hub.results = desk.hub.results, _FullDisk(desk.hub.folder / "x", desk.hub.cache)
    desk.make(2)
    assert (desk.codes(), desk.states([1, 2])) == (["storage"], [State.FRESH, State.ERROR])
    desk.hub.results = works
    desk.make(2)
    assert desk.states([1, 2]) == [State.FRESH, State.FRESH]


class _FullDisk(Results):
    """What is put does not fit."""

    def put(self, key: bytes, result: Result) -> None:
        raise StorageError("The disk is full.")


def test_no_server_is_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node without a server says what to do, and does not try frame after frame."""
    monkeypatch.setenv(FOLDER_VARIABLE, tmp_path.as_posix())
    with Desk(tmp_path / "store", "", MODELS[0]) as desk:
        desk.make(*range(1, 11))
        problem = desk.session.status.problem
        assert problem is not None
        assert (problem.code, bool(problem.remedy)) == ("connection", True)
        assert (len(desk.host.problems), len(desk.host.captured) <= 4) == (1, True)


def test_a_server_that_is_away_for_long_is_waited_for(
    desk: Desk, server: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A range whose server was there goes on when it is back; nothing finished is made again."""
    monkeypatch.setattr(dispatch, "CONNECT_WITHIN_S", 0.01)
    server.allow(2)
    desk.run(*range(1, 9))
    desk.settle(lambda: server.ended.count("result") == 2)
    server.stop()
    desk.settle(lambda: "lost" in desk.session.status.text)
    desk.settle(lambda: desk.session.status.done == 2)
    server.allow(None)
    server.restart()
    desk.settle()
    assert (desk.states(range(1, 9)), desk.codes()) == ([State.FRESH] * 8, [])
    assert server.ended.count("result") == 8


def test_a_model_that_nobody_knows_is_an_error(tmp_path: Path, server: EchoServer) -> None:
    """The reference cannot be settled: nothing is captured."""
    with Desk(tmp_path, server.address, model="nothing") as desk:
        desk.make(1, 2)
        assert (desk.codes(), desk.host.captured) == (["unknown_model"], [])
        answer = desk.session.result_for(Moment(1))
        assert (answer.state, desk.session.busy) == (State.ERROR, False)


def test_live_waits_for_the_hand_to_rest(tmp_path: Path, server: EchoServer) -> None:
    """Of many changes the last one is run, once nothing has changed for a while."""
    clock = DeskClock()
    with Desk(tmp_path, server.address, clock=clock) as desk:
        for strength in (2.0, 3.0, 4.0):
            desk.host.params["strength"] = strength
            desk.session.touch(Moment(5))
            clock.advance(DEBOUNCE_S / 2)
            assert not desk.session.pump()
        clock.advance(DEBOUNCE_S)
        desk.settle()
        assert [work.params["strength"] for work in server.submitted] == [4.0]
        assert desk.states([5]) == [State.FRESH]


def test_a_change_shows_as_stale_at_once(desk: Desk) -> None:
    """Nothing is run yet, and the label already says that the pixels are old."""
    desk.make(1)
    desk.host.params["strength"] = 2.0
    desk.session.touch(Moment(1))
    assert desk.host.statuses[-1].state is State.STALE
    desk.session.cancel()
    assert not desk.session.busy


def test_an_opened_node_is_stale_until_somebody_looks(desk: Desk, tmp_path: Path) -> None:
    """What was saved may have been edited since: the label claims nothing that nobody checked."""
    desk.make(1)
    again = HostSession(FakeHost(TICK, desk.host.pixels, state=desk.host.state), desk.hub)
    assert again.status.state is State.STALE
    assert (again.look_at(Moment(1)).state, again.status.state) == (State.FRESH, State.FRESH)
    assert again.look_at(Moment(2)).state is State.PARTIAL
    again.close()


def test_the_board_shows_runs_and_cancels_them(desk: Desk, server: EchoServer) -> None:
    """A panel sees the run of a node, and ends it without the node."""
    server.allow(0)
    desk.run(1, 2)
    desk.settle(lambda: len(server.submitted) == 2)
    (row,) = desk.hub.board.runs()
    assert (row.node, row.label, row.status.total) == (desk.session.node, desk.host.name, 2)
    assert row.status.text.startswith("Frames 1-2: ")
    row.cancel()
    desk.settle()
    desk.settle(lambda: server.ended == ["cancelled"] * 2)
    (row,) = desk.hub.board.runs()
    assert (row.ended_s > 0, row.status.state) == (True, State.PARTIAL)


def test_what_the_server_says_is_passed_on(desk: Desk) -> None:
    """Warnings of a result are on the label and in the log, once each."""
    desk.make(1, 2)
    assert desk.session.status.warnings == ("echoed",)
    assert [line.text for line in desk.hub.board.log()] == ["echoed"]


def test_a_problem_names_the_job(desk: Desk, server: EchoServer) -> None:
    """What an artist quotes is in the server's log."""
    server.fail(ImageError("The file is broken."))
    desk.make(1)
    (problem,) = desk.host.problems
    assert (problem.frame, len(bytes.fromhex(problem.id))) == (1, 16)


def test_a_cleared_node_gets_nothing_that_was_on_its_way(desk: Desk, server: EchoServer) -> None:
    """A take that is being removed is not delivered; the next run makes a new one."""
    desk.make(1)
    desk.run(2, 3)
    desk.session.clear()
    desk.settle()
    assert desk.states([1, 2, 3]) == [State.EMPTY] * 3
    assert desk.session.node_state.take == ""
    desk.make(1)
    assert desk.states([1]) == [State.FRESH]


def test_takes_of_one_run_do_not_pile_up(desk: Desk) -> None:
    """Once a later take is read, the earlier ones of the same run are removed."""
    desk.make(*range(1, 9))
    assert desk.host.take is not None
    assert desk.host.take.frames() == list(range(1, 9))
    desk.settle(lambda: len(desk.hub.takes(desk.session.node).all()) == 1)


def test_waiting_makes_everything(desk: Desk) -> None:
    """A farm's program pumps until the end, and learns whether it came."""
    desk.run(1, 2, 3)
    assert desk.session.wait(20.0)
    assert desk.states([1, 2, 3]) == [State.FRESH] * 3


def test_a_pull_that_waits_gets_its_result(desk: Desk, server: EchoServer) -> None:
    """A host without an event loop asks once, and has the file."""
    answer = desk.session.result_for(Moment(1), wait_s=20.0)
    assert (answer.state, answer.paths["color"].is_file()) == (State.FRESH, True)
    server.allow(0)
    desk.host.params["strength"] = 2.0
    answer = desk.session.result_for(Moment(1), wait_s=0.05)
    assert (answer.state, list(answer.paths)) == (State.RUNNING, ["color"])


def test_a_pull_of_changed_settings_takes_the_place_of_the_earlier_one(
    desk: Desk, server: EchoServer
) -> None:
    """What a cook asked for and nobody wants any more is cancelled."""
    server.allow(0)
    desk.session.result_for(Moment(1), wait_s=0.05)
    desk.settle(lambda: len(server.submitted) == 1)
    desk.host.params["strength"] = 2.0
    desk.session.result_for(Moment(1))
    desk.settle(lambda: "cancelled" in server.ended)
    server.allow(None)
    desk.settle()
    assert desk.states([1]) == [State.FRESH]


def baked(desk: Desk, folder: Path, *frames: int) -> None:
    """Bake frames and wait for it."""
    desk.session.bake(frames, "sh010", folder.as_posix(), "Node1")
    desk.settle()


def test_what_a_node_reads_decides_and_not_what_it_made(desk: Desk, tmp_path: Path) -> None:
    """A result beside the bake is not shown, so that its frame is not fresh."""
    desk.make(1, 2, 3)
    baked(desk, tmp_path, 1)
    baked(desk, tmp_path, 2, 3)
    assert desk.states([1, 2, 3]) == [State.BAKED] * 3
    desk.host.params["strength"] = 2.0
    assert desk.session.look_at(Moment(1.0)).text == CHANGED_SINCE
    desk.make(1, 4)
    assert desk.states([1, 4]) == [State.BAKED, State.EMPTY]
    for frame in (1, 4):
        assert desk.session.look_at(Moment(float(frame))).text == READS_BAKE
    desk.session.unbake()
    assert desk.states([1, 4]) == [State.FRESH, State.FRESH]


def test_a_bake_elsewhere_leaves_the_earlier_frames_behind(desk: Desk, tmp_path: Path) -> None:
    """The node reads one place: frames that were baked to another are not there."""
    desk.make(1, 2)
    baked(desk, tmp_path / "one", 1)
    baked(desk, tmp_path / "two", 2)
    assert desk.states([1, 2]) == [State.EMPTY, State.BAKED]


def test_one_view_after_two_is_read_without_a_place_for_views(desk: Desk) -> None:
    """A take holds frames with views or without: one pattern cannot find both."""
    desk.session.run([Moment(1.0, "left"), Moment(1.0, "right")])
    desk.settle()
    desk.make(1)
    assert desk.states([1]) == [State.FRESH]
    assert list(desk.session.result_for(Moment(1.0)).paths) == ["color"]


def test_a_file_that_was_removed_is_missed(desk: Desk) -> None:
    """People tidy up under a script."""
    desk.make(1, 2)
    assert desk.host.take is not None
    desk.host.take.path("color", 1).unlink()
    assert desk.states([1, 2]) == [State.EMPTY, State.FRESH]


def test_a_frame_that_was_not_run_says_so(desk: Desk) -> None:
    """How far the last run was is no news of another frame."""
    desk.make(1)
    status = desk.session.look_at(Moment(2.0))
    assert (status.state, status.total) == (State.PARTIAL, 0)
    assert status.text == "frame 2 has not been run yet"
