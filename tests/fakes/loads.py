"""How hard a fault test tries: a little with every change, and at full load by `make soak`."""

from __future__ import annotations

from typing import Any

import pytest


def load(name: str, usual: Any, nightly: Any) -> pytest.MarkDecorator:
    """Run a test twice: with the argument *name* as *usual*, and by night with *nightly*."""
    return pytest.mark.parametrize(name, [usual, pytest.param(nightly, marks=pytest.mark.nightly)])
