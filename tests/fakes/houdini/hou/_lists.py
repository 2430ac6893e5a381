"""Templates of parameters that offer something to choose from: menus and texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from hou._constants import (
    fileType,
    menuType,
    parmData,
    parmTemplateType,
    scriptLanguage,
    stringParmType,
)
from hou._enums import EnumValue
from hou._templates import NONE, ParmTemplate


class _Menu(ParmTemplate):
    """A list to choose from, beside what the parameter is."""

    def _offer(self, given: Mapping[str, Any]) -> None:
        self._items = tuple(given["menu_items"])
        self._labels = tuple(given["menu_labels"])
        self._script = str(given["item_generator_script"] or "")
        self._script_language: EnumValue = (
            given["item_generator_script_language"] or scriptLanguage.Python
        )
        self._menu_type: EnumValue = given["menu_type"] or menuType.Normal

    def menuItems(self) -> tuple[str, ...]:
        return self._items

    def setMenuItems(self, menu_items: Sequence[str]) -> None:
        self._items = tuple(menu_items)

    def menuLabels(self) -> tuple[str, ...]:
        return self._labels

    def setMenuLabels(self, menu_labels: Sequence[str]) -> None:
        self._labels = tuple(menu_labels)

    def itemGeneratorScript(self) -> str:
        return self._script

    def setItemGeneratorScript(self, item_generator_script: str) -> None:
        self._script = item_generator_script

    def itemGeneratorScriptLanguage(self) -> EnumValue:
        return self._script_language

    def setItemGeneratorScriptLanguage(self, language: EnumValue) -> None:
        self._script_language = language

    def menuType(self) -> EnumValue:
        return self._menu_type

    def setMenuType(self, menu_type: EnumValue) -> None:
        self._menu_type = menu_type


class MenuParmTemplate(_Menu):
    """A choice from a list: a number, with the token of each."""

    _TYPE = parmTemplateType.Menu

    def __init__(
        self,
        name: str,
        label: str,
        menu_items: Sequence[str],
        menu_labels: Sequence[str] = (),
        default_value: int = 0,
        icon_names: Sequence[str] = (),
        item_generator_script: str = "",
        item_generator_script_language: Optional[EnumValue] = None,
        disable_when: Optional[str] = None,
        menu_type: Optional[EnumValue] = None,
        is_hidden: bool = False,
        is_label_hidden: bool = False,
        join_with_next: bool = False,
        help: Optional[str] = None,
        script_callback: Optional[str] = None,
        script_callback_language: Optional[EnumValue] = None,
        tags: Mapping[str, str] = NONE,
        default_expression: str = "",
        default_expression_language: Optional[EnumValue] = None,
        store_default_value_as_string: bool = False,
        menu_use_token: bool = False,
        is_button_strip: bool = False,
        strip_uses_icons: bool = False,
    ) -> None:
        self._begin(name, label, 1, locals())
        self._offer(locals())
        self._default = int(default_value)

    def defaultValue(self) -> int:
        return self._default

    def setDefaultValue(self, default_value: int) -> None:
        self._default = int(default_value)

    def defaultValueAsString(self) -> str:
        return self._items[self._default] if self._default < len(self._items) else ""

    def _defaults(self) -> tuple[Any, ...]:
        return (self._default,)


class StringParmTemplate(_Menu):
    """One to four texts: plain, a file, a node."""

    _TYPE = parmTemplateType.String
    _DATA = parmData.String

    def __init__(
        self,
        name: str,
        label: str,
        num_components: int,
        default_value: Sequence[str] = (),
        naming_scheme: Optional[EnumValue] = None,
        string_type: Optional[EnumValue] = None,
        file_type: Optional[EnumValue] = None,
        menu_items: Sequence[str] = (),
        menu_labels: Sequence[str] = (),
        icon_names: Sequence[str] = (),
        item_generator_script: Optional[str] = None,
        item_generator_script_language: Optional[EnumValue] = None,
        menu_type: Optional[EnumValue] = None,
        disable_when: Optional[str] = None,
        is_hidden: bool = False,
        is_label_hidden: bool = False,
        join_with_next: bool = False,
        help: Optional[str] = None,
        script_callback: Optional[str] = None,
        script_callback_language: Optional[EnumValue] = None,
        tags: Mapping[str, str] = NONE,
        default_expression: Sequence[str] = (),
        default_expression_language: Sequence[EnumValue] = (),
    ) -> None:
        self._begin(name, label, num_components, locals())
        self._offer(locals())
        self._string_type = string_type or stringParmType.Regular
        self._file_type = file_type or fileType.Any
        self._default = tuple(map(str, default_value))

    def stringType(self) -> EnumValue:
        return self._string_type

    def setStringType(self, string_type: EnumValue) -> None:
        self._string_type = string_type

    def fileType(self) -> EnumValue:
        return self._file_type

    def setFileType(self, file_type: EnumValue) -> None:
        self._file_type = file_type

    def defaultValue(self) -> tuple[str, ...]:
        return self._default

    def setDefaultValue(self, default_value: Sequence[str]) -> None:
        self._default = tuple(map(str, default_value))

    def _defaults(self) -> tuple[Any, ...]:
        return (*self._default, *([""] * self._size))[: self._size]
