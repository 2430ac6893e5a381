"""What the smoke script brings of its own: it reads the EXR files of a real editor."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def smoke(unreal: Any, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return the script that is shipped to be run in a real Unreal."""
    monkeypatch.syspath_prepend(str(repository / "plugins" / "unreal"))
    sys.modules.pop("smoke", None)
    yield importlib.import_module("smoke")
    sys.modules.pop("smoke", None)


@pytest.mark.parametrize("compression", ["NO_COMPRESSION", "ZIPS_COMPRESSION", "ZIP_COMPRESSION"])
@pytest.mark.parametrize("kind", ["float16", "float32"])
def test_every_exr_of_an_editor_is_read(
    smoke: Any, tmp_path: Path, compression: str, kind: str
) -> None:
    """Compressed or not, of halves or floats: the numbers are those that the library wrote."""
    exr = pytest.importorskip("OpenEXR", reason="the interpreters of hosts lack it")
    numpy = pytest.importorskip("numpy")
    planes = {
        name: numpy.arange(37 * 5, dtype=kind).reshape(37, 5) * factor
        for name, factor in (("R", 0.25), ("G", 0.0), ("B", -2.0))
    }
    header = {"compression": getattr(exr, compression), "type": exr.scanlineimage}
    path = tmp_path / "picture.exr"
    given = {name: numpy.ascontiguousarray(plane.astype(kind)) for name, plane in planes.items()}
    exr.File(header, dict(given)).write(str(path))
    found = smoke.channels(path.read_bytes())
    assert {name: list(numbers) for name, numbers in found.items()} == {
        name: plane.reshape(-1).tolist() for name, plane in given.items()
    }


def test_the_codes_use_every_bit(smoke: Any) -> None:
    """Half of 16 bits would not be missed otherwise."""
    assert sorted(smoke.codes(8, 1)) == list(range(256))
    low = set(smoke.codes(16, 0)[0::2])
    assert len(low) == 256


def test_a_landscape_is_turned_round_and_back(smoke: Any, tmp_path: Path) -> None:
    """Its heights are read, written and compared, and are at the end what they were."""
    from unreal import _landscape  # noqa: PLC0415 - found once the stand-in is on the path

    actor = _landscape.make_landscape([0, 1, 255, 256, 32768, 65535], 3)
    assert smoke.Scenario(tmp_path, "").landscape() is None
    assert actor._heights.tolist() == [0, 1, 255, 256, 32768, 65535]
    actor._locked = True
    with pytest.raises(Exception, match="did not take the heights"):
        smoke.Scenario(tmp_path, "").landscape()


def test_without_a_landscape_that_is_said(smoke: Any, tmp_path: Path) -> None:
    """Nothing is claimed that was not tried."""
    assert "landscape" in smoke.Scenario(tmp_path, "").landscape()


@pytest.mark.parametrize(("bits", "step"), [(8, "colours"), (16, "deep"), (8, "normals")])
def test_codes_that_come_out_wrong_fail(
    smoke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits: int, step: str
) -> None:
    """One code of one channel is enough."""
    from filmgate_unreal import bitmaps  # noqa: PLC0415

    scenario, right = smoke.Scenario(tmp_path, ""), bitmaps.to_png
    getattr(scenario, step)()
    wrong = bytes([1]) + smoke.codes(bits, 1)[1:]
    monkeypatch.setattr(
        bitmaps, "to_png", lambda planes, *more: right({**planes, "G": wrong}, *more)
    )
    with pytest.raises(smoke.SmokeError, match="of G is"):
        getattr(scenario, step)()
