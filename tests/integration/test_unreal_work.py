"""Unreal to server and back: real servers, the stand-in for Unreal, numbers of `filmgate run`."""

from __future__ import annotations

import io
import sys
from array import array
from collections.abc import Iterator
from contextlib import redirect_stderr
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.editor_desk import EditorDesk
from fakes.packages import write_upscaler
from fakes.plates import COLOR, exr_header, exr_planes
from fakes.service import MIB, Service, counters
from filmgate.cli.main import main
from filmgate.host.port import Moment
from filmgate.tensor import TensorSpec, parse_tensor_blob, to_tensor_blob

ROCK = "/Game/Rocks/T_Rock"
DENOISER_BYTES = 768 * MIB
NOW = Moment(1.0)
LINEAR = ("--space", "Linear Rec.709 (sRGB)")
MENU = "LevelEditor.MainMenu.Tools.Filmgate"

RAISE = """
import numpy as np

class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        return {"height": inputs["height"] + np.float32(1.0)}
"""
HEIGHTS = """
[model]
name = "raise"
version = "1.0.0"
task = "test"
summary = "Raises a heightfield by a metre."
[licence]
code = "Apache-2.0"
weights = "none"
[runtime]
engine = "array"
entry = "model.py:Model"
[[inputs]]
name = "height"
kind = "volume"
axes = ["y", "x", "c"]
channels = ["height"]
[[outputs]]
name = "height"
kind = "volume"
axes = ["y", "x", "c"]
channels = ["height"]
replaces = "height"
"""


def write_raise(folder: Path) -> None:
    """Write a model of heightfields that keeps their size."""
    package = folder / "raise"
    package.mkdir(parents=True)
    (package / "model.toml").write_text(HEIGHTS, encoding="utf-8")
    (package / "model.py").write_text(RAISE, encoding="utf-8")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server with the zoo and models of this file."""
    folder = tmp_path_factory.mktemp("unreal")
    models = folder / "models"
    write_upscaler(models / "nearest", scale=2)
    write_raise(models)
    with Service(folder, models=[str(models)], models_bytes=DENOISER_BYTES) as running:
        yield running


@pytest.fixture
def desk(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EditorDesk]:
    """Return an editor that knows that server's models."""
    desk = EditorDesk(tmp_path, monkeypatch, server=service.address)
    desk.use(service)
    desk.open()
    desk.list_models()
    yield desk
    desk.close()


def filmgate_run(model: str, source: Path, target: Path, *options: str) -> None:
    """Run the command line with the desk's settings."""
    command = ["filmgate", "run", model, str(source), str(target), *options]
    said = io.StringIO()
    with redirect_stderr(said), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code, said.getvalue()


def rock(desk: EditorDesk, **more: Any) -> None:
    """Put a noisy texture of 8 bits into the project."""
    chance = np.random.default_rng(7)
    codes = {each: array("d", chance.integers(0, 256, 24 * 16)) for each in ("R", "G", "B")}
    desk.texture(ROCK, {**codes, **more}, 24, srgb=True)


def sent(desk: EditorDesk, work: Any, name: str) -> bytes:
    """Return what is sent as an input."""
    from filmgate_unreal import sessions  # noqa: PLC0415 - found once the desk is there

    payload = sessions.host(work).capture(name, NOW)
    assert payload is not None
    return bytes(payload.data)


def same(found: dict[str, Any], expected: dict[str, Any], names: Any = COLOR) -> None:
    """Assert that every bit agrees."""
    for name in names:
        assert found[name].shape == expected[name].shape
        assert found[name].tobytes() == expected[name].tobytes(), name


def click(name: str) -> None:
    """Click an entry of the Tools menu."""
    from unreal import _menus  # noqa: PLC0415

    _menus.click(MENU, name)


def accepted(desk: EditorDesk, path: str) -> dict[str, Any]:
    """Return the source art of an asset."""
    image = desk.unreal.load_asset(path)._source
    shape = (image.height, image.width)
    return {
        name: np.array(plane, np.float32).reshape(shape) for name, plane in image.planes.items()
    }


def test_an_upscaled_texture_is_what_the_command_line_makes(desk: EditorDesk) -> None:
    """Source art out, result in: every bit, and the asset that is accepted has them."""
    rock(desk)
    (work,) = desk.make("nearest", ROCK).finished
    source = desk.folder / "source.exr"
    source.write_bytes(sent(desk, work, "color"))

    filmgate_run("nearest", source, desk.folder / "cli.exr", "--depth", "float", *LINEAR)

    made = exr_planes(desk.file(work).read_bytes())
    same(made, exr_planes((desk.folder / "cli.exr").read_bytes()))
    plate = exr_planes(source.read_bytes())
    same(made, {name: plate[name].repeat(2, 0).repeat(2, 1) for name in COLOR})
    click("FilmgateAccept")
    asset = desk.unreal.load_asset(f"{ROCK}_nearest")
    assert (asset.blueprint_get_size_x(), asset.blueprint_get_size_y()) == (48, 32)
    same(accepted(desk, f"{ROCK}_nearest"), made)


