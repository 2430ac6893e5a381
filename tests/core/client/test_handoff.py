"""The client's end of a handoff, against a server played by hand; it falls back to the wire."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import pytest

from fakes.scripted import CHUNK, RESUME, ScriptedServer
from filmgate import channel
from filmgate import descriptors as descriptors_of
from filmgate.channel import receive_message, send_message
from filmgate.client import Client
from filmgate.digest import digest_bytes
from filmgate.errors import BusyError, CancelledError, IntegrityError
from filmgate.handoff import FEATURE, SIZE_MIN, Handoff
from filmgate.job import Job, Payload, Work
from filmgate.wire.messages import (
    BlobDone,
    BlobPut,
    Credit,
    Error,
    HandoffData,
    HandoffGet,
    HandoffOpen,
    HandoffPut,
    HandoffTaken,
    JobAck,
    JobCancel,
    JobEnded,
    Message,
    to_error,
)

if not descriptors_of.is_possible():
    pytest.skip("this system lacks what a handoff needs", allow_module_level=True)

PATIENCE_S = 20.0
PLATE = bytes(range(256)) * (CHUNK // 256 * 450) + b"the end"
"""Larger than the ring: its places are used more than once."""

CLEAN = PLATE[::-1]


class Desk:
    """The server's socket, played by hand.

    Attributes:
        feature: what the welcome says of it.
        ring: the client's memory, once it has opened its channel.
        opening: what it said then.
    """

    def __init__(self) -> None:
        name = secrets.token_hex(16)
        self.feature = FEATURE + name
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind("\0" + name)
        self._listener.listen()
        self._listener.settimeout(PATIENCE_S)
        self._peer: Optional[socket.socket] = None
        self.ring = -1
        self.opening: Optional[HandoffOpen] = None

    def open(self) -> None:
        """Take the client's channel."""
        self._peer, _ = self._listener.accept()
        self._peer.settimeout(PATIENCE_S)
        message, (self.ring,) = self._receive()
        assert isinstance(message, HandoffOpen)
        self.opening = message

    def expect(self) -> Message:
        """Return the next message."""
        message, fds = self._receive()
        assert fds == []
        return message

    def take(self, digest: bytes, size_bytes: int) -> bytes:
        """Take pieces until a blob is whole."""
        taken = b""
        while len(taken) < size_bytes:
            put = self.expect()
            assert isinstance(put, HandoffPut)
            assert (put.digest, put.size, put.offset) == (digest, size_bytes, len(taken))
            taken += os.pread(self.ring, put.length, put.place)
            self.say(HandoffTaken(digest, put.offset))
        return taken

    def fill(self) -> list[HandoffPut]:
        """Take as many pieces as the ring has places, and answer none."""
        puts = [self.expect() for _ in range(channel.PIECES)]
        assert all(isinstance(put, HandoffPut) for put in puts)
        return puts  # type: ignore[return-value]

    def give(self, content: bytes, claimed: Optional[int] = None) -> None:
        """Wait for a request for a blob and hand over *content*."""
        asked = self.expect()
        assert isinstance(asked, HandoffGet)
        fd = os.memfd_create("blob")
        os.write(fd, content)
        self.say(HandoffData(asked.digest, claimed or len(content)), [fd])
        os.close(fd)

    def refuse(self, digest: bytes, error: Exception) -> None:
        """Answer with an error."""
        error.detail["digest"] = digest.hex()  # type: ignore[attr-defined]
        self.say(to_error(error))  # type: ignore[arg-type]

    def say(self, message: Message, fds: tuple[int, ...] | list[int] = ()) -> None:
        """Send a message."""
        assert self._peer is not None
        send_message(self._peer, message, fds)

    def is_left(self) -> bool:
        """Return whether the client closes the channel."""
        assert self._peer is not None
        return receive_message(self._peer) is None

    def close(self) -> None:
        """Vanish."""
        for each in (self._peer, self._listener):
            if each is not None:
                each.close()
        if self.ring >= 0:
            os.close(self.ring)
        self._peer, self.ring = None, -1

    def _receive(self) -> tuple[Message, list[int]]:
        assert self._peer is not None
        received = receive_message(self._peer)
        assert received is not None, "the client has closed the channel"
        return received


