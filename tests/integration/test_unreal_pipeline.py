"""What Unreal has rendered, through a real server: byte for byte what `filmgate run` writes."""

from __future__ import annotations

import io
import json
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest

from fakes.editor_desk import EditorDesk
from fakes.packages import write_upscaler
from fakes.scripts import load_script
from fakes.service import MIB, Service

RENDERS = Path(__file__).resolve().parents[3] / "shared" / "plates" / "cycles"
FRAMES = (1, 3, 5)
DENOISER_BYTES = 768 * MIB

pytestmark = pytest.mark.skipif(
    not RENDERS.is_dir(), reason="NOT TESTED: the path-traced renders are not on this machine"
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a server with the zoo and an upscaler."""
    folder = tmp_path_factory.mktemp("unreal_pipeline")
    models = folder / "models"
    write_upscaler(models / "nearest", scale=2)
    with Service(folder, models=[str(models)], models_bytes=DENOISER_BYTES) as running:
        yield running


@pytest.fixture
def desk(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EditorDesk]:
    """Return an editor that renders on a farm: nobody sits in front of it."""
    desk = EditorDesk(tmp_path, monkeypatch, mode="unattended", server=service.address)
    desk.use(service)
    yield desk
    desk.close()


@pytest.fixture
def rendered(tmp_path: Path) -> list[str]:
    """Return the path-traced frames where a queue would have written them."""
    folder = tmp_path / "renders"
    folder.mkdir()
    for frame in FRAMES:
        shutil.copy(RENDERS / f"noisy_{frame:04d}.exr", folder / f"Seq.{frame:04d}.exr")
    return [path.as_posix() for path in sorted(folder.iterdir())]


def command(tmp_path: Path, model: str, *options: str) -> dict[str, bytes]:
    """Return what `filmgate run` writes of the same files, by name."""
    source, target = tmp_path / "renders" / "Seq.%04d.exr", tmp_path / "expected" / "Seq.%04d.exr"
    said = io.StringIO()
    line = ["filmgate", "run", model, str(source), str(target), *options]
    with redirect_stderr(said), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", line)
        from filmgate.cli.main import main  # noqa: PLC0415 - the desk's settings come first

        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code, said.getvalue()
    return contents(tmp_path / "expected")


def contents(folder: Path) -> dict[str, bytes]:
    """Return the EXR files of a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.glob("*.exr")}


def order(desk: EditorDesk, model: str, **more: Any) -> None:
    """Say what the project wants of its renders."""
    from filmgate_unreal import orders  # noqa: PLC0415 - found once the desk is there

    path = orders.order_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"model": model, **more}), encoding="utf-8")


def render(desk: EditorDesk, passes: dict[str, list[str]]) -> list[Any]:
    """Let a queue's job end that wrote *passes*; return the post steps that are over."""
    from unreal import _renders  # noqa: PLC0415

    from filmgate_unreal import pipeline  # noqa: PLC0415

    steps: list[Any] = []
    original = pipeline.PostStep

    class Seen(original):  # type: ignore[misc,valid-type]
        """A post step that the test gets to see."""

        def begin(self) -> None:
            """Begin."""
            steps.append(self)
            super().begin()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "PostStep", Seen)
        job = desk.unreal.MoviePipelineExecutorJob()
        pipeline.job_finished(_renders.queue_output(job, passes))
    assert steps
    return steps


def test_a_queue_is_denoised_as_by_the_command_line(
    desk: EditorDesk, rendered: list[str], tmp_path: Path
) -> None:
    """With the albedo and the normals inside the files; the render itself stays as it was."""
    before = contents(tmp_path / "renders")
    order(desk, "denoise", params={"quality": "balanced"})
    (step,) = render(desk, {"FinalImage": rendered})
    assert sorted(step.written) == list(FRAMES), step.summary()
    expected = command(tmp_path, "denoise", "--param", "quality=balanced")
    assert contents(tmp_path / "renders" / "denoise") == expected
    assert contents(tmp_path / "renders") == before


def test_a_second_start_keeps_what_is_whole(
    desk: EditorDesk, rendered: list[str], tmp_path: Path
) -> None:
    """A file that was cut off and one whose render is new are made again, and nothing else."""
    order(desk, "denoise", params={"quality": "fast"})
    render(desk, {"FinalImage": rendered})
    made = tmp_path / "renders" / "denoise"
    whole = contents(made)
    cut = made / "Seq.0003.exr"
    cut.write_bytes(whole[cut.name][:1000])
    shutil.copy(RENDERS / "noisy_0003.exr", tmp_path / "renders" / "Seq.0005.exr")
    kept = (made / "Seq.0001.exr").stat().st_mtime_ns
    desk.open("unattended")
    (step,) = render(desk, {"FinalImage": rendered})
    assert (step.kept, sorted(step.written)) == ([1], [3, 5]), step.summary()
    assert (made / "Seq.0001.exr").stat().st_mtime_ns == kept
    shutil.rmtree(tmp_path / "expected", ignore_errors=True)
    assert contents(made) == command(tmp_path, "denoise", "--param", "quality=fast")
    cut.unlink()
    (step,) = render(desk, {"FinalImage": rendered})
    assert (sorted(step.kept), step.written) == ([1, 5], [3]), step.summary()
    assert len(contents(made)) == len(FRAMES)


def test_another_setting_makes_everything_again(
    desk: EditorDesk, rendered: list[str], tmp_path: Path
) -> None:
    """A receipt says what was set; results of other settings are not taken for wanted ones."""
    order(desk, "denoise", params={"quality": "fast"})
    render(desk, {"FinalImage": rendered[:1]})
    order(desk, "denoise", params={"quality": "balanced"})
    (step,) = render(desk, {"FinalImage": rendered[:1]})
    assert (step.kept, step.written) == ([], [1])


