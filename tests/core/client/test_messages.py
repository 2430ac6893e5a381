"""What messages say of errors."""

from __future__ import annotations

import pytest

from filmgate.errors import BusyError, FilmgateError, VersionError
from filmgate.wire.codec import decode, encode
from filmgate.wire.messages import (
    MESSAGES,
    OUTCOMES,
    PRIORITIES,
    Message,
    from_error,
    to_ended,
    to_error,
    to_refused,
)
from filmgate.wire.version import negotiate

BUSY = BusyError("The memory is taken.", "Wait.", {"wanted": 3, "names": [1.0]})


@pytest.mark.parametrize(
    "message",
    [to_error(BUSY), to_refused(b"j" * 16, BUSY, 500), to_ended(b"j" * 16, "error", BUSY)],
    ids=lambda message: message.kind,
)
def test_errors_survive_each_message(message: Message) -> None:
    """An error that is sent is the same error on the other side."""
    arrived = from_error(decode(encode(message)).message)  # type: ignore[arg-type]
    assert type(arrived) is BusyError
    assert (arrived.text, arrived.remedy) == (BUSY.text, BUSY.remedy)
    assert arrived.detail == {"wanted": 3, "names": (1.0,)}


@pytest.mark.parametrize("character", ["x", "é", "\U0001f3ac"])
def test_long_texts_can_be_read(character: str) -> None:
    """A text that quotes a long name is cut so that the other side can read the message."""
    error = FilmgateError(character * 5000, character * 5000)
    for message in (to_error(error), to_refused(b"j" * 16, error, 0)):
        assert decode(encode(message)).message == message


def test_kinds_are_unique() -> None:
    """Every message class has a kind of its own."""
    assert len(MESSAGES) == len(Message.__subclasses__())
    assert all(kind == message.kind for kind, message in MESSAGES.items())
    assert len(set(OUTCOMES)) == 4
    assert set(PRIORITIES) == {"interactive", "batch"}


def test_the_best_common_version_is_spoken() -> None:
    """Of the versions that both know, the server's first is taken."""
    assert negotiate([3, 1, 2], (2, 1)) == 2
    assert negotiate([1]) == 1


@pytest.mark.parametrize("offered", [[], [2, 3], [0]])
def test_no_common_version_is_an_error(offered: list[int]) -> None:
    """The error says what the server speaks."""
    with pytest.raises(VersionError) as caught:
        negotiate(offered)
    assert caught.value.detail == {"spoken": [1]}
    assert decode(encode(to_error(caught.value))).message.code == "version"  # type: ignore[attr-defined]
