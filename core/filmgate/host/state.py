"""Where a node stands, and what it keeps of itself in the artist's file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional


class State(Enum):
    """The states of a node or of one of its frames; the values are shown to artists."""

    EMPTY = "not run yet"
    FRESH = "fresh"
    STALE = "stale"
    PARTIAL = "partial"
    RUNNING = "running"
    ERROR = "error"
    BAKED = "baked"


@dataclass(frozen=True)
class Problem:
    """A failure as artists see it.

    Attributes:
        code: the wire-stable code of the error.
        text: what happened.
        remedy: what helps; may be empty.
        id: of the job, to tell the people who keep the server running: it is in their log too;
            empty where no job has failed.
        frame: at which frame; None when it concerns the node.
    """

    code: str
    text: str
    remedy: str = ""
    id: str = ""
    frame: Optional[int] = None

    def __str__(self) -> str:
        """Return text, remedy and id, as a person would quote them."""
        parts = (self.text, self.remedy, f"({self.id})" if self.id else "")
        return " ".join(part for part in parts if part)


@dataclass(frozen=True)
class Status:
    """Where a node stands, for its label and the panel.

    Attributes:
        state: of the node as a whole.
        text: one line for the artist: what is being done or waited for.
        done: frames of the current or last run that are finished.
        total: frames of the current or last run.
        fraction: of everything that the run has to do, 0 to 1.
        place: how much work the server has queued before ours; 0 when none or unknown.
        eta_s: seconds to go; 0 while unknown.
        problem: the last failure, until the next run.
        warnings: what the server said about the last result: scrubbed pixels, a guessed space.
    """

    state: State = State.EMPTY
    text: str = ""
    done: int = 0
    total: int = 0
    fraction: float = 0.0
    place: int = 0
    eta_s: float = 0.0
    problem: Optional[Problem] = None
    warnings: tuple[str, ...] = ()
