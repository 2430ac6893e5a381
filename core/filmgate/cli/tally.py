"""What went wrong in a run, each thing told once and summed up at the end."""

from __future__ import annotations

from filmgate.cli.plan import FrameTask
from filmgate.cli.terminal import complain, say, warn
from filmgate.errors import FilmgateError
from filmgate.frames import write_frames


class Tally:
    """Counts frames, and remembers to which frames a warning or an error belongs.

    Attributes:
        written: files written.
        skipped: files that were finished before.
        failed: frames without a result.
        through: frames that have ended since the start, one way or the other.
    """

    def __init__(self) -> None:
        self.written = 0
        self.skipped = 0
        self.failed = 0
        self.through = 0
        self._warnings: dict[str, list[FrameTask]] = {}
        self._errors: dict[str, list[FrameTask]] = {}
        self._clipped: list[FrameTask] = []
        self._clipped_samples = 0

    def add_warnings(self, task: FrameTask, texts: tuple[str, ...]) -> None:
        """Show each text the first time that it comes up."""
        for text in texts:
            tasks = self._warnings.setdefault(text, [])
            tasks.append(task)
            if len(tasks) == 1:
                warn(f"{task.label}: {text}")

    def add_clipped(self, task: FrameTask, samples: int) -> None:
        """Count samples that a file cannot hold; show the first frame that has any."""
        if not samples:
            return
        self._clipped.append(task)
        self._clipped_samples += samples
        if len(self._clipped) == 1:
            warn(f"{task.label}: {_clipped(samples)}")

    def add_error(self, task: FrameTask, error: FilmgateError) -> None:
        """Count a failed frame; show an error the first time that it comes up."""
        self.failed += 1
        tasks = self._errors.setdefault(error.text, [])
        tasks.append(task)
        if len(tasks) == 1:
            complain(error, task.label)

    def sum_up(self) -> None:
        """Say which frames share a warning or an error that was shown once."""
        for text, tasks in self._warnings.items():
            if len(tasks) > 1:
                warn(f"{_frames(tasks)}: {text}")
        if len(self._clipped) > 1:
            warn(f"{_frames(self._clipped)}: {_clipped(self._clipped_samples)}")
        for text, tasks in self._errors.items():
            if len(tasks) > 1:
                say(f"failed: {_frames(tasks)}: {text}")


def _clipped(samples: int) -> str:
    return f"{samples} samples lay outside 0 to 1, or were NaN, and were clipped."


def _frames(tasks: list[FrameTask]) -> str:
    numbers = [task.frame for task in tasks if task.frame is not None]
    return f"frames {write_frames(numbers)}"
