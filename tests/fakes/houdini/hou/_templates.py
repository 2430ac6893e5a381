"""Parameter templates: what a parameter is, apart from any node."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from hou._constants import (
    fileType,
    folderType,
    labelParmType,
    menuType,
    parmCondType,
    parmData,
    parmLook,
    parmNamingScheme,
    parmTemplateType,
    scriptLanguage,
    stringParmType,
)
from hou._enums import EnumValue
from hou._errors import OperationFailed

NONE: Mapping[Any, Any] = {}


class ParmTemplate:
    """What every kind of parameter has."""

    _TYPE = parmTemplateType.Data
    _DATA: Any = parmData.Int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise OperationFailed("hou.ParmTemplate is made by its subclasses")

    def _begin(self, name: str, label: str, size: int, given: Mapping[str, Any]) -> None:
        """Keep what every kind has; *given* are the arguments of the constructor."""
        if not name or not name.replace("_", "a").replace("#", "0").isalnum():
            raise OperationFailed(f"Invalid parameter name: {name!r}")
        self._name, self._label, self._size = name, label, size
        self._look: EnumValue = given.get("look") or parmLook.Regular
        self._naming: EnumValue = given.get("naming_scheme") or parmNamingScheme.XYZW
        self._hidden = bool(given.get("is_hidden", False))
        self._label_hidden = bool(given.get("is_label_hidden", False))
        self._join = bool(given.get("join_with_next", False))
        self._help = str(given.get("help") or "")
        self._callback = str(given.get("script_callback") or "")
        self._language: EnumValue = given.get("script_callback_language") or scriptLanguage.Hscript
        self._tags = dict(given.get("tags") or {})
        self._conditionals: dict[EnumValue, str] = {}
        if given.get("disable_when"):
            self.setConditional(parmCondType.DisableWhen, str(given["disable_when"]))

    def clone(self) -> ParmTemplate:
        return copy.deepcopy(self)

    def name(self) -> str:
        return self._name

    def setName(self, name: str) -> None:
        self._name = name

    def label(self) -> str:
        return self._label

    def setLabel(self, label: str) -> None:
        self._label = label

    def type(self) -> EnumValue:
        return self._TYPE

    def dataType(self) -> EnumValue:
        return self._DATA

    def look(self) -> EnumValue:
        return self._look

    def setLook(self, look: EnumValue) -> None:
        self._look = look

    def namingScheme(self) -> EnumValue:
        return self._naming

    def setNamingScheme(self, naming_scheme: EnumValue) -> None:
        self._naming = naming_scheme

    def numComponents(self) -> int:
        return self._size

    def setNumComponents(self, num_components: int) -> None:
        self._size = num_components

    def disableWhen(self) -> str:
        return self._conditionals.get(parmCondType.DisableWhen, "")

    def setDisableWhen(self, disable_when: str) -> None:
        self.setConditional(parmCondType.DisableWhen, disable_when)

    def conditionals(self) -> dict[EnumValue, str]:
        return dict(self._conditionals)

    def setConditional(self, cond_type: EnumValue, conditional: str) -> None:
        from hou import _conditions

        _conditions.check(conditional)
        self._conditionals[cond_type] = conditional

    def isHidden(self) -> bool:
        return self._hidden

    def hide(self, on: bool) -> None:
        self._hidden = on

    def isLabelHidden(self) -> bool:
        return self._label_hidden

    def hideLabel(self, on: bool) -> None:
        self._label_hidden = on

    def joinsWithNext(self) -> bool:
        return self._join

    def setJoinWithNext(self, on: bool) -> None:
        self._join = on

    def help(self) -> str:
        return self._help

    def setHelp(self, help: str) -> None:
        self._help = help

    def scriptCallback(self) -> str:
        return self._callback

    def setScriptCallback(self, script_callback: str) -> None:
        self._callback = script_callback

    def scriptCallbackLanguage(self) -> EnumValue:
        return self._language

    def setScriptCallbackLanguage(self, script_callback_language: EnumValue) -> None:
        self._language = script_callback_language

    def tags(self) -> dict[str, str]:
        return dict(self._tags)

    def setTags(self, tags: Mapping[str, str]) -> None:
        if not all(isinstance(each, str) for pair in tags.items() for each in pair):
            raise OperationFailed("Tags are strings")
        self._tags = dict(tags)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]

    def _defaults(self) -> tuple[Any, ...]:
        return ()


class _Ranged(ParmTemplate):
    def _limit(self, least: Any, most: Any, least_strict: bool, most_strict: bool) -> None:
        self._min, self._max = least, most
        self._min_strict, self._max_strict = least_strict, most_strict

    def minIsStrict(self) -> bool:
        return self._min_strict

    def setMinIsStrict(self, on: bool) -> None:
        self._min_strict = on

    def maxIsStrict(self) -> bool:
        return self._max_strict

    def setMaxIsStrict(self, on: bool) -> None:
        self._max_strict = on

    def _held(self, value: Any) -> Any:
        """Return *value* inside the limits that are strict, as Houdini sets it."""
        value = max(value, self._min) if self._min_strict else value
        return min(value, self._max) if self._max_strict else value


class FloatParmTemplate(_Ranged):
    """One to four numbers."""

    _TYPE = parmTemplateType.Float
    _DATA = parmData.Float

    def __init__(
        self,
        name: str,
        label: str,
        num_components: int,
        default_value: Sequence[float] = (),
        min: float = 0.0,
        max: float = 10.0,
        min_is_strict: bool = False,
        max_is_strict: bool = False,
        look: Optional[EnumValue] = None,
        naming_scheme: Optional[EnumValue] = None,
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
        self._limit(float(min), float(max), min_is_strict, max_is_strict)
        self._default = tuple(map(float, default_value))
        self._default_expression = tuple(default_expression)

    def minValue(self) -> float:
        return self._min

    def setMinValue(self, min_value: float) -> None:
        self._min = float(min_value)

    def maxValue(self) -> float:
        return self._max

    def setMaxValue(self, max_value: float) -> None:
        self._max = float(max_value)

    def defaultValue(self) -> tuple[float, ...]:
        return self._default

    def setDefaultValue(self, default_value: Sequence[float]) -> None:
        self._default = tuple(map(float, default_value))

    def _defaults(self) -> tuple[Any, ...]:
        return (*self._default, *([0.0] * self._size))[: self._size]


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


class IntParmTemplate(_Ranged, _Menu):
    """One to four whole numbers."""

    _TYPE = parmTemplateType.Int
    _DATA = parmData.Int

    def __init__(
        self,
        name: str,
        label: str,
        num_components: int,
        default_value: Sequence[int] = (),
        min: int = 0,
        max: int = 10,
        min_is_strict: bool = False,
        max_is_strict: bool = False,
        look: Optional[EnumValue] = None,
        naming_scheme: Optional[EnumValue] = None,
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
        self._limit(int(min), int(max), min_is_strict, max_is_strict)
        self._default = tuple(map(int, default_value))

    def minValue(self) -> int:
        return self._min

    def setMinValue(self, min_value: int) -> None:
        self._min = int(min_value)

    def maxValue(self) -> int:
        return self._max

    def setMaxValue(self, max_value: int) -> None:
        self._max = int(max_value)

    def defaultValue(self) -> tuple[int, ...]:
        return self._default

    def setDefaultValue(self, default_value: Sequence[int]) -> None:
        self._default = tuple(map(int, default_value))

    def _defaults(self) -> tuple[Any, ...]:
        return (*self._default, *([0] * self._size))[: self._size]


class ToggleParmTemplate(ParmTemplate):
    """On or off."""

    _TYPE = parmTemplateType.Toggle

    def __init__(
        self,
        name: str,
        label: str,
        default_value: bool = False,
        disable_when: Optional[str] = None,
        is_hidden: bool = False,
        is_label_hidden: bool = False,
        join_with_next: bool = False,
        help: Optional[str] = None,
        script_callback: Optional[str] = None,
        script_callback_language: Optional[EnumValue] = None,
        tags: Mapping[str, str] = NONE,
        default_expression: str = "",
        default_expression_language: Optional[EnumValue] = None,
    ) -> None:
        self._begin(name, label, 1, locals())
        self._default = bool(default_value)

    def defaultValue(self) -> bool:
        return self._default

    def setDefaultValue(self, default_value: bool) -> None:
        self._default = bool(default_value)

    def _defaults(self) -> tuple[Any, ...]:
        return (int(self._default),)


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


class ButtonParmTemplate(ParmTemplate):
    """What runs its script when it is pressed."""

    _TYPE = parmTemplateType.Button

    def __init__(
        self,
        name: str,
        label: str,
        disable_when: Optional[str] = None,
        is_hidden: bool = False,
        is_label_hidden: bool = False,
        join_with_next: bool = False,
        help: str = "",
        script_callback: Optional[str] = None,
        script_callback_language: Optional[EnumValue] = None,
        tags: Mapping[str, str] = NONE,
    ) -> None:
        self._begin(name, label, 1, locals())

    def _defaults(self) -> tuple[Any, ...]:
        return (0,)


class LabelParmTemplate(ParmTemplate):
    """A text that is read only, in columns."""

    _TYPE = parmTemplateType.Label
    _DATA = parmData.String

    def __init__(
        self,
        name: str,
        label: str,
        column_labels: Sequence[str] = (),
        is_hidden: bool = False,
        is_label_hidden: bool = False,
        join_with_next: bool = False,
        help: Optional[str] = None,
        tags: Mapping[str, str] = NONE,
    ) -> None:
        self._begin(name, label, max(1, len(column_labels)), locals())
        self._columns = tuple(column_labels)
        self._kind: Any = labelParmType.Label

    def columnLabels(self) -> tuple[str, ...]:
        return self._columns

    def setColumnLabels(self, column_labels: Sequence[str]) -> None:
        self._columns = tuple(column_labels)

    def labelParmType(self) -> EnumValue:
        return self._kind

    def setLabelParmType(self, label_parm_type: EnumValue) -> None:
        self._kind = label_parm_type

    def _defaults(self) -> tuple[Any, ...]:
        return self._columns or ("",)


class SeparatorParmTemplate(ParmTemplate):
    """A line between parameters."""

    _TYPE = parmTemplateType.Separator

    def __init__(self, name: str, is_hidden: bool = False, tags: Mapping[str, str] = NONE) -> None:
        self._begin(name, "", 1, locals())

    def _defaults(self) -> tuple[Any, ...]:
        return (0,)


class FolderParmTemplate(ParmTemplate):
    """What holds other parameters."""

    _TYPE = parmTemplateType.Folder

    def __init__(
        self,
        name: str,
        label: str,
        parm_templates: Sequence[ParmTemplate] = (),
        folder_type: Optional[EnumValue] = None,
        is_hidden: bool = False,
        ends_tab_group: bool = False,
        tags: Mapping[str, str] = NONE,
        conditionals: Mapping[EnumValue, str] = NONE,
        tab_conditionals: Mapping[EnumValue, str] = NONE,
    ) -> None:
        self._begin(name, label, 1, {"is_hidden": is_hidden, "tags": tags})
        self._held = [each.clone() for each in parm_templates]
        self._folder_type = folder_type or folderType.Tabs
        self._ends = ends_tab_group
        self._tab_conditionals = dict(tab_conditionals)
        for kind, text in conditionals.items():
            self.setConditional(kind, text)

    def folderType(self) -> EnumValue:
        return self._folder_type

    def setFolderType(self, folder_type: EnumValue) -> None:
        self._folder_type = folder_type

    def isActualFolder(self) -> bool:
        return True

    def endsTabGroup(self) -> bool:
        return self._ends

    def setEndsTabGroup(self, on: bool) -> None:
        self._ends = on

    def tabConditionals(self) -> dict[EnumValue, str]:
        return dict(self._tab_conditionals)

    def setTabConditional(self, cond_type: EnumValue, conditional: str) -> None:
        self._tab_conditionals[cond_type] = conditional

    def parmTemplates(self) -> tuple[ParmTemplate, ...]:
        """Return copies: changing them changes nothing here."""
        return tuple(each.clone() for each in self._held)

    def setParmTemplates(self, parm_templates: Sequence[ParmTemplate]) -> None:
        self._held = [each.clone() for each in parm_templates]

    def addParmTemplate(self, parm_template: ParmTemplate) -> None:
        self._held.append(parm_template.clone())

    def _defaults(self) -> tuple[Any, ...]:
        return (0,)
