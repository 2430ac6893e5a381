"""The benchmark: it runs, and its report finds its place. What it measures is not judged here."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("grpc", reason="the benchmark's extra is not installed")
pytest.importorskip("psutil", reason="the benchmark's extra is not installed")
pytest.importorskip("pyoidn", reason="the benchmark denoises a sequence")

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = ("Targets", "Round trip of one frame", "EXR in memory", "Sequences through `denoise`")
ROWS = ("memcpy", "pyzmq, one message", "gRPC", "**Filmgate, tensor**", "**Filmgate, EXR**")


@pytest.mark.timeout(180)
def test_quick_run_prints_every_table() -> None:
    """Every peer, both kinds of frames, sequences and pressure are measured and reported."""
    command = [sys.executable, "-m", "bench", "--quick"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert [title for title in SECTIONS if f"### {title}" not in run.stdout] == []
    assert [row for row in ROWS if f"| {row}" not in run.stdout] == []


def test_report_replaces_only_what_is_between_the_markers(table: ModuleType) -> None:
    """The words around the tables stay, and a second run replaces the first one's figures."""
    page = f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n"
    once = table.insert_report(page, "new")
    assert once == f"before\n{table.BEGIN}\n\nnew\n\n{table.END}\nafter\n"
    assert table.insert_report(once, "new") == once


def test_report_needs_its_markers(table: ModuleType) -> None:
    """A page without the markers is refused instead of overwritten."""
    with pytest.raises(ValueError, match="must hold"):
        table.insert_report("a page without markers", "figures")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The benchmark's tables; it is no part of the installed packages."""
    monkeypatch.syspath_prepend(str(ROOT))
    return import_module("bench.table")
