"""The interface: its event loop, its messages. hython has none of it."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any, Callable, Optional

from hou import _world
from hou._constants import confirmType, severityType
from hou._enums import EnumValue
from hou._errors import OperationFailed
from hou._guard import Guarded
from hou._panes import Desktop, PaneTab


class ui(Guarded):
    """What the user sees, and the loop that draws it."""

    @staticmethod
    def addEventLoopCallback(callback: Callable[[], None]) -> None:
        _world.current().loop_callbacks.append(callback)

    @staticmethod
    def removeEventLoopCallback(callback: Callable[[], None]) -> None:
        calls = _world.current().loop_callbacks
        if callback not in calls:
            raise OperationFailed("The callback was not registered")
        calls.remove(callback)

    @staticmethod
    def eventLoopCallbacks() -> tuple[Callable[[], None], ...]:
        return tuple(_world.current().loop_callbacks)

    @staticmethod
    def postEventCallback(callback: Callable[[], None]) -> None:
        _world.current().posted.append(callback)

    @staticmethod
    def displayMessage(
        text: str,
        buttons: Sequence[str] = ("OK",),
        severity: EnumValue = severityType.Message,
        default_choice: int = 0,
        close_choice: int = -1,
        help: Optional[str] = None,
        title: Optional[str] = None,
        details: Optional[str] = None,
        details_label: Optional[str] = None,
        details_expanded: bool = False,
        suppress: EnumValue = confirmType.OverwriteFile,
    ) -> int:
        return int(_answer(text, default_choice))

    @staticmethod
    def displayConfirmation(
        text: str,
        severity: EnumValue = severityType.Message,
        help: Optional[str] = None,
        title: Optional[str] = None,
        details: Optional[str] = None,
        details_label: Optional[str] = None,
        details_expanded: bool = False,
        suppress: EnumValue = confirmType.OverwriteFile,
    ) -> bool:
        return bool(_answer(text, True))

    @staticmethod
    def selectFile(
        start_directory: Optional[str] = None,
        title: Optional[str] = None,
        collapse_sequences: bool = False,
        file_type: Any = None,
        pattern: Optional[str] = None,
        default_value: Optional[str] = None,
        multiple_select: bool = False,
        image_chooser: bool = False,
        chooser_mode: Any = None,
        width: int = 0,
        height: int = 0,
    ) -> str:
        return str(_answer(title or "", ""))

    @staticmethod
    def setStatusMessage(message: str, severity: EnumValue = severityType.Message) -> None:
        _world.current().status = (message, severity)

    @staticmethod
    def statusMessage() -> tuple[str, EnumValue]:
        return _world.current().status

    @staticmethod
    def copyTextToClipboard(text: str) -> None:
        _world.current().text_clipboard = text

    @staticmethod
    def getTextFromClipboard() -> str:
        return _world.current().text_clipboard

    @staticmethod
    def selectFromList(
        choices: Sequence[str],
        default_choices: Sequence[int] = (),
        exclusive: bool = False,
        message: Optional[str] = None,
        title: Optional[str] = None,
        column_header: str = "Choices",
        num_visible_rows: int = 10,
        clear_on_cancel: bool = False,
        width: int = 0,
        height: int = 0,
        sort: bool = False,
        condense_paths: bool = False,
    ) -> tuple[int, ...]:
        _world.current().choices = list(choices)
        return tuple(_answer(message or "", () if clear_on_cancel else default_choices))

    @staticmethod
    def curDesktop() -> Desktop:
        return Desktop("Build")

    @staticmethod
    def paneTabs() -> tuple[PaneTab, ...]:
        return Desktop("Build").paneTabs()

    @staticmethod
    def paneTabOfType(type: EnumValue, index: int = 0) -> Optional[PaneTab]:
        return Desktop("Build").paneTabOfType(type, index)


def _answer(text: str, default: Any) -> Any:
    """Return what the test put into `World.answers`, as the user would."""
    world = _world.current()
    world.messages.append(text)
    return world.answers.popleft() if world.answers else default


def turn() -> None:
    """Make each callback once; one that raises is printed and dropped, as Houdini drops it."""
    world = _world.current()
    for call in list(world.loop_callbacks):
        if call not in world.loop_callbacks:
            continue
        try:
            call()
        except Exception:
            world.printed.append(traceback.format_exc())
            world.loop_callbacks.remove(call)


class qt(Guarded):
    """Qt beside the interface."""

    @staticmethod
    def mainWindow() -> Any:
        return None

    @staticmethod
    def styleSheet(file_path: Optional[str] = None) -> str:
        return ""
