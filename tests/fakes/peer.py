"""A client that does only what a test tells it to, right or wrong."""

from __future__ import annotations

import itertools
import time
from typing import Any, TypeVar

import zmq

from fakes.service import TOKEN
from fakes.waiting import PATIENCE_S
from filmgate.digest import CHUNK_BYTES, digest_blob
from filmgate.job import Job, Options, Work
from filmgate.wire.codec import Envelope, decode, encode
from filmgate.wire.messages import (
    BlobPut,
    Credit,
    Hello,
    JobSubmit,
    Message,
    StatusGet,
    StatusPage,
    Welcome,
)
from filmgate.wire.records import WorkSpec

M = TypeVar("M", bound=Message)


class Peer:
    """One DEALER on a server's port.

    Args:
        port: the server's.
        hello: whether to open a session at once.
        options: socket options, such as a routing id.
        identity: fields of the hello.
    """

    def __init__(
        self,
        port: int,
        hello: bool = True,
        options: dict[int, Any] | None = None,
        **identity: str,
    ) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        for option, value in (options or {}).items():
            self.socket.setsockopt(option, value)
        self._numbers = itertools.count(1)
        self.socket.connect(f"tcp://127.0.0.1:{port}")
        self.piece = b""
        if hello:
            self.welcome = self.hello(**identity)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *exc: object) -> None:
        self._context.destroy(0)

    def hello(self, **identity: Any) -> Welcome:
        """Open or resume a session."""
        self.send(Hello(**{"protocols": (1,), "user": "raw", "token": TOKEN, **identity}))
        return self.expect(Welcome)

    def send(self, message: Message, piece: bytes | None = None) -> int:
        """Send a message and return its number."""
        number = next(self._numbers)
        self.send_parts(encode(message, number), *([] if piece is None else [piece]))
        return number

    def send_parts(self, *parts: bytes) -> None:
        """Send anything."""
        self.socket.send_multipart(parts)

    def receive(self, patience_s: float = PATIENCE_S) -> Envelope:
        """Return the next message; its binary part is in *piece*."""
        assert self.socket.poll(round(patience_s * 1000)), "the server said nothing"
        parts = self.socket.recv_multipart()
        self.piece = parts[1] if len(parts) > 1 else b""
        return decode(parts[0])

    def expect(self, *kinds: type[M]) -> M:
        """Return the next message of one of *kinds*; others are passed over."""
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            message = self.receive(deadline_s - time.monotonic()).message
            if isinstance(message, kinds):
                return message
        raise AssertionError(f"no {kinds} came")

    def silent_but_for(self, kind: type[Message]) -> bool:
        """Return whether, up to the answer to a question asked now, no message of *kind* comes."""
        self.send(StatusGet())
        while not isinstance(message := self.receive().message, StatusPage):
            if isinstance(message, kind):
                return False
        return True

    @staticmethod
    def job(work: Work) -> Job:
        """Name *work*; nothing is sent by itself."""
        return Job(work, Options(), lambda _: None)

    def submit(self, work: Work, **fields: Any) -> Job:
        """Submit *work* and return the job that names it."""
        job = self.job(work)
        self.send(JobSubmit(job.id, spec_of(job), **fields))
        return job

    def put(self, content: bytes, start: int = 0, stop: int | None = None, **wrong: Any) -> None:
        """Send the pieces of *content* from *start* to *stop*; *wrong* fields replace true ones."""
        blob = digest_blob(content)
        for offset in range(start, len(content) if stop is None else stop, CHUNK_BYTES):
            true = {
                "digest": blob.digest,
                "size": blob.size_bytes,
                "offset": offset,
                "sum": blob.sums[offset // CHUNK_BYTES],
            }
            self.send(BlobPut(**{**true, **wrong}), content[offset : offset + CHUNK_BYTES])

    def grant(self, size_bytes: int) -> None:
        """Let the server send so many bytes."""
        self.send(Credit(size_bytes))


def spec_of(job: Job) -> WorkSpec:
    """Return a job's work as it travels."""
    work = job.work
    return WorkSpec(work.model, work.params, None, job.refs, None, work.layers, work.wish)