def test_a_graphs_layers_are_upscaled_each(
    desk: EditorDesk, rendered: list[str], tmp_path: Path
) -> None:
    """By the script of an Execute Script node: per layer, in files of the larger size."""
    from unreal import _graphs, _renders  # noqa: PLC0415

    from filmgate_unreal import pipeline  # noqa: PLC0415

    order(desk, "nearest", only=["beauty"])
    node = _graphs.MovieGraphPathTracerRenderPassNode()
    node.set_editor_property("disable_tone_curve", True)
    job = _renders.graph_job({"beauty": [node]})
    other = tmp_path / "renders" / "Other.0001.exr"
    shutil.copy(RENDERS / "noisy_0001.exr", other)
    layers = {("beauty", "pathtracer"): rendered, ("props", "pathtracer"): [other.as_posix()]}
    script = pipeline.make_graph_script()()
    _renders.run_graph(script, _renders.graph_output(job, layers))
    made = contents(tmp_path / "renders" / "nearest")
    other.unlink()
    assert made == command(tmp_path, "nearest")
    assert not [text for _, text in desk.editor.log if "tone curve" in text]


def test_the_game_thread_reads_no_render(
    desk: EditorDesk, rendered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of hundreds of megabytes, on a share, are read elsewhere."""
    readers: dict[str, set[int]] = {}
    original = Path.read_bytes

    def noted(path: Path) -> bytes:
        readers.setdefault(path.as_posix(), set()).add(threading.get_ident())
        return original(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    order(desk, "nearest")
    (step,) = render(desk, {"FinalImage": rendered})
    assert sorted(step.written) == list(FRAMES), step.summary()
    assert all(readers[path] and threading.get_ident() not in readers[path] for path in rendered)


def test_a_pass_of_its_own_helps(desk: EditorDesk, rendered: list[str], tmp_path: Path) -> None:
    """Where a queue writes passes to files of their own, these are bound by the passes' names."""
    normals = [path.replace("Seq.", "Seq.FinalImageWorldNormal.") for path in rendered]
    for source, copy in zip(rendered, normals, strict=True):
        shutil.copy(source, copy)
    order(desk, "denoise", params={"quality": "fast"})
    (step,) = render(desk, {"FinalImage": rendered, "FinalImageWorldNormal": normals})
    assert sorted(step.written) == list(FRAMES), step.summary()
    pattern = tmp_path / "renders" / "Seq.FinalImageWorldNormal.%04d.exr"
    options = ("--param", "quality=fast", "--input", f"normal={pattern}")
    assert contents(tmp_path / "renders" / "denoise") == command(tmp_path, "denoise", *options)


def test_an_editor_goes_on_while_it_runs(
    desk: EditorDesk, rendered: list[str], tmp_path: Path
) -> None:
    """Where somebody sits in front of it nothing waits; its notification cancels the rest."""
    from unreal import _renders, _tasks  # noqa: PLC0415

    from filmgate_unreal import notify, pipeline  # noqa: PLC0415

    desk.open("editor")
    order(desk, "denoise", params={"quality": "high"})
    job = desk.unreal.MoviePipelineExecutorJob()
    steps = pipeline.job_finished(_renders.queue_output(job, {"FinalImage": rendered}))
    assert [step.busy for step in steps] == [True]
    desk.editor.tick(3)
    (task,) = desk.editor.notices
    _tasks.press_cancel(task)
    desk.until(lambda: not steps[0].busy, "the step has ended")
    assert steps[0].cancelled
    assert not steps[0].problems
    missing = set(FRAMES) - set(steps[0].written)
    again = pipeline.job_finished(_renders.queue_output(job, {"FinalImage": rendered}))
    desk.until(lambda: not again[0].busy, "the rest is made")
    desk.until(lambda: not notify.shown(), "the notification is gone")
    assert set(again[0].written) >= missing
    assert len(contents(tmp_path / "renders" / "denoise")) == len(FRAMES)


def test_a_dead_server_loses_no_render(
    desk: EditorDesk, rendered: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job ends with its render; the log names what failed, and what helps."""
    monkeypatch.setenv("FILMGATE_SERVER", "tcp://127.0.0.1:9")
    desk.open("unattended")
    before = contents(tmp_path / "renders")
    order(desk, "denoise")
    (step,) = render(desk, {"FinalImage": rendered})
    assert set(step.problems) == set(FRAMES), step.summary()
    assert contents(tmp_path / "renders") == before
    said = [text for _, text in desk.editor.log if "failed 1" in text]
    assert said
    assert "127.0.0.1:9" in said[0]


@pytest.fixture
def smoke(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the script that is shipped to be run in a real Unreal."""
    monkeypatch.setenv("FILMGATE_SERVER", "")  # which it changes
    return load_script("unreal", "smoke")


def test_smoke_script_passes_under_the_stand_in(
    desk: EditorDesk, service: Service, smoke: Any
) -> None:
    """What is shipped to be run in a real Unreal does what it says, in a commandlet."""
    desk.use(service)
    desk.open("commandlet")
    code = smoke.main(["--server", service.address, "--model", "nearest"])
    said = [text for _, text in desk.editor.log if "smoke" in text]
    assert code == 0, said
    assert "All is well" in said[-1]
    assert not [path for path in desk.editor.assets if "FilmgateSmoke" in path]


def test_smoke_script_says_what_failed(desk: EditorDesk, smoke: Any) -> None:
    """Without a server its second step fails, with the exit code 1."""
    desk.open("commandlet")
    assert smoke.main(["--server", "tcp://127.0.0.1:9"]) == 1
    assert [text for text in desk.editor.errors() if "FAILED" in text]
