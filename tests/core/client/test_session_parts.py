"""The parts of a session, each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.desk import DeskClock, document_of
from filmgate.cache import Cache
from filmgate.digest import digest_bytes
from filmgate.errors import StorageError
from filmgate.host.captures import IN_MEMORY_BYTES, Captures, CaptureStore, in_memory
from filmgate.host.delivery import DELIVER_EVERY_S, TAKES_KEPT, Delivery, Frame
from filmgate.host.freshness import FrameNote, TakeNotes, frame_key, parse_take_notes
from filmgate.host.live import Debounce
from filmgate.host.node import NodeState, parse_node_state
from filmgate.host.port import Moment
from filmgate.host.progress import Tally, folded, frame_fraction, running_status
from filmgate.host.state import State, Status
from filmgate.host.task import Need
from filmgate.host.upgrade import compare_manifests, find_model, find_newer
from filmgate.job import Output, Payload, Progress
from filmgate.manifest import Manifest, parse_manifest
from filmgate.takes import Take, Takes
from filmgate.wire.records import PNG_MEDIA, ModelSummary

HEADER = TakeNotes("n" * 32, "echo", "ab" * 32)


class Bench:
    """A delivery on a clock that the test sets."""

    def __init__(self, folder: Path) -> None:
        self.clock = DeskClock()
        self.takes = Takes(folder / "takes", Cache(folder / "content", 1 << 30))
        self.delivery = Delivery(lambda: self.takes, self.clock.now_s, None)
        self._serial = 0

    def add(self, frame: int, content: bytes = b"pixels", header: TakeNotes = HEADER) -> None:
        """Add a result."""
        self._serial += 1
        note = FrameNote(settings=content.hex())
        outputs = (Output("color", memoryview(content)),)
        key = frame_key(Moment(frame))
        self.delivery.add(Frame(key, self._serial, outputs, note), header)

    def take(self) -> Take:
        """Complete a take."""
        take = self.delivery.complete()
        assert take is not None
        return take


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Return a delivery."""
    return Bench(tmp_path)


def test_the_first_result_is_delivered_at_once_and_then_a_few_at_a_time(bench: Bench) -> None:
    """An artist sees the first frame without waiting, and a host is not made to read each alone."""
    bench.add(1)
    assert bench.delivery.due()
    bench.take()
    bench.add(2)
    assert not bench.delivery.due()
    bench.clock.advance(DELIVER_EVERY_S)
    assert bench.delivery.due()


def test_a_long_sequence_does_not_cost_the_square_of_its_frames(bench: Bench) -> None:
    """Each take holds all frames: the more there are, the more new ones come with the next."""
    held: list[int] = []
    for frame in range(1, 301):
        bench.add(frame)
        if bench.delivery.due():
            take = bench.take()
            bench.delivery.delivered(take)
            held.append(len(take.frames()))
        bench.clock.advance(DELIVER_EVERY_S)
    assert held[:5] == [1, 2, 3, 4, 5]
    assert sum(held) < 300 * 300 / 4
    assert 300 - held[-1] < 300 / 10


def test_a_take_carries_over_what_fits(bench: Bench) -> None:
    """Frames that are not made again are the same files; those left out are missing."""
    for frame in (1, 2, 3):
        bench.add(frame)
    first = bench.take()
    noted = parse_take_notes(first.notes()).frames
    bench.delivery.leave_out({"|2": noted["|2"]})
    bench.add(3, b"newer")
    second = bench.take()
    assert second.frames() == [1, 3]
    assert second.path("color", 1).samefile(first.path("color", 1)) or (
        second.path("color", 1).read_bytes() == b"pixels"
    )
    assert second.path("color", 3).read_bytes() == b"newer"
    assert set(parse_take_notes(second.notes()).frames) == {"|1", "|3"}


