"""Clients on the same machine hand their pixels over: real sockets, descriptors and memory."""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from fakes.descriptors import count_descriptors, no_descriptor_left
from fakes.gate import Clock, Gate, content, job_id
from fakes.waiting import wait_until
from filmgate.channel import Channel, receive_message, send_message
from filmgate.digest import CHUNK_BYTES, digest_blob
from filmgate.errors import BusyError, FilmgateError, IntegrityError, UnknownBlobError
from filmgate.handoff import FEATURE
from filmgate.wire.messages import (
    BlobDone,
    Error,
    HandoffData,
    HandoffGet,
    HandoffOpen,
    HandoffPut,
    HandoffTaken,
    JobAccepted,
    Message,
)
from filmgate_server.access.auth import LOCAL, Identity
from filmgate_server.gateway.handoff import RING_BYTES_MAX, Handoffs
from filmgate_server.gateway.peers import OPEN_WITHIN_S, STRANGERS_MAX
from filmgate_server.gateway.sessions import Session, SessionTable
from filmgate_server.operations.metrics import Metrics

if sys.platform != "linux":
    pytest.skip("only Linux has all that a handoff needs", allow_module_level=True)

PLATE = content(1, 5 * CHUNK_BYTES + 12_345)
DIGEST = digest_blob(PLATE).digest


class Desk:
    """A broker and its handoffs, turned by the test, and one session that is let in."""

    def __init__(self, folder: Path) -> None:
        self.gate = Gate(folder)
        self.clock = Clock()
        self.sessions = SessionTable()
        self.session = self.let_in("alice", b"route1")
        self.metrics = Metrics()
        self.handoffs = Handoffs(
            self.sessions, self.gate.broker, self.metrics, CHUNK_BYTES, self.clock
        )
        self.opened: list[Raw | Channel] = []

    def let_in(self, user: str, route: bytes, show: str = "film") -> Session:
        """Open a session."""
        return self.sessions.open(Identity(LOCAL, user, show), None, route, 0.0)[0]

    @property
    def name(self) -> str:
        """Return the socket's name."""
        return self.handoffs.feature.removeprefix(FEATURE)

    def want(self, data: bytes = PLATE, number: int = 1) -> JobAccepted:
        """Submit a job on *data*, which is missing."""
        answer = self.gate.submit(self.session.owner, job_id(number), data)
        assert isinstance(answer, JobAccepted)
        return answer

    def connect(self) -> socket.socket:
        """Connect as any process of this user can."""
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        peer.connect("\0" + self.name)
        peer.settimeout(20)
        self.handoffs.handle()
        return peer

    def open(self, ring: bytes = b"", fd: int | None = None, size: int | None = None) -> Raw:
        """Open a channel whose ring holds *ring*, or is *fd*, and claims *size*."""
        raw = Raw(self, ring, fd, size)
        self.opened.append(raw)
        return raw

    def channel(self) -> Channel:
        """Open a channel as a client does."""
        channel = Channel.connect(self.name, self.session.token, CHUNK_BYTES)
        self.handoffs.handle()
        self.handoffs.handle()
        self.opened.append(channel)
        return channel

    def close(self) -> None:
        """Let every client go and everything be freed."""
        for each in self.opened:
            each.close()
        self.until(lambda: not len(self.handoffs), "every channel is closed")
        self.until(lambda: not self.handoffs._carried_for, "the porter is done")
        self.gate.store.close()

    def during(self, act: Callable[[], object]) -> object:
        """Turn the handoffs while *act* runs in another thread; return or raise what it does."""
        outcome: list[object] = []

        def run() -> None:
            try:
                outcome.append(act())
            except (FilmgateError, OSError) as error:
                outcome.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        self.until(lambda: not thread.is_alive(), "the client is done")
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return outcome[0]

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Turn the handoffs until *condition* holds."""

        def turned() -> object:
            self.handoffs.handle()
            return condition()

        wait_until(turned, what)

    def put(self, channel: Channel, data: bytes = PLATE, digest: bytes = b"") -> None:
        """Hand *data* over."""
        digest = digest or digest_blob(data).digest
        self.during(lambda: channel.put(digest, memoryview(data), lambda: True))

    def done(self) -> list[bytes]:
        """Return the digests of which the client was told that they are here."""
        return [message.digest for message in self.gate.sent(BlobDone)]


class Raw:
    """A peer that a test plays by hand."""

    def __init__(self, desk: Desk, ring: bytes, fd: int | None, size: int | None) -> None:
        self.desk = desk
        self.fd = os.memfd_create("ring") if fd is None else fd
        if fd is None:
            os.write(self.fd, ring)
        self.socket = desk.connect()
        opening = HandoffOpen(desk.session.token, len(ring) if size is None else size)
        self.say(opening, [self.fd])

    def say(self, message: Message, fds: Sequence[int] = ()) -> None:
        """Send a message and let the server read it."""
        send_message(self.socket, message, fds)
        self.desk.handoffs.handle()

    def piece(
        self, data: bytes, start: int, stop: int, digest: bytes = b"", place: int = -1
    ) -> None:
        """Hand over a part of *data*, which lies in the ring where it lies in the blob."""
        at = start if place < 0 else place
        blob = digest or digest_blob(data).digest
        self.say(HandoffPut(blob, len(data), start, stop - start, at))

    def answer(self) -> tuple[Message, list[int]] | None:
        """Return the next answer; None when the server has closed the channel."""
        got: list[tuple[Message, list[int]] | None] = []
        self.socket.settimeout(0)

        def received() -> bool:
            try:
                got.append(receive_message(self.socket))
            except BlockingIOError:
                return False
            except ConnectionResetError:
                got.append(None)
            return True

        self.desk.until(received, "an answer")
        return got[0]

    def heard(self) -> Message:
        """Return the next answer, which must bring no descriptor."""
        answer = self.answer()
        assert answer is not None
        assert answer[1] == []
        return answer[0]

    def is_closed(self) -> bool:
        """Return whether the server closes the channel without a word."""
        return self.answer() is None

    def close(self) -> None:
        """Go away."""
        if self.fd >= 0:
            self.socket.close()
            os.close(self.fd)
            self.fd = -1


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Return handoffs with one session; whatever happens, no descriptor is left."""
    gc.collect()  # or what earlier tests have left would be closed amid this one
    made = Desk(tmp_path)
    before = count_descriptors()
    yield made
    made.close()
    assert count_descriptors() <= before
    made.handoffs.close()


