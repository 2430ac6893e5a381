"""Let a package be tried in a process of its own, within a time limit."""

from __future__ import annotations

import json
import os
import select
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from filmgate_server.children import spawn_child
from filmgate_server.commands.finding import Finding, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from filmgate_server.children import Child

_MODULE = "filmgate_server.commands.trial"
_PIECE_BYTES = 1 << 16


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
    """

    findings: list[Finding] = field(default_factory=list[Finding])
    figures: list[dict[str, float]] = field(default_factory=list[dict[str, float]])


def run_trial(trial: Trial, say: Callable[[str], None]) -> Outcome:
    """Try a package; its death or silence is a finding too.

    Args:
        trial: what to try.
        say: is told what is tried, as it begins.
    """
    outcome = Outcome()
    doing = "starting"
    read_fd, write_fd = os.pipe()
    try:
        child = _spawn(trial, write_fd)
    finally:
        os.close(write_fd)
    try:
        for line in _lines(read_fd, time.monotonic() + trial.limit_s):
            if "began" in line:
                doing = line["began"]
                say(doing)
            elif "finding" in line:
                outcome.findings.append(Finding(**line["finding"]))
            else:
                outcome.figures.append(line["figure"])
        status = child.wait()
        if status:
            outcome.findings.append(_death(status, doing))
    except TimeoutError:
        outcome.findings.append(_silence(trial, doing))
    finally:
        os.close(read_fd)
        if child.poll() is None:
            child.kill()
    return outcome


def _spawn(trial: Trial, write_fd: int) -> Child:
    settings: dict[str, Any] = {
        "task": trial.task,
        "folder": str(trial.folder.absolute()),
        "device": trial.device,
        "threads": trial.threads,
        "report_fd": write_fd,
    }
    return spawn_child(_MODULE, settings, (write_fd,))


def _lines(descriptor: int, until_s: float) -> Iterator[dict[str, Any]]:
    """Yield what the child writes until it closes its end.

    Raises:
        TimeoutError: the time is over.
    """
    kept = b""
    while True:
        left_s = until_s - time.monotonic()
        if left_s <= 0 or not select.select([descriptor], [], [], left_s)[0]:
            raise TimeoutError
        piece = os.read(descriptor, _PIECE_BYTES)
        if not piece:
            return
        *whole, kept = (kept + piece).split(b"\n")
        for line in whole:
            with suppress(ValueError):  # code of a package may write there too
                yield json.loads(line)


def _death(status: int, doing: str) -> Finding:
    how = f"by signal {-status}" if status < 0 else f"with status {status}"
    text = f"The model's process ended {how} while it tried: {doing}."
    return refused("run", text, "What it printed above says more.")


def _silence(trial: Trial, doing: str) -> Finding:
    text = f"After {trial.limit_s:g} s the model was still at: {doing}."
    return refused("run", text, "Give it longer with --limit, or make it faster.")