@dataclass
class Pair:
    """A client, the server that it talks to, and the desk beside it."""

    client: Client
    server: ScriptedServer
    desk: Desk

    def submit(self, missing: bool = True) -> Job:
        """Submit a job and accept it."""
        job = self.client.submit(Work("denoise", (Payload("color", PLATE),)))
        self.server.accept(*([digest_bytes(PLATE)] if missing else []))
        return job

    def over_the_wire(self) -> bytes:
        """Take the input over the wire."""
        self.server.tell(Credit(len(PLATE)))
        return self.server.take_blob(len(PLATE))

    def end(self, job: Job) -> bytes:
        """End a job whose output has been given; return the output."""
        _, received = self.server.expect(JobAck)
        self.server.answer(received, JobEnded(job.id, "result"))
        return bytes(job.result(PATIENCE_S).output("color").data)


def descriptors() -> int:
    """Return how many descriptors this process has."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Return a desk that nobody has come to yet."""
    made = Desk()
    yield made
    made.close()


@pytest.fixture
def pair(desk: Desk) -> Iterator[Pair]:
    """Return a client that was let in and has opened its channel."""
    with ScriptedServer() as server, Client(server.address) as client:
        server.welcome(features=(desk.feature,))
        desk.open()
        yield Pair(client, server, desk)


def test_a_frame_goes_there_and_back(pair: Pair) -> None:
    """No pixel crosses the wire in either direction, and each is right."""
    job = pair.submit()
    assert pair.desk.take(digest_bytes(PLATE), len(PLATE)) == PLATE
    pair.server.tell(BlobDone(digest_bytes(PLATE)))
    pair.server.ready(job.id, CLEAN)
    pair.desk.give(CLEAN + b"more room than needed")
    assert pair.end(job) == CLEAN
    assert job.result().uploaded_bytes == len(PLATE)


def test_the_channel_shows_the_sessions_token(pair: Pair) -> None:
    """It is bound to the session, and the ring is as large as it says."""
    assert pair.desk.opening == HandoffOpen(RESUME, os.fstat(pair.desk.ring).st_size)


def test_small_blobs_take_the_wire(pair: Pair) -> None:
    """Below some size the wire is as fast."""
    small = bytes(SIZE_MIN - 1)
    pair.client.submit(Work("denoise", (Payload("color", small),)))
    pair.server.accept(digest_bytes(small))
    assert pair.server.expect(BlobPut)[0].digest == digest_bytes(small)


@pytest.mark.parametrize("error", [BusyError("Not now."), IntegrityError("Damaged.")])
def test_what_is_refused_takes_the_wire(pair: Pair, error: Exception) -> None:
    """All of it goes over the wire, once, and the channel serves the next blob."""
    job = pair.submit()
    first, *others = pair.desk.fill()
    pair.desk.refuse(first.digest, error)
    for put in others:
        pair.desk.say(HandoffTaken(put.digest, put.offset))
    assert pair.over_the_wire() == PLATE
    pair.server.tell(BlobDone(digest_bytes(PLATE)))
    pair.server.ready(job.id, CLEAN)
    pair.desk.give(CLEAN)
    assert pair.end(job) == CLEAN


def test_a_server_that_closes_the_channel_gets_the_wire(pair: Pair) -> None:
    """What was half-way goes over the wire from the beginning."""
    pair.submit()
    assert isinstance(pair.desk.expect(), HandoffPut)
    pair.desk.close()
    assert pair.over_the_wire() == PLATE


@pytest.mark.parametrize(
    "wrong",
    [CLEAN[:-1], CLEAN[:-1] + b"x", b"x" + CLEAN[1:]],
    ids=["cut short", "other at the end", "other at the start"],
)
def test_wrong_content_is_fetched_over_the_wire(pair: Pair, wrong: bytes) -> None:
    """The client's copy is verified; what is not right is asked for again."""
    job = pair.submit(missing=False)
    pair.server.ready(job.id, CLEAN)
    pair.desk.give(wrong, len(CLEAN))
    assert pair.server.give_blob(CLEAN).offset == 0
    assert pair.end(job) == CLEAN


def test_what_is_not_handed_over_is_fetched_over_the_wire(pair: Pair) -> None:
    """An error about one blob leaves the channel open."""
    job = pair.submit(missing=False)
    pair.server.ready(job.id, CLEAN)
    asked = pair.desk.expect()
    assert isinstance(asked, HandoffGet)
    pair.desk.refuse(asked.digest, BusyError("Not now."))
    pair.server.give_blob(CLEAN)
    assert pair.end(job) == CLEAN


def test_a_pipe_instead_of_memory_is_not_read(pair: Pair) -> None:
    """A descriptor that could wait for ever ends the channel."""
    job = pair.submit(missing=False)
    pair.server.ready(job.id, CLEAN)
    assert isinstance(pair.desk.expect(), HandoffGet)
    reading, writing = os.pipe()
    pair.desk.say(HandoffData(digest_bytes(CLEAN), len(CLEAN)), [reading])
    pair.server.give_blob(CLEAN)
    assert pair.end(job) == CLEAN
    assert pair.desk.is_left()
    for fd in (reading, writing):
        os.close(fd)


