"""`filmgate run` on files of tensors, with a real server."""

from __future__ import annotations

from collections.abc import Iterator
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
    cloud,
    from_blob,
    hills,
    points,
    to_blob,
    write_geometry,
)
from fakes.packages import tiling
from fakes.service import TOKEN, Service
from filmgate.cli.sidecar import load_sidecar
from filmgate.endpoint import Endpoint, publish_endpoint

Command = Any
"""What `conftest.Command` is: tests import nothing from each other."""


@pytest.fixture(scope="module")
def geometry_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server with models of geometry."""
    models, folder = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("server")
    write_geometry(models / "blur", HEIGHT, BLUR, more=tiling(48, 3))
    write_geometry(models / "upres", HEIGHT, KEEP, scale=2, more=tiling(48, 3))
    write_geometry(models / "still", DENSITY, KEEP)
    write_geometry(models / "move", POINTS, MOVE)
    with Service(folder, models=[str(models)]) as running:
        yield running


@pytest.fixture
def filmgate(
    lonely: Command, geometry_service: Service, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """The command with that server configured."""
    publish_endpoint(Endpoint(geometry_service.port, TOKEN, geometry_service.process.pid))
    monkeypatch.setenv("FILMGATE_SERVER", geometry_service.address)
    return lonely


def save(path: Path, axes: str = "", **named: Any) -> Path:
    """Write a file of tensors."""
    path.write_bytes(to_blob(axes, **named))
    return path


def test_a_heightfield(filmgate: Command, tmp_path: Path) -> None:
    """Its result stands in the file that was asked for, under the output's name, in tiles."""
    height = hills(131, 77)
    source = save(tmp_path / "in.safetensors", "y x c", height=height)
    filmgate("run", "upres", source, tmp_path / "new" / "out.safetensors")
    result = from_blob((tmp_path / "new" / "out.safetensors").read_bytes(), "height")
    np.testing.assert_array_equal(result, height.repeat(2, 0).repeat(2, 1))


def test_axes_that_a_file_does_not_name_are_the_model_s(filmgate: Command, tmp_path: Path) -> None:
    """Other programs write safetensors without axes; the order is then taken on trust."""
    density = cloud(3, 5, 4)
    source = save(tmp_path / "in.tensor", density=density)
    filmgate("run", "still", source, tmp_path / "out.tensor")
    np.testing.assert_array_equal(
        from_blob((tmp_path / "out.tensor").read_bytes(), "density"), density
    )


def test_all_outputs_stand_in_one_file(filmgate: Command, tmp_path: Path) -> None:
    """Points that were moved, and their ids, in their own types; a stranger is left out."""
    content = {"P": points(7), "id": np.arange(7, dtype=np.int32)[::-1], "Cd": points(7)}
    source = save(tmp_path / "in.safetensors", **content)
    said = filmgate("run", "move", source, tmp_path / "out.safetensors").err
    assert "Left out of in.safetensors: Cd." in said
    result = (tmp_path / "out.safetensors").read_bytes()
    np.testing.assert_array_equal(from_blob(result, "P"), content["P"] + np.float32(1))
    np.testing.assert_array_equal(from_blob(result, "kept"), content["id"])


def test_an_input_may_have_a_file_of_its_own(filmgate: Command, tmp_path: Path) -> None:
    """Its only tensor needs no name; the file of the main input is not searched for it."""
    wrong = np.zeros(7, np.int32)
    source = save(tmp_path / "in.safetensors", P=points(7), id=wrong)
    ids = np.arange(7, dtype=np.int32)
    own = save(tmp_path / "ids.tensor", anything=ids)
    target = tmp_path / "out.safetensors"
    filmgate("run", "move", source, target, "--input", f"id={own}")
    np.testing.assert_array_equal(from_blob(target.read_bytes(), "kept"), ids)


def test_a_damaged_file_is_to_be_written_anew(filmgate: Command, tmp_path: Path) -> None:
    """The file is at fault, not what the model takes."""
    source = tmp_path / "in.safetensors"
    source.write_bytes(b"cut")
    said = filmgate("run", "move", source, tmp_path / "out.safetensors", code=1).err
    assert "in.safetensors: The tensor is shorter" in " ".join(said.split())
    assert "Write the file anew" in " ".join(said.split())


