"""Steps of a node that are done in the background and end on the main thread."""

from __future__ import annotations

import logging
from typing import Callable

from filmgate.errors import FilmgateError
from filmgate.host.inbox import Inbox

Rest = Callable[[], None]

log = logging.getLogger("filmgate")


class Errands:
    """What one node has done aside. On the main thread, but for `under_way`.

    Args:
        background: runs calls in order, on another thread.
        inbox: brings what is left back to the main thread.
        complain: told of a step that failed.
    """

    def __init__(
        self,
        background: Callable[[Rest], None],
        inbox: Inbox,
        complain: Callable[[FilmgateError], None],
    ) -> None:
        self._background, self._inbox, self._complain = background, inbox, complain
        self._count = 0

    @property
    def under_way(self) -> bool:
        """Whether any has not ended; from any thread."""
        return self._count > 0

    def run(self, step: Callable[[], Rest]) -> None:
        """Do *step* in the background, and then on the main thread what it returns."""
        self._count += 1
        self._background(lambda: self._inbox.put(self._stepped(step)))

    def _stepped(self, step: Callable[[], Rest]) -> Rest:
        """Do a step in the background; return what is left for the main thread."""
        try:
            rest = step()
        except FilmgateError as error:
            return self._failed(error)
        except Exception as error:  # the thread's boundary: the node would be busy for ever
            log.exception("a step in the background failed")
            return self._failed(FilmgateError(f"The plugin itself failed ({error!r})."))
        return lambda: self._end(rest)

    def _failed(self, error: FilmgateError) -> Rest:
        return lambda: self._end(lambda: self._complain(error))

    def _end(self, rest: Rest) -> None:
        self._count -= 1
        rest()
