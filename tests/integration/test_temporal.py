"""Models of several frames: each frame crosses the wire once, and the result is the true one."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fakes.ledger import Ledger
from fakes.models import BLEND, MEAN, write_model
from fakes.plates import COLOR, MERGED, exr_bytes, exr_planes, random_planes, same_planes
from fakes.service import TOKEN, Service, counters
from filmgate.cli.main import main
from filmgate.endpoint import Endpoint, publish_endpoint
from filmgate.errors import InputError
from filmgate.job import Payload, Result, Work
from filmgate.manifest import Temporal
from filmgate.temporal import plan_inputs

SPAN = (1, 12)
FRAMES = range(SPAN[0], SPAN[1] + 1)
WINDOWS = {edges: Temporal("window", 2, 1, edges) for edges in ("clamp", "mirror", "drop")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a model for each policy at the ends, and one in between."""
    folder = tmp_path_factory.mktemp("temporal")
    for edges, window in WINDOWS.items():
        table = f'[temporal]\nkind = "window"\nbefore = {window.before}\nafter = {window.after}\n'
        write_model(folder / "models", f"mean-{edges}", MEAN, f'{table}edges = "{edges}"\n')
    write_model(folder / "models", "blend", BLEND, '[temporal]\nkind = "between"\n')
    return folder


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    """Run a server with those models for this file."""
    with Service(folder, models=[str(folder / "models")]) as running:
        yield running


