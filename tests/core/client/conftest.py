"""Fixtures for the tests of client code."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest


@pytest.fixture
def own_threads() -> Callable[[], list[str]]:
    """Return what names the threads of ours that began within this test and are alive."""
    before = set(threading.enumerate())

    def alive() -> list[str]:
        names = [thread.name for thread in threading.enumerate() if thread not in before]
        return [name for name in names if name.startswith("filmgate")]

    return alive
