"""The client against a server played by hand, over real sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from fakes.scripted import CHUNK, RESUME, ScriptedServer, accepted, pieces, ref
from filmgate import downloads, submissions
from filmgate.client import Client
from filmgate.digest import digest_bytes
from filmgate.errors import (
    BusyError,
    CancelledError,
    ConnectionLostError,
    DamagedImageError,
    DeniedError,
    ExpiredError,
    FilmgateError,
    IntegrityError,
    ParameterError,
    ProtocolError,
    RequestError,
    StorageError,
    UnknownModelError,
)
from filmgate.job import Job, Options, Payload, Progress, Work
from filmgate.manifest import Manifest, parse_manifest, to_manifest_json
from filmgate.transfer import ATTEMPTS_MAX
from filmgate.wire.messages import (
    BlobDone,
    BlobGet,
    BlobPut,
    Credit,
    Drain,
    Error,
    Hello,
    JobAck,
    JobCancel,
    JobEnded,
    JobProgress,
    JobQuery,
    JobReady,
    JobRefused,
    JobSubmit,
    ModelsList,
    ModelsPage,
    StatusGet,
    StatusPage,
    to_error,
)
from filmgate.wire.records import ModelSummary

PATIENCE_S = 20.0
PLATE = bytes(range(256)) * 600
"""Two pieces and a bit."""

CLEAN = PLATE[::-1]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Return a server that answers nothing by itself."""
    with ScriptedServer() as scripted:
        yield scripted


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[Client]:
    """Return a client that has not been let in yet."""
    with Client(server.address, "film", "alice", "secret") as made:
        yield made


def work(data: bytes = PLATE, **params: Any) -> Work:
    """Return work on one input."""
    return Work("denoise", (Payload("color", data, time=1001.0),), params)


def refuse(server: ScriptedServer, code: str, retry_after_ms: int) -> JobSubmit:
    """Wait for a job and refuse it."""
    submit, received = server.expect(JobSubmit)
    server.answer(received, JobRefused(submit.job_id, code, "No.", "", {}, retry_after_ms))
    return submit


def finish(server: ScriptedServer, job: Job, *contents: bytes) -> None:
    """Play the rest of a job: ready, download, ack, ended."""
    server.ready(job.id, *contents)
    for content in contents:
        server.give_blob(content)
    end(server, job)


def end(server: ScriptedServer, job: Job) -> None:
    """Wait for the ack and end the job."""
    ack, received = server.expect(JobAck)
    assert ack.job_id == job.id
    server.answer(received, JobEnded(job.id, "result"))


def test_a_job_from_end_to_end(server: ScriptedServer, client: Client) -> None:
    """Submit, upload, progress, ready, download, ack, ended: the result is what the server sent."""
    stages: list[str] = []
    job = client.submit(
        work(strength=0.5), on_progress=lambda job: stages.append(job.progress.stage)
    )
    assert server.welcome().show == "film"
    submit = server.accept(digest_bytes(PLATE))
    assert submit.job_id == job.id
    assert (submit.work.model, submit.work.params) == ("denoise", {"strength": 0.5})
    assert (submit.work.inputs[0].size, submit.work.inputs[0].time) == (len(PLATE), 1001.0)
    assert server.take_blob(len(PLATE)) == PLATE
    server.tell(BlobDone(digest_bytes(PLATE)))
    server.tell(JobProgress(job.id, "infer", 0, 3, 8, 1250))
    finish(server, job, CLEAN)
    result = job.result(PATIENCE_S)
    assert bytes(result.output("color").data) == CLEAN
    assert result.output("color").data.readonly
    assert (result.work_key, result.numerics) == (b"w" * 32, "array-1/float32/cpu")
    assert result.uploaded_bytes == len(PLATE)
    assert stages == ["sending", "infer", "ready", "result"]


def test_progress_is_passed_on(server: ScriptedServer, client: Client) -> None:
    """What the server says of a job is what the listener sees, in seconds."""
    seen: list[Progress] = []
    told = threading.Event()

    def listen(job: Job) -> None:
        seen.append(job.progress)
        told.set() if job.progress.total else None

    job = client.submit(work(), on_progress=listen)
    server.welcome()
    server.accept()
    server.tell(JobProgress(job.id, "infer", 2, 3, 8, 1250))
    assert told.wait(PATIENCE_S)
    assert seen[-1] == Progress("infer", 2, 3, 8, 1.25)