def planes(frame: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Return what is in a frame."""
    return random_planes(1000 * seed + frame)


def mean(frames: Sequence[int], main: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Return the frame *main* with the colours of the mean of *frames*."""
    expected = planes(main, seed)
    for name in COLOR:
        stack = np.stack([planes(frame, seed)[name].astype(np.float32) for frame in frames])
        expected[name] = stack.mean(axis=0, dtype=np.float64).astype(np.float32).astype(np.float16)
    return expected


def window_of(files: dict[int, bytes], edges: str, time: int) -> Work:
    """Return the work on the frames that a result needs, each once."""
    wanted = sorted(set(plan_inputs(WINDOWS[edges], time, SPAN)))
    payloads = tuple(Payload("color", files[frame], time=frame) for frame in wanted)
    return Work(f"mean-{edges}", payloads, wish=MERGED, time=time)


def true_mean(expected: dict[str, np.ndarray]) -> Callable[[Result], None]:
    """Return the check of a result."""
    return lambda result: same_planes(exr_planes(result.output("color").data), expected)


@pytest.mark.parametrize("edges", WINDOWS)
def test_each_frame_crosses_the_wire_once(service: Service, ledger: Ledger, edges: str):
    """Twelve results at once, of four frames each, take twelve uploads; each is the true mean."""
    seed = 1 + list(WINDOWS).index(edges)
    files = {frame: exr_bytes(planes(frame, seed)) for frame in FRAMES}
    with service.client() as client:
        for time in FRAMES:
            expected = mean(plan_inputs(WINDOWS[edges], time, SPAN), time, seed)
            ledger.submit(client, window_of(files, edges, time), true_mean(expected))
        ledger.all_end("result")
    sent_bytes = sum(entry.job.result().uploaded_bytes for entry in ledger.entries)
    assert sent_bytes == sum(map(len, files.values()))
    ledger.audit(service)


def test_a_hole_is_told_before_anything_is_sent(service: Service, ledger: Ledger):
    """A window without its own middle is refused by the name of the frame."""
    files = {frame: exr_bytes(planes(frame, 5)) for frame in FRAMES}
    work = window_of(files, "clamp", 6)
    payloads = tuple(payload for payload in work.inputs if payload.time != 5)
    with service.client() as client:
        entry = ledger.submit(client, replace(work, inputs=payloads))
        ledger.settle()
        assert isinstance(entry.error, InputError)
        assert "Frame 5 is missing" in entry.error.text
    ledger.audit(service)


def test_between_two_frames(service: Service, ledger: Ledger):
    """Two times between the same two frames are two results from one pair of uploads."""
    files = {frame: exr_bytes(planes(frame, 6)) for frame in (1, 2)}
    payloads = tuple(Payload("color", content, time=frame) for frame, content in files.items())
    with service.client() as client:
        for time in (1.25, 1.5):
            expected = planes(1, 6)
            for name in COLOR:
                before, after = (planes(frame, 6)[name].astype(np.float32) for frame in (1, 2))
                expected[name] = (before + (after - before) * (time - 1)).astype(np.float16)
            work = Work("blend", payloads, wish=MERGED, time=time)
            ledger.submit(client, work, true_mean(expected))
        ledger.all_end("result")
    results = [entry.job.result() for entry in ledger.entries]
    assert [result.output("color").time for result in results] == [1.25, 1.5]
    assert sum(result.uploaded_bytes for result in results) == sum(map(len, files.values()))
    ledger.audit(service)


class Shell:
    """The command line in a folder with frames 1 to 12, and a server configured."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, model: str, *options: str, code: int = 0) -> str:
        """Run a model over the frames, expect the exit code and return what was said."""
        command = ["run", model, f"{self.folder}/in.####.exr", f"{self.folder}/out.####.exr"]
        said = io.StringIO()
        with redirect_stderr(said), pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["filmgate", *command, *options])
            with pytest.raises(SystemExit) as left:
                main()
        assert int(left.value.code or 0) == code, said.getvalue()
        return said.getvalue()

    def remove(self, frame: int) -> None:
        """Take a frame away."""
        (self.folder / f"in.{frame:04d}.exr").unlink()

    @property
    def results(self) -> dict[int, dict[str, np.ndarray]]:
        """What was written, by the number in its name."""
        found = sorted(self.folder.glob("out.*.exr"))
        return {int(path.name.split(".")[1]): exr_planes(path.read_bytes()) for path in found}


@pytest.fixture
def shell(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Return the command line with frames 1 to 12."""
    for name in [name for name in os.environ if name.startswith("FILMGATE_")]:
        monkeypatch.delenv(name)
    (tmp_path / "run").mkdir()
    for name, folder in (("HOME", ""), ("XDG_CONFIG_HOME", "config"), ("XDG_RUNTIME_DIR", "run")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    publish_endpoint(Endpoint(service.port, TOKEN, service.process.pid))
    monkeypatch.setenv("FILMGATE_SERVER", service.address)
    for frame in FRAMES:
        (tmp_path / f"in.{frame:04d}.exr").write_bytes(exr_bytes(planes(frame, 9)))
    return Shell(tmp_path)


def true_means(frames: Iterable[int]) -> dict[int, dict[str, np.ndarray]]:
    """Return what `Shell.run` must write with the model that clamps."""
    return {time: mean(plan_inputs(WINDOWS["clamp"], time, SPAN), time, 9) for time in frames}


def same_frames(
    found: dict[int, dict[str, np.ndarray]], expected: dict[int, dict[str, np.ndarray]]
) -> None:
    """Assert that the same frames are there, bit for bit."""
    assert list(found) == list(expected)
    for frame, wanted in expected.items():
        same_planes(found[frame], wanted)


def test_a_sequence_from_the_shell(service: Service, shell: Shell, monkeypatch: pytest.MonkeyPatch):
    """Neighbours are found by themselves, each file is sent once, and what is done stays."""
    monkeypatch.setenv("FILMGATE_SHOW", "unseen")
    with service.client() as client:
        before = counters(client)["uploaded_bytes"]
        assert "12 of 12 written" in shell.run("mean-clamp")
        sent_bytes = counters(client)["uploaded_bytes"] - before
    assert sent_bytes == sum(path.stat().st_size for path in shell.folder.glob("in.*.exr"))
    same_frames(shell.results, true_means(FRAMES))
    assert "12 skipped" in shell.run("mean-clamp")


def test_frames_that_nobody_asked_for_are_neighbours(shell: Shell):
    """A part of a sequence looks as it does in the whole."""
    shell.run("mean-clamp", "--frames", "5-6")
    same_frames(shell.results, true_means((5, 6)))


def test_only_what_needs_the_hole_fails(shell: Shell):
    """Without frame 6 those that see it fail, and are made once it is there."""
    content = (shell.folder / "in.0006.exr").read_bytes()
    shell.remove(6)
    said = shell.run("mean-clamp", "--frames", "1-12", code=1)
    assert "in.0006.exr does not exist" in said
    same_frames(shell.results, true_means((1, 2, 3, 4, 9, 10, 11, 12)))
    (shell.folder / "in.0006.exr").write_bytes(content)
    assert "4 of 12 written" in shell.run("mean-clamp", "--frames", "1-12")
    same_frames(shell.results, true_means(FRAMES))


def test_slow_motion_from_the_shell(shell: Shell):
    """Half steps make twice as many frames; each is made again only for another time."""
    assert "5 of 5 written" in shell.run("blend", "--frames", "1-3x0.5")
    assert list(shell.results) == [1, 2, 3, 4, 5]
    same_planes(shell.results[3], planes(2, 9))
    assert "5 skipped" in shell.run("blend", "--frames", "1-3x0.5")
    assert "2 of 3 written" in shell.run("blend", "--frames", "1-1.5x0.25")