def test_what_is_handed_over_supplies_the_job(desk: Desk) -> None:
    """The blob is published as an upload is, and the job goes to a worker."""
    desk.want()
    channel = desk.channel()
    desk.put(channel)
    blob = desk.gate.store.find("film", DIGEST)
    assert blob is not None
    assert bytes(blob.content) == PLATE
    assert blob.sums == digest_blob(PLATE).sums
    assert desk.done() == [DIGEST]
    desk.gate.dispatcher.place()
    assert len(desk.gate.pool.running) == 1


def test_bytes_that_are_handed_over_count_as_uploaded(desk: Desk) -> None:
    """The counters do not depend on the way that the pixels took."""
    desk.want()
    channel = desk.channel()
    desk.put(channel)
    assert desk.gate.broker.uploads.received_bytes == len(PLATE)
    assert desk.metrics.uploaded_bytes._value.get() == len(PLATE)


def test_many_frames_pass_through_one_ring(desk: Desk) -> None:
    """The ring is smaller than what passes through it, and its memory is used again and again."""
    channel = desk.channel()
    for number in range(2, 5):
        data = content(number, 9 * CHUNK_BYTES + number)
        desk.want(data, number)
        desk.put(channel, data)
        blob = desk.gate.store.find("film", digest_blob(data).digest)
        assert blob is not None
        assert bytes(blob.content) == data


def test_a_blob_is_handed_over_to_the_client(desk: Desk) -> None:
    """The client's copy is the blob, and its descriptor allows no change."""
    desk.want()
    channel = desk.channel()
    desk.put(channel)
    target = bytearray(len(PLATE))
    desk.during(lambda: channel.get(DIGEST, memoryview(target), lambda: True))
    assert target == PLATE


def test_a_client_cannot_write_what_it_gets(desk: Desk) -> None:
    """The kernel refuses every change through the descriptor of a blob."""
    desk.want()
    peer = desk.open(PLATE)
    peer.piece(PLATE, 0, len(PLATE))
    assert peer.heard() == HandoffTaken(DIGEST, 0)
    peer.say(HandoffGet(DIGEST))
    answer = peer.answer()
    assert answer is not None
    message, (fd,) = answer
    assert message == HandoffData(DIGEST, len(PLATE))
    for spoil in (
        lambda: os.pwrite(fd, b"x", 0),
        lambda: os.ftruncate(fd, 0),
        lambda: os.ftruncate(fd, 1 << 30),
    ):
        with pytest.raises(PermissionError):
            spoil()
    os.close(fd)


