"""The door: everything between a new connection and its session."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import zmq

from filmgate.errors import BusyError, DeniedError
from filmgate.wire.messages import Hello
from filmgate_server.access.audit import Actor, AuditLog
from filmgate_server.access.auth import Credentials, Identity, KeyFolder, still_holds
from filmgate_server.access.limits import Rate
from filmgate_server.access.zap import DOMAIN, Zap

REFRESH_S = 1.0


class Door:
    """Encrypts, counts, identifies and turns away.

    Without a server key it lets in this machine's own user by his token, as often as he likes: only
    his own programs reach such a server.

    Args:
        context: of the server's socket.
        credentials: who may come in.
        audit: told who came and who was turned away.
        server_key: the server's secret key as Z85 text; empty for a server of this machine alone.
        handshakes_per_s: how many connections, and as many hellos, are taken.
        clock: seconds, monotonic.

    Attributes:
        audit: the audit log.
        zap: answers whose key it is; None without a server key.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        credentials: Credentials,
        audit: AuditLog,
        server_key: str = "",
        handshakes_per_s: float = 50.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.audit = audit
        self.zap: Zap | None = None
        self._credentials = credentials
        self._server_key = server_key
        self._clock = clock
        self._refreshed_s = clock()
        self._connections = Rate(handshakes_per_s)
        self._hellos = Rate(handshakes_per_s)
        if isinstance(credentials, KeyFolder):
            self.zap = Zap(context, credentials.by_key, audit)

    def lock(self, socket: zmq.Socket[bytes]) -> None:
        """Encrypt what is said through *socket* and let only known keys in, if there is a key."""
        if self._server_key:
            socket.setsockopt(zmq.CURVE_SERVER, 1)
            socket.setsockopt(zmq.CURVE_SECRETKEY, self._server_key.encode("ascii"))
            socket.setsockopt(zmq.ZAP_DOMAIN, DOMAIN)
            socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)

    def admit(self, address: str) -> bool:
        """Return whether a connection from *address* is taken now."""
        return self.zap is None or self._connections.admit(address, self._clock())

    def identify(self, hello: Hello, key: str, address: str) -> Identity:
        """Return who says hello.

        Args:
            hello: what he says.
            key: the public key that his connection has proved to hold.
            address: where he is.

        Raises:
            DeniedError: he may not come in.
            BusyError: too many say hello.
        """
        if self.zap is not None and not self._hellos.admit(address, self._clock()):
            raise BusyError("Too many clients say hello at once.")
        try:
            return self._credentials.identify(hello, key)
        except DeniedError as error:
            self._note_denied(error, hello, key, address)
            raise

    def _note_denied(self, error: DeniedError, hello: Hello, key: str, address: str) -> None:
        known = self._credentials.by_key(key)
        facts = {} if known else {"public_key": key}
        with self.audit.acting(Actor(known.name if known else "", hello.user, hello.show, address)):
            self.audit.deny("session", text=error.text, **facts)

    def refresh(self) -> bool:
        """Read the keys again if they have changed; return whether they had."""
        now_s = self._clock()
        if now_s < self._refreshed_s + REFRESH_S:
            return False
        self._refreshed_s = now_s
        return self._credentials.refresh()

    def review(self, identity: Identity) -> Identity | None:
        """Return who somebody is by the keys as they are now; None if he may not stay."""
        rights = self._credentials.by_name(identity.rights.name)
        if rights is None or not still_holds(identity, rights):
            return None
        return replace(identity, rights=rights)

    def close(self) -> None:
        """Let nobody in any more."""
        if self.zap is not None:
            self.zap.close()
        self.audit.close()
