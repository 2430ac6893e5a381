"""`filmgate models new` and `check` on models of geometry: what is true passes, lies are found."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.geometry import (
    BLUR,
    DENSITY,
    HEIGHT,
    KEEP,
    MOVE,
    POINTS,
    from_blob,
    hills,
    points,
    to_blob,
    write_geometry,
)
from fakes.packages import tiling
from filmgate_server.commands.check import CheckOptions, examine_package
from filmgate_server.commands.finding import Finding
from filmgate_server.commands.new import NewOptions, new_package

TEST = """
[[tests]]
inputs = {{ {name} = "in.safetensors" }}
golden = "golden.safetensors"
metric = "{metric}"
threshold = {threshold}
"""


def found(folder: Path) -> dict[str, Finding]:
    """Return the last finding of each topic; refusals win."""
    (folder / "LICENSE.md").write_text("As the tests.", encoding="utf-8")
    (folder / "card.md").write_text("For tests.", encoding="utf-8")
    outcome = examine_package(folder, CheckOptions(folder=folder, device="cpu", threads=1))
    told: dict[str, Finding] = {}
    for finding in outcome.findings:
        if finding.topic not in told or told[finding.topic].verdict != "refused":
            told[finding.topic] = finding
    return told


def verdicts(folder: Path) -> set[str]:
    """Return which topics refuse the package."""
    return {topic for topic, each in found(folder).items() if each.verdict == "refused"}


@pytest.mark.parametrize(
    ("tables", "code", "more"),
    [
        (HEIGHT, BLUR, tiling(48, 3)),
        (HEIGHT, KEEP, ""),
        (DENSITY, BLUR, tiling(48, 3)),
        (POINTS, MOVE, ""),
    ],
)
def test_what_is_true_passes(tmp_path: Path, tables: str, code: str, more: str) -> None:
    """Heightfields, volumes and points."""
    told = found(write_geometry(tmp_path / "toy", tables, code, more=more))
    assert {each.verdict for each in told.values()} <= {"holds", "note"}
    assert told["finite"].verdict == told["repeats"].verdict == "holds"
    assert "zeros" in told["finite"].text


def test_a_scale_that_is_not_true(tmp_path: Path) -> None:
    """The right one is found."""
    path = write_geometry(tmp_path / "toy", HEIGHT, KEEP.replace("SCALE", "2"))
    told = found(path)["scale"]
    assert (told.verdict, told.values["scale"]) == ("refused", 2)


@pytest.mark.parametrize("tables", [HEIGHT, DENSITY])
def test_a_halo_that_is_not_true(tmp_path: Path, tables: str) -> None:
    """The right one is found."""
    path = write_geometry(tmp_path / "toy", tables, BLUR, more=tiling(48, 2))
    told = found(path)["halo"]
    assert (told.verdict, told.values["halo_px"]) == ("refused", 3)


def test_results_that_are_not_finite(tmp_path: Path) -> None:
    """A division by the height fails on the sea."""
    code = """
import numpy as np

class Model:
    def infer(self, inputs, params, step):
        with np.errstate(all="ignore"):
            return {"height": 1 / inputs["height"]}
"""
    assert "finite" in verdicts(write_geometry(tmp_path / "toy", HEIGHT, code))


def test_spacing_is_never_zero(tmp_path: Path) -> None:
    """A model may divide by it."""
    code = """
class Model:
    def infer(self, inputs, params, step):
        return {"height": inputs["height"] / inputs.get("spacing", [1.0])[0]}