def test_no_more_is_uploaded_than_granted(server: ScriptedServer, client: Client) -> None:
    """The client sends what fits into its credit, waits, and goes on when more is granted."""
    client.submit(work())
    server.welcome(credit_bytes=2 * CHUNK)
    server.accept(digest_bytes(PLATE))
    assert server.expect(BlobPut)[0].offset == 0
    assert server.expect(BlobPut)[0].offset == CHUNK
    assert server.silent()
    server.tell(Credit(CHUNK))
    assert server.expect(BlobPut)[0].offset == 2 * CHUNK


def test_uploads_go_on_where_the_server_says(server: ScriptedServer, client: Client) -> None:
    """What has arrived before is not sent again."""
    job = client.submit(work())
    server.welcome()
    server.accept(digest_bytes(PLATE), offset=2 * CHUNK)
    put, received = server.expect(BlobPut)
    assert (put.offset, received.piece) == (2 * CHUNK, PLATE[2 * CHUNK :])
    finish(server, job, CLEAN)
    assert job.result(PATIENCE_S).uploaded_bytes == len(PLATE) - 2 * CHUNK


def test_known_inputs_are_not_uploaded(server: ScriptedServer, client: Client) -> None:
    """A server that has the inputs gets no pixels."""
    job = client.submit(work())
    server.welcome()
    server.accept()
    finish(server, job, CLEAN)
    assert job.result(PATIENCE_S).uploaded_bytes == 0


def test_blob_done_stops_an_upload(server: ScriptedServer, client: Client) -> None:
    """When somebody else has sent the blob, the rest stays here."""
    client.submit(work())
    server.welcome(credit_bytes=CHUNK)
    server.accept(digest_bytes(PLATE))
    server.expect(BlobPut)
    server.tell(BlobDone(digest_bytes(PLATE)))
    server.tell(Credit(10 * CHUNK))
    assert server.silent()


def test_a_busy_server_is_asked_again(server: ScriptedServer, client: Client) -> None:
    """A refusal with a time is tried again after it, with the same job."""
    job = client.submit(work())
    server.welcome()
    first = refuse(server, "busy", 10)
    second = refuse(server, "busy", 10)
    assert first.job_id == second.job_id == job.id
    server.accept()
    finish(server, job, CLEAN)
    assert bytes(job.result(PATIENCE_S).output("color").data) == CLEAN


def test_patience_ends(server: ScriptedServer, client: Client) -> None:
    """A job without patience fails with the server's reason."""
    job = client.submit(work(), Options(patience_s=0.0))
    server.welcome()
    refuse(server, "busy", 10)
    with pytest.raises(BusyError, match=r"No\."):
        job.result(PATIENCE_S)


def test_a_hopeless_refusal_is_the_end(server: ScriptedServer, client: Client) -> None:
    """A wrong parameter is told at once, as the error that it is."""
    job = client.submit(work())
    server.welcome()
    refuse(server, "parameter", 0)
    with pytest.raises(ParameterError):
        job.result(PATIENCE_S)


def test_an_error_in_answer_to_a_submit_is_the_end(server: ScriptedServer, client: Client) -> None:
    """A server that does not understand the job ends it, so that nobody waits for ever."""
    job = client.submit(work())
    server.welcome()
    _, received = server.expect(JobSubmit)
    server.answer(received, Error("protocol", "JobSubmit.work: what is this?"))
    with pytest.raises(FilmgateError, match="what is this"):
        job.result(PATIENCE_S)


def test_a_job_that_ends_otherwise_raises(server: ScriptedServer, client: Client) -> None:
    """The outcome's code, text, remedy and detail become the exception."""
    job = client.submit(work())
    server.welcome()
    server.accept()
    server.tell(
        JobEnded(job.id, "error", "damaged_image", "It is cut off.", "Copy it.", {"row": 3})
    )
    with pytest.raises(DamagedImageError, match=r"cut off\. Copy it") as caught:
        job.result(PATIENCE_S)
    assert caught.value.detail == {"row": 3}


def test_a_damaged_upload_starts_again(server: ScriptedServer, client: Client) -> None:
    """After the server's complaint the pieces come again from the start."""
    client.submit(work())
    server.welcome(credit_bytes=100 * CHUNK)
    server.accept(digest_bytes(PLATE))
    puts = [server.expect(BlobPut) for _ in range(3)]
    detail = {"digest": puts[0][0].digest.hex(), "offset": 0}
    server.tell(Error("integrity", "Damaged.", "", detail), puts[0][1].envelope.id)
    assert b"".join(server.expect(BlobPut)[1].piece for _ in range(3)) == PLATE


