"""Let a package be tried in a process of its own, within a time limit."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING, Any

from filmgate_server.children import spawn_child
from filmgate_server.commands.finding import Finding, parse_finding, refused
from filmgate_server.pool.environment import worker_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from filmgate_server.children import Child

_MODULE = "filmgate_server.commands.apart"
_PIECE_BYTES = 1 << 16
_LINE_BYTES_MAX = 1 << 16
_REPORT_BYTES_MAX = 1 << 22
_QUOTED_BYTES = 60
_ROW_KEYS = {
    *("side_px", "samples", "axes", "seconds", "seconds_per_megapixel"),
    *("peak_mib", "mib_per_megapixel"),
}


@dataclass(frozen=True)
class Trial:
    """What to try, and where.

    Attributes:
        task: one of those of `filmgate_server.commands.trial`.
        folder: the package's.
        device: ``cpu``, ``cuda:0``, …
        threads: of a CPU; 0 leaves it to the engine.
        limit_s: after so long the process is ended.
    """

    task: str
    folder: Path
    device: str = "cpu"
    threads: int = 0
    limit_s: float = 300.0


@dataclass
class Outcome:
    """What a trial has found.

    Attributes:
        findings: in order.
        figures: a row for each size of frame.
        doing: what was tried last.
    """

    findings: list[Finding] = field(default_factory=list[Finding])
    figures: list[dict[str, float]] = field(default_factory=list[dict[str, float]])
    doing: str = "starting"


class _NonsenseError(Exception):
    """What came from the process is not what a trial writes."""


def run_trial(trial: Trial, say: Callable[[str], None]) -> Outcome:
    """Try a package; its death, its silence and nonsense that it writes are findings too.

    The process has a worker's environment, without credentials, and no network.

    Args:
        trial: what to try.
        say: is told what is tried, as it begins.
    """
    outcome = Outcome()
    until_s = time.monotonic() + trial.limit_s
    read_fd, write_fd = os.pipe()
    try:
        child = _spawn(trial, write_fd)
    finally:
        os.close(write_fd)
    try:
        for line in _lines(read_fd, until_s):
            _take(line, outcome, say)
        status = child.wait(max(0.0, until_s - time.monotonic()))
        if status:
            outcome.findings.append(_death(status, outcome.doing))
    except (TimeoutError, TimeoutExpired):
        outcome.findings.append(_silence(trial, outcome.doing))
    except _NonsenseError as error:
        outcome.findings.append(_nonsense(str(error), outcome.doing))
    finally:
        os.close(read_fd)
        _end(child)
    return outcome


def _end(child: Child) -> None:
    """End the process, and those that it has started in its group."""
    with suppress(ProcessLookupError, PermissionError):  # nobody is left
        os.killpg(child.pid, signal.SIGKILL)
    if child.poll() is None:
        child.kill()


def _spawn(trial: Trial, write_fd: int) -> Child:
    settings: dict[str, Any] = {
        "task": trial.task,
        "folder": str(trial.folder.absolute()),
        "device": trial.device,
        "threads": trial.threads,
        "report_fd": write_fd,
    }
    environment = worker_environment(os.environ, trial.threads or None)
    return spawn_child(_MODULE, settings, (write_fd,), environment)


def _lines(descriptor: int, until_s: float) -> Iterator[bytes]:
    """Yield what the child writes until it closes its end.

    Raises:
        TimeoutError: the time is over.
        _NonsenseError: it is more than a trial writes.
    """
    kept, total_bytes = b"", 0
    while True:
        left_s = until_s - time.monotonic()
        if left_s <= 0 or not select.select([descriptor], [], [], left_s)[0]:
            raise TimeoutError
        piece = os.read(descriptor, _PIECE_BYTES)
        if not piece:
            return
        *whole, kept = (kept + piece).split(b"\n")
        total_bytes += len(piece)
        if total_bytes > _REPORT_BYTES_MAX or len(kept) > _LINE_BYTES_MAX:
            raise _NonsenseError("more than a report holds")
        yield from whole


def _take(line: bytes, outcome: Outcome, say: Callable[[str], None]) -> None:
    """Add a line to *outcome*; code of a package may write there too, so nothing is believed.

    Raises:
        _NonsenseError: a trial writes no such line.
    """
    try:
        ((kind, content),) = json.loads(line).items()
        if kind == "began" and isinstance(content, str):
            outcome.doing = content
            say(content)
        elif kind == "finding":
            outcome.findings.append(parse_finding(content))
        elif kind == "figure":
            outcome.figures.append(_parse_row(content))
        else:
            raise ValueError(kind)
    except (ValueError, AttributeError, RecursionError) as error:
        raise _NonsenseError(ascii(line[:_QUOTED_BYTES])[1:]) from error


def _parse_row(row: dict[str, Any]) -> dict[str, float]:
    """Return a figure's row; see `filmgate_server.commands.figures`.

    Raises:
        ValueError: it is none.
    """
    if row.keys() != _ROW_KEYS or any(type(each) not in (int, float) for each in row.values()):
        raise ValueError("not a row")
    return row


def _death(status: int, doing: str) -> Finding:
    how = f"by signal {-status}" if status < 0 else f"with status {status}"
    text = f"The model's process ended {how} while it tried: {doing}."
    return refused("run", text, "What it printed above says more.")


def _silence(trial: Trial, doing: str) -> Finding:
    text = f"After {trial.limit_s:g} s the model was still at: {doing}."
    return refused("run", text, "Give it longer with --limit, or make it faster.")


def _nonsense(found: str, doing: str) -> Finding:
    text = f"While it tried {doing}, the model's code wrote into the report: {found}."
    return refused("run", text, "A model writes to no file that it has not opened.")
