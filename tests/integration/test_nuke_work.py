"""Nuke to server and back: real servers, the stand-in for Nuke, pixels held to `filmgate run`."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.models import BLEND, MEAN, write_model
from fakes.packages import write_upscaler
from fakes.plates import COLOR, exr_bytes, exr_header, exr_planes, random_planes
from fakes.renders import PLATES
from fakes.service import MIB, Service, counters
from fakes.studio import Desk
from filmgate.cli.main import main
from filmgate.host.state import State

WINDOW = '[temporal]\nkind = "window"\nbefore = 1\nafter = 1\n'
BETWEEN = '[temporal]\nkind = "between"\n'
DENOISER_BYTES = 768 * MIB


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server with the zoo and models of this file."""
    folder = tmp_path_factory.mktemp("nuke")
    models = folder / "models"
    write_model(models, "mean", MEAN, WINDOW)
    write_model(models, "blend", BLEND, BETWEEN)
    write_upscaler(models / "nearest", scale=2)
    with Service(folder, models=[str(models)], models_bytes=DENOISER_BYTES) as running:
        yield running


@pytest.fixture
def desk(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Return an artist's desk with that server configured."""
    desk = Desk(tmp_path, monkeypatch)
    desk.use(service)
    yield desk
    desk.close()


def sequence(folder: Path, first: int, last: int) -> Path:
    """Write random plates and return their pattern."""
    for frame in range(first, last + 1):
        content = exr_bytes(random_planes(frame))
        (folder / f"plate.{frame:04d}.exr").write_bytes(content)
    return folder / "plate.%04d.exr"


def render(folder: Path) -> Path:
    """Write a noisy render with its auxiliaries, named as Arnold does; return its pattern."""
    planes = exr_planes((PLATES / "noisy_0001.exr").read_bytes())
    parts = {"Combined": ("", "RGBA"), "Denoising Albedo": ("denoise_albedo.", "RGB")}
    parts["Denoising Normal"] = ("N.", "XYZ")
    named = {
        f"{prefix}{letter}": planes[f"ViewLayer.{layer}.{letter}"]
        for layer, (prefix, letters) in parts.items()
        for letter in letters
    }
    (folder / "render.0001.exr").write_bytes(exr_bytes(named))
    return folder / "render.%04d.exr"


def filmgate_run(model: str, source: Path, target: Path, *options: str) -> None:
    """Run the command line with the desk's settings."""
    command = ["filmgate", "run", model, str(source), str(target), *options]
    said = io.StringIO()
    with redirect_stderr(said), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code, said.getvalue()


def colours(path: Path, layer: str = "") -> dict[str, Any]:
    """Return R, G and B of a layer of a file, as float."""
    planes = exr_planes(path.read_bytes())
    return {name: planes[f"{layer}.{name}" if layer else name].astype(np.float32) for name in COLOR}


def same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Assert that every bit agrees."""
    for name in COLOR:
        assert found[name].shape == expected[name].shape
        assert found[name].tobytes() == expected[name].tobytes(), name


def test_denoise_with_auxiliaries_is_what_the_command_line_makes(desk: Desk) -> None:
    """One multilayer pipe: colour, albedo and normal are found, and the result is bit for bit."""
    if find_spec("pyoidn") is None:
        pytest.skip("pyoidn is not installed: the extra [oidn]")
    source = render(desk.folder)
    group = desk.node("denoise", desk.plate(source, 1, 1))

    desk.press(group, "run_frame")

    filmgate_run("denoise", source, desk.folder / "cli.%04d.exr", "--depth", "float")
    same(colours(desk.result(group, "color", 1)), colours(desk.folder / "cli.0001.exr"))
    asked = desk.session(group)._flow.reading.notes.frames["|1"].inputs
    assert sorted(name.partition("@")[0] for name in asked) == ["albedo", "color", "normal"]


def test_upscale_doubles_the_format(desk: Desk) -> None:
    """The result is twice as large each way, and every pixel is the one that was repeated."""
    source = sequence(desk.folder, 1, 1)
    group = desk.node("nearest", desk.plate(source, 1, 1))

    desk.press(group, "run_frame")

    content = desk.result(group, "color", 1).read_bytes()
    plate = colours(Path(str(source) % 1))
    same(
        {name: exr_planes(content)[name].astype(np.float32) for name in COLOR},
        {name: plane.repeat(2, 0).repeat(2, 1) for name, plane in plate.items()},
    )
    window = exr_header(content)["displayWindow"]
    assert [int(each) for each in window[1]] == [63, 47]
    assert (group.width(), group.height()) == (64, 48)


def test_window_captures_each_neighbour_once(desk: Desk, service: Service) -> None:
    """Three results of a window of three frames capture five frames, and agree with the shell."""
    source = sequence(desk.folder, 1, 5)
    group = desk.node("mean", desk.plate(source, 1, 5))
    group["filmgate_range"].setValue("2-4")
    desk.world.rendered.clear()

    desk.press(group, "run_range")

    assert desk.session(group).status.problem is None
    assert len(desk.world.rendered) == 5
    options = ("--depth", "float", "--frames", "2-4")
    filmgate_run("mean", source, desk.folder / "cli.%04d.exr", *options)
    for frame in (2, 3, 4):
        same(
            colours(desk.result(group, "color", frame)),
            colours(desk.folder / f"cli.{frame:04d}.exr"),
        )


def test_source_time_is_read_at_each_frame(desk: Desk) -> None:
    """An animated source time makes results between frames, as `--frames 1-2x0.5` does."""
    source = sequence(desk.folder, 1, 3)
    group = desk.node("blend", desk.plate(source, 1, 3))
    knob = group["filmgate_source_time"]
    knob.setAnimated()
    for frame, time in ((1, 1.0), (2, 1.5), (3, 2.0)):
        knob.setValueAt(time, frame)

    desk.press(group, "run_range")

    assert desk.session(group).status.problem is None
    options = ("--depth", "float", "--frames", "1-2x0.5")
    filmgate_run("blend", source, desk.folder / "cli.%04d.exr", *options)
    for frame in (1, 2, 3):
        same(
            colours(desk.result(group, "color", frame)),
            colours(desk.folder / f"cli.{frame:04d}.exr"),
        )


def test_nothing_is_captured_or_sent_twice(desk: Desk, service: Service) -> None:
    """A second run finds every frame fresh: Nuke renders nothing, nothing is sent."""
    source = sequence(desk.folder, 1, 3)
    group = desk.node("negate", desk.plate(source, 1, 3))
    desk.press(group, "run_range")
    desk.world.rendered.clear()
    with service.client() as client:
        before = counters(client)["executions_run"]

    desk.press(group, "run_range")

    assert desk.world.rendered == []
    with service.client() as client:
        assert counters(client)["executions_run"] == before


def test_two_frames_and_their_neighbour_of_another_session(desk: Desk, service: Service) -> None:
    """A result that any session on this disk has made is found again without the server."""
    source = sequence(desk.folder, 1, 1)
    first = desk.node("negate", desk.plate(source, 1, 1))
    desk.press(first, "run_frame")
    with service.client() as client:
        before = counters(client)["executions_run"]
    desk.nuke.scriptClear()
    desk.start()
    second = desk.node("negate", desk.plate(source, 1, 1))

    desk.press(second, "run_frame")

    assert desk.session(second).state_at(desk_moment(1)) is State.FRESH
    with service.client() as client:
        assert counters(client)["executions_run"] == before


def desk_moment(frame: int) -> Any:
    """Return a moment of a script with one view."""
    from filmgate.host.port import Moment  # noqa: PLC0415

    return Moment(frame)


def test_edit_above_makes_the_range_stale(desk: Desk) -> None:
    """A grade that is changed makes every frame stale, whichever frame the artist looks at."""
    plate = desk.plate(sequence(desk.folder, 1, 3), 1, 3)
    grade = desk.nuke.nodes.Grade(inputs=[plate])
    group = desk.node("negate", grade)
    desk.press(group, "run_range")
    session = desk.session(group)
    assert session.state_at(desk_moment(3)) is State.FRESH

    grade["multiply"].setValue(2)

    desk.until(lambda: session.state_at(desk_moment(3)) is State.STALE, "the frame is stale")


def test_write_below_refuses_what_was_not_run(desk: Desk) -> None:
    """A render stops with the node's name and the frame, and goes on once the frame is there."""
    group = desk.node("negate", desk.plate(sequence(desk.folder, 1, 2), 1, 2))
    write = desk.nuke.nodes.Write(file_type="exr", inputs=[group])
    write["file"].setValue((desk.folder / "out.%04d.exr").as_posix())
    desk.nuke.frame(1)
    desk.press(group, "run_frame")

    desk.nuke.execute(write, 1, 1)
    with pytest.raises(RuntimeError, match=f"{group.name()} is .* at frame 2"):
        desk.nuke.execute(write, 1, 2)


def test_chain_of_two_nodes(desk: Desk) -> None:
    """The second captures what the first has made; before that it says so and makes nothing."""
    plate = desk.plate(sequence(desk.folder, 1, 1), 1, 1)
    first = desk.node("negate", plate)
    second = desk.node("negate", first)

    desk.press(second, "run_frame")
    problem = desk.session(second).status.problem
    assert problem is not None
    assert first.name() in problem.text
    desk.press(first, "run_frame")
    desk.press(second, "run_frame")

    assert desk.session(second).status.problem is None
    same(
        colours(desk.result(second, "color", 1)),
        colours(desk.folder / "plate.0001.exr"),
    )


def test_every_view_is_made_and_read(desk: Desk) -> None:
    """In a stereo script a frame is captured, made and read for each view."""
    desk.nuke.addView("left")
    desk.nuke.addView("right")
    desk.nuke.deleteView("main")
    group = desk.node("negate", desk.plate(sequence(desk.folder, 1, 1), 1, 1))
    desk.world.rendered.clear()

    desk.press(group, "run_frame")

    assert desk.session(group).status.problem is None
    assert len(desk.world.rendered) == 2
    pattern = desk.session(group).patterns()["color"]
    assert "%V" in pattern
    plate = colours(desk.folder / "plate.0001.exr")
    for view in ("left", "right"):
        made = colours(Path(pattern.replace("%V", view) % 1))
        same(made, {name: -plane for name, plane in plate.items()})


def test_proxy_mode_makes_full_size_results(desk: Desk) -> None:
    """An artist who works in proxy gets the result of the full picture, and stays in proxy."""
    group = desk.node("negate", desk.plate(sequence(desk.folder, 1, 1), 1, 1))
    desk.nuke.root()["proxy"].setValue(True)

    desk.press(group, "run_frame")

    assert desk.nuke.root()["proxy"].value()
    plate = colours(desk.folder / "plate.0001.exr")
    same(colours(desk.result(group, "color", 1)), {name: -plane for name, plane in plate.items()})