def test_an_upload_that_is_always_damaged_is_given_up(
    server: ScriptedServer, client: Client
) -> None:
    """After a few times the job fails, and the server is told."""
    job = client.submit(work(PLATE[:100]))
    server.welcome(credit_bytes=100 * CHUNK)
    digest = digest_bytes(PLATE[:100])
    server.accept(digest)
    for _ in range(ATTEMPTS_MAX + 1):
        _, received = server.expect(BlobPut)
        detail = {"digest": digest.hex(), "offset": 0}
        server.answer(received, Error("integrity", "Damaged.", "", detail))
    assert server.expect(JobCancel)[0].job_id == job.id
    with pytest.raises(IntegrityError):
        job.result(PATIENCE_S)


@pytest.mark.parametrize("code", ["busy", "storage"])
def test_an_upload_without_memory_is_tried_later(
    server: ScriptedServer, client: Client, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """A server that has no memory for a piece is asked again after a while, not at once."""
    monkeypatch.setattr(submissions, "RETRY_S", 0.01)
    job = client.submit(work(PLATE[:100]))
    server.welcome()
    digest = digest_bytes(PLATE[:100])
    server.accept(digest)
    _, received = server.expect(BlobPut)
    server.answer(received, Error(code, "Full.", "", {"digest": digest.hex(), "offset": 0}))
    server.accept(digest)
    assert server.expect(BlobPut)[1].piece == PLATE[:100]
    finish(server, job, CLEAN)
    job.result(PATIENCE_S)


@pytest.mark.parametrize(
    "detail",
    [{"digest": "no digits", "offset": 0}, {"digest": 3}, {"digest": "00", "offset": None}],
)
def test_unsound_details_do_no_harm(
    server: ScriptedServer, client: Client, detail: dict[str, Any]
) -> None:
    """An error whose detail makes no sense does not end the client's thread."""
    job = client.submit(work())
    server.welcome()
    server.tell(Error("integrity", "Damaged.", "", detail))
    server.accept()
    finish(server, job, CLEAN)
    job.result(PATIENCE_S)


def test_a_damaged_download_is_asked_for_again(server: ScriptedServer, client: Client) -> None:
    """One flipped bit costs one more request, though other pieces were on their way."""
    job = client.submit(work())
    server.welcome()
    server.accept()
    server.ready(job.id, CLEAN)
    server.expect(BlobGet)
    for message, piece in pieces(CLEAN):
        server.tell(message, piece=bytes([piece[0] ^ 1]) + piece[1:])
    assert server.give_blob(CLEAN).offset == 0
    end(server, job)
    assert bytes(job.result(PATIENCE_S).output("color").data) == CLEAN


def test_a_download_that_is_always_damaged_is_given_up(
    server: ScriptedServer, client: Client
) -> None:
    """After a few times the job fails; what cannot be verified is never acknowledged."""
    job = client.submit(work())
    server.welcome()
    server.accept()
    server.ready(job.id, CLEAN)
    message, piece = pieces(CLEAN)[0]
    for _ in range(ATTEMPTS_MAX):
        server.expect(BlobGet)
        server.tell(message, piece=bytes(len(piece)))
    assert server.expect(JobCancel)[0].job_id == job.id
    with pytest.raises(IntegrityError):
        job.result(PATIENCE_S)


def test_an_output_that_no_memory_holds_is_an_error(server: ScriptedServer, client: Client) -> None:
    """A promise of petabytes fails the job instead of the host."""
    job = client.submit(work())
    server.welcome()
    server.accept()
    huge = type(ref(CLEAN))("color", b"d" * 32, 1 << 50)
    server.tell(JobReady(job.id, (huge,)))
    assert server.expect(JobCancel)[0].job_id == job.id
    with pytest.raises(StorageError):
        job.result(PATIENCE_S)


def test_ready_twice_is_one_result(server: ScriptedServer, client: Client) -> None:
    """A message that comes twice changes nothing."""
    ends: list[Job] = []
    job = client.submit(work(), on_end=ends.append)
    server.welcome()
    server.accept()
    server.ready(job.id, CLEAN)
    server.give_blob(CLEAN)
    _, received = server.expect(JobAck)
    server.ready(job.id, CLEAN)
    server.expect(JobAck)
    server.answer(received, JobEnded(job.id, "result"))
    server.tell(JobEnded(job.id, "result"))
    assert bytes(job.result(PATIENCE_S).output("color").data) == CLEAN
    assert ends == [job]


def test_equal_outputs_are_fetched_once(server: ScriptedServer, client: Client) -> None:
    """Two outputs with the same content cost one download and are both there."""
    job = client.submit(work())
    server.welcome()
    server.accept()
    server.ready(job.id, CLEAN, CLEAN)
    server.give_blob(CLEAN)
    end(server, job)
    assert [bytes(output.data) for output in job.result(PATIENCE_S).outputs] == [CLEAN, CLEAN]


def test_lost_outputs_are_asked_about(server: ScriptedServer, client: Client) -> None:
    """When the server has lost a blob, the client asks for the job, and gets it a second time."""
    job = client.submit(work())
    server.welcome()
    server.accept()
    server.ready(job.id, CLEAN)
    _, received = server.expect(BlobGet)
    server.answer(received, Error("unknown_blob", "Gone."))
    _, received = server.expect(JobQuery)
    server.answer(received, accepted(job.id))
    finish(server, job, CLEAN)
    assert bytes(job.result(PATIENCE_S).output("color").data) == CLEAN


def test_a_query_that_fails_for_now_is_repeated(
    server: ScriptedServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is too busy to do lost work again is asked later."""
    monkeypatch.setattr(submissions, "RETRY_S", 0.01)
    job = client.submit(work())
    server.welcome()
    server.accept()
    server.ready(job.id, CLEAN)
    _, received = server.expect(BlobGet)
    server.answer(received, Error("unknown_blob", "Gone."))
    _, received = server.expect(JobQuery)
    server.answer(received, Error("busy", "Full."))
    server.accept()
    finish(server, job, CLEAN)
    assert bytes(job.result(PATIENCE_S).output("color").data) == CLEAN


@pytest.mark.parametrize("kind", [JobAck, JobQuery])
def test_a_job_that_the_server_has_forgotten_is_submitted_again(
    server: ScriptedServer,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[JobAck],
) -> None:
    """A server that was started again knows no job before it is submitted."""
    monkeypatch.setattr(submissions, "RETRY_S", 0.01)
    job = client.submit(work())
    server.welcome()
    server.accept()
    server.ready(job.id, CLEAN)
    if kind is JobAck:
        server.give_blob(CLEAN)
    else:
        server.answer(server.expect(BlobGet)[1], Error("unknown_blob", "Gone."))
    _, received = server.expect(kind)
    server.answer(received, Error("unknown_job", "The server knows no such job."))
    server.accept()
    server.ready(job.id, CLEAN)
    if kind is JobQuery:
        server.give_blob(CLEAN)
    end(server, job)
    assert bytes(job.result(PATIENCE_S).output("color").data) == CLEAN


def test_jobs_outlive_the_server(server: ScriptedServer, client: Client) -> None:
    """After a restart the same jobs are submitted, in order, and their inputs sent again."""
    jobs = [client.submit(work(PLATE[: 100 + n])) for n in range(3)]
    server.welcome()
    for _ in jobs:
        server.accept(*[digest_bytes(PLATE[: 100 + n]) for n in range(3)][:1])
    server.close()
    with ScriptedServer(server.port) as again:
        assert again.welcome().resume == RESUME
        submits = [again.accept() for _ in jobs]
        assert [submit.job_id for submit in submits] == [job.id for job in jobs]
        for job in jobs:
            again.ready(job.id)
            end(again, job)
        assert all(job.result(PATIENCE_S).outputs == () for job in jobs)


def test_an_end_that_comes_late_keeps_the_result(server: ScriptedServer, client: Client) -> None:
    """Acknowledged before the connection broke, the job ends with what was verified then."""
    job = client.submit(work())
    server.welcome()
    server.accept()
    server.ready(job.id, CLEAN)
    server.give_blob(CLEAN)
    server.expect(JobAck)
    server.close()
    with ScriptedServer(server.port) as again:
        again.welcome()
        _, received = again.expect(JobSubmit)
        again.answer(received, JobEnded(job.id, "result"))
        assert bytes(job.result(PATIENCE_S).output("color").data) == CLEAN


def test_an_end_without_a_result_is_an_error(server: ScriptedServer, client: Client) -> None:
    """A server that says that the job ended well before anything came is not believed."""
    job = client.submit(work())
    server.welcome()
    _, received = server.expect(JobSubmit)
    server.answer(received, JobEnded(job.id, "result"))
    with pytest.raises(StorageError):
        job.result(PATIENCE_S)


def test_downloads_go_on_after_a_reconnection(server: ScriptedServer, client: Client) -> None:
    """What has arrived and matched its sums is not fetched again."""
    job = client.submit(work())
    server.welcome()
    server.accept()
    server.ready(job.id, CLEAN)
    server.expect(BlobGet)
    for message, piece in pieces(CLEAN)[:2]:
        server.tell(message, piece=piece)
    server.tell(JobProgress(b"x" * 16, "infer"))
    server.tell(Error("unknown_session", "This connection has no session."))
    server.welcome(resumed=True)
    server.accept()
    server.ready(job.id, CLEAN)
    assert server.give_blob(CLEAN).offset == 2 * CHUNK
    end(server, job)
    assert bytes(job.result(PATIENCE_S).output("color").data) == CLEAN


def test_cancel_before_the_server_is_there(server: ScriptedServer, client: Client) -> None:
    """A job that is cancelled before it could be submitted is submitted and cancelled."""
    job = client.submit(work())
    job.cancel()
    server.welcome()
    server.accept()
    _, received = server.expect(JobCancel)
    server.answer(received, JobEnded(job.id, "cancelled", "cancelled", "The job was cancelled."))
    with pytest.raises(CancelledError):
        job.result(PATIENCE_S)


def test_cancel_while_waiting_to_try_again(server: ScriptedServer, client: Client) -> None:
    """A job that the server has refused for now ends here at once."""
    waiting = threading.Event()
    job = client.submit(
        work(), on_progress=lambda job: waiting.set() if job.progress.stage == "waiting" else None
    )
    server.welcome()
    refuse(server, "busy", 60_000)
    assert waiting.wait(PATIENCE_S)
    assert job.progress.text
    job.cancel()
    with pytest.raises(CancelledError):
        job.result(PATIENCE_S)
    assert server.silent()


def test_cancel_of_a_refused_job(server: ScriptedServer, client: Client) -> None:
    """A cancel that crosses the refusal ends as cancelled, not in another try."""
    job = client.submit(work())
    server.welcome()
    submit, received = server.expect(JobSubmit)
    job.cancel()
    server.expect(JobCancel)
    server.answer(received, JobRefused(submit.job_id, "busy", "No.", "", {}, 10))
    with pytest.raises(CancelledError):
        job.result(PATIENCE_S)
    assert server.silent()


def test_cancel_of_a_job_the_server_does_not_know(server: ScriptedServer, client: Client) -> None:
    """Where there is nothing to cancel, the job is cancelled."""
    job = client.submit(work())
    server.welcome()
    server.expect(JobSubmit)
    job.cancel()
    _, received = server.expect(JobCancel)
    server.answer(received, Error("unknown_job", "The server knows no such job."))
    with pytest.raises(CancelledError):
        job.result(PATIENCE_S)


def test_a_result_that_was_faster_than_the_cancel(server: ScriptedServer, client: Client) -> None:
    """The server's first outcome counts."""
    job = client.submit(work())
    server.welcome()
    server.accept()
    server.ready(job.id, CLEAN)
    server.give_blob(CLEAN)
    _, received = server.expect(JobAck)
    job.cancel()
    server.expect(JobCancel)
    server.answer(received, JobEnded(job.id, "result"))
    server.tell(JobEnded(job.id, "result"))
    assert bytes(job.result(PATIENCE_S).output("color").data) == CLEAN


def test_cancel_of_one_job_leaves_the_other(server: ScriptedServer, client: Client) -> None:
    """Two jobs on the same input: the upload goes on for the one that is left."""
    first, second = client.submit(work()), client.submit(work())
    server.welcome(credit_bytes=CHUNK)
    server.accept(digest_bytes(PLATE))
    server.accept(digest_bytes(PLATE))
    server.expect(BlobPut)
    first.cancel()
    _, received = server.expect(JobCancel)
    server.answer(received, JobEnded(first.id, "cancelled", "cancelled", "Cancelled."))
    with pytest.raises(CancelledError):
        first.result(PATIENCE_S)
    server.tell(Credit(10 * CHUNK))
    assert [server.expect(BlobPut)[0].offset for _ in range(2)] == [CHUNK, 2 * CHUNK]
    finish(server, second, CLEAN)
    assert bytes(second.result(PATIENCE_S).output("color").data) == CLEAN


def test_a_server_that_never_answers(server: ScriptedServer, client: Client) -> None:
    """Waiting for a silent server ends with a typed error, wherever one waits."""
    for wait in (client.wait_connected, client.models, client.status):
        with pytest.raises(ConnectionLostError, match=server.address):
            wait(0.05)
    with pytest.raises(ExpiredError):
        client.submit(work()).result(0.05)


def test_a_wrong_token_is_told(server: ScriptedServer, client: Client) -> None:
    """Every way of waiting tells that the server has turned the client away."""
    job = client.submit(work())
    _, received = server.expect(Hello)
    server.route = received.route
    server.answer(received, Error("denied", "The token is not this server's."))
    with pytest.raises(DeniedError):
        client.wait_connected(PATIENCE_S)
    with pytest.raises(DeniedError):
        job.result(PATIENCE_S)
    with pytest.raises(DeniedError):
        client.submit(work()).result(PATIENCE_S)
    with pytest.raises(DeniedError):
        client.models(PATIENCE_S)


def test_questions_are_asked_again(server: ScriptedServer, client: Client) -> None:
    """A question that the connection lost is answered on the next one."""
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.status, PATIENCE_S)
        server.welcome()
        server.expect(StatusGet)
        server.tell(Error("unknown_session", "This connection has no session."))
        server.welcome()
        _, received = server.expect(StatusGet)
        server.answer(received, StatusPage("0.1.0", "running"))
        assert asked.result(PATIENCE_S).state == "running"


MANIFEST = parse_manifest(
    {
        "model": {"name": "denoise", "version": "1.0.0", "task": "denoise", "summary": "Less."},
        "licence": {"code": "Apache-2.0", "weights": "none"},
        "inputs": [{"name": "color"}],
        "outputs": [{"name": "color"}],
        "runtime": {"engine": "oidn"},
    }
)
CARD = to_manifest_json(MANIFEST)
SUMMARY = ModelSummary(
    "denoise", "1.0.0", "denoise", "Less.", b"p" * 32, digest_bytes(CARD), len(CARD)
)


def test_models_come_in_pages(server: ScriptedServer, client: Client) -> None:
    """The list is asked for until its end."""
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.models, PATIENCE_S)
        server.welcome()
        for cursor, following in ((0, 2), (2, 3), (3, 0)):
            message, received = server.expect(ModelsList)
            assert message.cursor == cursor
            server.answer(received, ModelsPage((SUMMARY,), following))
        assert asked.result(PATIENCE_S) == [SUMMARY] * 3


