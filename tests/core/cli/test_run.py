"""`filmgate run` with a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.service import TOKEN, Service
from fakes.waiting import wait_until
from filmgate.cli.batch import Batch
from filmgate.cli.notice import Notices
from filmgate.cli.plan import FrameTask
from filmgate.client import Client
from filmgate.endpoint import Endpoint, find_endpoint, publish_endpoint
from filmgate.frames import parse_sequence
from filmgate.image.exr import load_exr
from filmgate.image.provenance import read_provenance
from filmgate.job import Payload, Work

Command = Any
"""What `conftest.Command` is: tests import nothing from each other."""

MakePlate = Callable[..., bytes]


@pytest.fixture
def sequence(tmp_path: Path, plate: MakePlate) -> Path:
    """A folder with three frames of the value of their number."""
    for frame in (1, 2, 3):
        (tmp_path / f"in.{frame:04d}.exr").write_bytes(plate(float(frame)))
    return tmp_path


def value(path: Path, channel: str = "R") -> float:
    """Return the one value that a channel has everywhere."""
    (level,) = np.unique(load_exr(path).parts[0].channels[channel])
    return float(level)


def pattern(folder: Path, name: str) -> str:
    """Return the pattern of *name* in *folder*."""
    return f"{folder}/{name}.####.exr"


def outputs(folder: Path) -> list[int]:
    """Return the frames that were written."""
    found = parse_sequence(pattern(folder, "out"))
    assert found is not None
    return found.frames()


def on_terminal(command: list[str]) -> str:
    """Run a command on a pseudo-terminal and return what appeared there."""
    ours, theirs = os.openpty()
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while piece := _read(ours):
            shown += piece
    os.close(ours)
    assert process.returncode == 0
    return shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that nobody is at the other end
        return b""


def no_parts(folder: Path) -> bool:
    """Say whether no half-written file was left."""
    return not [path for path in folder.rglob("*") if path.name.endswith(".part")]


def test_one_frame(filmgate: Command, sequence: Path) -> None:
    """The result stands where it was asked for, and says what made it."""
    out = sequence / "new" / "folder" / "out.exr"
    filmgate("run", "gain", sequence / "in.0002.exr", out, "--param", "gain=3")
    assert value(out) == 6.0
    provenance = read_provenance(load_exr(out).parts[0].header)
    assert provenance is not None
    assert (provenance.model, provenance.params) == ("gain@1.0.0", {"gain": 3.0})


def test_a_sequence_in_both_notations(filmgate: Command, sequence: Path) -> None:
    """Every frame on disk is made, several at once."""
    said = filmgate("run", "gain", f"{sequence}/in.%04d.exr", pattern(sequence, "out")).err
    assert [value(sequence / f"out.{frame:04d}.exr") for frame in (1, 2, 3)] == [1.0, 2.0, 3.0]
    assert "3 of 3 written" in said


def test_only_the_frames_asked_for(filmgate: Command, sequence: Path) -> None:
    """Steps and single numbers choose frames."""
    filmgate("run", "gain", pattern(sequence, "in"), pattern(sequence, "out"), "--frames", "1-3x2")
    assert outputs(sequence) == [1, 3]


def test_finished_frames_are_skipped(filmgate: Command, sequence: Path) -> None:
    """A second run makes nothing; with other parameters or other pixels it makes what changed."""
    command = ("run", "gain", pattern(sequence, "in"), pattern(sequence, "out"))
    filmgate(*command)
    before = (sequence / "out.0001.exr").stat().st_mtime_ns
    assert "3 skipped" in filmgate(*command).err
    assert (sequence / "out.0001.exr").stat().st_mtime_ns == before
    assert "3 of 3 written" in filmgate(*command, "--param", "gain=2").err
    assert value(sequence / "out.0003.exr") == 6.0
    (sequence / "in.0003.exr").write_bytes((sequence / "in.0001.exr").read_bytes())
    said = filmgate(*command, "--param", "gain=2").err
    assert "1 of 3 written" in said
    assert value(sequence / "out.0003.exr") == 2.0


@pytest.mark.parametrize(
    "changed", [("--depth", "half"), ("--compression", "piz"), ("--model-only",)]
)
def test_another_wish_is_another_result(
    filmgate: Command, sequence: Path, changed: tuple[str, ...]
) -> None:
    """A result in another form is not the one that is wanted."""
    command = ("run", "gain", sequence / "in.0001.exr", sequence / "out.exr")
    filmgate(*command)
    assert "1 of 1 written" in filmgate(*command, *changed).err
    assert "1 skipped" in filmgate(*command, *changed).err


def test_overwrite_makes_everything_again(filmgate: Command, sequence: Path) -> None:
    """With --overwrite nothing is skipped."""
    command = ("run", "gain", pattern(sequence, "in"), pattern(sequence, "out"))
    filmgate(*command)
    assert "3 of 3 written" in filmgate(*command, "--overwrite").err


def test_a_frame_is_finished_when_all_its_outputs_are(filmgate: Command, sequence: Path) -> None:
    """A second output that is missing is made; one that is not ours fails the frame."""
    command = ("run", "two", sequence / "in.0002.exr", sequence / "out.0002.exr", "--model-only")
    matte = sequence / "out_matte.0002.exr"
    filmgate(*command)
    assert "1 skipped" in filmgate(*command).err
    matte.unlink()
    assert "1 of 1 written" in filmgate(*command).err
    assert value(matte, "matte.A") == 2.0
    matte.write_bytes(b"mine")
    assert "out_matte.0002.exr exists and was not made" in filmgate(*command, code=1).err


def test_the_output_that_was_named_is_written_last(filmgate: Command, sequence: Path) -> None:
    """Where a further output cannot be written, the one that says finished is not there."""
    (sequence / "out_matte.exr").mkdir()
    command = ("run", "two", sequence / "in.0002.exr", sequence / "out.exr", "--model-only")
    filmgate(*command, "--overwrite", code=73)
    assert not (sequence / "out.exr").exists()
    assert no_parts(sequence)


@pytest.mark.parametrize("content", ["foreign", "cut", "empty"])
def test_a_file_that_is_not_ours_is_kept(
    filmgate: Command, sequence: Path, plate: MakePlate, content: str
) -> None:
    """It fails its frame, the others are made; --overwrite replaces it."""
    whole = plate(9.0)
    kept = {"foreign": whole, "cut": whole[:-5], "empty": b""}[content]
    (sequence / "out.0002.exr").write_bytes(kept)
    command = ("run", "gain", pattern(sequence, "in"), pattern(sequence, "out"))
    said = filmgate(*command, code=1).err
    assert "not made by Filmgate" in said
    assert "--overwrite" in said
    assert (sequence / "out.0002.exr").read_bytes() == kept
    assert outputs(sequence) == [1, 2, 3]
    filmgate(*command, "--overwrite")
    assert value(sequence / "out.0002.exr") == 2.0


def test_a_layer_chosen_by_hand(filmgate: Command, tmp_path: Path, plate: MakePlate) -> None:
    """--input names the layer, of the main input too; another choice is another result."""
    (tmp_path / "in.exr").write_bytes(plate(1.0, dirt=0.25, light=8.0))
    command = ("run", "gain", tmp_path / "in.exr", tmp_path / "out.exr", "--model-only")
    filmgate(*command, "--input", "albedo=dirt")
    assert value(tmp_path / "out.exr") == 1.25
    filmgate(*command, "--input", "albedo=light", "--input", "color=dirt")
    assert value(tmp_path / "out.exr", "R") == 8.25


def test_an_input_from_its_own_files(filmgate: Command, sequence: Path, plate: MakePlate) -> None:
    """A pattern gives each frame its own albedo."""
    for frame in (1, 2, 3):
        (sequence / f"alb.{frame:04d}.exr").write_bytes(plate(frame * 10.0))
    albedo = f"albedo={pattern(sequence, 'alb')}"
    filmgate("run", "gain", pattern(sequence, "in"), pattern(sequence, "out"), "--input", albedo)
    assert [value(sequence / f"out.{frame:04d}.exr") for frame in (1, 2, 3)] == [11, 22, 33]


def test_a_missing_frame_fails_alone(filmgate: Command, sequence: Path) -> None:
    """The others are made, and the exit code says that some failed."""
    command = ("run", "gain", pattern(sequence, "in"), pattern(sequence, "out"))
    said = filmgate(*command, "--frames", "1-5", code=1).err
    assert "in.0004.exr does not exist" in said
    assert "in.0005.exr does not exist" in said
    assert "2 failed" in said
    assert outputs(sequence) == [1, 2, 3]


def test_a_damaged_frame_fails_alone(filmgate: Command, sequence: Path, plate: MakePlate) -> None:
    """The server's error is shown with what to do and an id; the other frames are made."""
    (sequence / "in.0002.exr").write_bytes(plate()[:-9])
    command = ("run", "gain", pattern(sequence, "in"), pattern(sequence, "out"))
    said = filmgate(*command, code=1).err
    assert "frame 2:" in said
    assert "what to do:" in said
    assert "id: damaged_image " in said
    assert outputs(sequence) == [1, 3]


