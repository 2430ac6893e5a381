"""What is on the way at the moment: credit that clients hold, pieces that they have not taken."""

from __future__ import annotations

from collections.abc import Callable

from filmgate.wire.messages import BlobPut, Credit, JobSubmit, Message
from filmgate_server.gateway.sessions import Session, SessionTable
from filmgate_server.gateway.watchdog import Watchdog
from filmgate_server.gateway.windows import Windows

STUCK_S = 20.0
"""A machine that takes nothing for so long is gone, whatever its heartbeats say."""

HOARDED_S = 2.0
"""Credit that lies idle for so long while others wait for it is taken back."""

BLAMED_AGAIN_S = 60.0
"""Nobody loses two connections sooner: his client had the time to send, or it is not his fault."""


class Flow:
    """Keeps every session within the windows.

    Credit cannot be taken back on a connection. Where others wait for what somebody holds and does
    not use, his connection is shut: his client opens another and goes on.

    Args:
        windows: the budget.
        sessions: who is connected.
        watchdog: knows what the kernel has seen of each connection.
        send: sends a message to a session.

    Attributes:
        pump: goes on with a session's downloads; set once there is somebody who can.
        wanted_bytes: returns how much is to be uploaded in a session; likewise.
    """

    def __init__(
        self,
        windows: Windows,
        sessions: SessionTable,
        watchdog: Watchdog,
        send: Callable[[bytes, Message], None],
    ) -> None:
        self.windows = windows
        self.pump: Callable[[Session], None] = lambda _: None
        self.wanted_bytes: Callable[[bytes], int] = lambda _: 0
        self._sessions = sessions
        self._watchdog = watchdog
        self._send = send
        self._blocked: dict[bytes, None] = {}
        self._first: tuple[bytes, float] | None = None
        self._blamed_s: dict[bytes, float] = {}

    def open(self, session: Session) -> int:
        """Return the credit that a session begins a connection with."""
        return self.windows.open(session)

    def close(self, session: Session) -> None:
        """Forget a session's connection."""
        self.windows.close(session)
        self._blocked.pop(session.token, None)

    def heard(self, session: Session, message: Message) -> None:
        """Grant credit to a session that sends, or has nothing to send with and asks for some."""
        asks = isinstance(message, JobSubmit) or message == Credit(0)
        short = session.put_credit < self.windows.chunk_bytes
        if session.route is not None and (isinstance(message, BlobPut) or (asks and short)):
            self.top_up(session)

    def top_up(self, session: Session) -> None:
        """Grant credit to a session that sends."""
        wanted_bytes = self.wanted_bytes(session.token)
        granted = self.windows.top_up(session, wanted_bytes, self._sessions.connected)
        if granted:
            self._send(session.token, Credit(granted))

    def may_send(self, session: Session, size_bytes: int) -> bool:
        """Return whether another piece may be sent now; if not, the session is tried again."""
        if session.route is None:
            return False
        under_way = self._watchdog.under_way_bytes(session.route)
        may = self.windows.may_send(session, size_bytes, under_way)
        if not may:
            self._blocked[session.token] = None
        return may

    def tick(self) -> None:
        """Let those go on who had to wait, and cut off those for whom everybody waits."""
        for token in self.windows.readers():
            self._look_at(self._sessions.by_token(token))
        blocked, self._blocked = self._blocked, {}
        for token in blocked:
            session = self._sessions.by_token(token)
            if session is not None:
                self.pump(session)
        for session in self.windows.waiting():
            if session.route is None:
                self.close(session)
            else:
                self.top_up(session)
        if self._waits_in_vain():
            self._take_back()

    def _look_at(self, session: Session | None) -> None:
        if session is None or session.route is None:
            return
        under_way = self._watchdog.under_way_bytes(session.route)
        self.windows.note(session, under_way)
        if under_way and self._watchdog.stuck_s(session.route) > STUCK_S:
            self._watchdog.shut_down(session.route)

    def _waits_in_vain(self) -> bool:
        """Return whether the same session has been the first to wait for long: nobody sends."""
        now_s = self._watchdog.checked_s
        first = next((session.token for session in self.windows.waiting()), None)
        if first is None or self._first is None or self._first[0] != first:
            self._first = None if first is None else (first, now_s)
            return False
        return now_s - self._first[1] > HOARDED_S

    def _take_back(self) -> None:
        """Shut who holds most and does not use it, one at a time: perhaps that is enough."""
        self._first, now_s = None, self._watchdog.checked_s
        self._blamed_s = {
            token: since_s
            for token, since_s in self._blamed_s.items()
            if now_s < since_s + BLAMED_AGAIN_S
        }
        waiting = {session.token for session in self.windows.waiting()}
        idle = [
            session
            for session in self._sessions
            if session.put_credit
            and session.token not in waiting
            and session.token not in self._blamed_s
            and session.route is not None
            and self._watchdog.silent_s(session.route) > HOARDED_S
        ]
        most = max(idle, key=lambda session: session.put_credit, default=None)
        if most is not None and most.route is not None:
            self._blamed_s[most.token] = now_s
            self._watchdog.shut_down(most.route)
