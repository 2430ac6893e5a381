"""The worked exchanges of the specification are what a server really answers, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.gate import ALICE, Gate
from filmgate.digest import digest_blob
from filmgate.wire.codec import decode, encode
from filmgate.wire.messages import BlobData, BlobGet, BlobPut, JobAck, JobSubmit, Message, Welcome
from filmgate_server.jobs.table import Owner


@pytest.fixture
def exchanges(repository: Path) -> dict[str, Any]:
    """Return the golden exchanges."""
    path = repository / "tests" / "golden" / "exchanges.json"
    return json.loads(path.read_text(encoding="utf-8"))


class Replay:
    """Plays the client's messages against a server and compares what comes back."""

    def __init__(self, gate: Gate, output: bytes) -> None:
        self.gate = gate
        self.owner = ALICE
        self._output = output
        self._seen = 0
        self._pending: list[str] = []

    def play(self, steps: list[dict[str, str]]) -> None:
        """Play an exchange from its beginning to its end."""
        for step in steps:
            header, part = bytes.fromhex(step["header"]), bytes.fromhex(step["part"])
            if step["from"] == "client":
                self._say(decode(header).message, decode(header).id, part)
            else:
                self._expect(step["header"])
        assert self._pending == []

    def _say(self, message: Message, number: int, part: bytes) -> None:
        broker = self.gate.broker
        if isinstance(message, JobSubmit):
            broker.submit(self.owner, message, number)
        elif isinstance(message, BlobPut):
            broker.put(self.owner, message, memoryview(part))
        elif isinstance(message, JobAck):
            broker.acknowledge(self.owner, message.job_id, number)
        elif isinstance(message, BlobGet):
            blob = broker.blob(self.owner, message.digest)
            data = BlobData(blob.digest, blob.size_bytes, message.offset, blob.sums[0])
            self._pending.append(encode(data).hex())

    def _expect(self, header: str) -> None:
        message = decode(bytes.fromhex(header)).message
        if isinstance(message, Welcome):  # its names are random
            self.owner = replace(self.owner, session=message.resume)
            return
        self._work()
        self._pending += self._sent()
        assert self._pending.pop(0) == header

    def _sent(self) -> Iterator[str]:
        sent = self.gate.outbox.sent[self._seen :]
        self._seen = len(self.gate.outbox.sent)
        return iter([encode(each.message, re=each.re).hex() for each in sent])

    def _work(self) -> None:
        """Let the worker do what it has, once everything before has been read."""
        self._pending += self._sent()
        if self._pending or not self.gate.pool.running:
            return
        (execution,) = self.gate.pool.running
        self.gate.dispatcher.progress(execution, "infer", 1, 1)
        self.gate.complete(execution, self._output)


def test_the_exchanges_are_what_happens(tmp_path: Path, exchanges: dict[str, Any]) -> None:
    """A job from end to end, the same work again, and both jobs after the server was killed."""
    (_, output) = (bytes.fromhex(step["part"]) for step in exchanges["first"] if step["part"])
    first = Replay(Gate(tmp_path), output)
    first.play(exchanges["first"])
    first.play(exchanges["repeat"])
    first.gate.journal.close()
    Replay(Gate(tmp_path), output).play(exchanges["restart"])


def test_the_bytes_of_the_exchange_are_the_numbers_told(exchanges: dict[str, Any]) -> None:
    """The parts are the tensors 1, −2 and −1, 2 as halves, and their digests are those sent."""
    steps = [step for step in exchanges["first"] if step["part"]]
    parts = [bytes.fromhex(step["part"]) for step in steps]
    assert [part[-4:].hex() for part in parts] == ["003c00c0", "00bc0040"]
    for step, part in zip(steps, parts, strict=True):
        message = decode(bytes.fromhex(step["header"])).message
        assert isinstance(message, (BlobPut, BlobData))
        assert (message.digest, message.size, (message.sum,)) == digest_blob(part)


def test_the_session_of_the_restart_is_a_new_one(exchanges: dict[str, Any]) -> None:
    """The client shows the token that it was given; the new server does not know it."""
    welcomed = decode(bytes.fromhex(exchanges["first"][1]["header"])).message
    hello = decode(bytes.fromhex(exchanges["restart"][0]["header"])).message
    again = decode(bytes.fromhex(exchanges["restart"][1]["header"])).message
    assert isinstance(welcomed, Welcome)
    assert isinstance(again, Welcome)
    assert hello.resume == welcomed.resume != again.resume  # type: ignore[attr-defined]
    assert (welcomed.resumed, again.resumed) == (False, False)
    assert welcomed.instance != again.instance
    assert Owner(again.resume, again.user, again.show).show == "film"