def test_a_warning_is_shown_once(filmgate: Command, tmp_path: Path, plate: MakePlate) -> None:
    """What concerns several frames is told when it first comes up, and summed up at the end."""
    for frame in (1, 2, 3):
        (tmp_path / f"in.{frame:04d}.exr").write_bytes(plate(float("nan")))
    said = filmgate("run", "gain", pattern(tmp_path, "in"), pattern(tmp_path, "out")).err
    assert said.count("warning: ") == 2
    assert "warning: frames 1-3: " in said


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("nope", "in.exr", "out.exr"), "no model 'nope'"),
        (("gain@9.9.9", "in.exr", "out.exr"), "gain@1.0.0"),
        (("gain", "in.exr", "out.exr", "--param", "gain=9"), "to 8"),
        (("gain", "in.exr", "out.exr", "--param", "gian=1"), "gian"),
        (("gain", "in.exr", "out.exr", "--param", "gain=1", "--param", "gain=2"), "twice"),
        (("gain", "in.exr", "out.exr", "--depth", "double"), "half or float"),
        (("gain", "in.exr", "out.exr", "--compression", "lzw"), "lzw"),
        (("gain", "in.exr", "out.png", "--compression", "zip"), "for EXR"),
        (("gain", "in.exr", "out.png", "--depth", "10"), "8 or 16"),
        (("gain", "in.exr", "out.gif"), "of no kind that is read or written"),
        (("gain", "in.exr", "in.exr"), "read and would be written"),
        (("gain", "in.####.exr", "out.####.exr", "--frames", "a"), "not a list of frames"),
        (("gain", "in.exr", "out.exr", "--in-flight", "0"), "in-flight"),
    ],
)
def test_a_mistake_in_the_command_is_usage(
    filmgate: Command, arguments: tuple[str, ...], word: str
) -> None:
    """Nothing is started; the exit code is 2."""
    said = filmgate("run", *arguments, code=2).err
    assert word in said
    assert "what to do: " in said
    assert "id: " in said


