"""Peers that break the rules are answered or shut out; nobody else notices."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgpack
import pytest
import zmq

from fakes.ledger import Ledger
from fakes.loads import load
from fakes.peer import Peer, spec_of
from fakes.plates import negate_exr, negate_tensor
from fakes.service import MIB, TOKEN, Service
from fakes.waiting import wait_until
from fakes.zmtp import LONG, MORE, Wire
from filmgate.client import Client
from filmgate.digest import CHUNK_BYTES, digest_blob, digest_bytes
from filmgate.errors import DeniedError
from filmgate.job import Work
from filmgate.wire.codec import decode, encode
from filmgate.wire.messages import (
    BlobData,
    BlobDone,
    BlobGet,
    BlobPut,
    Credit,
    Error,
    Hello,
    JobAccepted,
    JobAck,
    JobCancel,
    JobEnded,
    JobQuery,
    JobReady,
    JobRefused,
    JobSubmit,
    Message,
    StatusGet,
    StatusPage,
    Welcome,
)
from filmgate_server.store.uploads import LOOSE_UPLOADS_MAX

GOLDEN = {
    kind: bytes.fromhex(golden["header"])
    for kind, golden in json.loads(
        (Path(__file__).parents[1] / "golden" / "messages.json").read_text(encoding="utf-8")
    ).items()
}
"""A message of each kind, as it travels."""

MESSAGES_PER_PEER = 1_000

ROOM = 64 * MIB
"""What a hostile peer may make the gateway hold, beside the store."""


@pytest.fixture
def bounded(server: Service) -> Iterator[None]:
    """Hold the gateway's own memory to its size before the test and `ROOM`."""
    before = server.private_bytes
    yield
    assert server.private_bytes < before + ROOM


@pytest.fixture
def peer(server: Service, request: pytest.FixtureRequest) -> Iterator[Peer]:
    """Return a peer with a session, in a show of its own where nothing is known yet."""
    with Peer(server.port, show=request.node.name[:100]) as connected:
        yield connected


@pytest.fixture
def bystander(client: Client, ledger: Ledger) -> Iterator[None]:
    """Let an honest client work before and after the test."""
    ledger.submit(client, *negate_exr(300))
    yield
    ledger.submit(client, *negate_exr(301))
    assert ledger.settle() == {"result": 2}


def document(message: Message, number: int = 1) -> dict[str, Any]:
    """Return a message as the map that travels."""
    return msgpack.unpackb(encode(message, number))


def code_of(peer: Peer) -> str:
    """Return the code of the next error or refusal."""
    return peer.expect(Error, JobRefused).code


# Sessions.


def test_wrong_protocol_version_is_named(server: Service):
    """A client of a future protocol is told which versions are spoken here."""
    with Peer(server.port, hello=False) as peer:
        peer.send(Hello(protocols=(99,), token=TOKEN))
        error = peer.expect(Error)
        assert error.code == "version"
        assert list(error.detail["spoken"]) == [1]


def test_wrong_token_is_denied(server: Service):
    """Without the server's token there is no session, whatever else is asked."""
    with server.client(token=TOKEN.upper()) as client, pytest.raises(DeniedError):
        client.wait_connected(10)
    with Peer(server.port, hello=False) as peer:
        peer.send(Hello(protocols=(1,), token=""))
        assert code_of(peer) == "denied"
        peer.send(StatusGet())
        assert code_of(peer) == "unknown_session"


@pytest.mark.parametrize("kind", sorted(set(GOLDEN) - {"hello"}))
def test_nothing_is_answered_without_a_session(server: Service, kind: str):
    """Every kind of message from a connection that has not said hello gets `unknown_session`."""
    with Peer(server.port, hello=False) as peer:
        peer.send_parts(GOLDEN[kind])
        assert code_of(peer) == "unknown_session"