def test_other_content_than_its_digest_says_is_refused(desk: Desk) -> None:
    """Nothing of it becomes visible, the memory stays promised, and the wire may be tried."""
    desk.want()
    channel = desk.channel()
    wrong = bytearray(PLATE)
    wrong[3 * CHUNK_BYTES] ^= 1
    with pytest.raises(IntegrityError):
        desk.put(channel, bytes(wrong), DIGEST)
    assert desk.gate.store.find("film", DIGEST) is None
    assert desk.gate.store.used_bytes == 0
    desk.gate.put(desk.session.owner, PLATE)
    assert desk.done() == [DIGEST]


def test_a_damaged_blob_can_be_handed_over_again(desk: Desk) -> None:
    """One failure costs neither the channel nor the job."""
    desk.want()
    channel = desk.channel()
    with pytest.raises(IntegrityError):
        desk.put(channel, bytes(len(PLATE)), DIGEST)
    desk.put(channel)
    assert desk.done() == [DIGEST]


def test_pages_that_change_while_they_are_read_never_get_through(desk: Desk) -> None:
    """Whatever the client writes at whatever moment, a blob is what its digest says or nothing."""
    desk.want()
    peer = desk.open(PLATE)
    stop = threading.Event()

    def scribble() -> None:
        while not stop.is_set():
            for place in range(0, len(PLATE), 4096):
                os.pwrite(peer.fd, b"\xff", place)

    thread = threading.Thread(target=scribble)
    thread.start()
    peer.piece(PLATE, 0, len(PLATE))
    answer = peer.heard()
    stop.set()
    thread.join()
    blob = desk.gate.store.find("film", DIGEST)
    assert isinstance(answer, Error) == (blob is None)
    assert blob is None or bytes(blob.content) == PLATE


def test_a_ring_that_shrinks_is_survived(desk: Desk) -> None:
    """A short read is an error about the blob: nothing is mapped that could be pulled away."""
    desk.want()
    peer = desk.open(PLATE)
    os.ftruncate(peer.fd, CHUNK_BYTES)
    peer.piece(PLATE, 0, len(PLATE))
    answer = peer.heard()
    assert isinstance(answer, Error)
    assert (answer.code, answer.detail) == ("integrity", {"digest": DIGEST.hex()})


def test_what_no_job_wants_is_not_taken(desk: Desk) -> None:
    """Neither unknown content nor a wrong size takes memory; the client may go on."""
    desk.want()
    peer = desk.open(PLATE + b"x")
    other = content(9, 2 * CHUNK_BYTES)
    peer.piece(other, 0, CHUNK_BYTES)
    assert peer.heard() == HandoffTaken(digest_blob(other).digest, 0)
    peer.piece(PLATE + b"x", 0, len(PLATE) + 1, DIGEST)
    assert peer.heard() == HandoffTaken(DIGEST, 0)
    peer.piece(PLATE, CHUNK_BYTES, len(PLATE))
    assert peer.heard() == HandoffTaken(DIGEST, CHUNK_BYTES)
    assert desk.gate.store.used_bytes == 0


def test_what_another_session_lacks_is_not_taken(desk: Desk) -> None:
    """A channel acts for its own session only."""
    bob = desk.let_in("bob", b"route2")
    assert isinstance(desk.gate.submit(bob.owner, job_id(5), PLATE), JobAccepted)
    peer = desk.open(PLATE)
    peer.piece(PLATE, 0, len(PLATE))
    assert peer.heard() == HandoffTaken(DIGEST, 0)
    assert desk.gate.store.used_bytes == 0


def test_another_shows_blob_is_not_handed_over(desk: Desk) -> None:
    """What the session may not see does not exist for it."""
    eve = desk.let_in("eve", b"route3", "other")
    assert isinstance(desk.gate.submit(eve.owner, job_id(5), PLATE), JobAccepted)
    desk.gate.put(eve.owner, PLATE)
    channel = desk.channel()
    with pytest.raises(UnknownBlobError):
        desk.during(lambda: channel.get(DIGEST, memoryview(bytearray(10)), lambda: True))


