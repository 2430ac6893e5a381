"""What ties a panel to other threads: its own two, and the listener that the board calls."""

from __future__ import annotations

from typing import Callable

from filmgate.host.board import Board
from filmgate.ui.errands import Errands
from filmgate.ui.mailbox import Mailbox


class Ties:
    """Made with the panel, open while it is seen, and cut when Qt deletes it.

    It is no part of the panel, as a host may delete that without a word: a method of the panel
    could no longer be called then.

    Args:
        board: tells of changes while the ties are open.

    Attributes:
        mailbox: brings calls to the main thread.
        questions: a thread for what is asked of the server.
        errands: a thread for what is read from disk and decoded.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self.mailbox = Mailbox()
        self.questions = Errands("filmgate-panel-server", self.mailbox)
        self.errands = Errands("filmgate-panel", self.mailbox)
        self._stop_listening: Callable[[], None] = _do_nothing

    def open(self, changed: Callable[[], None]) -> None:
        """Start the threads, and have *changed* called, on any thread, when the board changes."""
        self.close()
        self.questions.open()
        self.errands.open()
        self._stop_listening = self._board.listen(changed)

    def close(self) -> None:
        """Leave nothing running; what a thread is waiting for is not waited for."""
        self._stop_listening()
        self.questions.close()
        self.errands.close()

    def cut(self) -> None:
        """Close for good: answers that are still to come find nobody."""
        self.close()
        self.mailbox.close()


def _do_nothing() -> None:
    """Stand in for what ends listening while nobody listens."""