def test_a_job_that_is_cancelled_stops_its_handoff(pair: Pair) -> None:
    """The rest of the blob is not copied, and the next job's is."""
    job = pair.submit()
    puts = pair.desk.fill()
    job.cancel()
    pair.server.expect(JobCancel)
    pair.server.tell(JobEnded(job.id, "cancelled", "cancelled", "Stopped."))
    with pytest.raises(CancelledError):
        job.result(PATIENCE_S)
    pair.client.submit(Work("denoise", (Payload("color", CLEAN),)))
    pair.server.accept(digest_bytes(CLEAN))
    for put in puts:
        pair.desk.say(HandoffTaken(put.digest, put.offset))
    assert pair.desk.take(digest_bytes(CLEAN), len(CLEAN)) == CLEAN


def test_a_new_session_gets_a_channel_of_its_own(pair: Pair) -> None:
    """After a lost connection the client opens another channel and starts again."""
    job = pair.submit()
    assert isinstance(pair.desk.expect(), HandoffPut)
    pair.server.tell(Error("unknown_session", "Who are you?"))
    second = Desk()
    pair.server.welcome(features=(second.feature,))
    second.open()
    pair.server.accept(digest_bytes(PLATE))
    assert second.take(digest_bytes(PLATE), len(PLATE)) == PLATE
    assert not job.done()
    second.close()


@pytest.mark.parametrize("name", ["no such name", "x" * 300, ""])
def test_a_name_that_is_not_here_means_the_wire(name: str) -> None:
    """A server in another network namespace, or on another machine, gets the pixels as ever."""
    with ScriptedServer() as server, Client(server.address) as client:
        server.welcome(features=(FEATURE + name,), credit_bytes=len(PLATE))
        client.submit(Work("denoise", (Payload("color", PLATE),)))
        server.accept(digest_bytes(PLATE))
        assert server.take_blob(len(PLATE)) == PLATE


def test_handing_over_can_be_switched_off(desk: Desk) -> None:
    """A client that is told so uses the wire."""
    with ScriptedServer() as server, Client(server.address, handoff=False) as client:
        server.welcome(features=(desk.feature,), credit_bytes=len(PLATE))
        client.submit(Work("denoise", (Payload("color", PLATE),)))
        server.accept(digest_bytes(PLATE))
        assert server.take_blob(len(PLATE)) == PLATE


@pytest.mark.parametrize("stranger", [(0, os.geteuid(), 0), (4711, os.geteuid() + 1, 0)])
def test_a_server_that_is_not_ours_gets_nothing(
    desk: Desk, stranger: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is of another user, or in another space of processes, is left without a word."""
    packed = descriptors_of.PEER.pack(*stranger)
    monkeypatch.setattr(descriptors_of, "credentials", lambda peer: packed)
    with ScriptedServer() as server, Client(server.address) as client:
        server.welcome(features=(desk.feature,), credit_bytes=len(PLATE))
        client.submit(Work("denoise", (Payload("color", PLATE),)))
        server.accept(digest_bytes(PLATE))
        assert server.take_blob(len(PLATE)) == PLATE


def test_a_channel_that_nobody_takes_leaves_nothing() -> None:
    """A server that has enough channels hangs up before the ring is handed over."""
    before = descriptors()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.close()
    with pytest.raises(BrokenPipeError):
        channel.Channel(ours, RESUME, CHUNK)
    ours.close()
    assert descriptors() == before


def test_closing_the_client_leaves_nothing(desk: Desk) -> None:
    """Neither a descriptor nor a thread stays, even half-way through a blob."""
    before = descriptors()
    with ScriptedServer() as server:
        client = Client(server.address)
        server.welcome(features=(desk.feature,))
        desk.open()
        client.submit(Work("denoise", (Payload("color", PLATE),)))
        server.accept(digest_bytes(PLATE))
        assert isinstance(desk.expect(), HandoffPut)
        client.close()
        while not desk.is_left():
            pass
    os.close(desk.ring)
    desk.ring = -1
    assert desk._peer is not None
    desk._peer.close()
    assert descriptors() == before


def test_without_what_it_needs_there_is_no_handoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """On systems without such sockets or memory nothing is even tried."""
    monkeypatch.setattr(descriptors_of, "_NEEDED", (True, False))
    handoff = Handoff(lambda call: call(), enabled=True)
    assert not handoff.takes(1 << 30)
    assert not handoff._enabled
