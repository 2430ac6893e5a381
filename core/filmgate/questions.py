"""Questions to the server and their answers, by number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

from filmgate.errors import FilmgateError
from filmgate.wire.messages import Message


class Questions:
    """Questions and their answers, by number; asked again on a new connection."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[Message, Callable[[Any], None]]] = {}

    def note(self, number: int, message: Message, answered: Callable[[Any], None]) -> None:
        """Remember a question."""
        self._open[number] = (message, answered)

    def answer(self, number: Optional[int], answer: Any) -> bool:
        """Hand an answer to whoever asked; return whether somebody had."""
        asked = self._open.pop(number, None) if number is not None else None
        if asked is None:
            return False
        asked[1](answer)
        return True

    def take_all(self) -> list[tuple[Message, Callable[[Any], None]]]:
        """Return and forget every open question."""
        asked = list(self._open.values())
        self._open.clear()
        return asked

    def fail_all(self, error: FilmgateError) -> None:
        """Answer every open question with an error."""
        for _, answered in self.take_all():
            answered(error)
