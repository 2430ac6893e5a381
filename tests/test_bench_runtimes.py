"""The benchmark of runtimes: every row is there, and the stage's are in copies of the frame."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra [torch] is not installed")


def test_every_policy_has_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small frame is enough to see that each of them runs."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parent.parent))
    runtimes = import_module("bench.runtimes")
    found = runtimes.measure_stage(32, 48, rounds=1)
    assert set(found) == {*runtimes.POLICIES, runtimes.MATRIX, runtimes.MEMCPY}
    assert runtimes.stage_table(found).count("\n") == len(found)


def test_every_layout_and_precision_has_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the CPU is good at, each way computes."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parent.parent))
    runtimes = import_module("bench.runtimes")
    monkeypatch.setattr(runtimes, "find_spec", lambda name: None)
    found = runtimes.measure_engines(16, 16, rounds=1)
    assert runtimes.engine_table(found).count("\n") == 5
