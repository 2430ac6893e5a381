"""Long work: the notification of an editor utility task, and the slow task that blocks."""

from __future__ import annotations

from typing import Any, Literal, Optional, Union

from unreal._guard import Guarded
from unreal._objects import EditorSubsystem, Object
from unreal._properties import only
from unreal._reflection import event
from unreal._session import current
from unreal._values import Text


class EditorUtilityTask(Object):
    """A task with a notification and its button to cancel.

    While it runs the engine counts as scripted: dialogs answer by themselves and are not seen.
    """

    _only = {"run_editor_utility_on_startup": only("bool")}
    _subsystem: Any = None
    _text = ""
    _cancel = False
    _finished: Optional[bool] = None
    _begun = False
    _asked = False
    _was_scripted = False

    @event
    def receive_begin_execution(self) -> None:
        pass

    @event
    def receive_cancel_requested(self) -> None:
        pass

    @event
    def get_task_title_override(self) -> Text:
        return Text()

    def was_cancel_requested(self) -> bool:
        self._check_alive()
        return self._cancel

    def set_task_notification_text(self, text: Union[Text, str]) -> None:
        """Change the notification; before the task has begun there is none."""
        if self._begun:
            self._text = str(text)

    def finish_executing_task(self, success: bool = True) -> None:
        if self._subsystem is not None and self._finished is None:
            self._finished = success
            self._subsystem._end(self)
            if self._begun:
                current().scripted = self._was_scripted


class EditorUtilitySubsystem(EditorSubsystem):
    """Runs one task after the other: the second begins when the first has finished.

    Only a child of the task that runs begins on top of it. One begins at each tick, and none before
    the next. The button to cancel is heard at a tick too, of the topmost task alone.
    """

    def _post_init(self) -> None:
        self._waiting: list[tuple[EditorUtilityTask, Optional[EditorUtilityTask]]] = []
        self._running: list[EditorUtilityTask] = []

    def register_and_execute_task(
        self,
        new_task: EditorUtilityTask,
        optional_parent_task: Optional[EditorUtilityTask] = None,
    ) -> None:
        new_task._subsystem = self
        self._waiting.append((new_task, optional_parent_task))

    def _tick(self, seconds: float) -> None:
        top = self._running[-1] if self._running else None
        for task, parent in self._waiting:
            if parent is top:
                self._waiting.remove((task, parent))
                self._begin(task)
                break
        if self._running and self._running[-1]._cancel and not self._running[-1]._asked:
            self._running[-1]._asked = True
            current()._call(self._running[-1].receive_cancel_requested)

    def _begin(self, task: EditorUtilityTask) -> None:
        self._running.append(task)
        task._begun = True
        task._was_scripted, current().scripted = current().scripted, True
        task._text = str(task.get_task_title_override()) or type(task).__name__
        current().notices.append(task)
        current()._call(task.receive_begin_execution)

    def _end(self, task: EditorUtilityTask) -> None:
        self._running = [each for each in self._running if each is not task]
        self._waiting = [each for each in self._waiting if each[0] is not task]

    # Tabs of editor utility widgets.

    def spawn_and_register_tab(self, blueprint: Any) -> Any:
        return self.spawn_and_register_tab_and_get_id(blueprint)[0]

    def spawn_and_register_tab_and_get_id(self, blueprint: Any) -> tuple[Any, Any]:
        from unreal._widgets import spawn

        return spawn(blueprint)

    def find_utility_widget_from_blueprint(self, blueprint: Any) -> Any:
        return next(
            (held for held in current().tabs.values() if held._blueprint is blueprint), None
        )

    def does_tab_exist(self, new_tab_id: Any) -> bool:
        return str(new_tab_id) in current().tabs

    def close_tab_by_id(self, new_tab_id: Any) -> bool:
        return current().tabs.pop(str(new_tab_id), None) is not None


def press_cancel(task: EditorUtilityTask) -> None:
    """Press the button of a task's notification, as the user does."""
    if not task._begun or task._finished is not None:
        raise LookupError("the task has no notification")
    task._cancel = True


class ScopedSlowTask(Guarded):
    """Blocks the editor: it ticks only where the dialog is drawn, and hears only its cancel."""

    def __init__(self, work: float, desc: Union[Text, str] = "", enabled: bool = True) -> None:
        self._work, self._done, self._desc = work, 0.0, str(desc)
        self._dialog = False

    def __enter__(self) -> ScopedSlowTask:
        current().slow_tasks.append(self)
        return self

    def __exit__(self, type: Any, value: Any, traceback: Any) -> Literal[False]:
        current().slow_tasks.remove(self)
        return False

    def make_dialog(self, can_cancel: bool = False, allow_in_pie: bool = False) -> None:
        self._dialog = not current().unattended
        self._can_cancel = can_cancel

    def make_dialog_delayed(
        self, delay: float, can_cancel: bool = False, allow_in_pie: bool = False
    ) -> None:
        self.make_dialog(can_cancel, allow_in_pie)

    def enter_progress_frame(self, work: float = 1.0, desc: Union[Text, str] = "") -> None:
        self._done += work
        if self._dialog:
            current().tick()

    def should_cancel(self) -> bool:
        return self._dialog and self._can_cancel and current().cancel_slow_task

    _can_cancel = False