def test_manifests_are_fetched(server: ScriptedServer, client: Client) -> None:
    """A manifest is a blob, verified like any other, by name or by name and version."""
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.manifest, "denoise@1.0.0", PATIENCE_S)
        server.welcome()
        message, received = server.expect(ModelsList)
        assert message.model == "denoise@1.0.0"
        server.answer(received, ModelsPage((SUMMARY,)))
        server.give_blob(CARD)
        assert asked.result(PATIENCE_S) == MANIFEST
        unknown = pool.submit(client.manifest, "upscale", PATIENCE_S)
        server.answer(server.expect(ModelsList)[1], to_error(UnknownModelError("None.")))
        with pytest.raises(UnknownModelError):
            unknown.result(PATIENCE_S)
        confused = pool.submit(client.manifest, "denoise", PATIENCE_S)
        server.answer(server.expect(ModelsList)[1], ModelsPage((SUMMARY, SUMMARY)))
        with pytest.raises(ProtocolError):
            confused.result(PATIENCE_S)


def _send_until_all_have_it(server: ScriptedServer, asked: list[Future[Manifest]]) -> None:
    """Answer again whoever asks only after the first answer: threads take turns as they like."""
    ((message, piece),) = pieces(CARD)
    server.tell(message, piece=piece)
    while not all(each.done() for each in asked):
        if server.poll(within_ms=10) and isinstance(server.receive().envelope.message, BlobGet):
            server.tell(message, piece=piece)


