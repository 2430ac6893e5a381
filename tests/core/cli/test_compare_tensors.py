"""`filmgate compare` on files of tensors."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.geometry import hills, to_blob

Command = Any
"""What `conftest.Command` is: tests import nothing from each other."""

RAMP = np.linspace(0, 100, 64, dtype=np.float32).reshape(8, 8, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A reference of the range 100, one that is 0.1 off everywhere, and one that is 1 off."""
    for name, off in (("truth", 0.0), ("near", 0.1), ("far", 1.0)):
        content = to_blob("y x c", height=(RAMP + np.float32(off)).astype(np.float32))
        (tmp_path / f"{name}.safetensors").write_bytes(content)
    return tmp_path


def test_error_and_psnr(lonely: Command, folder: Path) -> None:
    """0.1 of 100 is 60 dB, and 1 of 100 is 40 dB."""
    files = [folder / f"{name}.safetensors" for name in ("near", "truth")]
    said = lonely("compare", *files, "--json").out
    (found,) = json.loads(said)
    assert found["tensor"] == "height"
    assert found["max_error"] == pytest.approx(0.1, abs=1e-5)
    assert found["psnr_db"] == pytest.approx(60, abs=1e-3)
    before = ("--before", folder / "far.safetensors", "--json")
    (found,) = json.loads(lonely("compare", *files, *before).out)
    assert found["before"]["psnr_db"] == pytest.approx(40, abs=1e-3)


def test_the_same_file_is_identical(lonely: Command, folder: Path) -> None:
    """In words, and in JSON without infinity."""
    file = folder / "truth.safetensors"
    assert "identical" in lonely("compare", file, file).out
    (found,) = json.loads(lonely("compare", file, file, "--json").out)
    assert (found["identical"], found["psnr_db"], found["max_error"]) == (True, None, 0.0)


def test_what_is_not_finite_is_counted(lonely: Command, folder: Path) -> None:
    """NaN where the reference has a number is no error that a figure could tell."""
    broken = RAMP.copy()
    broken[0, :3] = math.nan
    (folder / "broken.tensor").write_bytes(to_blob("y x c", height=broken))
    files = (folder / "broken.tensor", folder / "truth.safetensors")
    (found,) = json.loads(lonely("compare", *files, "--json").out)
    assert (found["unmatched"], found["max_error"]) == (3, 0.0)


def test_tensors_of_one_file_alone_are_named(lonely: Command, folder: Path) -> None:
    """Those that both have are compared."""
    content = to_blob("y x c", height=RAMP, mask=RAMP)
    (folder / "more.tensor").write_bytes(content)
    said = lonely("compare", folder / "more.tensor", folder / "truth.safetensors")
    assert "only one file has them: mask" in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("truth.safetensors", "truth.exr"), "different kinds"),
        (("truth.safetensors", "small.tensor"), "has the sizes (8, 8, 1), the reference (4, 4, 1)"),
        (("truth.safetensors", "other.tensor"), "no tensor in common"),
        (("truth.safetensors", "truth.safetensors", "--flip"), "--flip is for images"),
        (("truth.safetensors", "none.tensor"), "none.tensor does not exist"),
    ],
)
def test_what_cannot_be_compared(
    lonely: Command, folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    """Each with its reason."""
    (folder / "small.tensor").write_bytes(to_blob("y x c", height=hills(4, 4)))
    (folder / "other.tensor").write_bytes(to_blob("y x c", mask=hills(4, 4), rim=hills(4, 4)))
    image, reference, *options = arguments
    said = lonely("compare", folder / image, folder / reference, *options, code=2).err
    assert words in " ".join(said.split())
