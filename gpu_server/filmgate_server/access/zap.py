"""Answers ZeroMQ's question, at each handshake, whose key it is (ZAP, RFC 27).

On the gateway's own thread: the folder of keys is then read by nobody else, and an answer waits for
one turn of the loop at most.
"""

from __future__ import annotations

from collections.abc import Callable

import zmq
from zmq.utils import z85

from filmgate.keys import Authorisation
from filmgate_server.access.audit import Actor, AuditLog

ENDPOINT = "inproc://zeromq.zap.01"
DOMAIN = b"filmgate"
BURST = 64
_VERSION = b"1.0"
_KEY_BYTES = 32


class Zap:
    """The one handler of a context.

    Args:
        find: returns whose key, as Z85 text, it is.
        audit: told who was turned away.

    Attributes:
        socket: to poll; call `answer` when it is readable.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        find: Callable[[str], Authorisation | None],
        audit: AuditLog,
    ) -> None:
        self._find = find
        self._audit = audit
        self.socket = context.socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(ENDPOINT)

    def answer(self) -> None:
        """Answer what has been asked, up to a burst."""
        for _ in range(BURST):
            try:
                parts = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            self._answer_one(parts)

    def close(self) -> None:
        """Answer no more: nobody gets in."""
        self.socket.close(0)

    def _answer_one(self, parts: list[bytes]) -> None:
        route, _, version, number, domain, address, _, mechanism, *credentials = parts
        found = None
        if (version, domain, mechanism) == (_VERSION, DOMAIN, b"CURVE") and credentials:
            found = self._authorised(credentials[0], address.decode("ascii", "replace"))
        status, text = (b"200", b"OK") if found else (b"400", b"unknown key")
        # The key itself: a name could be another key's by the time the connection speaks.
        user_id = found.public.encode() if found else b""
        self.socket.send_multipart([route, b"", _VERSION, number, status, text, user_id, b""])

    def _authorised(self, key: bytes, address: str) -> Authorisation | None:
        if len(key) != _KEY_BYTES:
            return None
        public = z85.encode(key).decode("ascii")
        found = self._find(public)
        if found is None:
            with self._audit.acting(Actor(address=address)):
                self._audit.deny("handshake", public_key=public)
        return found
