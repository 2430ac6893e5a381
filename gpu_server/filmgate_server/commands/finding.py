"""What the check of a package has found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from filmgate.errors import DeviceMemoryError, FilmgateError
from filmgate_server.registry.content import MANIFEST_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def author_remedy(error: FilmgateError) -> str:
    """Return what mends an error, told to the package's author instead of an artist."""
    if error.remedy != error.default_remedy:
        return error.remedy
    if isinstance(error, DeviceMemoryError):
        return "Let it take less memory, or let frames be cut with max_tile_px and halo_px."
    return f"Correct what the package computes, or what {MANIFEST_FILE} says of it."


def parse_finding(fields: Mapping[str, Any]) -> Finding:
    """Return the finding whose attributes *fields* are.

    Raises:
        ValueError: they are not.
    """
    texts = [fields.get(name) for name in ("topic", "verdict", "text", "remedy")]
    values = fields.get("values")
    known = fields.keys() == Finding.__dataclass_fields__.keys() and isinstance(values, dict)
    if not known or not all(isinstance(text, str) for text in texts):
        raise ValueError("not a finding")
    if fields["verdict"] not in VERDICTS:
        raise ValueError("not a verdict")
    return Finding(**fields)
