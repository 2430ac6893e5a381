"""What a host that pulls gets for a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from filmgate.host.state import Problem, State

SETTLED = (State.FRESH, State.BAKED, State.ERROR)
"""States that do not change by waiting."""


@dataclass(frozen=True)
class Answer:
    """What a host that pulls gets at once.

    Attributes:
        state: of the frame that was asked for.
        paths: the file of each output; of a stale frame the old one, and none before there is any.
        problem: why there is no result.
    """

    state: State
    paths: Mapping[str, Path] = field(default_factory=dict[str, Path])
    problem: Optional[Problem] = None
