"""The notification in the editor's corner: how far a batch is, with a cancel that it hears."""

from __future__ import annotations

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

    def follow(self, what: Followed) -> None:
        """Show how far something is, until it ends."""
        self._followed = [*(each for each in self._followed if each.busy), what]
        if self._task is None and not unreal.SystemLibrary.is_unattended():
            self._task = unreal.new_object(FilmgateTask)
            tasks = unreal.get_editor_subsystem(unreal.EditorUtilitySubsystem)
            tasks.register_and_execute_task(self._task)
            ticks.watch(self._look)

    def text(self) -> str:
        """Return a line for each thing that goes on."""
        return "\n".join(each.text() for each in self._followed if each.busy)

    def cancel(self) -> None:
        """End everything that is followed."""
        for each in self._followed:
            each.cancel()

    def _look(self) -> bool:
        """Say what has changed; hear the cancel; return whether to look again."""
        self._followed = [each for each in self._followed if each.busy]
        if self._task is None:
            return False
        if not self._followed:
            self._finish(self._task)
            return False
        if self._task.was_cancel_requested():
            self.cancel()
        said = self.text()
        if said != self._said:
            self._said = said
            self._task.set_task_notification_text(unreal.Text(said))
        return True

    def _finish(self, task: FilmgateTask) -> None:
        self._task, self._said = None, ""
        task.finish_executing_task(True)


_bulletin = _Bulletin()

follow = _bulletin.follow
text = _bulletin.text
cancel = _bulletin.cancel
