"""Sessions: who is connected, and credit."""

from __future__ import annotations

import pytest

from filmgate.errors import BusyError, CreditError, UnknownSessionError
from filmgate.keys import Authorisation
from filmgate_server.access.auth import LOCAL, Identity
from filmgate_server.gateway.sessions import Download, Session, SessionTable
from filmgate_server.jobs.table import Owner

ONE, TWO = b"\0one.", b"\0two."
ALICE = Identity(LOCAL, "alice", "film")
KEY = Authorisation("alice", "k" * 40, shows=("film",))
BOB_KEY = Authorisation("bob", "b" * 40, shows=("film",))
OTHER_KEY = Authorisation("farm", "f" * 40, "farm", ("film",), ("alice",))


@pytest.fixture
def table() -> SessionTable:
    """Return an empty table."""
    return SessionTable(6, 2)


def test_a_session_is_found_by_route_and_token(table: SessionTable) -> None:
    """After the hello both the connection and the token lead to the session."""
    session, resumed = table.open(ALICE, None, ONE, 5.0)
    assert not resumed
    assert (session.owner.user, session.owner.show, session.seen_s) == ("alice", "film", 5.0)
    assert table.by_route(ONE) is table.by_token(session.token) is session
    assert len(session.token) == 16


def test_a_session_is_resumed_by_its_token(table: SessionTable) -> None:
    """The newest connection wins; the old one has no session any more."""
    first, _ = table.open(ALICE, None, ONE, 0.0)
    second, resumed = table.open(ALICE, first.token, TWO, 9.0)
    assert resumed
    assert second is first
    assert (second.route, second.seen_s) == (TWO, 9.0)
    with pytest.raises(UnknownSessionError):
        table.by_route(ONE)
    assert len(table) == 1


@pytest.mark.parametrize(
    "thief",
    [
        Identity(LOCAL, "mallory", "film"),
        Identity(LOCAL, "alice", "other"),
        Identity(KEY, "alice", "film"),
    ],
    ids=["user", "show", "key"],
)
def test_a_token_is_good_for_its_owner_only(table: SessionTable, thief: Identity) -> None:
    """A token in the hands of another key, user or show opens a new session."""
    session, _ = table.open(ALICE, None, ONE, 0.0)
    other, resumed = table.open(thief, session.token, TWO, 0.0)
    assert not resumed
    assert other.token != session.token
    assert table.by_route(ONE) is session


def test_an_artist_has_only_so_many_sessions(table: SessionTable) -> None:
    """Beyond them he is told to wait; what he has can still be resumed, and others come in."""
    alice = Identity(KEY, "alice", "film")
    kept = [table.open(alice, None, bytes([0, n]), 0.0)[0] for n in range(2)]
    with pytest.raises(BusyError, match="alice has 2 sessions"):
        table.open(alice, None, ONE, 0.0)
    assert table.open(alice, kept[0].token, ONE, 0.0) == (kept[0], True)
    table.open(Identity(BOB_KEY, "bob", "film"), None, TWO, 0.0)


def test_farms_and_the_local_user_have_as_many_as_the_server_takes(table: SessionTable) -> None:
    """A farm's machines all speak for one artist; only the server's own limit ends them."""
    farm = Identity(OTHER_KEY, "alice", "film")
    for number, identity in enumerate([farm] * 3 + [ALICE] * 3):
        table.open(identity, None, bytes([0, number]), 0.0)
    with pytest.raises(BusyError, match="as many sessions as it takes"):
        table.open(farm, None, ONE, 0.0)


def test_an_unknown_token_opens_a_new_session(table: SessionTable) -> None:
    """After a restart the client gets a new session."""
    session, resumed = table.open(ALICE, b"x" * 16, ONE, 0.0)
    assert not resumed
    assert session.token != b"x" * 16


def test_a_second_hello_leaves_the_first_session(table: SessionTable) -> None:
    """One connection has one session; the former one is away."""
    first, _ = table.open(ALICE, None, ONE, 0.0)
    second, _ = table.open(ALICE, None, ONE, 0.0)
    assert table.by_route(ONE) is second
    assert first.route is None
    assert table.by_token(first.token) is first


def test_a_lost_connection_keeps_the_session(table: SessionTable) -> None:
    """The client is away, its downloads are forgotten, its token still works."""
    session, _ = table.open(ALICE, None, ONE, 0.0)
    session.downloads[b"d" * 32] = Download(0, 1)
    table.disconnect(session)
    assert (session.route, len(session.downloads)) == (None, 0)
    assert table.open(ALICE, session.token, TWO, 0.0) == (session, True)


def test_a_forgotten_session_is_gone(table: SessionTable) -> None:
    """Its token is worth nothing any more."""
    session, _ = table.open(ALICE, None, ONE, 0.0)
    table.forget(session)
    assert list(table) == []
    assert not table.open(ALICE, session.token, TWO, 0.0)[1]


def session() -> Session:
    """Return a session without credit."""
    return Session(Owner(b"s" * 16, "alice", "film"), ALICE, ONE, 0.0)


def test_overdrawn_credit_is_an_error() -> None:
    """A byte too much is refused, and nothing is counted."""
    one = session()
    one.put_credit = 100
    one.spend(60)
    with pytest.raises(CreditError):
        one.spend(41)
    one.spend(40)
    assert one.put_credit == 0
