"""Parameter templates: what a parameter is, apart from any node."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from hou._constants import (
    folderType,
    labelParmType,
    parmCondType,
    parmData,
    parmLook,
    parmNamingScheme,
    parmTemplateType,
    scriptLanguage,
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
