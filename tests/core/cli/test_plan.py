"""Which files make which."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from filmgate.cli.plan import FrameTask, InputChoices, InputFile, parse_inputs, plan_frames
from filmgate.errors import InputError, RequestError
from filmgate.manifest import Manifest, Temporal, parse_manifest

NO_CHOICES = InputChoices({}, {})


@pytest.fixture
def manifest() -> Manifest:
    """A model with a main input and an optional one."""
    return parse_manifest(
        {
            "model": {"name": "clean", "version": "1.0.0", "task": "t", "summary": "s"},
            "licence": {"code": "Apache-2.0", "weights": "none"},
            "inputs": [{"name": "color"}, {"name": "albedo", "optional": True}],
            "outputs": [{"name": "color"}],
            "runtime": {"engine": "oidn"},
        }
    )


@pytest.fixture
def renders(tmp_path: Path) -> Path:
    """A folder with frames 1, 2 and 4."""
    for frame in (1, 2, 4):
        (tmp_path / f"in.{frame:04d}.exr").touch()
    return tmp_path


def test_one_file_is_one_task(manifest: Manifest) -> None:
    """Paths without a place for the frame stand for themselves."""
    tasks = plan_frames("a.exr", "b.exr", "", NO_CHOICES, manifest)
    assert tasks == [FrameTask(None, (InputFile("color", Path("a.exr")),), Path("b.exr"))]


def test_a_sequence_is_what_exists(manifest: Manifest, renders: Path) -> None:
    """Without a list of frames, those on disk are taken."""
    tasks = plan_frames(f"{renders}/in.####.exr", "out/o.%03d.exr", "", NO_CHOICES, manifest)
    assert [task.frame for task in tasks] == [1, 2, 4]
    assert tasks[2].inputs == {"color": renders / "in.0004.exr"}
    assert tasks[2].output == Path("out/o.004.exr")


def test_listed_frames_need_not_exist(manifest: Manifest, renders: Path) -> None:
    """A missing frame fails by itself later; the others are made."""
    tasks = plan_frames(f"{renders}/in.####.exr", "o.####.exr", "1-4x3,3", NO_CHOICES, manifest)
    assert [task.frame for task in tasks] == [1, 4, 3]


def test_one_frame_of_a_sequence_may_go_to_one_file(manifest: Manifest, renders: Path) -> None:
    """A farm that makes one frame at a time can name its output in full."""
    (task,) = plan_frames(f"{renders}/in.####.exr", "o.exr", "2", NO_CHOICES, manifest)
    assert (task.inputs["color"].name, task.output) == ("in.0002.exr", Path("o.exr"))


def test_further_files_follow_the_frame_or_stand_still(manifest: Manifest) -> None:
    """A pattern gives each frame its own file, a path the same to all."""
    moving = InputChoices({"albedo": "alb.%04d.exr"}, {})
    still = InputChoices({"albedo": "alb.exr"}, {})
    arguments = ("in.####.exr", "o.####.exr", "7")
    (task,) = plan_frames(*arguments, moving, manifest)
    assert task.inputs == {"color": Path("in.0007.exr"), "albedo": Path("alb.0007.exr")}
    assert list(task.inputs) == ["color", "albedo"]
    (task,) = plan_frames(*arguments, still, manifest)
    assert task.inputs["albedo"] == Path("alb.exr")


def moving(manifest: Manifest, kind: str = "window", **more: object) -> Manifest:
    """Return the model as one that takes several frames."""
    return replace(manifest, temporal=Temporal(kind, **{"before": 1, "after": 1, **more}))


def needs(tasks: list[FrameTask]) -> dict[int | None, list[int | None]]:
    """Return the frames of the main input that each result needs."""
    return {
        task.frame: [file.frame for file in task.files if file.name == "color"] for task in tasks
    }


def test_neighbours_come_from_the_disk(manifest: Manifest, renders: Path) -> None:
    """A frame that is there is a neighbour though no result is wanted for it; at an end none is."""
    (renders / "in.0003.exr").touch()
    arguments = (f"{renders}/in.####.exr", "o.####.exr", "1,3", NO_CHOICES)
    tasks = plan_frames(*arguments, moving(manifest))
    assert needs(tasks) == {1: [1, 2], 3: [2, 3, 4]}
    assert [task.time for task in tasks] == [1.0, 3.0]
    assert list(tasks[0].inputs) == ["color@1", "color@2"]
    mirrored = plan_frames(*arguments, moving(manifest, before=3, edges="mirror"))
    assert needs(mirrored)[1] == [1, 2, 3, 4]


def test_a_hole_is_needed_and_what_was_asked_for_is_no_end(
    manifest: Manifest, renders: Path
) -> None:
    """Frame 3 is missing on disk, 5 was asked for: both are read, and fail, where needed."""
    tasks = plan_frames(f"{renders}/in.####.exr", "o.####.exr", "1-5", NO_CHOICES, moving(manifest))
    assert needs(tasks) == {1: [1, 2], 2: [1, 2, 3], 3: [2, 3, 4], 4: [3, 4, 5], 5: [4, 5]}


def test_a_clip_is_everything(manifest: Manifest, renders: Path) -> None:
    """Each result of a clip needs every frame from the first to the last."""
    tasks = plan_frames(
        f"{renders}/in.####.exr", "o.####.exr", "2", NO_CHOICES, moving(manifest, "clip")
    )
    assert needs(tasks) == {2: [1, 2, 3, 4]}


def test_results_between_frames_are_numbered_by_their_step(
    manifest: Manifest, renders: Path
) -> None:
    """The first frame keeps its number, whichever part of the sequence is asked for."""
    arguments = (f"{renders}/in.####.exr", "o.####.exr")
    blend = moving(manifest, "between")
    whole = plan_frames(*arguments, "1-2x0.25", NO_CHOICES, blend)
    assert [(task.frame, task.time) for task in whole] == [
        (1, 1.0),
        (2, 1.25),
        (3, 1.5),
        (4, 1.75),
        (5, 2.0),
    ]
    assert needs(whole)[2] == [1, 2]
    assert needs(whole)[5] == [2]
    part = plan_frames(*arguments, "1.5-2x0.25", NO_CHOICES, blend)
    assert part == whole[2:]


@pytest.mark.parametrize(
    ("speed", "results"),
    [
        ("0.5", [(1, 1.0), (2, 1.5), (3, 2.0), (4, 2.5), (5, 3.0), (6, 3.5), (7, 4.0)]),
        ("2", [(1, 1.0), (2, 3.0)]),
        ("1.5", [(1, 1.0), (2, 2.5), (3, 4.0)]),
        ("1", [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]),
        ("7", [(1, 1.0)]),
    ],
)
def test_a_speed_is_counted_from_the_first_frame(
    manifest: Manifest, renders: Path, speed: str, results: list[tuple[int, float]]
) -> None:
    """The first frame keeps its number; each step of the speed is the next one."""
    arguments = (f"{renders}/in.####.exr", "o.####.exr", "", NO_CHOICES)
    tasks = plan_frames(*arguments, moving(manifest, "between"), speed)
    assert [(task.frame, task.time) for task in tasks] == results


def test_a_part_of_a_retimed_sequence_is_numbered_as_in_the_whole(
    manifest: Manifest, renders: Path
) -> None:
    """A farm shares out source frames: each makes what lies between its own."""
    arguments = (f"{renders}/in.####.exr", "o.####.exr")
    blend = moving(manifest, "between")
    whole = plan_frames(*arguments, "", NO_CHOICES, blend, "0.25")
    part = plan_frames(*arguments, "2-3", NO_CHOICES, blend, "0.25")
    assert part == whole[4:9]
    assert needs(part)[5] == [2]
    assert needs(part)[6] == [2, 3]


def test_a_speed_does_not_drift(manifest: Manifest) -> None:
    """Thirds come back to a whole frame, however far into the shot."""
    arguments = ("in.####.exr", "o.####.exr", "1-1000", NO_CHOICES)
    tasks = plan_frames(*arguments, moving(manifest, "between"), "1/3")
    assert len(tasks) == 2998
    assert [task.time for task in tasks[-4:]] == [999.0, 999 + 1 / 3, 999 + 2 / 3, 1000.0]
    assert needs(tasks)[2998] == [1000]


@pytest.mark.parametrize("kind", ["frame", "window", "clip"])
def test_only_models_that_work_between_frames_have_a_speed(
    manifest: Manifest, renders: Path, kind: str
) -> None:
    """Any other would repeat or leave out frames under the name of retiming."""
    arguments = (f"{renders}/in.####.exr", "o.####.exr", "", NO_CHOICES)
    with pytest.raises(RequestError, match="no --speed"):
        plan_frames(*arguments, moving(manifest, kind), "0.5")


@pytest.mark.parametrize(
    ("frames", "speed", "word"),
    [
        ("", "0", "no positive number"),
        ("", "-1", "no positive number"),
        ("", "1/0", "no positive number"),
        ("", "nan", "no positive number"),
        ("", "1e-3", "no positive number"),
        ("1-2x0.5", "0.5", "whole frames"),
        ("2", "2", "no result lies between"),
        ("1-90000", "0.5", "more than"),
    ],
)
def test_a_speed_that_cannot_be_is_refused(
    manifest: Manifest, renders: Path, frames: str, speed: str, word: str
) -> None:
    """The error says what would fit, before anything is read."""
    arguments = (f"{renders}/in.####.exr", "o.####.exr", frames, NO_CHOICES)
    with pytest.raises(RequestError, match=word):
        plan_frames(*arguments, moving(manifest, "between"), speed)


def test_further_files_move_with_the_window_or_stand_still(
    manifest: Manifest, renders: Path
) -> None:
    """A pattern gives each neighbour its own file; a path is read once."""
    arguments = (f"{renders}/in.####.exr", "o.####.exr", "1")
    choices = InputChoices({"albedo": "alb.####.exr"}, {})
    (task,) = plan_frames(*arguments, choices, moving(manifest))
    assert list(task.inputs) == ["color@1", "color@2", "albedo@1", "albedo@2"]
    (task,) = plan_frames(*arguments, InputChoices({"albedo": "alb.exr"}, {}), moving(manifest))
    assert list(task.inputs) == ["color@1", "color@2", "albedo@1"]


@pytest.mark.parametrize(
    ("kind", "source", "frames", "word"),
    [
        ("window", "in.exr", "", "takes several frames"),
        ("window", "none.####.exr", "", "No file fits"),
        ("window", "in.####.exr", "1-2x0.5", "whole frames"),
        ("between", "in.####.exr", "1-2x0.5,1.3", "by which step"),
        ("between", "in.####.exr", "1.5", "by which step"),
        ("between", "in.####.exr", "1.25-2x0.5", "no number of steps"),
    ],
)
def test_times_that_do_not_fit_are_refused(
    manifest: Manifest, kind: str, source: str, frames: str, word: str
) -> None:
    """The error says what would fit, before anything is read."""
    with pytest.raises(RequestError, match=word):
        plan_frames(source, "o.####.exr", frames, NO_CHOICES, moving(manifest, kind))


@pytest.mark.parametrize(
    ("source", "target", "frames", "word"),
    [
        ("in.exr", "out.####.exr", "", "one file"),
        ("in.exr", "out.exr", "1-3", "one file"),
        ("in.####.exr", "out.exr", "1-3", "cannot all be written"),
        ("none.####.exr", "out.####.exr", "", "No file fits"),
        ("in.exr", "in.exr", "", "read and would be written"),
        ("in.####.exr", "./in.%04d.exr", "1-3", "read and would be written"),
        ("in.%04d.exr", "in.%05d.exr", "10001", "read and would be written"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    manifest: Manifest, source: str, target: str, frames: str, word: str
) -> None:
    """The error names the pattern before anything is read or written."""
    with pytest.raises(RequestError, match=word):
        plan_frames(source, target, frames, NO_CHOICES, manifest)


def test_an_output_never_replaces_another_frames_input(manifest: Manifest, renders: Path) -> None:
    """A further input is protected like the main one, and through links."""
    (renders / "link").symlink_to(renders)
    choices = InputChoices({"albedo": f"{renders}/alb.exr"}, {})
    with pytest.raises(RequestError, match="would be written"):
        plan_frames("in.exr", f"{renders}/link/alb.exr", "", choices, manifest)


def test_inputs_are_files_or_layers(manifest: Manifest) -> None:
    """What ends in .exr is a file, everything else a layer; one input may have both."""
    choices = parse_inputs(
        ["albedo=aux/alb.####.EXR", "albedo=Denoising Albedo", "color=beauty=2"], manifest
    )
    assert choices.files == {"albedo": "aux/alb.####.EXR"}
    assert choices.layers == {"albedo": "Denoising Albedo", "color": "beauty=2"}


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        (["normal=N"], "no input 'normal'"),
        (["albedo=a", "albedo=b"], "given twice"),
        (["color=x.exr"], "INPUT argument"),
    ],
)
def test_a_wrong_input_is_refused(manifest: Manifest, texts: list[str], word: str) -> None:
    """The error says what the model has, or what to write instead."""
    with pytest.raises(InputError, match=word):
        parse_inputs(texts, manifest)


@pytest.mark.parametrize("text", ["albedo", "=x", "albedo="])
def test_an_assignment_has_two_sides(manifest: Manifest, text: str) -> None:
    """NAME=VALUE, nothing less."""
    with pytest.raises(RequestError, match="NAME=VALUE"):
        parse_inputs([text], manifest)