def test_a_blob_that_comes_over_the_wire_is_not_taken_twice(desk: Desk) -> None:
    """A handoff of what is half-way through the wire is refused, and the wire goes on."""
    desk.want()
    desk.gate.put(desk.session.owner, PLATE, 0, CHUNK_BYTES)
    channel = desk.channel()
    with pytest.raises(BusyError):
        desk.put(channel)
    desk.gate.put(desk.session.owner, PLATE, CHUNK_BYTES)
    assert desk.done() == [DIGEST]


def test_the_wire_waits_for_a_blob_that_is_handed_over(desk: Desk) -> None:
    """Pieces over the wire are refused for now while the porter writes."""
    desk.want()
    peer = desk.open(PLATE)
    peer.piece(PLATE, 0, CHUNK_BYTES)
    with pytest.raises(BusyError):
        desk.gate.put(desk.session.owner, PLATE)


def test_a_client_that_vanishes_half_way_leaves_nothing(desk: Desk) -> None:
    """Its memory is promised again, and the next channel starts from the beginning."""
    desk.want()
    promised = desk.gate.store.promised_bytes
    peer = desk.open(PLATE)
    peer.piece(PLATE, 0, CHUNK_BYTES)
    peer.close()
    desk.until(lambda: not len(desk.handoffs) and not desk.gate.store.used_bytes, "it is gone")
    assert desk.gate.store.promised_bytes == promised
    channel = desk.channel()
    desk.put(channel)
    assert desk.done() == [DIGEST]


def test_a_job_that_is_cancelled_half_way_frees_its_memory(desk: Desk) -> None:
    """Memory that the porter writes to is given back when the porter is done, not before."""
    desk.want()
    peer = desk.open(PLATE)
    peer.piece(PLATE, 0, 2 * CHUNK_BYTES)
    desk.gate.broker.cancel(desk.session.owner, job_id(1), 0)
    peer.piece(PLATE, 2 * CHUNK_BYTES, len(PLATE))
    desk.until(lambda: not desk.handoffs._carried_for, "the porter is done")
    peer.close()
    desk.until(lambda: not desk.gate.store.used_bytes, "the memory is free")
    assert desk.gate.store.promised_bytes == 0
    assert desk.gate.store.find("film", DIGEST) is None


def test_memory_is_the_budgets_whatever_is_handed_over(desk: Desk) -> None:
    """A handoff takes the memory that was promised to its job and no other."""
    desk.want()
    promised, budget = desk.gate.store.promised_bytes, desk.gate.store.budget_bytes
    peer = desk.open(PLATE)
    peer.piece(PLATE, 0, CHUNK_BYTES)
    used = desk.gate.store.used_bytes
    assert 0 < used <= promised
    assert used + desk.gate.store.promised_bytes == promised
    assert used + desk.gate.store.promised_bytes <= budget


def test_a_wrong_token_opens_nothing(desk: Desk) -> None:
    """A process of this user that was not let in is turned out."""
    desk.sessions.forget(desk.session)
    assert desk.open(bytes(100)).is_closed()


def test_a_session_that_is_away_opens_nothing(desk: Desk) -> None:
    """The channel is for clients that are connected."""
    desk.sessions.disconnect(desk.session)
    assert desk.open(bytes(100)).is_closed()


def test_the_newest_channel_of_a_session_wins(desk: Desk) -> None:
    """A client that comes back leaves nothing behind."""
    first = desk.open(PLATE)
    second = desk.open(PLATE)
    assert first.is_closed()
    desk.want()
    second.piece(PLATE, 0, len(PLATE))
    assert second.heard() == HandoffTaken(DIGEST, 0)


def test_a_channel_ends_with_its_session(desk: Desk) -> None:
    """A session that is lost takes its channel along."""
    peer = desk.open(PLATE)
    desk.sessions.disconnect(desk.session)
    desk.handoffs.tick()
    assert peer.is_closed()


def _pipe() -> int:
    reading, writing = os.pipe()
    os.close(writing)
    return reading


def _directory() -> int:
    return os.open("/", os.O_RDONLY)


def _device() -> int:
    return os.open("/dev/zero", os.O_RDONLY)