def test_a_frame_that_was_made_again_is_not_left_out(bench: Bench) -> None:
    """What was found not to fit is one note; a newer frame in its place stays."""
    bench.add(1)
    old = parse_take_notes(bench.take().notes()).frames["|1"]
    bench.add(1, b"newer")
    bench.take()
    bench.delivery.leave_out({"|1": old})
    bench.add(2)
    assert bench.take().frames() == [1, 2]


def test_another_package_leaves_every_earlier_frame_out(bench: Bench) -> None:
    """Two versions of a model never stand in one take."""
    bench.add(1)
    bench.take()
    bench.add(2, header=replace(HEADER, package="cd" * 32))
    assert bench.take().frames() == [2]


def test_a_frame_whose_file_is_gone_is_left_out(bench: Bench) -> None:
    """Somebody emptied the folder: what is left is delivered, and not called complete."""
    bench.add(1)
    bench.add(2)
    first = bench.take()
    first.path("color", 1).chmod(0o600)
    first.path("color", 1).unlink()
    bench.add(3)
    take = bench.take()
    assert (take.frames(), sorted(parse_take_notes(take.notes()).frames)) == ([2, 3], ["|2", "|3"])


def test_earlier_takes_of_the_same_work_go_once_a_later_one_is_read(bench: Bench) -> None:
    """Those of earlier runs stay: scripts that were saved then still read them."""
    bench.add(1)
    of_before = bench.take()
    bench.delivery.rest()
    for frame in (2, 3):
        bench.add(frame)
        last = bench.take()
    bench.delivery.delivered(last)
    assert [take.number for take in bench.takes.all()] == [of_before.number, last.number]


def test_a_take_that_is_gone_on_from_is_not_removed(bench: Bench) -> None:
    """An undo may bring an earlier take back while a later one is on its way to the host."""
    bench.add(1)
    first = bench.take()
    bench.add(2)
    second = bench.take()
    bench.delivery.rebase(first)
    bench.delivery.delivered(second)
    bench.add(3)
    assert bench.take().frames() == [1, 3]


def test_a_take_that_vanished_costs_its_frames_only(bench: Bench) -> None:
    """Somebody emptied the whole folder after it was looked into: new results still come."""
    bench.add(1)
    first = bench.take()
    assert first.frames() == [1]
    bench.takes.remove(first)
    bench.add(2)
    assert bench.take().frames() == [2]


def test_only_the_last_takes_of_a_node_are_kept(bench: Bench) -> None:
    """A node that is run a hundred times does not fill the disk."""
    for frame in range(TAKES_KEPT + 3):
        bench.add(frame)
        bench.take()
        bench.delivery.rest()
    assert len(bench.takes.all()) == TAKES_KEPT


def test_a_draft_that_fails_leaves_nothing_behind(bench: Bench) -> None:
    """What was begun is dropped, and the keys say what has to be made again."""
    bench.add(1)
    with pytest.raises(StorageError):
        bench.delivery.add(
            Frame("|2", 9, (Output("color", memoryview(b"x")),) * 2, FrameNote()), HEADER
        )
    assert bench.delivery.discard() == ["|1"]
    assert [*bench.takes.folder.iterdir()] == []
    assert bench.delivery.complete() is None


def test_a_picture_for_a_panel_is_no_frame(bench: Bench) -> None:
    """A take holds what the node reads."""
    outputs = (
        Output("color", memoryview(b"x")),
        Output("preview", memoryview(b"png"), PNG_MEDIA),
    )
    bench.delivery.add(Frame("|1", 1, outputs, FrameNote()), HEADER)
    assert bench.take().outputs() == ["color"]


def test_notes_that_nobody_can_read_are_no_notes() -> None:
    """A file that was edited by hand makes frames unknown, and no error."""
    damaged: dict[str, Any] = {
        "node": 3,
        "frames": {"|1": "x", "|2": {"settings": "aa"}, "|abc": {"settings": "aa"}},
    }
    notes = parse_take_notes(damaged)
    assert (list(notes.frames), parse_take_notes({"frames": []}).frames) == (["|2"], {})


