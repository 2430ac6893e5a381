"""Peers that send anything but what the protocol says, beside artists who notice nothing."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Callable, Sequence

import msgpack
import zmq

from bench.load_audit import audit
from bench.load_fleet import Fleet
from bench.load_server import LoadServer
from bench.table import Target
from filmgate.wire.codec import encode
from filmgate.wire.messages import BlobGet, BlobPut, Credit, Hello, JobCancel, JobSubmit, StatusGet
from filmgate.wire.records import BlobRef, WorkSpec

ARTISTS = 4
PEERS = 4
BURST = 200
FLIPS_MAX = 8
CUT_CONNECTIONS = 100
NOISE_BYTES_MAX = 2000
QUIET_MS = 1000
_PATIENCE_MS = 60_000
_SEED = 20


def measure_hostile(messages: int) -> Target:
    """Send *messages* messages that are wrong in every way that comes to mind."""
    with LoadServer("--workers", "1", "--threads", "1", "--handshakes-per-s", "1000") as server:
        gateway = server.gateway.pid
        with Fleet(server, ARTISTS, 1) as fleet:
            sent = attack(server, messages)
            cut_connections(server.port, CUT_CONNECTIONS)
            ends = fleet.stop()
        answered = round(server.metric("filmgate_wire_errors_total"))
        alive = server.gateway.pid == gateway
        restarts = round(server.metric("filmgate_worker_restarts_total"))
        found = audit(ends, server.journalled())
    crashes = restarts + (not alive)
    return Target(
        f"{sent} hostile messages and {CUT_CONNECTIONS} broken connections",
        "0 crashes, 0 violations for the artists beside them",
        f"{crashes} crashes, {answered} answered by an error; {found}",
        not crashes and found.clean and answered > 0,
    )


def attack(server: LoadServer, messages: int) -> int:
    """Send the messages over a few connections, with and without a session; return how many."""
    chance = random.Random(_SEED)  # noqa: S311 - noise that can be made again
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    hello = encode(Hello((1,), user="hostile", token=server.endpoint.token), 1)
    valid = list(_valid_messages())
    sent = 0
    try:
        peers = [_peer(context, server.port) for _ in range(PEERS)]
        while sent < messages:
            for place, peer in enumerate(peers):
                if place % 2:
                    peer.send(hello)
                for _ in range(BURST):
                    peer.send_multipart(_wrong(chance, valid), copy=True)
                sent += BURST
                _hear_out(peer, 0)
        for peer in peers:
            _hear_out(peer, QUIET_MS)  # what was sent has arrived once nothing more is answered
    finally:
        context.destroy(0)
    return sent


def cut_connections(port: int, count: int) -> None:
    """Open connections that speak no ZeroMQ, or stop in the middle of it."""
    chance = random.Random(_SEED)  # noqa: S311 - likewise
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48)
    for _ in range(count):
        noise = chance.choice((greeting[: chance.randrange(64)], chance.randbytes(300)))
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(noise)


def _peer(context: zmq.Context[zmq.Socket[bytes]], port: int) -> zmq.Socket[bytes]:
    peer = context.socket(zmq.DEALER)
    peer.setsockopt(zmq.LINGER, 0)
    peer.setsockopt(zmq.SNDTIMEO, _PATIENCE_MS)
    peer.connect(f"tcp://127.0.0.1:{port}")
    return peer


def _hear_out(peer: zmq.Socket[bytes], quiet_ms: int) -> None:
    """Read what is answered until nothing comes for so long: who never reads is shut out."""
    while peer.poll(quiet_ms):
        peer.recv_multipart()


def _valid_messages() -> Sequence[bytes]:
    name, digest = bytes(16), bytes(32)
    work = WorkSpec("negate", inputs=(BlobRef("color", digest, 100),))
    return [
        encode(message, number)
        for number, message in enumerate(
            (
                StatusGet(),
                JobSubmit(name, work),
                JobCancel(name),
                BlobPut(digest, 100, 0, bytes(16)),
                BlobGet(digest),
                Credit(1000),
            )
        )
    ]


def _wrong(chance: random.Random, valid: Sequence[bytes]) -> list[bytes]:
    """Return one message that is wrong in a way chosen by *chance*."""
    makers: Sequence[Callable[[], list[bytes]]] = (
        lambda: [chance.randbytes(chance.randrange(NOISE_BYTES_MAX))],
        lambda: [_flipped(chance, chance.choice(valid))],
        lambda: [chance.choice(valid)[: chance.randrange(1, 20)]],
        lambda: [b"\x91" * chance.randrange(2, NOISE_BYTES_MAX) + b"\xc0"],
        lambda: [b"\xdd\xff\xff\xff\xff", b"piece"],
        lambda: [chance.choice(valid), chance.randbytes(10), b"one too many"],
        lambda: [msgpack.packb({"kind": "job.submit", "id": 1 << 63, "work": [None] * 200})],
        lambda: [msgpack.packb({"kind": chance.choice(("blob.put", "x" * 5000, "", "welcome"))})],
    )
    return chance.choice(makers)()


def _flipped(chance: random.Random, message: bytes) -> bytes:
    damaged = bytearray(message)
    for _ in range(chance.randrange(1, FLIPS_MAX)):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)