"""
    assert verdicts(write_geometry(tmp_path / "toy", HEIGHT, code)) == set()


@pytest.mark.parametrize(
    ("off", "metric", "threshold", "passes"),
    [
        (0.0, "max_error", 0.0, True),
        (0.5, "max_error", 0.6, True),
        (0.5, "max_error", 0.4, False),
        (1.0, "psnr", 39.9, True),
        (1.0, "psnr", 40.1, False),
    ],
)
def test_golden_tensors(
    tmp_path: Path, off: float, metric: str, threshold: float, passes: bool
) -> None:
    """An error in the numbers' own unit, or the PSNR of the golden tensor's range, here 100."""
    test = TEST.format(name="height", metric=metric, threshold=threshold)
    path = write_geometry(tmp_path / "toy", HEIGHT, KEEP, more=test)
    ramp = np.linspace(0, 100, 64, dtype=np.float32).reshape(8, 8, 1)
    (path / "in.safetensors").write_bytes(to_blob("y x c", height=ramp))
    golden = (ramp + np.float32(off)).astype(np.float32)
    (path / "golden.safetensors").write_bytes(to_blob("y x c", height=golden))
    assert found(path)["tests"].verdict == ("holds" if passes else "refused")


def test_golden_tensors_of_another_output(tmp_path: Path) -> None:
    """Named in the test; a file with several tensors gives the one of that name."""
    test = TEST.format(name="P", metric="max_error", threshold=0) + 'output = "kept"\n'
    path = write_geometry(tmp_path / "toy", POINTS, MOVE, more=test)
    (path / "in.safetensors").write_bytes(to_blob("n c", P=points(5)))
    wrong, right = np.zeros(5, np.int32), np.arange(5, dtype=np.int32)
    (path / "golden.safetensors").write_bytes(to_blob("n", kept=right, other=wrong))
    assert found(path)["tests"].verdict == "holds"
    (path / "golden.safetensors").write_bytes(to_blob("n", kept=wrong, other=right))
    assert found(path)["tests"].verdict == "refused"


@pytest.mark.parametrize(
    ("golden", "words"),
    [
        ({"mask": hills(8, 8), "rim": hills(8, 8)}, "holds no tensor 'height', but mask, rim."),
        ({"height": hills(4, 4)}, "has the sizes (4, 4, 1), the result (8, 8, 1)"),
    ],
)
def test_golden_files_that_do_not_fit(tmp_path: Path, golden: Any, words: str) -> None:
    """Their reason is told."""
    test = TEST.format(name="height", metric="max_error", threshold=0)
    path = write_geometry(tmp_path / "toy", HEIGHT, KEEP, more=test)
    (path / "in.safetensors").write_bytes(to_blob("y x c", height=hills(8, 8)))
    (path / "golden.safetensors").write_bytes(to_blob("y x c", **golden))
    told = found(path)["tests"]
    assert told.verdict == "refused"
    assert words in told.text


@pytest.mark.parametrize(
    ("kind", "axes"),
    [("heightfield", ["y", "x", "c"]), ("volume", ["z", "y", "x", "c"]), ("points", ["n", "c"])],
)
def test_a_new_package_is_sound(tmp_path: Path, kind: str, axes: list[str]) -> None:
    """The example's sizes are found, and its golden test holds."""
    pytest.importorskip("torch")
    folder = tmp_path / "mine"
    assert new_package(NewOptions(folder=folder, kind=kind, device="cpu", threads=1)) == 0
    document = tomllib.loads((folder / "model.toml").read_text(encoding="utf-8"))
    assert document["inputs"][0]["axes"] == document["outputs"][0]["axes"] == axes
    assert document["tiling"]["halo_px"] == (0 if kind == "points" else 2)
    told = found(folder)
    assert told["tests"].verdict == "holds"
    assert {topic for topic, each in told.items() if each.verdict == "refused"} == {
        "licence",
        "words",
    }


def test_facts_of_a_module_are_facts(tmp_path: Path) -> None:
    """An argument called spacing is no layer, and a default of None is optional."""
    pytest.importorskip("torch")
    code = """
import torch

class Net(torch.nn.Module):
    def forward(self, height, spacing=None):
        return height if spacing is None else height * spacing[0]
"""
    (tmp_path / "net.py").write_text(code, encoding="utf-8")
    folder, source = tmp_path / "mine", f"{tmp_path / 'net.py'}:Net"
    options = NewOptions(folder=folder, source=source, kind="heightfield", device="cpu", threads=1)
    assert new_package(options) == 0
    document = tomllib.loads((folder / "model.toml").read_text(encoding="utf-8"))
    spacing = document["inputs"][1]
    assert spacing == {"name": "spacing", "kind": "attribute", "axes": ["axis"], "optional": True}
    content = (folder / "tests" / "inputs.safetensors").read_bytes()
    given = from_blob(content, "spacing")
    assert given.shape == (2,)
    assert (given >= 1).all()
