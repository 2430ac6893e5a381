"""What the log says of a failure: where it came from, and none of the numbers it is about."""

from __future__ import annotations

import traceback

from filmgate_server.worker.poison import behind, words_of

WORDS_MAX = 200
"""Of each error's own text: an array that is printed into it would be pixels."""

ERRORS_MAX = 8
CHARACTERS_MAX = 16_000


def trace_of(error: BaseException) -> str:
    """Return the traceback of *error*, after those of what led to it, the first cause first.

    Local variables, which hold pixels, are left out, and long texts are cut.
    """
    return "\n".join(_described(each) for each in reversed(_chain(error)))[-CHARACTERS_MAX:]


def _chain(error: BaseException) -> list[BaseException]:
    chain, open_errors = list[BaseException](), [error]
    while open_errors and len(chain) < ERRORS_MAX:
        found = open_errors.pop(0)
        if all(found is not each for each in chain):
            chain.append(found)
            open_errors += behind(found)
    return chain


def _described(error: BaseException) -> str:
    where = "".join(traceback.format_tb(error.__traceback__))
    return f"{where}{type(error).__name__}: {words_of(error)[:WORDS_MAX]}"