@pytest.mark.parametrize(
    ("noted", "now", "fits"),
    [("a", "a", True), ("a", "b", False), ("", "b", True), ("a", "", True)],
)
def test_a_hint_counts_where_both_are_known(noted: str, now: str, fits: bool) -> None:
    """Where a host cannot say, the settings decide; where it can, a change makes stale."""
    assert FrameNote(settings="s", fingerprint=noted).fits("s", now) is fits
    assert not FrameNote(settings="s", fingerprint=noted).fits("", now)


def test_captures_are_bounded_by_their_bytes() -> None:
    """The longest unused ones go, and never those that a run needs next."""
    captures = Captures(CaptureStore(budget_bytes=10))
    needs = [Need("color", Moment(frame)) for frame in range(4)]
    for need in needs[:3]:
        captures.keep(need, Payload("color", b"12345"), "a", "run", 1)
    assert [captures.has(need, "a", "run") for need in needs[:3]] == [False, True, True]
    captures.keep(needs[3], Payload("color", b"12345"), "a", "run", 3)
    assert [captures.has(need, "a", "run") for need in needs] == [False, True, True, True]


def test_all_nodes_keep_their_captures_within_one_budget() -> None:
    """Each that is a mapped file holds a descriptor; the node at work keeps what it needs next."""
    store = CaptureStore(open_max=2)
    nodes = [Captures(store) for _ in range(3)]
    need = Need("color", Moment(1))
    for node in nodes:
        node.keep(need, Payload("color", bytearray(b"mapped")), "a", "run", 1)
    assert [node.has(need, "a", "run") for node in nodes] == [False, True, True]
    nodes[0].keep(need, Payload("color", b"in memory"), "a", "run", 1)
    assert [node.has(need, "a", "run") for node in nodes] == [True, True, True]
    nodes[2].clear()
    assert [node.has(need, "a", "run") for node in nodes] == [True, True, False]


def test_a_forced_run_uses_its_own_captures_alone() -> None:
    """Neighbours are shared within the run; what was captured before is not believed."""
    captures, need = Captures(CaptureStore()), Need("color", Moment(1))
    captures.keep(need, Payload("color", b"x"), "a", "run", 1)
    found = [captures.has(need, "a", run, force=True) for run in ("run", "later")]
    assert found == [True, False]


@pytest.mark.parametrize(("size_bytes", "kept"), [(IN_MEMORY_BYTES, bytes), (1 << 21, bytearray)])
def test_a_small_capture_holds_no_file(size_bytes: int, kept: type) -> None:
    """Its pixels are in memory, and the file it was mapped from is free."""
    payload = in_memory(Payload("color", bytearray(size_bytes)))
    assert (type(payload.data), len(payload.data)) == (kept, size_bytes)


def test_a_capture_is_used_again_only_where_it_is_known_to_be_the_same() -> None:
    """Without a hint it serves its own run, for which neighbours are captured once."""
    captures, need = Captures(CaptureStore()), Need("color", Moment(1))
    captures.keep(need, Payload("color", b"x"), "", "run", 1)
    assert (captures.has(need, "", "run"), captures.has(need, "", "later")) == (True, False)
    captures.keep(need, None, "a", "run", 1)
    assert (captures.has(need, "a", "later"), captures.payload(need)) == (True, None)
    assert not captures.has(need, "b", "run")


def test_a_change_while_the_timer_fires_starts_the_wait_anew() -> None:
    """A timer that cannot be called off any more changes nothing."""
    clock, due = DeskClock(), list[int]()
    live = Debounce(clock, 1.0, lambda: due.append(1))
    live.touch(Moment(1))
    late = clock.calls[0][1]
    live.touch(Moment(2))
    late()
    assert (due, live.take()) == ([], None)
    clock.advance(1.0)
    assert (due, live.take(), live.pending) == ([1], Moment(2), False)


