"""Files as the node of a host: a task graph hands them to a session, one frame for each task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Optional

from filmgate.errors import InputError, StorageError
from filmgate.host.port import HostPort, Moment, Settings
from filmgate.host.state import Problem, Status
from filmgate.job import Payload
from filmgate.takes import Take
from filmgate.tensor import TENSOR_MEDIA
from filmgate.wire.records import EXR_MEDIA

MEDIA = {".exr": EXR_MEDIA, ".safetensors": TENSOR_MEDIA, ".tensor": TENSOR_MEDIA}
"""By a file's suffix, what it holds."""


@dataclass(frozen=True)
class Task:
    """One result to make.

    Attributes:
        inputs: the file of each input of the model, by its name; absent ones are searched for in
            the main one, which may also stand under the empty name.
        settings: of this result.
    """

    inputs: Mapping[str, Path]
    settings: Settings = field(default_factory=Settings)


class FilePort(HostPort):
    """Tasks as the frames of one node. The session is driven by whoever waits for it.

    Args:
        name: what people call it.
        tasks: by their frames.
        main: the name of the model's main input, as far as it is known.

    Attributes:
        problems: what has failed, by frame.
    """

    def __init__(self, name: str, tasks: Mapping[int, Task], main: Callable[[], str]) -> None:
        self._name, self._tasks, self._main = name, dict(tasks), main
        self._state = ""
        self.problems: dict[Optional[int], Problem] = {}

    def label(self) -> str:
        """Return the name."""
        return self._name

    def span(self) -> tuple[int, int]:
        """Return the first and the last task."""
        return min(self._tasks), max(self._tasks)

    def settings(self, moment: Moment) -> Settings:
        """Return the settings of a task."""
        task = self._tasks.get(round(moment.time))
        return Settings() if task is None else task.settings

    def fingerprint(self, moment: Moment) -> str:
        """Return when the task's files were written and how large they are."""
        try:
            marks = [path.stat() for path in self._files(moment).values()]
        except OSError:
            return ""
        return " ".join(f"{each.st_mtime_ns} {each.st_size}" for each in marks)

    def capture(self, name: str, moment: Moment) -> Optional[Payload]:
        """Read the file of an input.

        Raises:
            InputError: it is of a kind that models do not take.
            StorageError: it cannot be read.
        """
        path = self._files(moment).get(name)
        if path is None:
            return None
        media = MEDIA.get(path.suffix.lower())
        if media is None:
            text = f"{path.name} is no file that a model takes."
            raise InputError(text, f"Give it one of {', '.join(MEDIA)}.")
        try:
            return Payload(name, path.read_bytes(), media, moment.time, moment.view)
        except OSError as error:
            text = f"{path.as_posix()} cannot be read: {error.strerror}."
            raise StorageError(text, "Look whether the file is there.") from error

    def deliver(self, take: Take) -> None:
        """Do nothing: whoever waits asks the session for the files."""

    def call_on_main(self, call: Callable[[], None]) -> None:
        """Do nothing: whoever waits does the session's work."""

    def show(self, status: Status) -> None:
        """Do nothing: whoever waits looks at the session's status."""

    def report(self, problem: Problem) -> None:
        """Note what has failed."""
        self.problems[problem.frame] = problem

    def load_state(self) -> str:
        """Return what the session keeps, as long as this object lives."""
        return self._state

    def store_state(self, text: str) -> None:
        """Keep it."""
        self._state = text

    def _files(self, moment: Moment) -> Mapping[str, Path]:
        task = self._tasks.get(round(moment.time))
        files: dict[str, Any] = dict(task.inputs) if task is not None else {}
        if "" in files:
            files.setdefault(self._main(), files.pop(""))
        return files
