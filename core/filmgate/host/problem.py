"""Errors as artists see them."""

from __future__ import annotations

import logging
import secrets
from typing import Optional

from filmgate.errors import FilmgateError
from filmgate.host.state import Problem

log = logging.getLogger("filmgate")

_HOST_REMEDY = "Its console says more; tell the people who look after the plugin."


def host_failure(error: Exception) -> FilmgateError:
    """Return what an artist is told where the host's own code has failed."""
    said = f"{error}".strip().rstrip(".") or type(error).__name__
    return FilmgateError(f"The host failed: {said}.", _HOST_REMEDY)


def to_problem(error: FilmgateError, frame: Optional[int] = None) -> Problem:
    """Return an error as nodes and panels show it.

    Args:
        error: what happened.
        frame: at which frame; None when it concerns the node.

    Returns:
        With the id that stands in the server's log, where a job has failed there.
    """
    code, id = (str(error.detail.get(*each)) for each in (("code", error.code), ("job", "")))
    return Problem(code, error.text, error.remedy, id, frame)


def unforeseen(error: Exception) -> Problem:
    """Describe an error that nobody foresaw; the log has the rest under the same id."""
    mark = secrets.token_hex(4)
    log.error("unforeseen failure %s", mark, exc_info=error)
    text = f"Filmgate failed in a way that nobody foresaw: {type(error).__name__}: {error}"
    return Problem(FilmgateError.code, text, FilmgateError.default_remedy, mark)
