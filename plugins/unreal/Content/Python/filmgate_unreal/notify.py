"""The notification in the editor's corner: how far a batch is, with a cancel that it hears."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Optional, Protocol

import unreal

from filmgate_unreal import ticks

TITLE = "Filmgate"


class Followed(Protocol):
    """What a notification tells of."""

    @property
    def busy(self) -> bool:
        """Whether it goes on."""
        ...

    @property
    def problems(self) -> Mapping[Any, object]:
        """What of it failed."""
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
        self._said = self._closing = ""
        self._failed = False

    @property
    def shown(self) -> bool:
        """Whether the notification is there: somebody sits in front of the editor then."""
        return self._task is not None

    def follow(self, what: Followed) -> None:
        """Show how far something is, until it ends."""
        self._settle()
        self._followed.append(what)
        self._show()

    def close_with(self, text: str) -> None:
        """Let *text* be the last that the notification says: what the artist can do now."""
        self._closing = text

    def text(self) -> str:
        """Return a line for each thing that goes on."""
        return "\n".join(each.text() for each in self._followed if each.busy)

    def cancel(self) -> None:
        """End everything that is followed."""
        self._failed = True
        for each in self._followed:
            each.cancel()

    @contextmanager
    def paused(self) -> Generator[None, None, None]:
        """Take the notification away meanwhile: while a task runs, the editor asks nobody."""
        task = self._task
        if task is not None and task.get_editor_property("begun"):
            self._settle()
            self._finish(task)
        try:
            yield
        finally:
            if any(each.busy for each in self._followed):
                self._show()

    def _show(self) -> None:
        if self._task is not None or unreal.SystemLibrary.is_unattended():
            return
        self._closing, self._failed = "", False
        task = self._task = unreal.new_object(FilmgateTask)
        tasks = unreal.get_editor_subsystem(unreal.EditorUtilitySubsystem)
        tasks.register_and_execute_task(task)
        ticks.watch(lambda: self._look(task))

    def _look(self, task: FilmgateTask) -> bool:
        """Say what has changed; hear the cancel; return whether to look again."""
        if task is not self._task:  # it was paused
            return False
        try:
            return self._goes_on(task)
        except Exception:
            self._finish(task, success=False)  # else the editor would ask nobody any more
            raise

    def _goes_on(self, task: FilmgateTask) -> bool:
        self._settle()
        if self._followed and not task.was_cancel_requested():
            self._say(task, self.text())
            return True
        if self._followed:  # its button stays pressed: what begins later has another one
            self.cancel()
        self._finish(task)
        return False

    def _settle(self) -> None:
        """Follow what goes on, and note whether what has ended failed."""
        self._failed |= any(each.problems for each in self._followed if not each.busy)
        self._followed = [each for each in self._followed if each.busy]

    def _say(self, task: FilmgateTask, said: str) -> None:
        if said != self._said and task.get_editor_property("begun"):  # before, it has no line
            self._said = said
            task.set_task_notification_text(unreal.Text(said))

    def _finish(self, task: FilmgateTask, success: Optional[bool] = None) -> None:
        """End the notification, with a tick unless something failed or was cancelled."""
        if self._closing:
            self._say(task, self._closing)
        succeeded = not self._failed if success is None else success
        self._task, self._said, self._closing, self._failed = None, "", "", False
        task.finish_executing_task(succeeded)


_bulletin = _Bulletin()

follow = _bulletin.follow
text = _bulletin.text
close_with = _bulletin.close_with
cancel = _bulletin.cancel
paused = _bulletin.paused


def shown() -> bool:
    """Say whether the notification is there."""
    return _bulletin.shown
