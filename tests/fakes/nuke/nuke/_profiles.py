"""The releases that are stood in for: what differs between them where plugins notice it."""

from __future__ import annotations

from typing import NamedTuple


class Profile(NamedTuple):
    """One release of Nuke."""

    major: int
    minor: int
    release: int
    python: tuple[int, int]
    qt: str
    missing: frozenset[str] = frozenset()
    tells_all: bool = False
    """Whether knobChanged is called for what Python sets, though the panel is closed."""


_BEFORE_16 = frozenset({"activeGroup"})
"""Nuke 16 brought several node graphs open at once, and with them the group that is active."""

PROFILES = {
    14: Profile(14, 1, 5, (3, 9), "PySide2", _BEFORE_16),
    15: Profile(15, 1, 3, (3, 10), "PySide2", _BEFORE_16),
    16: Profile(16, 0, 3, (3, 11), "PySide6"),
    17: Profile(17, 0, 1, (3, 11), "PySide6", tells_all=True),
}


def find_profile(version: str) -> Profile:
    """Return the release that *version*, for example "16.0" or "16", asks for."""
    numbers = [int(part) for part in version.split(".")]
    profile = PROFILES[numbers[0]]
    return profile._replace(minor=numbers[1]) if len(numbers) > 1 else profile
