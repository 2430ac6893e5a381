"""A server that a test plays by hand, over a real socket; every host interpreter can read this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import zmq

from filmgate.digest import digest_blob
from filmgate.wire.codec import Envelope, decode, encode
from filmgate.wire.messages import (
    BlobData,
    BlobGet,
    BlobPut,
    Credit,
    Hello,
    JobAccepted,
    JobReady,
    JobSubmit,
    Message,
    Welcome,
)
from filmgate.wire.records import BlobRef, Missing

PATIENCE_MS = 20_000
CHUNK = 65536
RESUME = b"resume me, pleas"
WELCOME = Welcome(
    protocol=1,
    server="0.0.0",
    instance=b"instance of test",
    resume=RESUME,
    resumed=False,
    show="film",
    user="alice",
    chunk_bytes=CHUNK,
    credit_bytes=4 * CHUNK,
)
M = TypeVar("M", bound=Message)


@dataclass
class Received:
    """One message of a client."""

    route: bytes
    envelope: Envelope
    piece: bytes


class ScriptedServer:
    """A ROUTER on a free port of this machine; nothing is answered unless the test does.

    Args:
        port: to stand in for a server that has been there before; 0 takes any.
    """

    def __init__(self, port: int = 0) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._socket.bind(f"tcp://127.0.0.1:{port or '*'}")
        endpoint = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self.port = int(endpoint.rpartition(":")[2])
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.route = b""
        self.credit = 0

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Vanish as a killed server does."""
        self._socket.close(0)
        self._context.term()

    def receive(self) -> Received:
        """Return the next message of whichever client."""
        assert self._socket.poll(PATIENCE_MS), "the client sent nothing"
        route, header, *parts = self._socket.recv_multipart()
        return Received(route, decode(header), b"".join(parts))

    def expect(self, kind: type[M]) -> tuple[M, Received]:
        """Return the next message, which must be of *kind*; credit is counted on the way."""
        while True:
            received = self.receive()
            message = received.envelope.message
            if isinstance(message, Credit):
                self.credit += message.size
                if kind is not Credit:
                    continue
            assert isinstance(message, kind), f"{kind.kind} was expected, not {message}"
            return message, received

    def poll(self, within_ms: int) -> bool:
        """Return whether a message comes within a time."""
        return bool(self._socket.poll(within_ms))

    def silent(self, within_ms: int = 200) -> bool:
        """Return whether nothing but credit comes for a while."""
        while self._socket.poll(within_ms):
            received = self.receive()
            if not isinstance(received.envelope.message, Credit):
                return False
        return True

    def tell(self, message: Message, re: int | None = None, piece: bytes = b"") -> None:
        """Send a message to the client that said hello last."""
        parts = [self.route, encode(message, re=re)]
        self._socket.send_multipart([*parts, piece] if piece else parts)

    def answer(self, asked: Received, message: Message) -> None:
        """Send the answer to a message."""
        self.tell(message, asked.envelope.id)

    def tell_raw(self, *parts: bytes) -> None:
        """Send any bytes."""
        self._socket.send_multipart([self.route, *parts])

    def welcome(self, **changes: Any) -> Hello:
        """Wait for a hello and let the client in.

        What a broken connection still had to say may come before: it is dropped.
        """
        received = self.receive()
        while not isinstance(hello := received.envelope.message, Hello):
            received = self.receive()
        self.route = received.route
        self.answer(received, Welcome(**{**WELCOME.__dict__, **changes}))
        return hello

    def accept(self, *missing: bytes, offset: int = 0) -> JobSubmit:
        """Wait for a job and accept it, lacking the blobs of these digests."""
        submit, received = self.expect(JobSubmit)
        lacking = tuple(Missing(digest, offset) for digest in missing)
        self.answer(received, accepted(submit.job_id, lacking))
        return submit

    def take_blob(self, size_bytes: int) -> bytes:
        """Take pieces until a blob is whole, granting credit for each."""
        content = b""
        while len(content) < size_bytes:
            put, received = self.expect(BlobPut)
            assert put.offset == len(content)
            content += received.piece
            self.tell(Credit(len(received.piece)))
        return content

    def ready(self, job_id: bytes, *contents: bytes) -> None:
        """Say that a job's outputs can be fetched."""
        self.tell(JobReady(job_id, tuple(ref(content) for content in contents)))

    def give_blob(self, content: bytes) -> BlobGet:
        """Wait for a request for a blob and send it from there to its end."""
        asked, _ = self.expect(BlobGet)
        for message, piece in pieces(content):
            if message.offset >= asked.offset:
                self.tell(message, piece=piece)
        return asked


def accepted(job_id: bytes, missing: tuple[Missing, ...] = ()) -> JobAccepted:
    """Return the acceptance of a job."""
    return JobAccepted(job_id, b"w" * 32, b"p" * 32, "array-1/float32/cpu", missing)


def ref(content: bytes, name: str = "color") -> BlobRef:
    """Return the reference to an output."""
    return BlobRef(name, digest_blob(content).digest, len(content))


def pieces(content: bytes) -> list[tuple[BlobData, bytes]]:
    """Return a blob as a server sends it."""
    blob = digest_blob(content, CHUNK)
    return [
        (BlobData(blob.digest, blob.size_bytes, n * CHUNK, sum_), content[n * CHUNK :][:CHUNK])
        for n, sum_ in enumerate(blob.sums)
    ]