def test_a_run_is_one_fraction_and_one_time() -> None:
    """Frames that are done, in hand and to come add up; the pace gives the time to go."""
    tally = Tally(2, 0, 4, (Progress("infer", 0, 1, 2),))
    status = running_status(tally, 10.0)
    assert frame_fraction(Progress("result")) > frame_fraction(Progress("ready")) > 0.9
    assert (status.done, status.total, status.fraction) == (2, 4, 0.625)
    assert (status.eta_s, status.text) == (6.0, "Frame 3 of 4: computing")


def test_runs_of_a_node_are_one_status() -> None:
    """Each counts by its frames."""
    one = Status(State.RUNNING, "a", 1, 1, 1.0, warnings=("w",))
    three = Status(State.RUNNING, "b", 0, 3, 0.0, 0, 7.0, warnings=("w", "v"))
    both = folded([one, three])
    assert (both.done, both.total, both.fraction, both.eta_s) == (1, 4, 0.25, 7.0)
    assert both.warnings == ("w", "v")


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"node": "../../etc"}', '{"node": 5}'])
def test_a_state_that_cannot_be_read_is_a_new_nodes(text: str) -> None:
    """A script may hold anything; its node gets an identity that can name a folder."""
    state = parse_node_state(text)
    assert len(bytes.fromhex(state.node)) == 16


def test_a_state_survives_its_text() -> None:
    """What is written is read, and fields of a newer version are left alone."""
    state = NodeState(model="echo", baked={"color": "/a/%04d.exr"}, bake_frames="1-3")
    assert parse_node_state(state.to_text()) == state
    assert parse_node_state(state.to_text()[:-1] + ', "newer": 1}') == state


def summary_of(version: str, *aliases: str) -> ModelSummary:
    """Return a line of the list of models."""
    digest = digest_bytes(version.encode())
    return ModelSummary("echo", version, "test", "", digest, digest, 1, aliases)


MODELS = (summary_of("1.9.0", "champion"), summary_of("1.10.0"), summary_of("1.2.0"))


@pytest.mark.parametrize(
    ("ref", "version"),
    [
        ("echo", "1.10.0"),
        ("echo@champion", "1.9.0"),
        ("echo@1.2.0", "1.2.0"),
        (f"echo@blake3:{digest_bytes(b'1.9.0').hex()}", "1.9.0"),
        ("echo@other", ""),
        ("other", ""),
    ],
)
def test_a_reference_means_what_it_means_to_the_server(ref: str, version: str) -> None:
    """A bare name is the highest version by number, an alias what points there."""
    found = find_model(MODELS, ref)
    assert (found.version if found else "") == version


def test_an_upgrade_follows_the_alias_or_the_highest_version() -> None:
    """Who asked for the champion is not offered what nobody has promoted."""
    package = digest_bytes(b"1.2.0").hex()
    followed, chosen = (find_newer(MODELS, f"echo@{by}", package) for by in ("champion", "1.2.0"))
    assert [found and found.version for found in (followed, chosen)] == ["1.9.0", "1.10.0"]
    assert find_newer(MODELS, "echo@champion", digest_bytes(b"1.9.0").hex()) is None


def test_an_upgrade_says_what_changes() -> None:
    """An artist reads which settings are new, gone or different before pressing the button."""
    strength = dict(document_of()["params"][0])
    old = _manifest(params=[strength, {**strength, "name": "gone"}])
    new = _manifest(
        model={**document_of()["model"], "version": "2.0.0"},
        params=[{**strength, "default": 2.0}, {**strength, "name": "fresh"}],
    )
    assert compare_manifests(old, new) == (
        "echo 1.0.0 becomes 2.0.0.",
        "New parameter fresh.",
        "The parameter gone is gone.",
        "The default of strength is 2.0, not 1.0.",
    )


def _manifest(**sections: Any) -> Manifest:
    return parse_manifest(document_of(**sections))
