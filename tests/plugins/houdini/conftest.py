"""Fixtures for the Houdini plugin: a session of the stand-in for Houdini, fresh for every test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
FAKE = str(ROOT / "tests" / "fakes" / "houdini")
PLUGIN = str(ROOT / "plugins" / "houdini")

for _folder in (PLUGIN, FAKE):
    if _folder not in sys.path:
        sys.path.insert(0, _folder)

Fresh = Callable[..., Any]


@pytest.fixture
def fresh() -> Iterator[Fresh]:
    """Return what starts a session: `fresh(version="21.0", mode="gui")`, or "hython".

    It returns the session's `World`, which plays the user: `run_events`, `press`, `edit`, …
    A call of Houdini from a wrong thread fails the test though something swallowed the refusal.
    """
    import hou  # noqa: PLC0415 - found once the stand-in is on the path

    before = list(sys.path)
    worlds: list[Any] = []

    def start(version: str = "21.0", mode: str = "gui") -> Any:
        worlds.append(hou._fresh(version, mode))
        return worlds[-1]

    yield start
    sys.path[:] = before
    broken = [text for world in worlds for text in world.violations]
    assert not broken, broken


@pytest.fixture
def world(fresh: Fresh) -> Any:
    """Return the hands of the user of a fresh session of Houdini 21 with its interface."""
    return fresh()


@pytest.fixture
def hou(world: Any) -> Any:
    """Return the module that `import hou` finds, in a fresh session."""
    import hou  # noqa: PLC0415 - found once the stand-in is on the path

    return hou
