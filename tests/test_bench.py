"""The benchmark: it runs, and its report finds its place. What it measures is not judged here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from filmgate.job import Output, Result

pytest.importorskip("grpc", reason="the benchmark's extra is not installed")
pytest.importorskip("psutil", reason="the benchmark's extra is not installed")
pytest.importorskip("pyoidn", reason="the benchmark denoises a sequence")

ROOT = Path(__file__).resolve().parent.parent
FRAME_SECTIONS = (
    "Targets of single frames",
    "Round trip of one frame",
    "EXR in memory",
    "Sequences through `denoise`",
    "Tiles",
    "A package of 1 MB",
)
FRAME_ROWS = (
    "memcpy",
    "pyzmq, one message",
    "gRPC",
    "**Filmgate, tensor**",
    "**Filmgate, EXR**",
    "publish, folder",
)
HOST_SECTIONS = ("Targets inside a host", "Run frame in Nuke's stand-in")
HOST_ROWS = ("the plugin on the main thread", "from the click to the result")
LOAD_SECTIONS = ("Targets of a shared server", "Many artists at once", "Artists beside a farm")
LOAD_ROWS = (
    "4 clients x 3 frames",
    "8 artists beside a client",
    "from a cancel to an idle device",
    "1 workers killed",
    "the server killed 1 times",
    "1 restarts in good order",
    "800 hostile messages",
    "memory with 8 readers",
    "scheduling a frame",
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("part", "sections", "rows"),
    [
        ("frames", FRAME_SECTIONS, FRAME_ROWS),
        ("load", LOAD_SECTIONS, LOAD_ROWS),
        ("hosts", HOST_SECTIONS, HOST_ROWS),
    ],
)
def test_quick_run_prints_every_table(
    part: str, sections: tuple[str, ...], rows: tuple[str, ...]
) -> None:
    """Every peer, every kind of frame and every fault is measured and reported."""
    command = [sys.executable, "-m", "bench", part, "--quick"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert [title for title in sections if f"### {title}" not in run.stdout] == []
    assert [row for row in rows if f"| {row}" not in run.stdout] == []


def test_report_replaces_only_what_is_between_the_markers(table: ModuleType) -> None:
    """The words around the tables stay, and a second run replaces the first one's figures."""
    begin, end = table.BEGIN.format("load"), table.END.format("load")
    page = f"before\n{begin}\nold\n{end}\nafter\n"
    once = table.insert_report(page, "new", "load")
    assert once == f"before\n{begin}\n\nnew\n\n{end}\nafter\n"
    assert table.insert_report(once, "new", "load") == once


def test_report_needs_its_markers(table: ModuleType) -> None:
    """A page without the markers is refused instead of overwritten."""
    with pytest.raises(ValueError, match="must hold"):
        table.insert_report("a page without markers", "figures", "frames")


def test_page_has_a_place_for_each_part(table: ModuleType) -> None:
    """Both parts of the report find their marks in the documentation."""
    page = (ROOT / "docs" / "performance.md").read_text("utf-8")
    for part in ("frames", "load"):
        assert "new figures" in table.insert_report(page, "new figures", part)


def test_audit_finds_what_is_wrong(audit: ModuleType, fleet: ModuleType) -> None:
    """A wrong pixel, a second end and a journal that says otherwise are violations."""
    right = fleet.Ended(1, "a", "result", True, 0.0, 1.0)
    ends = [
        right,
        fleet.Ended(1, "b", "result", False, 0.0, 1.0),
        fleet.Ended(2, "c", "result", True, 0.0, 1.0),
        fleet.Ended(2, "c", "result", True, 0.0, 2.0),
        fleet.Ended(2, "d", "result", True, 0.0, 1.0),
        fleet.Ended(2, "e", "busy", True, 0.0, 1.0),
    ]
    journal = {"a": "result", "b": "result", "c": "result", "d": ""}
    found = audit.audit(ends, journal)
    assert (found.wrong, found.twice, found.at_odds, dict(found.outcomes)) == (1, 1, 1, {"busy": 1})
    assert not found.clean
    assert audit.audit([right], journal).clean
    assert not audit.audit([], journal).clean


def test_shares_are_judged_by_jain(audit: ModuleType) -> None:
    """Equal shares give 1, one greedy artist of four a quarter."""
    assert audit.jain([3, 3, 3, 3]) == pytest.approx(1.0)
    assert audit.jain([5, 0, 0, 0]) == pytest.approx(0.25)
    assert audit.jain([]) == 0


def test_truth_knows_a_wrong_pixel(truth: ModuleType) -> None:
    """A result that differs in one number is told from the right one; frames differ."""
    artist = truth.Truth(1, 800, "negate")
    work, other = artist.work(1), artist.work(2)
    sent, negated = bytes(work.inputs[0].data), -artist.frame(1)
    blob = sent[: len(sent) - negated.nbytes] + negated.tobytes()
    assert artist.is_right(1, Result((Output("color", memoryview(blob)),)))
    damaged = blob[:-1] + bytes([blob[-1] ^ 1])
    assert not artist.is_right(1, Result((Output("color", memoryview(damaged)),)))
    assert bytes(other.inputs[0].data) != sent


def test_plot_is_a_picture(plot: ModuleType) -> None:
    """The SVG is sound XML with a line for each curve and one for the bound."""
    curves = {"a < b": [(0.0, 1.0), (2.0, 300.0)], "c": [(0.0, 2.0)]}
    picture = plot.draw_plot("title", ("s", "MiB"), curves, ("bound", 310.0))
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own
    lines = [each for each in root if each.tag.endswith("polyline")]
    assert len(lines) == 3
    heights = [float(point.split(",")[1]) for line in lines for point in line.get("points").split()]
    assert all(plot.TOP <= height <= plot.HEIGHT - plot.BOTTOM for height in heights)


def part_of_bench(name: str) -> Callable[[pytest.MonkeyPatch], ModuleType]:
    """Return a fixture for one module; the benchmark is no part of the installed packages."""

    def load(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
        monkeypatch.syspath_prepend(str(ROOT))
        return import_module(f"bench.{name}")

    return load


table = pytest.fixture(part_of_bench("table"), name="table")
audit = pytest.fixture(part_of_bench("load_audit"), name="audit")
fleet = pytest.fixture(part_of_bench("load_fleet"), name="fleet")
truth = pytest.fixture(part_of_bench("load_truth"), name="truth")
plot = pytest.fixture(part_of_bench("plot"), name="plot")