def test_two_threads_may_want_one_manifest(server: ScriptedServer, client: Client) -> None:
    """Everybody who asked for a blob gets it."""
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(client.manifest, "denoise", PATIENCE_S) for _ in range(2)]
        server.welcome()
        for _ in asked:
            server.answer(server.expect(ModelsList)[1], ModelsPage((SUMMARY,)))
        wanted, _ = server.expect(BlobGet)
        assert wanted.digest == digest_bytes(CARD)
        _send_until_all_have_it(server, asked)
        assert [each.result(PATIENCE_S) for each in asked] == [MANIFEST] * 2


@pytest.mark.parametrize("size", [0, 1 << 50])
def test_a_manifest_of_an_impossible_size_is_an_error(
    server: ScriptedServer, client: Client, size: int
) -> None:
    """A server that lies about a size does not end the client's thread."""
    lie = ModelSummary("denoise", "1.0.0", "t", "s", b"p" * 32, digest_bytes(CARD), size)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.manifest, "denoise", PATIENCE_S)
        server.welcome()
        server.answer(server.expect(ModelsList)[1], ModelsPage((lie,)))
        with pytest.raises(StorageError):
            asked.result(PATIENCE_S)


@pytest.mark.parametrize("value", [object(), {1}, 2**70], ids=["object", "set", "huge"])
def test_parameters_that_cannot_travel_are_refused(
    server: ScriptedServer, client: Client, value: Any
) -> None:
    """A parameter of a foreign type fails its own job and no other."""
    job = client.submit(work(strength=value))
    server.welcome()
    with pytest.raises(RequestError):
        job.result(PATIENCE_S)
    other = client.submit(work())
    server.accept()
    finish(server, other, CLEAN)
    other.result(PATIENCE_S)


