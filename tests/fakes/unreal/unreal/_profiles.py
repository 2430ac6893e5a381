"""The releases that are stood in for: what differs between them where plugins notice it."""

from __future__ import annotations

from typing import NamedTuple


class Profile(NamedTuple):
    """One release of Unreal Engine.

    Attributes:
        missing: names that this release lacks; `Class.member` for a member.
    """

    version: str
    python: tuple[int, int]
    missing: frozenset[str] = frozenset()


_BEFORE_5_6 = frozenset({"EditorUtilityLibrary.add_source_widget"})
"""5.6 lets Python add widgets to a blueprint; 5.5.4's own stub lacks the function."""

_BEFORE_5_4 = frozenset({"MovieGraphScriptBase", "MoviePipelineExecutorJob.get_graph_preset"})
"""Movie Render Graph came with 5.4."""

PROFILES = {
    "5.3": Profile("5.3.2", (3, 9), _BEFORE_5_6 | _BEFORE_5_4),
    "5.4": Profile("5.4.4", (3, 11), _BEFORE_5_6),
    "5.5": Profile("5.5.4", (3, 11), _BEFORE_5_6),
    "5.6": Profile("5.6.0", (3, 11)),
}
