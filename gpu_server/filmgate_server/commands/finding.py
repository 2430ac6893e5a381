"""What the check of a package has found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

HOLDS = "holds"
REFUSED = "refused"
NOTE = "note"
SKIPPED = "skipped"
VERDICTS = (HOLDS, REFUSED, NOTE, SKIPPED)


@dataclass(frozen=True)
class Finding:
    """The result of one thing that was tried.

    Attributes:
        topic: what it is about: ``halo``, ``weights``, …
        verdict: one of `VERDICTS`.
        text: what was tried and found, in a sentence.
        remedy: what mends it; empty where nothing needs to.
        values: figures for programs.
    """

    topic: str
    verdict: str
    text: str
    remedy: str = ""
    values: dict[str, Any] = field(default_factory=dict[str, Any])


def holds(topic: str, text: str, **values: Any) -> Finding:
    """Return that something is as it should be."""
    return Finding(topic, HOLDS, text, "", values)


def refused(topic: str, text: str, remedy: str, **values: Any) -> Finding:
    """Return that the package cannot be published like this."""
    return Finding(topic, REFUSED, text, remedy, values)


def note(topic: str, text: str, remedy: str = "", **values: Any) -> Finding:
    """Return something that the author may want to know."""
    return Finding(topic, NOTE, text, remedy, values)


def skipped(topic: str, text: str) -> Finding:
    """Return that something could not be tried."""
    return Finding(topic, SKIPPED, text)