def _file() -> int:
    return os.open(__file__, os.O_RDONLY)


def _small() -> int:
    return os.memfd_create("small")


def _huge() -> int:
    fd = os.memfd_create("huge")
    os.ftruncate(fd, 1 << 40)
    return fd


@pytest.mark.parametrize("make", [_pipe, _directory, _device, _file, _small])
def test_a_ring_must_be_memory_of_the_size_told(desk: Desk, make: Callable[[], int]) -> None:
    """A pipe, a folder, a device, a file or too little memory ends the channel."""
    peer = desk.open(fd=make(), size=1 << 20)
    assert peer.is_closed()


def test_a_huge_ring_costs_nothing(desk: Desk) -> None:
    """A sparse ring of a terabyte may be brought; only as much as is allowed may be used."""
    peer = desk.open(fd=_huge(), size=RING_BYTES_MAX)
    desk.want()
    peer.piece(PLATE, 0, len(PLATE))
    assert isinstance(peer.heard(), Error)  # zeros are not the plate
    peer.say(HandoffPut(DIGEST, len(PLATE), 0, CHUNK_BYTES, RING_BYTES_MAX))
    assert peer.is_closed()
    peer.close()
    assert desk.open(fd=_huge(), size=RING_BYTES_MAX + 1).is_closed()


@pytest.mark.parametrize(
    "said",
    [
        HandoffPut(DIGEST, len(PLATE), 0, CHUNK_BYTES, len(PLATE) - 1),
        HandoffPut(DIGEST, len(PLATE), 0, CHUNK_BYTES - 1, 0),
        HandoffPut(DIGEST, len(PLATE), 7, CHUNK_BYTES, 0),
        HandoffPut(DIGEST, len(PLATE), 0, 0, 0),
        HandoffPut(DIGEST, CHUNK_BYTES - 1, 0, CHUNK_BYTES, 0),
        HandoffTaken(DIGEST, 0),
        BlobDone(DIGEST),
        HandoffOpen(bytes(16), 10),
    ],
    ids=lambda said: f"{said.kind}-{said}"[:60],
)
def test_breaking_the_rules_ends_the_channel(desk: Desk, said: Message) -> None:
    """What lies beyond the ring, is no whole piece, or is not for the server to hear."""
    desk.want()
    peer = desk.open(PLATE)
    peer.say(said)
    assert peer.is_closed()


def test_a_piece_out_of_order_ends_the_channel(desk: Desk) -> None:
    """A gap in a blob that is being taken is a breach."""
    desk.want()
    peer = desk.open(PLATE)
    peer.piece(PLATE, 0, CHUNK_BYTES)
    peer.piece(PLATE, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES)
    desk.until(lambda: not len(desk.handoffs), "the channel is closed")
    desk.until(lambda: not desk.gate.store.used_bytes, "the memory is back")


@pytest.mark.parametrize("rubbish", [b"x", b"\x80", b"\xc1" * 4000, bytes(60_000)])
def test_garbage_ends_the_channel(desk: Desk, rubbish: bytes) -> None:
    """Any bytes are survived."""
    peer = desk.open(PLATE)
    peer.socket.send(rubbish)
    desk.handoffs.handle()
    assert peer.is_closed()


def test_descriptors_that_nobody_asked_for_are_closed(desk: Desk) -> None:
    """A message with too many descriptors ends the channel and leaves none."""
    peer = desk.open(PLATE)
    before = count_descriptors()
    peer.say(HandoffGet(DIGEST), [peer.fd] * 100)
    assert peer.is_closed()
    assert count_descriptors() == before - 2  # the server's end and its descriptor of the ring


def test_a_thousand_connections_are_bounded(desk: Desk) -> None:
    """Those that say nothing are few, and go after a while; an honest client gets through."""
    with no_descriptor_left():
        peers: list[socket.socket] = []
        for _ in range(1000):
            peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            peer.connect("\0" + desk.name)
            peers.append(peer)
            desk.handoffs.handle()
        assert len(desk.handoffs) == STRANGERS_MAX
        desk.clock.now_s += OPEN_WITHIN_S + 1
        desk.handoffs.tick()
        assert len(desk.handoffs) == 0
        for peer in peers:
            peer.close()
    desk.want()
    channel = desk.channel()
    desk.put(channel)
    assert desk.done() == [DIGEST]
