"""Fixtures for the Nuke plugin: a session of the stand-in for Nuke, fresh for every test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
FAKE = str(ROOT / "tests" / "fakes" / "nuke")
PLUGIN = str(ROOT / "plugins" / "nuke")

for _folder in (PLUGIN, FAKE):
    if _folder not in sys.path:
        sys.path.insert(0, _folder)

Fresh = Callable[..., Any]


@pytest.fixture
def fresh() -> Iterator[Fresh]:
    """Return what starts a session: `fresh(version="16.0", mode="gui")`, `-t` or `-x`.

    It returns the session's `World`, which plays the user: `run_events`, `press`, `label_of`, …
    A call of Nuke from a wrong thread fails the test though something swallowed the refusal.
    """
    import nuke  # noqa: PLC0415 - found once the stand-in is on the path

    before = list(sys.path)
    worlds: list[Any] = []

    def start(version: str = "16.0", mode: str = "gui") -> Any:
        worlds.append(nuke._fresh(version, mode))
        return worlds[-1]

    yield start
    sys.path[:] = before
    broken = [text for world in worlds for text in world.violations]
    assert not broken, broken


@pytest.fixture
def world(fresh: Fresh) -> Any:
    """Return the hands of the user of a fresh session of Nuke 16 with its interface."""
    return fresh()


@pytest.fixture
def nuke(world: Any) -> Any:
    """Return the module that `import nuke` finds, in a fresh session."""
    import nuke  # noqa: PLC0415 - found once the stand-in is on the path

    return nuke
