"""The channel between gateway and worker: whole messages, their descriptors, and hostile bytes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.descriptors import no_descriptor_left
from filmgate.digest import DIGEST_BYTES, SUM_BYTES
from filmgate.errors import ProtocolError
from filmgate.wire.records import Wish
from filmgate_server.pool.channel import (
    FDS_MAX,
    MESSAGE_BYTES_MAX,
    OUTBOX_MESSAGES_MAX,
    Channel,
    Parcel,
    pack,
    socket_pair,
    unpack,
)
from filmgate_server.pool.messages import (
    Attachment,
    Beat,
    Cancel,
    Done,
    Drop,
    Failed,
    Grant,
    GrantEntry,
    InputEntry,
    OutputEntry,
    PoolMessage,
    Progress,
    Ready,
    Reserve,
    Run,
    Stop,
    split_sums,
)

DIGEST = bytes(DIGEST_BYTES)
MESSAGES: list[PoolMessage] = [
    Run(
        execution=7,
        package="/models/denoise",
        package_digest=DIGEST,
        priority="batch",
        time=1.5,
        params={"strength": 0.5, "clean": True, "size": 3, "mode": "fast", "tint": (1.0, 0.5)},
        inputs=(InputEntry("color", 1.5, "left", "image/x-exr", 3, 99, DIGEST),),
        layers={"albedo": "Denoising Albedo"},
        wish=Wish(mode="merged", compression="zip", depth="half", preview=True),
        provenance={"model": "denoise@1.0.0"},
        attached=(Attachment(3, 65536),),
    ),
    Cancel(7),
    Grant(7, (GrantEntry(4, 65536, True),)),
    Grant(7, refused=True),
    Drop(3),
    Stop(),
    Ready(12, "cuda:0", "cuda-sm90", {"torch": "2.13.0"}),
    Progress(7, "infer", 3, 12),
    Reserve(7, (100, 200)),
    Done(
        7,
        (OutputEntry("color", 1.5, "", "image/x-exr", 4, 99, DIGEST, bytes(2 * SUM_BYTES)),),
        ("color: 1 NaN",),
        {"decode": 0.25},
        "array-1/float32/fake/tile-512+32/batch-1",
        (Attachment(4, 65536),),
    ),
    Failed(7, "model", "It failed.", "Try another.", {"tile": 3}, {"infer": 0.25}),
    Beat(loading=True),
]


@contextmanager
def channels() -> Iterator[tuple[Channel, Channel]]:
    """Yield both ends of a channel."""
    ends = [Channel(end) for end in socket_pair()]
    try:
        yield ends[0], ends[1]
    finally:
        for end in ends:
            end.close()


def received(channel: Channel) -> Parcel:
    """Return the next message, which must be there."""
    parcel = channel.receive(wait=False)
    assert parcel is not None
    return parcel


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_message_arrives_as_it_was(message: PoolMessage) -> None:
    """Every kind survives the way, in both directions."""
    with channels() as (gateway, worker):
        gateway.send(message)
        worker.post(message)
        assert received(worker).message == message
        assert received(gateway).message == message


def test_descriptors_arrive_with_their_message() -> None:
    """The receiver can read what the sender's descriptor shows, and does not pass it on."""
    with channels() as (gateway, worker):
        reading, writing = os.pipe()
        gateway.send(Beat())
        gateway.send(Drop(1), [reading])
        assert received(worker).fds == ()
        (fd,) = received(worker).fds
        os.write(writing, b"pixels")
        assert os.read(fd, 6) == b"pixels"
        assert not os.get_inheritable(fd)
        for opened in (reading, writing, fd):
            os.close(opened)


def test_end_of_the_other_side() -> None:
    """What was said before the end is still heard, then comes the end."""
    with channels() as (gateway, worker):
        worker.send(Beat())
        worker.close()
        assert received(gateway).message == Beat()
        assert gateway.receive(wait=False) is None
        with pytest.raises(OSError, match="Broken pipe"):
            gateway.post(Stop())


def test_nothing_to_read() -> None:
    """An empty channel never makes the gateway wait."""
    with channels() as (gateway, _), pytest.raises(BlockingIOError):
        gateway.receive(wait=False)


