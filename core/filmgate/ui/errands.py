"""A thread of the panel's own: what may wait for a server or a disk is done there, in turn."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Any, Callable, Optional, TypeVar, Union

from filmgate.errors import FilmgateError
from filmgate.ui.mailbox import Mailbox

T = TypeVar("T")
Errand = Callable[[], None]


class Errands:
    """Does errands one after the other, on a thread that is there from `open` to `close`.

    Both are called on the main thread, as `ask` is.

    Args:
        name: the thread's, for those who look at a process.
        mailbox: brings answers to the main thread.
    """

    def __init__(self, name: str, mailbox: Mailbox) -> None:
        self._name = name
        self._mailbox = mailbox
        self._waiting: SimpleQueue[Optional[Errand]] = SimpleQueue()
        self._thread: Optional[threading.Thread] = None

    def open(self) -> None:
        """Take errands from now on; again after `close`, too."""
        if self._thread is None:
            # A daemon: a host that quits does not wait for a server that does not answer.
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()

    def ask(
        self, question: Callable[[], T], answered: Callable[[Union[T, FilmgateError]], None]
    ) -> None:
        """Ask on the thread; tell on the main thread. What is asked after `close` is dropped.

        Args:
            question: may take its time.
            answered: gets what it returned, or the error that it raised.
        """

        def errand() -> None:
            answer = _answer(question)
            self._mailbox.post(lambda: answered(answer))

        if self._thread is not None:
            self._waiting.put(errand)

    def close(self) -> None:
        """Let the thread end when it has done what was asked; it is not waited for."""
        if self._thread is not None:
            self._thread = None
            self._waiting.put(None)  # ends one thread: the old one, or a new one in its place

    def _work(self) -> None:
        while True:
            errand = self._waiting.get()
            if errand is None:
                return
            errand()


def _answer(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except FilmgateError as error:
        return error
    except Exception as error:  # noqa: BLE001 - the thread's boundary: the panel shows it
        return FilmgateError(f"Something unforeseen happened: {type(error).__name__}: {error}.")