def test_session_is_resumed_by_its_token_only(server: Service):
    """A resume token gives the session back to its user, and to nobody who guesses another."""
    with Peer(server.port) as first:
        token = first.welcome.resume
        with Peer(server.port, resume=token) as again:
            assert again.welcome.resumed
            first.send(StatusGet())
            assert code_of(first) == "unknown_session"  # the newest connection wins
        with Peer(server.port, resume=token, user="another") as thief:
            assert not thief.welcome.resumed
            assert thief.welcome.resume != token
        with Peer(server.port, resume=bytes(16)) as guess:
            assert not guess.welcome.resumed


def test_chosen_routing_ids_are_refused(server: Service, bystander: None):
    """A connection that names itself is shut before it is heard."""
    hello = encode(Hello(protocols=(1,), token=TOKEN), 1)
    for identity in (b"me", b"five5", b"x" * 200):
        with Wire(server.port, identity=identity) as wire:
            wire.send_frame(hello)
            assert wire.closed_by_server()


# Bytes that are no protocol.


@pytest.mark.parametrize(
    "content",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        bytes(range(256)) * 40,
        b"\xff" + bytes(8) + b"\x7f" + b"\xff" * 500,
        b"\x01\x00\x05\x00mail",  # what ZMTP 1.0 takes for a client with a message
    ],
)
def test_garbage_on_the_port_is_shut_out(
    server: Service, bystander: None, bounded: None, content: bytes
):
    """What does not speak ZMTP gets a greeting at most."""
    with Wire(server.port, handshake=False) as wire:
        wire.send(content)
        wire.finish()
        assert wire.closed_by_server()


def test_half_handshakes_hold_nobody_up(server: Service, bystander: None, bounded: None):
    """Connections that never finish their greeting cost a socket and nothing else."""
    waiting = [Wire(server.port, handshake=False) for _ in range(100)]
    try:
        for place, wire in enumerate(waiting):
            wire.send(b"\xff\0\0\0\0\0\0\0\0\x7f\x03"[: place % 11])
        with Peer(server.port) as peer:
            peer.send(StatusGet())
            assert peer.expect(StatusPage).state == "running"
    finally:
        for wire in waiting:
            wire.socket.close()


def test_connections_that_come_and_go_leave_nothing(server: Service, bounded: None):
    """Two hundred clients that say something and vanish leave no descriptor behind."""
    before = server.descriptors
    hello = encode(Hello(protocols=(1,), token=TOKEN), 1)
    piece = encode(BlobPut(bytes(32), MIB, 0, bytes(16)), 2)
    for _ in range(200):
        with Wire(server.port) as wire:
            wire.send_frame(hello)
            wire.send_frame(piece, MORE)
            wire.send_frame(bytes(1000))
    wait_until(lambda: server.descriptors <= before + 2, "the descriptors to come back")


def test_every_new_connection_is_heard(server: Service):
    """A client that takes the place, and the descriptor, of one just gone is not taken for it."""
    for _ in range(60):
        with Peer(server.port) as peer:
            peer.send(StatusGet())
            assert peer.expect(StatusPage).state == "running"


