"""The notification in the editor's corner: how far a batch is, with a cancel that it hears."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Optional, Protocol

import unreal

from filmgate_unreal import ticks

TITLE = "Filmgate"


class Followed(Protocol):
    """What a notification tells of."""

    @property
    def busy(self) -> bool:
        """Whether it goes on."""
        ...

    def text(self) -> str:
        """Return one line."""
        ...

    def cancel(self) -> None:
        """End it."""
        ...


@unreal.uclass()
class FilmgateTask(unreal.EditorUtilityTask):
    """The editor's own task: it shows a text and a button, and blocks nothing."""

    begun = unreal.uproperty(bool)

    @unreal.ufunction(override=True)
    def receive_begin_execution(self) -> None:
        """Note that the notification is there."""
        self.set_editor_property("begun", True)

    @unreal.ufunction(override=True)
    def get_task_title_override(self) -> unreal.Text:
        """Return the title."""
        return unreal.Text(TITLE)


class _Bulletin:
    """Everything that is followed, in one notification: the editor shows one task at a time."""

    def __init__(self) -> None:
        self._followed: list[Followed] = []
        self._task: Optional[FilmgateTask] = None
        self._said = ""

    @property
    def shown(self) -> bool:
        """Whether the notification is there: somebody sits in front of the editor then."""
        return self._task is not None

    def follow(self, what: Followed) -> None:
        """Show how far something is, until it ends."""
        self._followed = [*(each for each in self._followed if each.busy), what]
        self._show()

    def text(self) -> str:
        """Return a line for each thing that goes on."""
        return "\n".join(each.text() for each in self._followed if each.busy)

    def cancel(self) -> None:
        """End everything that is followed."""
        for each in self._followed:
            each.cancel()

    @contextmanager
    def paused(self) -> Generator[None, None, None]:
        """Take the notification away meanwhile: while a task runs, the editor asks nobody."""
        task = self._task
        if task is not None and task.get_editor_property("begun"):
            self._finish(task)
        try:
            yield
        finally:
            if any(each.busy for each in self._followed):
                self._show()

    def _show(self) -> None:
        if self._task is not None or unreal.SystemLibrary.is_unattended():
            return
        task = self._task = unreal.new_object(FilmgateTask)
        tasks = unreal.get_editor_subsystem(unreal.EditorUtilitySubsystem)
        tasks.register_and_execute_task(task)
        ticks.watch(lambda: self._look(task))

    def _look(self, task: FilmgateTask) -> bool:
        """Say what has changed; hear the cancel; return whether to look again."""
        if task is not self._task:  # it was paused
            return False
        self._followed = [each for each in self._followed if each.busy]
        if not self._followed:
            self._finish(task)
            return False
        if task.was_cancel_requested():
            self.cancel()
        said = self.text()
        if said != self._said and task.get_editor_property("begun"):  # before, it has no line
            self._said = said
            task.set_task_notification_text(unreal.Text(said))
        return True

    def _finish(self, task: FilmgateTask) -> None:
        self._task, self._said = None, ""
        task.finish_executing_task(True)


_bulletin = _Bulletin()

follow = _bulletin.follow
text = _bulletin.text
cancel = _bulletin.cancel
paused = _bulletin.paused


def shown() -> bool:
    """Say whether the notification is there."""
    return _bulletin.shown