def test_posting_to_one_that_does_not_read() -> None:
    """Messages without room are kept, with their descriptors, and arrive complete and in order."""
    with no_descriptor_left(), channels() as (gateway, worker):
        reading, writing = os.pipe()
        for number in range(2000):
            gateway.post(Drop(number), [reading] if number == 1999 else [])
        os.close(reading)  # the owner may close its own: the channel keeps one
        heard: list[Parcel] = []
        while len(heard) < 2000:
            try:
                heard.append(received(worker))
            except BlockingIOError:
                gateway.flush()
        assert [parcel.message for parcel in heard] == [Drop(number) for number in range(2000)]
        os.write(writing, b"pixels")
        assert os.read(heard[-1].fds[0], 6) == b"pixels"
        heard[-1].close_fds()
        os.close(writing)


def post_many(gateway: Channel, count: int) -> None:
    """Post more than the socket holds."""
    for number in range(count):
        gateway.post(Drop(number))


def test_posting_has_an_end() -> None:
    """A worker that never reads does not fill the gateway's memory."""
    with channels() as (gateway, worker):
        for number in range(OUTBOX_MESSAGES_MAX):
            gateway.post(Drop(number))
        with pytest.raises(TimeoutError):
            post_many(gateway, OUTBOX_MESSAGES_MAX)
        assert received(worker).message == Drop(0)


def test_too_long_message_is_not_sent() -> None:
    """The sender learns it by a typed error, whatever makes the message too long."""
    sums = bytes(SUM_BYTES * (MESSAGE_BYTES_MAX // SUM_BYTES // 3))
    output = OutputEntry("color", 1.0, "", "image/x-exr", 4, 99, DIGEST, sums)
    with channels() as (gateway, worker):
        with pytest.raises(ProtocolError):
            worker.send(Done(1, (output,) * 4, (), {}, "", ()))
        with pytest.raises(ProtocolError):
            gateway.post(Drop(1), [0] * (FDS_MAX + 1))


def send_raw(worker: socket.socket, content: bytes) -> None:
    """Send bytes, with a descriptor, past the channel."""
    reading, writing = os.pipe()
    socket.send_fds(worker, [content], [reading])
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize(
    "content",
    [
        b"\xc1",
        msgpack.packb({"kind": "launch"}),
        msgpack.packb(["kind", "beat"]),
        msgpack.packb({"kind": "progress", "execution": -1, "stage": "infer"}),
        msgpack.packb({"kind": "progress", "execution": 1, "stage": "x", "done": 0, "total": 1}),
        msgpack.packb({"kind": "beat", "loading": "yes"}),
        b"\xde\xff\xff" + b"\xa1a\x90" * 40000,
        b"\x91" * 100000,
        bytes(MESSAGE_BYTES_MAX + 1),
    ],
)
def test_bytes_that_are_no_message(content: bytes) -> None:
    """Each gives a typed error, and what came along is closed."""
    ours, theirs = socket_pair()
    gateway = Channel(ours)
    with no_descriptor_left():
        send_raw(theirs, content)
        with pytest.raises(ProtocolError):
            gateway.receive(wait=False)
    gateway.close()
    theirs.close()


@given(content=st.binary(max_size=300))
def test_any_bytes_give_a_message_or_a_typed_error(content: bytes) -> None:
    """Unpacking is total."""
    try:
        message = unpack(content)
    except ProtocolError:
        return
    assert unpack(pack(message)) == message


@given(place=st.integers(0, 10_000), value=st.integers(0, 255))
def test_changed_byte_gives_a_message_or_a_typed_error(place: int, value: int) -> None:
    """A message with any one byte changed is refused, or is another sound message."""
    content = bytearray(pack(MESSAGES[place % len(MESSAGES)]))
    content[place % len(content)] = value
    try:
        message = unpack(bytes(content))
    except ProtocolError:
        return
    assert unpack(pack(message)) == message


def test_sums_are_split_as_they_were_joined() -> None:
    """Prefix sums travel joined."""
    sums = (b"a" * SUM_BYTES, b"b" * SUM_BYTES)
    assert split_sums(b"".join(sums)) == sums
