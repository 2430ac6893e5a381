"""Errors as artists see them."""

from __future__ import annotations

from typing import Optional

from filmgate.errors import FilmgateError
from filmgate.host.state import Problem


def to_problem(error: FilmgateError, frame: Optional[int] = None) -> Problem:
    """Return an error as nodes and panels show it.

    Args:
        error: what happened.
        frame: at which frame; None when it concerns the node.

    Returns:
        With the id that stands in the server's log: the code and, where there is one, the job.
    """
    code = str(error.detail.get("code", error.code))
    id = f"{code} {error.detail.get('job', '')}".strip()
    return Problem(code, error.text, error.remedy, id, frame)
