"""Memory outside the store: what may be on the way, in and out, over all connections together.

What a client may send lies in ZeroMQ's memory until the gateway has read it, and what was sent to a
client until the client's machine has taken it. Half of the budget is for each way. Nobody gets more
than his share of it, so that neither slow readers nor silent holders of credit keep others out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from filmgate_server.gateway.sessions import Session

PART_OF_STORE = 20
"""The windows take at most so small a part of what the store may hold."""

PIECES_MIN = 4
"""Of the budget, however small the store is: two each way."""

ACTIVE_SHARE = 2
"""One reader may have this part of what his way has, so that the next finds room at once."""


class Windows:
    """Shares a budget among sessions.

    Args:
        budget_bytes: for both ways together.
        chunk_bytes: the size of a piece.
        window_bytes: the most that one session may send before we have read it.

    Attributes:
        chunk_bytes: the size of a piece.
        window_bytes: the most that one session may send before we have read it.
    """

    def __init__(self, budget_bytes: int, chunk_bytes: int, window_bytes: int) -> None:
        self.chunk_bytes = chunk_bytes
        self.window_bytes = max(window_bytes, chunk_bytes)
        self._way_bytes = max(budget_bytes, PIECES_MIN * chunk_bytes) // 2
        self._promised_bytes = 0
        self._waiting: OrderedDict[bytes, Session] = OrderedDict()
        self._under_way: dict[bytes, int] = {}

    @property
    def promised_bytes(self) -> int:
        """What clients may still send or have sent and was not read; at most `way_bytes`."""
        return self._promised_bytes

    @property
    def way_bytes(self) -> int:
        """What may be under way in each direction."""
        return self._way_bytes

    # In: credit that clients get.

    def open(self, session: Session) -> int:
        """Return the credit that a connection begins with: a piece, while there is plenty."""
        self.close(session)
        return self._promise(session, self._spare_bytes())

    def close(self, session: Session) -> None:
        """Take back what a connection that is gone was promised."""
        self._promised_bytes -= session.put_credit
        session.put_credit = 0
        self._waiting.pop(session.token, None)
        self._under_way.pop(session.token, None)

    def spend(self, session: Session, size_bytes: int) -> None:
        """Count bytes that the client has sent and we have read.

        Raises:
            CreditError: they are more than it was granted.
        """
        session.spend(size_bytes)
        self._promised_bytes -= size_bytes

    def top_up(self, session: Session, wanted_bytes: int, connected: int) -> int:
        """Return the credit to grant to a session that sends; 0 if it has enough or must wait.

        Args:
            session: who sends.
            wanted_bytes: what is wanted of it; more would lie idle with it.
            connected: how many share the budget.
        """
        share = min(self._way_bytes // max(1, connected), self.window_bytes)
        target = min(wanted_bytes, max(share, self.chunk_bytes))
        if not wanted_bytes:
            self._waiting.pop(session.token, None)  # or nobody behind it would have his turn
            target = self._spare_bytes()
        lacking = target - session.put_credit
        if lacking <= 0 or (session.put_credit >= self.chunk_bytes and lacking < target // 4):
            self._waiting.pop(session.token, None)
            return 0
        granted = self._grant(session, lacking, wanted_bytes) if self._has_turn(session) else 0
        if granted:
            self._waiting.pop(session.token, None)
        elif session.put_credit < self.chunk_bytes and wanted_bytes:
            self._waiting.setdefault(session.token, session)
        return granted

    def _has_turn(self, session: Session) -> bool:
        """Return whether nobody has waited longer for credit than *session*."""
        return next(iter(self._waiting), session.token) == session.token

    def _grant(self, session: Session, lacking: int, wanted_bytes: int) -> int:
        """Promise whole pieces, or exactly what is wanted where it is less: no rest lies idle."""
        left = self._way_bytes - self._promised_bytes
        exactly = wanted_bytes - session.put_credit
        if 0 < exactly <= min(_up(lacking, self.chunk_bytes), left):
            session.put_credit += exactly
            self._promised_bytes += exactly
            return exactly
        return self._promise(session, min(_up(lacking, self.chunk_bytes), left))

    def waiting(self) -> list[Session]:
        """Return who waits for credit, the longest first."""
        return list(self._waiting.values())

    def _spare_bytes(self) -> int:
        """Return what somebody gets who may never send: half is kept for those who do.

        Nothing while others wait: it would lie idle, and be taken back again and again.
        """
        plenty = self._promised_bytes + self.chunk_bytes <= self._way_bytes // 2
        return self.chunk_bytes if plenty and not self._waiting else 0

    def _promise(self, session: Session, size_bytes: int) -> int:
        """Promise whole pieces, or what makes one whole with what is left."""
        short = -session.put_credit % self.chunk_bytes
        if size_bytes < short:
            return 0
        granted = short + (size_bytes - short) // self.chunk_bytes * self.chunk_bytes
        session.put_credit += granted
        self._promised_bytes += granted
        return granted

    # Out: pieces that clients have not taken yet.

    def may_send(self, session: Session, size_bytes: int, under_way_bytes: int) -> bool:
        """Return whether one more piece may go to a session.

        Args:
            session: who asked for it.
            size_bytes: of the piece.
            under_way_bytes: what was sent to it and its machine has not taken.
        """
        self._note(session, under_way_bytes)
        own_max = self._way_bytes // (ACTIVE_SHARE * max(1, len(self._under_way)))
        if under_way_bytes and under_way_bytes + size_bytes > max(own_max, self.chunk_bytes):
            return False
        if sum(self._under_way.values()) + size_bytes > self._way_bytes:
            return False
        self._under_way[session.token] = under_way_bytes + size_bytes
        return True

    def note(self, session: Session, under_way_bytes: int) -> None:
        """Take note of what a session's machine has taken meanwhile."""
        if session.token in self._under_way:
            self._note(session, under_way_bytes)

    def readers(self) -> Iterator[bytes]:
        """Yield the tokens of the sessions that have not taken everything."""
        return iter(list(self._under_way))

    def _note(self, session: Session, under_way_bytes: int) -> None:
        if under_way_bytes:
            self._under_way[session.token] = under_way_bytes
        else:
            self._under_way.pop(session.token, None)


def _up(size_bytes: int, chunk_bytes: int) -> int:
    """Return *size_bytes* rounded up to whole pieces."""
    return -(-size_bytes // chunk_bytes) * chunk_bytes


def budget_bytes(store_bytes: int) -> int:
    """Return what the windows may take beside a store."""
    return store_bytes // PART_OF_STORE
