"""Revocation: sessions end with what their keys are worth, and connections with their sessions."""

from __future__ import annotations

from collections.abc import Callable

from filmgate.errors import DeniedError
from filmgate.wire.messages import Message, to_error
from filmgate_server.access.door import Door
from filmgate_server.gateway.sessions import Session, SessionTable
from filmgate_server.gateway.watchdog import Watchdog

LOOK_S = 1.0
LEAVES_WITHIN_S = 2.0
"""Who was denied or revoked, and told so, holds a descriptor and nothing else."""


class Revocation:
    """Ends sessions whose keys are revoked, and shuts connections that have none.

    Args:
        door: knows the keys.
        sessions: who is connected.
        watchdog: shuts connections.
        send: sends a message over a connection.
        lose: forgets a connection's session.
    """

    def __init__(
        self,
        door: Door,
        sessions: SessionTable,
        watchdog: Watchdog,
        send: Callable[[bytes, Message], None],
        lose: Callable[[bytes], None],
    ) -> None:
        self._door = door
        self._sessions = sessions
        self._watchdog = watchdog
        self._send = send
        self._lose = lose
        self._looked_s = 0.0
        self._strangers_since_s: dict[bytes, float] = {}

    def tick(self, now_s: float) -> None:
        """Heed changed keys, and shut who has had no session for a while."""
        if self._door.refresh():
            self._review()
        if now_s >= self._looked_s + LOOK_S:
            self._looked_s = now_s
            self._shut_strangers(now_s)

    def _review(self) -> None:
        """End the sessions whose keys were revoked, or are worth less than before."""
        for session in self._sessions:
            identity = self._door.review(session.identity)
            if identity is not None:
                session.identity = identity
            elif session.route is not None:
                self._revoke(session, session.route)

    def _revoke(self, session: Session, route: bytes) -> None:
        with self._door.audit.acting(session.actor):
            self._door.audit.note("key revoked")
        self._send(route, to_error(DeniedError("Your key was revoked.")))
        self._lose(route)

    def _shut_strangers(self, now_s: float) -> None:
        """Shut those who have spoken and have no session, once they have had the time to go."""
        former = self._strangers_since_s
        self._strangers_since_s = {
            route: former.get(route, now_s)
            for route in self._watchdog.routes()
            if not self._sessions.has_route(route)
        }
        for route, since_s in self._strangers_since_s.items():
            if now_s > since_s + LEAVES_WITHIN_S:
                self._watchdog.shut_down(route)
