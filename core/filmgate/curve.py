"""The encryption of a connection, and what went wrong where the keys do not fit.

ZeroMQ tells the two sides nothing when they cannot agree, and tries for ever; its socket monitor
says enough to tell an artist within seconds what to mend. Where one side encrypts and the other
does not, each hangs up as soon as it has read the other's greeting: who reads second may see only a
connection that ends. So silence is looked into with a greeting of the other kind.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional, Union
from urllib.parse import urlsplit

import zmq

from filmgate.errors import BusyError, DeniedError

SILENT_MAX = 6
"""So many handshakes in a row that the server ends without a word are told. It cannot read what was
encrypted for somebody else, and one that is flooded is as silent."""

LOOKED_INTO_AT = 2
"""After so many of them the server is greeted in the other way: one may be chance."""

GREETS_WITHIN_S = 2.0
PLAIN, ENCRYPTED = b"NULL", b"CURVE"
_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00%b" + bytes(32)
"""ZMTP's, with room for the mechanism's name at `_MECHANISM`."""

_MECHANISM = slice(12, 32)

MECHANISM_MISMATCH = 0x11000002
"""ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: one side encrypts and the other does not."""

HANDSHAKE = "handshake"
"""Stands in the detail of an error that came before any message could be said."""

HANDSHAKE_EVENTS = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)


@dataclass(frozen=True)
class Curve:
    """What encrypts a connection: three keys as Z85 text.

    Attributes:
        server: the server's public key; nobody else can answer.
        public: the client's own, by which the server knows who it is.
        secret: its other half.
    """

    server: bytes
    public: bytes
    secret: bytes

    def __repr__(self) -> str:
        """Show the public halves alone: what is printed may be logged."""
        return f"Curve({self.server!r}, {self.public!r})"

    def apply(self, socket: zmq.Socket[bytes]) -> None:
        """Encrypt what *socket* will connect to."""
        socket.setsockopt(zmq.CURVE_SERVERKEY, self.server)
        socket.setsockopt(zmq.CURVE_PUBLICKEY, self.public)
        socket.setsockopt(zmq.CURVE_SECRETKEY, self.secret)


class Handshakes:
    """Judges how the handshakes with one server went.

    Args:
        server: the address.
        encrypted: whether this side encrypts.
    """

    def __init__(self, server: str, encrypted: bool) -> None:
        self._server = server
        self._encrypted = encrypted
        self._silent = 0
        self._succeeded = False

    def judge(self, event: Mapping[str, Any]) -> Optional[Union[BusyError, DeniedError]]:
        """Take an event of the socket's monitor; return why it is pointless to go on, if it is.

        A `BusyError` is no certainty: another client may be let in later.
        """
        kind = event["event"]
        if kind == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self._silent, self._succeeded = 0, True
        elif kind == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            return self._unknown_key()
        elif kind == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL and event["value"] == MECHANISM_MISMATCH:
            return self._mismatch()
        elif kind == zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
            self._silent += 1
            return self._look_into_silence()
        return None

    def _look_into_silence(self) -> Optional[Union[BusyError, DeniedError]]:
        other = PLAIN if self._encrypted else ENCRYPTED
        if self._silent == LOOKED_INTO_AT and greets_with(self._server, other):
            return self._mismatch()
        if self._encrypted and self._silent >= SILENT_MAX and not self._succeeded:
            return self._silence()
        return None

    def _mismatch(self) -> DeniedError:
        return self._does_not_encrypt() if self._encrypted else self._wants_key()

    def _unknown_key(self) -> DeniedError:
        return DeniedError(
            f"{self._server} does not let your key in: it does not know it, or it was revoked.",
            "Ask the people who run the server to authorise your public key.",
            {HANDSHAKE: "unknown key"},
        )

    def _does_not_encrypt(self) -> DeniedError:
        return DeniedError(
            f"{self._server} does not encrypt, and you have a key: nothing was sent.",
            "Check the address. For a server of your own, leave server unset: it is found by "
            "itself, or unset key.",
            {HANDSHAKE: "plain server"},
        )

    def _wants_key(self) -> DeniedError:
        return DeniedError(
            f"{self._server} lets only keys in, and you have set none.",
            "Set key to the file with your key, and gateway_key to the file with the server's "
            "public key.",
            {HANDSHAKE: "no key"},
        )

    def _silence(self) -> BusyError:
        return BusyError(
            f"{self._server} ends each handshake without a word: it is too busy for new "
            "connections, or gateway_key is another server's.",
            "Try again in a minute. If it recurs, ask the people who run the server for the file "
            "with its present public key.",
            {HANDSHAKE: "silence"},
        )


def greets_with(server: str, mechanism: bytes) -> bool:
    """Return whether a server that is greeted with a mechanism of ZMTP's answers with the same.

    Args:
        server: its address, for example ``tcp://127.0.0.1:5700``.
        mechanism: ``NULL`` or ``CURVE``.

    Returns:
        False as well if it cannot be reached or takes longer than `GREETS_WITHIN_S`.
    """
    where = urlsplit(server)
    greeting = _GREETING % mechanism.ljust(_MECHANISM.stop - _MECHANISM.start, b"\0")
    answer = b""
    try:
        with socket.create_connection((where.hostname, where.port), GREETS_WITHIN_S) as wire:
            wire.sendall(greeting)
            while len(answer) < len(greeting):
                piece = wire.recv(len(greeting) - len(answer))
                if not piece:
                    return False
                answer += piece
    except OSError:
        return False
    return answer[_MECHANISM].rstrip(b"\0") == mechanism
