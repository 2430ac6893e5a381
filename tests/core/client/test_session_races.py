"""What happens to a node when things come at the wrong moment; the server is played by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.desk import PACKAGE, Desk, document_of
from fakes.scripted import ScriptedServer, ref
from filmgate.digest import digest_bytes
from filmgate.host.port import Moment
from filmgate.host.receipt import EXR_MAGIC
from filmgate.host.results import Request
from filmgate.host.state import State
from filmgate.job import Output, Result
from filmgate.wire.messages import JobAck, JobCancel, JobEnded, JobProgress, JobReady, JobSubmit
from filmgate.wire.records import PNG_MEDIA, BlobRef, ColourSpec, Wish


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Return a server that does what the test says."""
    with ScriptedServer() as scripted:
        yield scripted


@pytest.fixture
def desk(server: ScriptedServer, tmp_path: Path) -> Iterator[Desk]:
    """Return a node that was saved with its manifest."""
    with Desk(tmp_path, server.address, document_of()) as desk:
        yield desk


def submitted(desk: Desk, server: ScriptedServer, first: bool = True) -> JobSubmit:
    """Let the node submit a frame, and accept it without needing its pixels."""
    desk.settle(lambda: server.poll(1))
    if first:
        server.welcome()
    return server.accept()


def exr(content: bytes) -> bytes:
    """Return what looks like an EXR file from its beginning."""
    return EXR_MAGIC + content


def of_frame(content: bytes) -> BlobRef:
    """Return how the result of frame 1 is told of."""
    return replace(ref(exr(content)), time=1.0)


def give(desk: Desk, server: ScriptedServer, job_id: bytes, *refs_and_contents: object) -> None:
    """Answer a job with outputs, and end it."""
    refs = [each for each in refs_and_contents if isinstance(each, BlobRef)]
    contents = [each for each in refs_and_contents if isinstance(each, bytes)]
    server.tell(JobReady(job_id, tuple(refs)))
    for content in contents:
        server.give_blob(content)
    server.expect(JobAck)
    server.tell(JobEnded(job_id, "result"))


def key_of(desk: Desk, frame: int) -> bytes:
    """Return the key of what the node asks for at a frame."""
    plate = desk.plate("color", Moment(frame))
    main = BlobRef("color", digest_bytes(plate), len(plate), time=float(frame))
    request = Request(
        bytes.fromhex(PACKAGE), {"strength": 1.0}, {}, (main,), Wish(), ColourSpec(), show="film"
    )
    return request.key()


def test_a_result_after_the_cancel_is_kept_and_not_delivered(
    desk: Desk, server: ScriptedServer
) -> None:
    """It was paid for: the next run has it without the network; but nobody asked to see it."""
    desk.run(1)
    submit = submitted(desk, server)
    desk.session.cancel()
    server.expect(JobCancel)
    give(desk, server, submit.job_id, of_frame(b"late"), exr(b"late"))
    desk.settle(lambda: desk.hub.results.find(key_of(desk, 1)) is not None)
    desk.settle()
    assert (desk.states([1]), desk.host.takes) == ([State.EMPTY], [])
    desk.make(1)
    assert (desk.states([1]), server.silent(50)) == ([State.FRESH], True)


def test_what_is_known_does_not_wait_for_a_server(desk: Desk, server: ScriptedServer) -> None:
    """A server that is silent for ten seconds holds up what it is asked for, and nothing else."""
    known = Result((Output("color", memoryview(exr(b"known")), time=2.0),), work_key=b"w" * 32)
    desk.hub.results.put(key_of(desk, 2), known)
    desk.run(1)
    desk.settle(lambda: server.poll(1))
    desk.run(2)
    desk.settle(lambda: desk.states([2]) == [State.FRESH])
    assert (desk.states([1]), desk.codes()) == ([State.RUNNING], [])


def test_a_cancel_shows_at_once(desk: Desk, server: ScriptedServer) -> None:
    """The label does not wait for the server's word."""
    desk.run(1)
    submitted(desk, server)
    assert desk.session.status.state is State.RUNNING
    desk.session.cancel()
    assert desk.session.status.state is not State.RUNNING


