"""Child processes: what they are told, and that they never outlive their parent."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fakes.descriptors import no_descriptor_left
from filmgate.errors import ConfigError
from filmgate_server.children import ORPHAN_EXIT_CODE, Child, read_settings, spawn_child

TESTS = Path(__file__).resolve().parent.parent
PATIENCE_S = 30


def environment() -> dict[str, str]:
    """Return an environment in which `fakes` can be imported."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}


@contextmanager
def started(**settings: Any) -> Iterator[tuple[Child, dict[str, Any]]]:
    """Start `fakes.child` and yield it with its report."""
    reading, writing = os.pipe()
    child = spawn_child("fakes.child", {**settings, "report_fd": writing}, [writing], environment())
    os.close(writing)
    try:
        with os.fdopen(reading) as report:
            yield child, json.loads(report.readline())
    finally:
        child.kill()


@contextmanager
def parent(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Start `fakes.parent` and yield it with its children's process ids."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fakes.parent", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    try:
        yield process, [int(word) for word in process.stdout.readline().split()]
    finally:
        process.kill()
        process.communicate()


def ends(pidfd: int) -> bool:
    """Wait until the process behind *pidfd* has ended; it is not our child."""
    readable, _, _ = select.select([pidfd], [], [], PATIENCE_S)
    return bool(readable)


def maps(pid: int) -> list[str]:
    """Return the memory mappings of a process, a line each."""
    return Path(f"/proc/{pid}/maps").read_text().splitlines()


def test_settings_reach_the_child_and_not_its_command_line() -> None:
    """A token among the settings is no argument, which every user of the machine could read."""
    with started(word="hidden", depth={"a": [1, 2.5, None]}) as (child, report):
        assert report["settings"]["word"] == "hidden"
        assert report["settings"]["depth"] == {"a": [1, 2.5, None]}
        line = Path(f"/proc/{child.pid}/cmdline").read_bytes()
    assert b"hidden" not in line
    assert "hidden" not in " ".join(report["argv"])


def test_child_reads_an_empty_stdin() -> None:
    """Code that reads stdin gets its end at once instead of waiting on the lifeline."""
    with started() as (_, report):
        assert report["stdin"] == ""


def test_child_inherits_nothing_else(tmp_path: Path) -> None:
    """Even a descriptor that is marked as inheritable stays with the parent."""
    with (tmp_path / "private").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        with started() as (child, _):
            links = [path.readlink() for path in Path(f"/proc/{child.pid}/fd").iterdir()]
    assert Path(file.name) not in links


def test_exit_status_is_told() -> None:
    """Waiting returns the status the child exited with, and polling agrees."""
    with started(status=7) as (child, _):
        assert child.wait(PATIENCE_S) == 7
        assert child.poll() == 7


def test_pidfd_becomes_readable_at_the_end() -> None:
    """A poller learns of the end without asking again and again."""
    with started() as (child, _):
        assert child.pidfd is not None
        assert select.select([child.pidfd], [], [], 0)[0] == []
        child.doom()
        assert select.select([child.pidfd], [], [], PATIENCE_S)[0]
        assert child.wait(PATIENCE_S) == -signal.SIGKILL


def test_ended_child_leaves_no_descriptor() -> None:
    """Starting and ending a child returns the number of open descriptors to where it was."""
    with no_descriptor_left(), started():
        pass


def test_too_long_settings_are_refused() -> None:
    """Settings that a pipe does not hold would make the parent wait for its child."""
    with pytest.raises(ConfigError):
        spawn_child("fakes.child", {"text": "x" * 100_000})


def test_child_started_by_hand_says_so() -> None:
    """Running a server module without its parent is a typed error, not a hang."""
    code = "from filmgate_server.children import read_settings\nread_settings()"
    ended = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert b"ConfigError" in ended.stderr


def test_settings_are_read_to_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that arrive in pieces are put together."""
    reading, writing = os.pipe()
    monkeypatch.setattr("filmgate_server.children._STDIN_FD", reading)
    monkeypatch.setattr("filmgate_server.children.SETTINGS_BYTES_MAX", 3)
    os.write(writing, b'{"a": "long enough"}\n')
    assert read_settings() == {"a": "long enough"}
    os.close(reading)
    os.close(writing)


def test_child_dies_with_a_killed_parent() -> None:
    """SIGKILL to the parent, which it cannot handle, ends the child too."""
    with parent("child") as (process, (pid,)):
        pidfd = os.pidfd_open(pid)
        process.kill()
        assert ends(pidfd)
    os.close(pidfd)


def test_stopped_child_dies_with_a_killed_parent() -> None:
    """A child that is stopped cannot watch its lifeline; the kernel ends it all the same."""
    with parent("child") as (process, (pid,)):
        pidfd = os.pidfd_open(pid)
        os.kill(pid, signal.SIGSTOP)
        process.kill()
        assert ends(pidfd)
    os.close(pidfd)


def test_orphan_leaves_by_its_lifeline() -> None:
    """Where the kernel sends nothing, the end of the lifeline ends the child."""
    with started() as (child, _):
        os.close(child.lifeline_fd)
        child.lifeline_fd = -1
        assert child.wait(PATIENCE_S) == ORPHAN_EXIT_CODE


def test_killed_pool_leaves_nothing(tmp_path: Path) -> None:
    """SIGKILL in the middle of two frames leaves no worker, and no memory of theirs has a name."""
    with parent("pool", str(tmp_path)) as (process, pids):
        pidfds = [os.pidfd_open(pid) for pid in pids]
        named = [line for pid in pids for line in maps(pid) if " /dev/" in line]
        os.kill(pids[0], signal.SIGSTOP)
        process.kill()
        assert all(ends(pidfd) for pidfd in pidfds)
    assert named == []
    for pidfd in pidfds:
        os.close(pidfd)
