"""Messages, details views and asset editors.

Unattended, and while a task runs, nobody is asked. A dialog waits for the user, and the editor
ticks meanwhile: whatever a tick does can come in the middle of the code that opened the dialog.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Optional, Union

from unreal._enums import (
    AppMsgCategory,
    AppMsgType,
    AppReturnType,
    AssetTypeActivationOpenedMethod,
)
from unreal._objects import BlueprintFunctionLibrary, EditorSubsystem, Object
from unreal._session import current
from unreal._values import Text


class EditorDialog(BlueprintFunctionLibrary):
    @classmethod
    def show_message(
        cls,
        title: Union[Text, str],
        message: Union[Text, str],
        message_type: AppMsgType,
        default_value: AppReturnType = AppReturnType.NO,
        message_category: AppMsgCategory = AppMsgCategory.WARNING,
    ) -> AppReturnType:
        session = current()
        if _unseen(title, str(message)):
            session.write("Display", f"{title}: {message}")
            return default_value
        session.tick()
        if message_type is AppMsgType.OK:
            return AppReturnType.OK
        return _answer(f"{title}: {message}")

    @classmethod
    def show_object_details_view(
        cls, title: Union[Text, str], out_object: Object, options: Any = None
    ) -> bool:
        return cls.show_objects_details_view(title, [out_object], options)

    @classmethod
    def show_objects_details_view(
        cls, title: Union[Text, str], out_objects: Iterable[Object], options: Any = None
    ) -> bool:
        session = current()
        if _unseen(title, "details"):
            return False
        session.tick()
        answer = _answer(str(title))
        if callable(answer):
            answer = answer(*out_objects)
        return answer is not False


def _unseen(title: object, text: str) -> bool:
    """Note a dialog; say whether it answers by itself, which nobody sees."""
    session = current()
    unseen = session.unattended or session.scripted
    (session.unseen if unseen else session.dialogs).append((str(title), text))
    return unseen


def _answer(what: str) -> Any:
    if not current().answers:
        raise LookupError(f"a dialog waits for an answer that the test does not give: {what}")
    return current().answers.popleft()


class AssetEditorSubsystem(EditorSubsystem):
    def open_editor_for_assets(
        self,
        assets: Iterable[Object],
        opened_method: AssetTypeActivationOpenedMethod = AssetTypeActivationOpenedMethod.EDIT,
    ) -> bool:
        """Open a tab beside the others; any object has one, and it does not wait for the user."""
        if current().unattended:
            return False
        current().opened.append(list(assets))
        return True

    def close_all_editors_for_asset(self, asset: Optional[Object]) -> int:
        kept = [each for each in current().opened if asset not in each]
        closed = len(current().opened) - len(kept)
        current().opened = kept
        return closed
