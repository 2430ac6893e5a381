"""What `filmgate doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: the heading that it stands under.
        name: what was looked at.
        value: what was found.
        problem: what is broken; empty when nothing is.
        mend: what to do about it, or about what is missing.
    """

    topic: str
    name: str
    value: str = ""
    problem: str = ""
    mend: str = ""
