"""Memory outside the store: bounded in all, shared among sessions, never stuck."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.errors import CreditError
from filmgate_server.access.auth import LOCAL, Identity
from filmgate_server.gateway.sessions import Session
from filmgate_server.gateway.windows import Windows, budget_bytes
from filmgate_server.jobs.table import Owner

PIECE = 100
ALICE = Identity(LOCAL, "alice", "film")


def session(number: int) -> Session:
    """Return a session that is connected."""
    return Session(Owner(bytes([number]) * 16, "alice", "film"), ALICE, bytes([0, number]), 0.0)


def test_half_is_kept_for_those_who_send() -> None:
    """A connection begins with a piece; where half is with people who may never send, with none."""
    windows = Windows(1200, PIECE, 800)
    assert [windows.open(session(number)) for number in range(5)] == [PIECE] * 3 + [0] * 2
    assert windows.promised_bytes == 300


def test_a_small_store_still_lets_pieces_pass() -> None:
    """However little the budget is, there is room for two pieces each way."""
    windows = Windows(budget_bytes(1000), PIECE, 800)
    assert windows.way_bytes == 2 * PIECE
    assert windows.open(session(1)) == PIECE


def test_credit_comes_as_it_is_wanted_and_no_more() -> None:
    """Who sends gets his share at once, then in good time, and nothing beyond what is wanted."""
    windows, one = Windows(2000, PIECE, 800), session(1)
    assert windows.open(one) == PIECE
    windows.spend(one, PIECE)
    assert windows.top_up(one, 2000, 1) == 800
    windows.spend(one, PIECE)
    assert windows.top_up(one, 1900, 1) == 0
    windows.spend(one, PIECE)
    assert windows.top_up(one, 1800, 1) == 200
    for _ in range(5):
        windows.spend(one, PIECE)
    assert windows.top_up(one, 250, 1) == 0
    with pytest.raises(CreditError):
        windows.spend(one, 301)


def test_small_wants_take_no_more_than_they_are() -> None:
    """Many who send little share what one piece takes: nothing lies idle with any of them."""
    windows = Windows(400, PIECE, 800)
    sessions = [session(number) for number in range(20)]
    assert [windows.top_up(each, 7, 20) for each in sessions] == [7] * 20
    assert windows.promised_bytes == 140


def test_who_waits_longest_is_next() -> None:
    """Who has sent and wants more stands behind those who have waited for their first piece."""
    windows = Windows(400, PIECE, 800)
    first, second, third = (session(number) for number in range(3))
    assert [windows.top_up(each, 500, 3) for each in (first, second, third)] == [PIECE, PIECE, 0]
    windows.spend(first, PIECE)
    assert windows.top_up(first, 400, 3) == 0
    assert windows.top_up(third, 500, 3) == PIECE
    assert windows.waiting() == [first]


def test_shares_shrink_as_more_connect() -> None:
    """With eight at work nobody keeps more than an eighth once he has spent what he had."""
    windows, one = Windows(1600, PIECE, 800), session(1)
    assert windows.top_up(one, 5000, 1) == 800
    for _ in range(7):
        windows.spend(one, PIECE)
        assert windows.top_up(one, 5000, 8) == 0
    windows.spend(one, PIECE)
    assert windows.top_up(one, 5000, 8) == PIECE


def test_who_waits_is_served_when_another_leaves() -> None:
    """A session without credit is remembered, in turn, until there is some."""
    windows = Windows(400, PIECE, 200)
    holder, first, second = session(1), session(2), session(3)
    assert windows.top_up(holder, 500, 1) == 200
    assert [windows.top_up(first, 500, 3), windows.top_up(second, 500, 3)] == [0, 0]
    assert windows.waiting() == [first, second]
    windows.close(holder)
    assert windows.top_up(first, 500, 2) == PIECE
    assert windows.waiting() == [second]


@pytest.mark.parametrize("wanted_bytes", [0, 40])
def test_who_needs_no_more_holds_up_nobody(wanted_bytes: int) -> None:
    """A session whose uploads took another way, or fit its rest, leaves the head of the queue."""
    windows = Windows(400, PIECE, 200)
    holder, first, second = session(1), session(2), session(3)
    assert windows.top_up(first, 40, 1) == 40
    assert windows.top_up(session(4), 60, 1) == 60
    assert windows.top_up(holder, 500, 1) == PIECE
    assert windows.top_up(first, 500, 3) == 0
    assert windows.top_up(second, 500, 3) == 0
    assert windows.waiting() == [first, second]
    windows.close(holder)
    assert windows.top_up(first, wanted_bytes, 2) == 0
    assert windows.top_up(second, 500, 2) == PIECE
    assert windows.waiting() == []


def test_who_connects_while_others_wait_gets_nothing_to_sit_on() -> None:
    """What may never be used is not given away while somebody needs it."""
    windows = Windows(1000, PIECE, 400)
    one, two = session(1), session(2)
    assert [windows.top_up(one, 400, 1), windows.top_up(two, 150, 1)] == [400, PIECE]
    assert windows.top_up(session(3), 500, 1) == 0
    windows.spend(one, 400)
    assert windows.open(session(4)) == 0


def test_an_odd_rest_of_credit_is_made_whole() -> None:
    """The last piece of a blob is short; what is left then grows to a whole piece."""
    windows, one = Windows(2000, PIECE, 200), session(1)
    windows.top_up(one, 500, 1)
    windows.spend(one, 30)
    windows.spend(one, PIECE)
    assert one.put_credit == 70
    assert windows.top_up(one, 500, 1) == 130


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["open", "spend", "top", "close"]))))
def test_promises_never_pass_the_budget(steps: list[tuple[int, str]]) -> None:
    """Whatever comes in whatever order, the sum of all credit is known and bounded."""
    windows, sessions = Windows(1000, PIECE, 300), [session(number) for number in range(6)]
    for number, step in steps:
        one = sessions[number]
        if step == "open":
            windows.open(one)
        elif step == "close":
            windows.close(one)
        elif step == "top":
            windows.top_up(one, 60 * number, 6)
        elif one.put_credit:
            windows.spend(one, min(PIECE, one.put_credit))
        assert windows.promised_bytes == sum(each.put_credit for each in sessions)
        assert windows.promised_bytes <= windows.way_bytes


def test_a_slow_reader_gets_half_at_most() -> None:
    """Alone, it may have half under way; the rest is there for whoever comes next."""
    windows, slow, fast = Windows(2000, PIECE, 800), session(1), session(2)
    under_way = 0
    while windows.may_send(slow, PIECE, under_way):
        under_way += PIECE
    assert under_way == 500
    assert windows.may_send(fast, PIECE, 0)


def test_readers_together_stay_within_the_budget() -> None:
    """Eight that take nothing leave no more under way than the budget; one that goes makes room."""
    windows, readers = Windows(2000, PIECE, 800), [session(number) for number in range(20)]
    under_way = dict.fromkeys(range(20), 0)
    for _ in range(20):
        for number, reader in enumerate(readers):
            if windows.may_send(reader, PIECE, under_way[number]):
                under_way[number] += PIECE
    assert sum(under_way.values()) == 1000
    assert not windows.may_send(session(30), PIECE, 0)
    windows.close(readers[0])
    assert windows.may_send(session(30), PIECE, 0)


def test_what_was_taken_makes_room() -> None:
    """A reader whose machine has taken everything counts no more."""
    windows, one = Windows(400, PIECE, 200), session(1)
    assert windows.may_send(one, PIECE, 0)
    assert not windows.may_send(one, PIECE, PIECE)
    windows.note(one, 0)
    assert list(windows.readers()) == []
    assert windows.may_send(one, PIECE, 0)
