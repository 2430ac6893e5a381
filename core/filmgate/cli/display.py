"""How a run shows where it is: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from filmgate.cli.terminal import messages, say


class Display(Protocol):
    """What a run tells of."""

    def __enter__(self) -> Display:
        """Begin."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, whatever happened."""
        ...

    def wrote(self, path: str, seconds: float) -> None:
        """Tell of a finished file."""
        ...

    def moved(self, frames_done: float) -> None:
        """Tell how far everything is, in frames."""
        ...


class Bar:
    """A bar with frames per second and the time to go."""

    def __init__(self, title: str, frames: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _RateColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=messages,
        )
        self._task = self._progress.add_task(title, total=frames)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def wrote(self, path: str, seconds: float) -> None:
        """Show nothing: the bar moves."""

    def moved(self, frames_done: float) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=frames_done)


class Lines:
    """A line for each file, for logs of farms."""

    def __init__(self, title: str, frames: int) -> None:
        self._title, self._frames, self._written = title, frames, 0

    def __enter__(self) -> Lines:
        say(f"{self._title}: {self._frames} to make")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def wrote(self, path: str, seconds: float) -> None:
        """Write a line."""
        self._written += 1
        say(f"{self._written}/{self._frames} {path} ({seconds:.1f} s)")

    def moved(self, frames_done: float) -> None:
        """Write nothing: lines only tell of what is finished."""


class _RateColumn(ProgressColumn):
    """Frames per second since the start; seconds per frame where it is slower."""

    def render(self, task: Task) -> Text:
        return Text(rate(task.completed, task.finished_time or task.elapsed or 0.0))


def rate(frames: float, seconds: float) -> str:
    """Write a speed as people say it."""
    if frames <= 0 or seconds <= 0:
        return "-"
    if frames >= seconds:
        return f"{frames / seconds:.2f} frames/s"
    return f"{seconds / frames:.2f} s/frame"


def choose_display(title: str, frames: int) -> Display:
    """Return a bar on a terminal and lines elsewhere."""
    return Bar(title, frames) if messages.is_terminal else Lines(title, frames)