def test_a_job_too_long_for_a_header_is_an_error(server: ScriptedServer, client: Client) -> None:
    """More inputs than a header holds fail the job at once, without a word to the server."""
    many = tuple(Payload("color", b"x", time=float(n), view="v" * 100) for n in range(400))
    job = client.submit(Work("denoise", many))
    server.welcome()
    with pytest.raises(FilmgateError, match="too long"):
        job.result(PATIENCE_S)


def test_a_listener_that_fails_does_no_harm(server: ScriptedServer, client: Client) -> None:
    """An exception in a host's own callback ends neither the job nor the client."""
    job = client.submit(work(), on_progress=lambda _: 1 / 0, on_end=lambda _: 1 / 0)  # type: ignore[arg-type,return-value]
    server.welcome()
    server.accept()
    finish(server, job, CLEAN)
    assert bytes(job.result(PATIENCE_S).output("color").data) == CLEAN


def test_strangers_messages_are_ignored(server: ScriptedServer, client: Client) -> None:
    """Messages about jobs and blobs that nobody asked for change nothing."""
    job = client.submit(work())
    server.welcome()
    server.tell(Drain(10))
    server.tell(accepted(b"x" * 16))
    server.ready(b"x" * 16, CLEAN)
    server.tell(JobEnded(b"x" * 16, "result"))
    for message, piece in pieces(CLEAN):
        server.tell(message, piece=piece)
    server.accept()
    finish(server, job, CLEAN)
    assert bytes(job.result(PATIENCE_S).output("color").data) == CLEAN


def test_credit_comes_back_for_what_was_read(server: ScriptedServer, client: Client) -> None:
    """The server may always send a window more than the client has read."""
    large = bytes(downloads.WINDOW_BYTES)
    job = client.submit(work(b"x"))
    server.welcome()
    server.accept()
    server.ready(job.id, large)
    server.expect(BlobGet)
    assert server.credit == downloads.WINDOW_BYTES
    for message, piece in pieces(large):
        server.tell(message, piece=piece)
    end(server, job)
    job.result(PATIENCE_S)
    assert server.credit >= downloads.WINDOW_BYTES * 7 // 4


def test_closing_ends_what_is_open(server: ScriptedServer) -> None:
    """Whoever waits for a client that is closed gets an error, before and after."""
    client = Client(server.address)
    job = client.submit(work())
    client.close()
    client.close()
    with pytest.raises(ConnectionLostError):
        job.result(PATIENCE_S)
    with pytest.raises(ConnectionLostError):
        client.submit(work()).result(PATIENCE_S)
    assert "filmgate-link" not in {thread.name for thread in threading.enumerate()}
