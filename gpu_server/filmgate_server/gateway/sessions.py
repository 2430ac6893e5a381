"""Sessions: who is connected, by which route, and how many bytes each side may still send."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from filmgate.errors import BusyError, CreditError, UnknownSessionError
from filmgate.keys import FARM
from filmgate_server.access.audit import Actor
from filmgate_server.access.auth import Identity
from filmgate_server.jobs.table import Owner

TOKEN_BYTES = 16
SESSIONS_MAX = 4096
ARTIST_SESSIONS_MAX = 64
DOWNLOADS_MAX = 64


@dataclass
class Download:
    """A blob on its way out: the next byte to send, and the number of the request for it."""

    offset: int
    number: int


@dataclass
class Session:
    """One client.

    Attributes:
        owner: its token, artist and show.
        identity: whose it is and what he may do.
        route: the connection's routing id; None while the client is away.
        seen_s: when the last message came.
        address: where the client is.
        put_credit: bytes that the client may still send.
        get_credit: bytes that we may still send.
        downloads: each blob that was asked for, and how far it is sent.
    """

    owner: Owner
    identity: Identity
    route: bytes | None
    seen_s: float
    address: str = ""
    put_credit: int = 0
    get_credit: int = 0
    downloads: OrderedDict[bytes, Download] = field(default_factory=OrderedDict[bytes, Download])

    @property
    def token(self) -> bytes:
        """The session's name, which only its client knows."""
        return self.owner.session

    @property
    def actor(self) -> Actor:
        """Who it is, for the audit log."""
        identity = self.identity
        return Actor(identity.rights.name, identity.user, identity.show, self.address)

    def spend(self, size_bytes: int) -> None:
        """Count bytes that the client has sent.

        Raises:
            CreditError: they are more than it was granted.
        """
        if size_bytes > self.put_credit:
            raise CreditError("The client sent more bytes than it was granted.")
        self.put_credit -= size_bytes


class SessionTable:
    """Every session, found by its token or by its connection.

    Args:
        sessions_max: how many there may be.
        artist_sessions_max: how many of one artist.
    """

    def __init__(
        self, sessions_max: int = SESSIONS_MAX, artist_sessions_max: int = ARTIST_SESSIONS_MAX
    ) -> None:
        self._sessions_max = sessions_max
        self._artist_sessions_max = artist_sessions_max
        self._by_token: dict[bytes, Session] = {}
        self._by_route: dict[bytes, Session] = {}

    def open(
        self, identity: Identity, resume: bytes | None, route: bytes, now_s: float
    ) -> tuple[Session, bool]:
        """Open a session, or resume the one whose token is shown; the newest connection wins.

        A token is good only for whom the session was opened for: the same key, artist and show.

        Returns:
            The session, and whether it was resumed.

        Raises:
            BusyError: there are as many sessions as the server, or this artist, may have.
        """
        session = self._by_token.get(resume or b"")
        resumed = session is not None and _same(session.identity, identity)
        if session is None or not resumed:
            self._check_room(identity)
            owner = Owner(secrets.token_bytes(TOKEN_BYTES), identity.user, identity.show)
            session = Session(owner, identity, None, now_s)
            self._by_token[session.token] = session
        self._unroute(session)
        former = self._by_route.get(route)
        if former is not None:
            self.disconnect(former)  # a second hello on one connection leaves the first session
        session.identity, session.route, session.seen_s = identity, route, now_s
        self._by_route[route] = session
        return session, resumed

    def by_route(self, route: bytes) -> Session:
        """Return the session of a connection.

        Raises:
            UnknownSessionError: it has not said hello.
        """
        session = self._by_route.get(route)
        if session is None:
            raise UnknownSessionError("This connection has no session.")
        return session

    def has_route(self, route: bytes) -> bool:
        """Say whether a connection has a session."""
        return route in self._by_route

    @property
    def connected(self) -> int:
        """How many clients are connected now."""
        return len(self._by_route)

    def by_token(self, token: bytes) -> Session | None:
        """Return a session by its token."""
        return self._by_token.get(token)

    def disconnect(self, session: Session) -> None:
        """Note that the client is away; its session stays for a while."""
        self._unroute(session)
        session.downloads.clear()

    def forget(self, session: Session) -> None:
        """Drop a session for good."""
        self.disconnect(session)
        self._by_token.pop(session.token, None)

    def __iter__(self) -> Iterator[Session]:
        """Iterate over every session."""
        return iter(list(self._by_token.values()))

    def __len__(self) -> int:
        """Return how many sessions there are."""
        return len(self._by_token)

    def _check_room(self, identity: Identity) -> None:
        if len(self) >= self._sessions_max:
            raise BusyError("The server has as many sessions as it takes.")
        key, user = identity.rights.name, identity.user
        if not key or identity.rights.role == FARM:
            return  # his own machine; or a farm, whose machines all speak for one artist
        own = sum(session.identity.rights.name == key for session in self._by_token.values())
        if own >= self._artist_sessions_max:
            raise BusyError(
                f"{user} has {own} sessions, as many as one artist may have.",
                "Close programs that you no longer use.",
            )

    def _unroute(self, session: Session) -> None:
        if session.route is not None:
            self._by_route.pop(session.route, None)
            session.route = None


def _same(one: Identity, other: Identity) -> bool:
    return (one.rights.name, one.user, one.show) == (other.rights.name, other.user, other.show)