def test_a_full_disk_ends_the_run(
    filmgate: Command, sequence: Path, tmp_path: Path, plate: MakePlate
) -> None:
    """Exit code 73, a typed error, no partial file; what was there before stays."""
    disk = tmp_path / "disk"
    disk.mkdir()
    probe = [
        "unshare",
        "-rm",
        "sh",
        "-c",
        f'mount -t tmpfs -o size=4k none "{disk}" && exec "$0" "$@"',
    ]
    try:
        works = subprocess.run([*probe, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        works = False
    if not works:
        pytest.skip("needs a mount namespace with a tmpfs of its own (unshare -rm)")
    listing = f'{sys.executable} -m filmgate.cli "$@"; echo code $?; find {disk} -type f'
    arguments = ["run", "gain", f"{sequence}/in.####.exr", f"{disk}/out.####.exr"]
    (sequence / "in.0001.exr").write_bytes(plate(1.0, **{f"layer{n}": 1.0 for n in range(99)}))
    ended = subprocess.run(
        [*probe, "sh", "-c", listing, "sh", *arguments, "--in-flight", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.splitlines() == ["code 73"]
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_output_folder_that_cannot_be_made(filmgate: Command, sequence: Path) -> None:
    """A file where a folder should be is a typed error of the output."""
    target = sequence / "in.0001.exr" / "out.exr"
    said = filmgate("run", "gain", sequence / "in.0002.exr", target, code=73).err
    assert "in.0001.exr" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cancels_on_the_server(
    filmgate: Command,
    service: Service,
    sequence: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    """Ctrl-C, or a farm's SIGTERM: exit code 130, no job is left, no partial file."""
    process = filmgate.start("run", "slow", pattern(sequence, "in"), pattern(sequence, "out"))
    endpoint = find_endpoint(service.address)
    assert endpoint is not None
    with Client(service.address, token=endpoint.token) as watcher:
        wait_until(lambda: watcher.status().counters["jobs_open"] == 3, "three jobs under way")
        process.send_signal(number)
        said = process.communicate(timeout=40)[1]
        assert process.returncode == 130, said
        assert watcher.status().counters["jobs_open"] == 0
        wait_until(lambda: watcher.status().counters["executions_open"] == 0, "nothing runs")
    assert "Traceback" not in said
    assert outputs(sequence) == []
    assert no_parts(sequence)


@pytest.fixture
def mortal(
    lonely: Command, tmp_path: Path, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    """Run a server that the test may kill, configured for the command."""
    folder = tmp_path / "server"
    folder.mkdir()
    with Service(folder, models=[str(packages)]) as running:
        publish_endpoint(Endpoint(running.port, TOKEN, running.process.pid))
        monkeypatch.setenv("FILMGATE_SERVER", running.address)
        yield running


def wait_for_jobs(service: Service, count: int) -> None:
    """Wait until so many jobs are under way."""
    with Client(service.address, token=TOKEN) as watcher:
        wait_until(lambda: watcher.status().counters["jobs_open"] == count, "jobs under way")


def test_a_restarted_server_loses_no_frame(
    lonely: Command, mortal: Service, sequence: Path
) -> None:
    """After SIGKILL and a new start in the middle of a run, every frame is still made."""
    arguments = (pattern(sequence, "in"), pattern(sequence, "out"), "--param", "gain=0.1")
    process = lonely.start("run", "slow", *arguments)
    wait_for_jobs(mortal, 3)
    mortal.restart()
    said = process.communicate(timeout=45)[1]
    assert process.returncode == 0, said
    assert outputs(sequence) == [1, 2, 3]


def test_a_server_that_stays_away_ends_the_run(
    lonely: Command, mortal: Service, sequence: Path
) -> None:
    """It is waited for as long as --wait says; then the exit code is 75."""
    arguments = (pattern(sequence, "in"), pattern(sequence, "out"), "--wait", "2")
    process = lonely.start("run", "slow", *arguments)
    wait_for_jobs(mortal, 3)
    mortal.stop()
    said = process.communicate(timeout=45)[1]
    assert process.returncode == 75, said
    assert said.count("The server is away; waiting up to 2 s") == 1
    assert "Traceback" not in said


def test_a_busy_server_is_named(
    lonely: Command, tmp_path: Path, packages: Path, sequence: Path
) -> None:
    """Whoever waits because the server refuses reads why, and the frames are made."""
    folder = tmp_path / "server"
    folder.mkdir()
    with Service(folder, models=[str(packages)], artist_jobs_max=1) as running:
        publish_endpoint(Endpoint(running.port, TOKEN, running.process.pid))
        arguments = (pattern(sequence, "in"), pattern(sequence, "out"), "--param", "gain=0.1")
        said = lonely("run", "slow", *arguments, "--server", running.address).err
    assert "The server is busy: You have 1 open jobs" in said
    assert outputs(sequence) == [1, 2, 3]


def test_leaving_does_not_wait_for_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A farm's SIGTERM is obeyed at once: nobody is there to confirm that jobs are cancelled."""
    monkeypatch.setattr("filmgate.cli.batch.CANCEL_TIMEOUT_S", 1e6)
    told: list[str] = []

    def interrupt(text: str) -> None:
        told.append(text)
        raise KeyboardInterrupt

    task = FrameTask(1, 1.0, (), Path("out.exr"))
    with (
        pytest.raises(KeyboardInterrupt),
        Client("tcp://127.0.0.1:9") as client,
        Batch(client, 1, 60.0, lambda: None, interrupt) as batch,
    ):
        next(batch.run([task], lambda _: Work("any", (Payload("color", b"pixels"),))))
    assert told == ["The server is away; waiting up to 60 s for it ..."]


def test_what_lasts_is_told_now_and_then() -> None:
    """A notice comes at once, again after half a minute, and its end only if it was told."""
    now_s = [0.0]
    told: list[str] = []
    notices = Notices(told.append, lambda: now_s[0])
    notices.end("away", "back")
    for now_s[0] in (0.0, 1.0, 29.0, 31.0):
        notices.show("away", f"away at {now_s[0]:g}")
    notices.show("busy", "busy")
    notices.end("away", "back")
    assert told == ["away at 0", "away at 31", "busy", "back"]


def test_a_bar_on_a_terminal(filmgate: Command, sequence: Path) -> None:
    """On a terminal there is a bar with a speed instead of lines."""
    command = ["run", "gain", pattern(sequence, "in"), pattern(sequence, "out")]
    said = on_terminal([sys.executable, "-m", "filmgate.cli", *command])
    assert "3/3" in said
    assert "frames/s" in said or "s/frame" in said
    assert "out.0001.exr" not in said