def test_a_denoised_texture_is_what_the_command_line_makes(desk: EditorDesk) -> None:
    """The zoo's denoiser, on colours that were of sRGB: the numbers of the shell."""
    if find_spec("pyoidn") is None:
        pytest.skip("pyoidn is not installed: the extra [oidn]")
    rock(desk)
    (work,) = desk.make("denoise", ROCK).finished
    source = desk.folder / "source.exr"
    source.write_bytes(sent(desk, work, "color"))

    filmgate_run("denoise", source, desk.folder / "cli.exr", "--depth", "float", *LINEAR)

    content = desk.file(work).read_bytes()
    same(exr_planes(content), exr_planes((desk.folder / "cli.exr").read_bytes()))
    assert str(exr_header(content)["compression"]).endswith("NO_COMPRESSION")


def test_an_alpha_comes_back_to_the_bit(desk: EditorDesk) -> None:
    """A mask in the alpha grows with its texture, and no model blends it."""
    codes = np.random.default_rng(3).integers(0, 256, 24 * 16)
    rock(desk, A=array("d", codes))
    desk.make("nearest", ROCK)
    click("FilmgateAccept")
    alpha = accepted(desk, f"{ROCK}_nearest")["A"]
    expected = (codes.reshape(16, 24) / 255).astype(np.float32).repeat(2, 0).repeat(2, 1)
    assert alpha.tobytes() == expected.tobytes()


def test_a_landscape_is_what_the_command_line_makes(desk: EditorDesk) -> None:
    """Heights through the trained model: every bit of the shell's, and a picture to import."""
    from filmgate_unreal import actions, selection  # noqa: PLC0415
    from filmgate_unreal.bitmaps import parse_bitmap  # noqa: PLC0415

    rows, columns = 20, 24
    slope = [32768 + 40 * x + 3 * (y * y % 17) for y in range(rows) for x in range(columns)]
    actor = desk.landscape(slope, columns, (100.0, 100.0, 50.0))
    batch = actions.start(actions.works_on(selection.sources(), "terrain-detail"))
    desk.until(lambda: not batch.busy, "the landscape is there")
    (work,) = batch.finished
    tensors = {
        name: tensor
        for part in ("height", "spacing")
        for name, tensor in parse_tensor_blob(sent(desk, work, part)).items()
    }
    source = desk.folder / "source.safetensors"
    source.write_bytes(to_tensor_blob({n: (t.spec, t.data) for n, t in tensors.items()}))

    filmgate_run("terrain-detail", source, desk.folder / "cli.safetensors")

    (made,) = parse_tensor_blob(desk.file(work).read_bytes()).values()
    expected = parse_tensor_blob((desk.folder / "cli.safetensors").read_bytes())["height"]
    assert made.spec == expected.spec == TensorSpec("F32", (40, 48, 1), ("y", "x", "c"))
    assert bytes(made.data) == bytes(expected.data)
    click("FilmgateAccept")
    assert actor._heights.tolist() == slope
    (picture,) = (desk.folder / "project").rglob("heightmaps/*.png")
    numbers = array("H", parse_bitmap(picture.read_bytes()).planes["Y"])
    metres = np.frombuffer(bytes(made.data), np.float32).astype(np.float64)
    steps = np.rint(metres * 128 * 100 / 50).astype(np.int64) + 32768
    assert numbers.tolist() == steps.tolist()


def test_heights_of_the_same_size_go_into_the_landscape(desk: EditorDesk) -> None:
    """A metre more at every sample, by the engine's formula."""
    from filmgate_unreal import actions, selection  # noqa: PLC0415

    actor = desk.landscape(range(32000, 32080), 10)
    batch = actions.start(actions.works_on(selection.sources(), "raise"))
    desk.until(lambda: not batch.busy, "the landscape is there")
    click("FilmgateAccept")
    assert actor._heights.tolist() == [number + 128 for number in range(32000, 32080)]


def test_nothing_is_sent_or_computed_twice(desk: EditorDesk, service: Service) -> None:
    """The same texture again, in another session of the editor: the server does nothing."""
    rock(desk)
    desk.make("negate", ROCK)
    with service.client() as client:
        before = counters(client)["executions_run"]
    click("FilmgateDiscard")
    desk.open()

    (work,) = desk.make("negate", ROCK).finished

    assert desk.file(work).is_file()
    with service.client() as client:
        assert counters(client)["executions_run"] == before


def test_a_selection_is_worked_on_together(desk: EditorDesk) -> None:
    """Twelve textures, a few at a time, each with its own result."""
    paths = [f"/Game/Many/T_{number}" for number in range(12)]
    for number, path in enumerate(paths):
        planes = {each: array("d", [10.0 * number] * 64) for each in ("R", "G", "B")}
        desk.texture(path, planes, 8, srgb=False)
    batch = desk.make("negate", *paths)
    assert [work.source.path for work in batch.works] == paths
    assert len(batch.finished) == 12
    click("FilmgateAccept")
    for number, path in enumerate(paths):
        expected = -np.float32(10 * number / 255)
        assert set(accepted(desk, f"{path}_negate")["R"].ravel().tolist()) == {float(expected)}


def test_clouds_are_not_offered_to_landscapes(desk: EditorDesk) -> None:
    """Of the zoo's volumes only heightfields fit."""
    from filmgate_unreal import selection, sessions  # noqa: PLC0415

    found = selection.models(sessions.hub().catalogue, (selection.VOLUME,))
    assert sorted(each.name for each in found) == ["raise", "terrain-detail"]
