"""What a client makes of handshakes that fail, from what its socket's monitor tells."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zmq

from filmgate.curve import (
    HANDSHAKE,
    LOOKED_INTO_AT,
    MECHANISM_MISMATCH,
    SILENT_MAX,
    Handshakes,
)
from filmgate.errors import FilmgateError

SILENT = {"event": zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, "value": 32}
MISMATCH = {"event": zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL, "value": MECHANISM_MISMATCH}
SUCCESS = {"event": zmq.EVENT_HANDSHAKE_SUCCEEDED, "value": 0}
NOBODY = "tcp://127.0.0.1:1"


@pytest.fixture
def listener() -> Iterator[zmq.Socket[bytes]]:
    """Return a server's socket that is not bound yet."""
    with zmq.Context() as context, context.socket(zmq.ROUTER) as made:
        yield made


def listen(listener: zmq.Socket[bytes], encrypts: bool) -> str:
    """Bind a server's socket; return its address."""
    if encrypts:
        listener.setsockopt(zmq.CURVE_SERVER, 1)
        listener.setsockopt(zmq.CURVE_SECRETKEY, zmq.curve_keypair()[1])
    listener.bind("tcp://127.0.0.1:*")
    return listener.getsockopt_string(zmq.LAST_ENDPOINT)


def silence(handshakes: Handshakes, times: int) -> FilmgateError | None:
    """Let so many handshakes end without a word; return what the last is taken for."""
    told = [handshakes.judge(SILENT) for _ in range(times)]
    assert not any(told[:-1])
    return told[-1]


@pytest.mark.parametrize(("encrypted", "cause"), [(True, "plain server"), (False, "no key")])
def test_a_mismatch_is_told_at_once(encrypted: bool, cause: str) -> None:
    """Where the monitor says that only one side encrypts, nothing else is asked."""
    error = Handshakes(NOBODY, encrypted).judge(MISMATCH)
    assert error is not None
    assert error.detail[HANDSHAKE] == cause


@pytest.mark.parametrize(("encrypted", "cause"), [(True, "plain server"), (False, "no key")])
def test_a_server_of_the_other_kind_is_not_taken_for_a_busy_one(
    listener: zmq.Socket[bytes], encrypted: bool, cause: str
) -> None:
    """A server that hangs up before its greeting is read is greeted in its own way."""
    address = listen(listener, encrypts=not encrypted)
    error = silence(Handshakes(address, encrypted), LOOKED_INTO_AT)
    assert error is not None
    assert error.detail[HANDSHAKE] == cause


def test_a_server_of_the_same_kind_that_is_silent_may_be_busy(
    listener: zmq.Socket[bytes],
) -> None:
    """Only after several handshakes; a plain client goes on trying."""
    address = listen(listener, encrypts=True)
    error = silence(Handshakes(address, encrypted=True), SILENT_MAX)
    assert error is not None
    assert error.detail[HANDSHAKE] == "silence"


def test_a_plain_client_goes_on_trying() -> None:
    """Without encryption a connection that ends early says nothing of keys."""
    assert silence(Handshakes(NOBODY, encrypted=False), 3 * SILENT_MAX) is None


def test_a_success_ends_the_count() -> None:
    """Who was let in once is not told that his key is wrong when the server is flooded later."""
    handshakes = Handshakes(NOBODY, encrypted=True)
    assert silence(handshakes, SILENT_MAX - 1) is None
    assert handshakes.judge(SUCCESS) is None
    assert silence(handshakes, 2 * SILENT_MAX) is None