def test_another_inputs_tensor_is_not_taken_for_the_main_one(
    filmgate: Command, tmp_path: Path
) -> None:
    """The only tensor of a file may have any name but that of an input that the file is not for."""
    source = save(tmp_path / "in.safetensors", id=points(7))
    said = filmgate("run", "move", source, tmp_path / "out.safetensors", code=1).err
    assert "no tensor that is called P" in " ".join(said.split())
    assert not (tmp_path / "out.safetensors").exists()


def test_finished_files_are_skipped(filmgate: Command, tmp_path: Path) -> None:
    """A second run makes nothing; another parameter or another input makes it anew."""
    for frame in (1, 2):
        save(tmp_path / f"in.{frame}.safetensors", height=hills(20, 20, frame))
    command = ("run", "blur", f"{tmp_path}/in.#.safetensors", f"{tmp_path}/out.#.safetensors")
    assert "2 of 2 written" in filmgate(*command).err
    assert "2 skipped" in filmgate(*command).err
    assert "2 of 2 written" in filmgate(*command, "--param", "gain=2").err
    save(tmp_path / "in.2.safetensors", height=hills(20, 20, 3))
    assert "1 of 2 written" in filmgate(*command, "--param", "gain=2").err


def test_what_made_it_stands_beside_it(filmgate: Command, tmp_path: Path) -> None:
    """A tensor's header has no place for that."""
    source = save(tmp_path / "in.safetensors", height=hills(20, 20))
    target = tmp_path / "out.safetensors"
    filmgate("run", "blur", source, target, "--param", "gain=2")
    sidecar = load_sidecar(target)
    assert sidecar is not None
    made = sidecar.provenance
    assert (made.model, made.params) == ("blur@1.0.0", {"gain": 2.0})
    assert made.numerics.endswith("tile-48+3/batch-1")
    assert set(made.inputs) == {"height"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("blur", "in.exr", "out.exr"), "takes and makes tensors"),
        (("blur", "in.safetensors", "out.exr"), "out.exr"),
        (("blur", "in.safetensors", "out.tensor", "--depth", "half"), "--depth is for images"),
        (("blur", "in.safetensors", "out.tensor", "--config", "x"), "--config is for images"),
        (("blur", "in.safetensors", "out.tensor", "--model-only"), "--model-only is for images"),
        (("blur", "in.safetensors", "out.tensor", "--input", "mask=rim"), "names a layer"),
    ],
)
def test_what_is_for_images_is_refused(
    filmgate: Command, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    """Before anything is sent, with what helps."""
    save(tmp_path / "in.safetensors", height=hills(8, 8))
    model, source, target, *options = arguments
    said = filmgate("run", model, tmp_path / source, tmp_path / target, *options, code=2).err
    assert words in said


@pytest.mark.parametrize(
    ("axes", "wrong", "words"),
    [
        ("y x c", hills(8, 8).astype(np.float64), "must be a tensor of F32, not F64"),
        ("x y c", hills(8, 8), "must have the axes y x c, not x y c"),
        ("y x c", hills(8, 8).repeat(2, 2), "as many channels as 1 (height), not 2"),
        ("y x c", np.full((8, 8, 1), np.nan, np.float32), "holds 64 values of NaN or infinity"),
    ],
)
def test_tensors_that_do_not_fit_are_named(
    filmgate: Command, tmp_path: Path, axes: str, wrong: Any, words: str
) -> None:
    """The server's words come through: what it expected, and what came."""
    source = save(tmp_path / "in.safetensors", axes, height=wrong)
    said = filmgate("run", "blur", source, tmp_path / "out.safetensors", code=1).err
    assert words in " ".join(said.split())
    assert not (tmp_path / "out.safetensors").exists()


def test_a_file_that_is_none(filmgate: Command, tmp_path: Path) -> None:
    """It is named."""
    (tmp_path / "in.safetensors").write_bytes(b"nothing")
    said = filmgate("run", "blur", tmp_path / "in.safetensors", tmp_path / "o.tensor", code=1).err
    assert "in.safetensors: The tensor is shorter than its header." in " ".join(said.split())


def test_a_model_shows_its_axes(filmgate: Command) -> None:
    """What a file must hold stands where its inputs are listed."""
    said = filmgate("models", "show", "move").out
    rows = [" ".join(line.split()) for line in said.splitlines()]
    assert "P n c F32 x y z yes" in rows
    assert "id n I32 no" in rows