BOMBS = {
    "empty": b"",
    "not a map": msgpack.packb([1, 2, 3]),
    "deep": b"\x91" * 60_000 + b"\x90",
    "deep maps": b"\x81\xa1a" * 20_000 + b"\x80",
    "wide": b"\xdd" + struct.pack(">I", 2**32 - 1),
    "wide map": b"\xdf" + struct.pack(">I", 2**32 - 1),
    "long text": b"\xdb" + struct.pack(">I", 2**32 - 1),
    "long bytes": b"\xc6" + struct.pack(">I", 2**31) + b"x",
    "extension": b"\xc9" + struct.pack(">Ib", 2**31, 1),
    "empty arrays": b"\x81\xa4kind\xdc\xff\xfe" + b"\x90" * 65_000,
    "number keys": msgpack.packb({1: 2}),
    "invalid text": b"\x81\xa4kind\xa2\xff\xfe",
    "too long": b"\x81\xa4kind\xda\xff\xff" + b"x" * 65_535 + bytes(70_000),
    "no kind": msgpack.packb({"id": 3}),
    "kind of a list": msgpack.packb({"kind": ["hello"]}),
    "kind of a map": msgpack.packb({"kind": {"hello": 1}, "id": 5}),
    "huge id": msgpack.packb({"kind": "hello", "id": 2**64 - 1}),
    "text id": msgpack.packb({"kind": "status.get", "id": "x"}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_headers_are_answered(
    server: Service, peer: Peer, bystander: None, bounded: None, name: str
):
    """Deep, wide, long and foreign headers get an error, and the session goes on."""
    for _ in range(20):
        peer.send_parts(BOMBS[name])
    peer.send(StatusGet())
    assert peer.expect(StatusPage).state == "running"


@load("messages", usual=4_000, nightly=1_000_000)
def test_mutated_messages_never_end_the_server(
    server: Service, bystander: None, bounded: None, messages: int
):
    """Thousands of messages with bytes changed get an answer or none, and the server lives."""
    chance = Random(11)  # noqa: S311 - the same mutations each time
    headers = [GOLDEN[kind] for kind in sorted(GOLDEN)]
    for _ in range(0, messages, MESSAGES_PER_PEER):
        with Peer(server.port) as peer:
            for _ in range(MESSAGES_PER_PEER):
                peer.send_parts(*mutated(chance.choice(headers), chance))
    with Peer(server.port) as peer:
        peer.send(StatusGet())
        assert peer.expect(StatusPage).state == "running"


def mutated(header: bytes, chance: Random) -> list[bytes]:
    """Return a message with some bytes changed, and with binary parts that nobody asked for."""
    changed = bytearray(header)
    for _ in range(chance.choice((1, 2, 5))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    extra = [chance.randbytes(chance.randrange(1, 400)) for _ in range(chance.choice((0, 0, 1, 2)))]
    return [bytes(changed), *extra]


def test_message_of_too_many_parts_is_an_error(peer: Peer, bystander: None):
    """Three parts where there may be two are an error that names the rule."""
    peer.send_parts(encode(StatusGet(), 1), b"one", b"two")
    assert code_of(peer) == "protocol"
    peer.send_parts(encode(StatusGet(), 1), *[b"x"] * 2000)
    assert code_of(peer) == "protocol"


def test_multipart_of_gigabytes_is_shut(server: Service, bystander: None):
    """A message of 2,000 parts of 1 MiB ends with its connection, long before it is complete."""
    before = server.private_bytes
    with Wire(server.port) as wire:
        wire.send_frame(encode(Hello(protocols=(1,), token=TOKEN), 1))
        wire.receive_frame()
        part = struct.pack(">BQ", MORE | LONG, MIB) + bytes(MIB)
        assert wire.flood(part, 2000) < 4 * ROOM
        assert server.private_bytes < before + 4 * ROOM  # an eighth of the message


@pytest.mark.parametrize("said_hello", [False, True])
def test_multipart_of_millions_of_empty_parts_is_shut(server: Service, said_hello: bool):
    """Parts of no bytes cost memory too: their connection ends before they cost much."""
    before = server.private_bytes
    with Wire(server.port) as wire:
        if said_hello:
            wire.send_frame(encode(Hello(protocols=(1,), token=TOKEN), 1))
        wire.flood(bytes([MORE, 0]) * 100_000, 400)
        assert server.private_bytes < before + 4 * ROOM


def test_oversized_frame_is_shut(server: Service, bystander: None, bounded: None):
    """A frame that announces more than a piece may have is not waited for."""
    with Wire(server.port) as wire:
        wire.send(struct.pack(">BQ", LONG, 1 << 40))
        assert wire.closed_by_server()


# Kinds and fields.


def test_unknown_kind_is_answered(peer: Peer):
    """Nobody waits for ever for the answer to a kind that is not known."""
    peer.send_parts(msgpack.packb({"kind": "job.dream", "id": 77}))
    envelope = peer.receive()
    assert (envelope.message.code, envelope.re) == ("unsupported_kind", 77)


def test_kind_that_only_servers_send_is_answered(peer: Peer):
    """A client that plays the server is told so."""
    peer.send(BlobDone(bytes(32)))
    assert code_of(peer) == "protocol"


@pytest.mark.parametrize("place", ["work", "input", "wish"])
def test_unknown_field_of_the_work_is_refused(peer: Peer, place: str):
    """What could change the pixels and is not known is not ignored."""
    job = peer.job(negate_tensor(302)[0])
    message = document(JobSubmit(job.id, spec_of(job)), 5)
    work = message["work"]
    {"work": work, "input": work["inputs"][0], "wish": work["wish"]}[place]["grain"] = 0.5
    peer.send_parts(msgpack.packb(message))
    envelope = peer.receive()
    assert (envelope.message.code, envelope.re) == ("unsupported_field", 5)


def test_unknown_word_in_a_wish_is_refused(peer: Peer):
    """A mode that nobody knows is not another mode."""
    job = peer.job(negate_tensor(303)[0])
    message = document(JobSubmit(job.id, spec_of(job)))
    message["work"]["wish"]["mode"] = "wonderful"
    peer.send_parts(msgpack.packb(message))
    assert code_of(peer) == "protocol"


def test_unknown_fields_elsewhere_are_ignored(peer: Peer):
    """A newer client may say more than this server understands."""
    job = peer.job(negate_tensor(304)[0])
    message = {**document(JobSubmit(job.id, spec_of(job))), "mood": "good", "camera": {"iso": 800}}
    peer.send_parts(msgpack.packb(message))
    assert peer.expect(JobAccepted).job_id == job.id
    peer.send(JobCancel(job.id))
    assert peer.expect(JobEnded).outcome == "cancelled"


# Uploads.


def accepted(peer: Peer, work: Work) -> bytes:
    """Submit *work* and return the job's id once its one input is wanted."""
    job = peer.submit(work)
    assert peer.expect(JobAccepted).missing[0].offset == 0
    return job.id


def cancel(peer: Peer, job_id: bytes) -> None:
    """End a job, so that nothing of it is left for the next test."""
    peer.send(JobCancel(job_id))
    assert peer.expect(JobEnded).job_id == job_id


def big_work(seed: int) -> tuple[Work, bytes]:
    """Return work whose input has several pieces, and that input."""
    work, _ = negate_tensor(seed, (600, 500, 3))
    content = bytes(work.inputs[0].data)
    assert len(content) > 3 * CHUNK_BYTES
    return work, content


def test_piece_out_of_order_is_refused_with_the_right_place(peer: Peer):
    """A piece that skips others is refused, and the answer says where to go on."""
    work, content = big_work(310)
    job_id = accepted(peer, work)
    peer.put(content, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES)
    error = peer.expect(Error)
    assert (error.code, error.detail["offset"]) == ("protocol", 0)
    peer.put(content)
    peer.expect(BlobDone)
    peer.expect(JobReady)
    cancel(peer, job_id)


def test_damaged_piece_starts_the_upload_anew(peer: Peer):
    """A piece whose sum is wrong is not kept; sent again, the blob arrives."""
    work, content = big_work(311)
    job_id = accepted(peer, work)
    peer.put(content, 0, CHUNK_BYTES)
    peer.put(content, CHUNK_BYTES, 2 * CHUNK_BYTES, sum=bytes(16))
    error = peer.expect(Error)
    assert (error.code, error.detail["offset"]) == ("integrity", 0)
    peer.put(content)
    peer.expect(BlobDone)
    peer.expect(JobReady)
    cancel(peer, job_id)


@pytest.mark.parametrize(
    "wrong",
    [
        {"offset": 3},
        {"offset": 2**52},
        {"size": 5},
        {"size": 2**53 - 1},
        {"digest": bytes(32)},
        {"size": 0},
    ],
)
def test_wrong_pieces_do_no_harm(peer: Peer, bounded: None, wrong: dict[str, Any]):
    """A piece that lies about its place, its size or its blob leaves the upload as it was."""
    work, content = big_work(312)
    job_id = accepted(peer, work)
    peer.put(content, 0, CHUNK_BYTES, **wrong)
    peer.put(content)
    peer.expect(BlobDone)
    peer.expect(JobReady)
    cancel(peer, job_id)


def test_pieces_of_another_size_are_refused(peer: Peer):
    """Pieces are cut in one way only: those who fetch the blob get the same sums."""
    work, content = big_work(313)
    job_id = accepted(peer, work)
    blob = digest_blob(content, 1000)
    peer.send(BlobPut(blob.digest, blob.size_bytes, 0, blob.sums[0]), content[:1000])
    assert code_of(peer) == "protocol"
    cancel(peer, job_id)


def test_wrong_bytes_lose_and_the_right_ones_win(server: Service, ledger: Ledger):
    """Of two uploads under one digest the one whose bytes are not the digest's is refused."""
    work, content = big_work(314)
    false = bytes(len(content))
    digest = digest_bytes(content)
    with Peer(server.port) as liar, Peer(server.port) as honest:
        jobs = [accepted(each, work) for each in (liar, honest)]
        liar.put(false, digest=digest)
        error = liar.expect(Error)
        assert (error.code, error.detail["digest"]) == ("integrity", digest.hex())
        honest.put(content)
        for each, job_id in zip((liar, honest), jobs, strict=True):
            assert each.expect(BlobDone).digest == digest
            assert each.expect(JobReady).job_id == job_id
        with server.client(show=honest.welcome.show) as client:
            ledger.submit(client, *negate_tensor(314, (600, 500, 3)))
            assert ledger.settle() == {"result": 1}
        for each, job_id in zip((liar, honest), jobs, strict=True):
            cancel(each, job_id)


def test_overdrawn_credit_ends_the_connection(make_service):
    """Who sends more than was granted is told and shut out."""
    service = make_service(store_bytes=64 * MIB)
    size = 200 << 10
    blob = digest_blob(bytes(size))
    with Peer(service.port), Wire(service.port) as wire:  # the first holds all the spare credit
        wire.send_frame(encode(Hello(protocols=(1,), token=TOKEN), 1))
        welcome = decode(wire.receive_frame()).message
        assert isinstance(welcome, Welcome)
        assert welcome.credit_bytes == 0
        wire.send_frame(encode(BlobPut(blob.digest, size, 0, blob.sums[0]), 2), MORE)
        wire.send_frame(bytes(size))
        assert wire.closed_by_server()
    assert "peer overdrew its credit" in service.log
    assert service.alive


def test_flood_of_unwanted_pieces_costs_no_memory(server: Service, bystander: None, bounded: None):
    """Pieces that nobody asked for are dropped, however many come."""
    with Peer(server.port) as peer:
        for seed in range(300):
            peer.put(bytes([seed % 256]) * MIB, size=2 * MIB)


def test_flood_of_hellos_costs_no_memory(server: Service, bystander: None, bounded: None):
    """A connection that says hello again and again keeps one session, not thousands."""
    with Peer(server.port) as peer:
        for _ in range(5_000):
            peer.hello()
        peer.send(StatusGet())
        assert peer.expect(StatusPage).counters["sessions"] < 100


def test_flood_of_loose_blobs_is_refused(server: Service, bystander: None, bounded: None):
    """Blobs that no job asked for hold only so much memory, and leave with their session."""
    with Peer(server.port) as peer:
        codes: list[str] = []
        for seed in range(LOOSE_UPLOADS_MAX + 1):
            peer.put(seed.to_bytes(4, "big") * 1024, sum=bytes(16))
            codes.append(code_of(peer))
        assert codes == ["integrity"] * LOOSE_UPLOADS_MAX + ["busy"]
    with Peer(server.port) as other:
        wait_until(lambda: promised_bytes(other) == 0, "the loose blobs to leave")


def promised_bytes(peer: Peer) -> int:
    """Return the memory that the server has set aside."""
    peer.send(StatusGet())
    return peer.expect(StatusPage).counters["store_promised_bytes"]


# What belongs to others.


def test_jobs_of_others_cannot_be_touched(server: Service):
    """Another user or show can neither see, take over, acknowledge nor cancel a job."""
    work, content = big_work(315)
    with Peer(server.port) as owner:
        job = owner.submit(work)
        owner.expect(JobAccepted)
        for identity in ({"user": "thief"}, {"show": "theirs"}):
            with Peer(server.port, **identity) as thief:
                for message in (JobQuery(job.id), JobCancel(job.id), JobAck(job.id)):
                    thief.send(message)
                    assert code_of(thief) == "denied"
                thief.send(JobSubmit(job.id, spec_of(job)))
                refused = thief.expect(JobRefused)
                assert (refused.code, refused.retry_after_ms) == ("denied", 0)
        owner.put(content)
        assert owner.expect(JobReady).job_id == job.id
        owner.send(JobAck(job.id))
        assert owner.expect(JobEnded).outcome == "result"
        with Peer(server.port, user="thief") as thief:
            thief.send(JobQuery(job.id))
            assert code_of(thief) == "denied"


def test_blobs_of_another_show_are_unknown(server: Service):
    """A digest opens nothing outside its show, and its presence there cannot be found out."""
    work, content = big_work(316)
    digest = digest_bytes(content)
    with Peer(server.port, show="secret") as owner, Peer(server.port, show="other") as thief:
        job_id = accepted(owner, work)
        owner.put(content)
        output = owner.expect(JobReady).outputs[0].digest
        for wanted in (digest, output):
            thief.grant(MIB)
            thief.send(BlobGet(wanted))
            assert code_of(thief) == "unknown_blob"
        job = thief.submit(work)
        assert thief.expect(JobAccepted).missing[0].digest == digest
        cancel(thief, job.id)
        cancel(owner, job_id)


def test_unknown_job_is_answered(peer: Peer):
    """Asking for a job that never was gives an error that says so."""
    nobody = b"not a job's name"
    for message in (JobQuery(nobody), JobCancel(nobody), JobAck(nobody)):
        peer.send(message)
        assert code_of(peer) == "unknown_job"


# Downloads.


def test_download_goes_only_as_far_as_the_credit(peer: Peer):
    """No piece is sent beyond what was granted."""
    work, content = big_work(317)
    job_id = accepted(peer, work)
    peer.put(content)
    output = peer.expect(JobReady).outputs[0]
    peer.send(BlobGet(output.digest))
    assert peer.silent_but_for(BlobData)
    peer.grant(CHUNK_BYTES)
    assert peer.expect(BlobData).offset == 0
    assert peer.silent_but_for(BlobData)
    cancel(peer, job_id)


def test_credit_of_an_absurd_size_ends_the_connection(server: Service, bystander: None):
    """Who grants more than can ever be under way is shut out: it would be held for him."""
    with Wire(server.port) as wire:
        wire.send_frame(encode(Hello(protocols=(1,), token=TOKEN), 1))
        wire.receive_frame()
        wire.send_frame(encode(Credit(2**50), 2))
        assert wire.closed_by_server()


@pytest.mark.parametrize("offset", [1, CHUNK_BYTES - 1, 2**50])
def test_download_from_an_impossible_place_is_refused(peer: Peer, offset: int):
    """A download starts at a piece's beginning, inside the blob."""
    work, content = big_work(318)
    job_id = accepted(peer, work)
    peer.put(content)
    peer.expect(JobReady)
    peer.send(BlobGet(digest_bytes(content), offset))
    assert code_of(peer) == "protocol"
    cancel(peer, job_id)


def test_flood_of_requests_without_reading_is_bounded(
    server: Service, bystander: None, bounded: None
):
    """A peer that asks without end and never reads is cut off, not collected for."""
    options = {zmq.RCVHWM: 1, zmq.RCVBUF: 4096}
    with Peer(server.port, options=options) as peer:
        header = encode(StatusGet(), 1)
        for _ in range(60_000):
            try:
                peer.socket.send(header, zmq.NOBLOCK)
            except zmq.Again:
                break
