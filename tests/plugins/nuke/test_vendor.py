"""Nuke's plugin finds its wheels beside itself, by what all hosts share."""

from __future__ import annotations

import sys
from typing import Any

import pytest


@pytest.fixture
def vendor(nuke: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module, with a path of its own."""
    from filmgate_nuke import vendor  # noqa: PLC0415 - found once the fixture ran

    monkeypatch.setattr(sys, "path", list(sys.path))
    return vendor


def test_a_checkout_adds_nothing(vendor: Any) -> None:
    """There the environment has what is needed."""
    before = list(sys.path)
    vendor.prepare()
    assert sys.path == before


def test_what_is_installed_here_will_do(vendor: Any) -> None:
    """The real modules say versions that are understood."""
    vendor.check_modules()