def test_an_older_result_never_replaces_a_newer_one(desk: Desk, server: ScriptedServer) -> None:
    """Two runs of one frame may end in any order; what was asked for last counts."""
    desk.run(1)
    older = submitted(desk, server)
    desk.host.params["strength"] = 2.0
    desk.run(1)
    newer = submitted(desk, server, first=False)
    give(desk, server, newer.job_id, of_frame(b"newer"), exr(b"newer"))
    desk.settle(lambda: len(desk.host.takes) == 1)
    give(desk, server, older.job_id, of_frame(b"older"), exr(b"older"))
    desk.settle()
    assert desk.host.take is not None
    assert desk.host.take.path("color", 1).read_bytes() == exr(b"newer")
    assert desk.states([1]) == [State.FRESH]


def test_progress_is_passed_on(desk: Desk, server: ScriptedServer) -> None:
    """Queue place, tiles and time to go are one line, one fraction and one figure."""
    desk.run(1)
    job_id = submitted(desk, server).job_id
    server.tell(JobProgress(job_id, "queued", 3, 0, 0, 9000))
    desk.settle(lambda: desk.session.status.place == 3)
    status = desk.session.status
    assert (status.text, status.eta_s) == ("Waiting for the server, 3 before it", 9.0)
    server.tell(JobProgress(job_id, "infer", 0, 2, 4, 1000))
    desk.settle(lambda: desk.session.status.fraction == 0.5)
    assert desk.hub.board.runs()[0].status.fraction == 0.5
    assert desk.host.statuses[-1].state is State.RUNNING


def test_pictures_go_to_the_panel_and_not_into_the_take(desk: Desk, server: ScriptedServer) -> None:
    """A single frame asks for pictures; the wipe shows the source and the result."""
    desk.run(1)
    submit = submitted(desk, server)
    assert submit.work.wish.preview
    pictures = [
        BlobRef("preview", ref(b"after").digest, 5, PNG_MEDIA),
        BlobRef("preview_source", ref(b"before").digest, 6, PNG_MEDIA),
    ]
    outputs = (of_frame(b"pixels"), *pictures, exr(b"pixels"), b"after", b"before")
    give(desk, server, submit.job_id, *outputs)
    desk.settle()
    shown = desk.hub.board.comparison()
    assert shown is not None
    assert (shown.before, shown.after) == (b"before", b"after")
    assert shown.title == "Node1, frame 1, echo 1.0.0"
    assert desk.host.take is not None
    assert desk.host.take.outputs() == ["color"]


def test_a_sequence_is_batch_work_without_pictures(desk: Desk, server: ScriptedServer) -> None:
    """Nobody waits for one of its frames."""
    desk.run(1, 2)
    submit = submitted(desk, server)
    assert (submit.priority, submit.lane, submit.work.wish.preview) == ("batch", "", False)


def test_a_live_frame_has_the_lane_of_its_node(desk: Desk, server: ScriptedServer) -> None:
    """The server ends a forerunner of which this host knows nothing any more."""
    desk.run(1, live=True)
    submit = submitted(desk, server)
    assert (submit.priority, submit.lane) == ("interactive", desk.session.node)


def test_no_more_frames_are_captured_than_the_server_can_use(
    desk: Desk, server: ScriptedServer
) -> None:
    """A long range does not fill the memory of the host with its pixels."""
    desk.run(*range(1, 11))
    server_jobs = [submitted(desk, server)]
    server_jobs += [submitted(desk, server, first=False) for _ in range(3)]
    assert (desk.session.pump(), len(desk.host.captured)) == (False, 4)
    desk.session.cancel()


def test_work_on_a_connection_that_is_dropped_goes_to_the_next(
    desk: Desk, server: ScriptedServer
) -> None:
    """An artist who connects anew loses no frame that is under way."""
    desk.run(1)
    submitted(desk, server)
    desk.hub.link.reset()
    again = submitted(desk, server)
    give(desk, server, again.job_id, of_frame(b"pixels"), exr(b"pixels"))
    desk.settle()
    assert (desk.states([1]), desk.codes()) == ([State.FRESH], [])


def test_a_server_that_is_waited_for_is_named(desk: Desk, server: ScriptedServer) -> None:
    """Nothing of the frame is done then, and the label says what is waited for."""
    desk.run(1)
    text = f"Connecting to {server.address}"
    desk.settle(lambda: desk.session.status.text == text)
    assert (desk.session.status.state, desk.session.status.fraction) == (State.RUNNING, 0.0)
