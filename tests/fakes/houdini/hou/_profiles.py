"""The releases that are stood in for: what differs between them where plugins notice it."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from hou._since import SINCE


class Profile(NamedTuple):
    """One release of Houdini."""

    major: int
    minor: int
    build: int
    python: tuple[int, int]
    qt: str


# Sources: SideFX's release notes and the "Qt for Python" page of each release.
PROFILES = {
    "19.5": Profile(19, 5, 805, (3, 9), "PySide2"),
    "20.0": Profile(20, 0, 896, (3, 10), "PySide2"),
    "20.5": Profile(20, 5, 654, (3, 11), "PySide2"),
    "21.0": Profile(21, 0, 631, (3, 11), "PySide6"),
    "22.0": Profile(22, 0, 368, (3, 13), "PySide6"),
}

ORDER = list(PROFILES)

GUI_ONLY = ("qt", "ui")
"""Names of the module that hython lacks: it has no interface."""

_hidden: list[tuple[Any, str, Any]] = []


def find_profile(version: str) -> Profile:
    """Return the release that *version*, for example "21.0" or "21.0.512", asks for."""
    numbers = version.split(".")
    profile = PROFILES[".".join((*numbers[:2], "0")[:2])]
    return profile._replace(build=int(numbers[2])) if len(numbers) > 2 else profile


def lacking(profile: Profile) -> list[str]:
    """Return the names, of members as `Class.member`, that a release does not have yet."""
    at = ORDER.index(f"{profile.major}.{profile.minor}")
    return [name for name, since in SINCE.items() if ORDER.index(since) > at]


def put_on(profile: Profile, gui: bool) -> None:
    """Let the module and its classes have what the release has, and no more."""
    while _hidden:
        owner, name, value = _hidden.pop()
        setattr(owner, name, value)
    for name in [*lacking(profile), *(() if gui else GUI_ONLY)]:
        _hide(name)


def _hide(name: str) -> None:
    owner: Any = sys.modules["hou"]
    holder, _, member = name.rpartition(".")
    if holder:
        owner = _class_of(owner, holder)
    _hidden.append((owner, member, vars(owner)[member]))
    delattr(owner, member)


def _class_of(module: Any, name: str) -> Any:
    """Return a class that may be hidden itself, or be no public one."""
    gone = {hidden: value for owner, hidden, value in _hidden if owner is module}
    if name in gone:
        return gone[name]
    homes = [each for known, each in sys.modules.items() if known.partition(".")[0] == "hou"]
    return next(vars(each)[name] for each in homes if name in vars(each))
