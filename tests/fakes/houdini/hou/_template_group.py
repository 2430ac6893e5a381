"""The parameters of a node as a tree of templates. What is asked for is always a copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Optional, Union

from hou._constants import folderType
from hou._errors import OperationFailed
from hou._templates import FolderParmTemplate, ParmTemplate


class ParmTemplateGroup:
    """A tree of templates, of no node: to change a node, set a group to it."""

    def __init__(self, parm_templates: Sequence[ParmTemplate] = ()) -> None:
        self._held = [each.clone() for each in parm_templates]

    # ---- looking ----------------------------------------------------------------------------

    def find(self, name: str) -> Optional[ParmTemplate]:
        """Return a copy: changing it changes nothing here."""
        found = next((each for _, each in self._walk() if each.name() == name), None)
        return found.clone() if found else None

    def findFolder(self, label_or_labels: Union[str, Sequence[str]]) -> Optional[ParmTemplate]:
        found = self._folder(label_or_labels)
        return found.clone() if found else None

    def findIndices(self, name_or_parm_template: Union[ParmTemplate, str]) -> tuple[int, ...]:
        return self._find(name_or_parm_template) or ()

    def containingFolder(self, name_or_parm_template: Union[str, ParmTemplate]) -> Any:
        at = self._must_find(name_or_parm_template)[:-1]
        if not at:
            raise OperationFailed("The parameter is in no folder")
        return self._at(at).clone()

    def entries(self) -> tuple[ParmTemplate, ...]:
        return tuple(each.clone() for each in self._held)

    def parmTemplates(self) -> tuple[ParmTemplate, ...]:
        return self.entries()

    def entriesWithoutFolders(self) -> tuple[ParmTemplate, ...]:
        plain = (each for _, each in self._walk() if not isinstance(each, FolderParmTemplate))
        return tuple(each.clone() for each in plain)

    def isHidden(
        self, name_or_parm_template_or_indices: Union[str, ParmTemplate, Sequence[int]]
    ) -> bool:
        return self._at(self._must_find(name_or_parm_template_or_indices)).isHidden()

    # ---- changing ---------------------------------------------------------------------------

    def append(self, parm_template: ParmTemplate) -> None:
        self._held.append(parm_template.clone())

    def addParmTemplate(self, parm_template: ParmTemplate) -> None:
        self.append(parm_template)

    def appendToFolder(
        self,
        label_or_labels_or_parm_template_or_indices: Union[
            str, ParmTemplate, Sequence[int], Sequence[str]
        ],
        parm_template: ParmTemplate,
    ) -> None:
        """Add at the end of a folder, which is named by its label and not by its name."""
        place: Any = label_or_labels_or_parm_template_or_indices
        labels = isinstance(place, str) or (not isinstance(place, ParmTemplate) and _texts(place))
        folder = self._folder(place) if labels else self._at(self._must_find(place))
        if not isinstance(folder, FolderParmTemplate):
            raise OperationFailed("The folder could not be found")
        folder._held.append(parm_template.clone())

    def replace(
        self,
        name_or_parm_template_or_indices: Union[str, ParmTemplate, Sequence[int]],
        parm_template: ParmTemplate,
    ) -> None:
        at = self._must_find(name_or_parm_template_or_indices)
        self._inside(at[:-1])[at[-1]] = parm_template.clone()

    def insertBefore(
        self,
        name_or_parm_template_or_indices: Union[str, ParmTemplate, Sequence[int]],
        parm_template: ParmTemplate,
    ) -> None:
        at = self._must_find(name_or_parm_template_or_indices)
        self._inside(at[:-1]).insert(at[-1], parm_template.clone())

    def insertAfter(
        self,
        name_or_parm_template_or_indices: Union[str, ParmTemplate, Sequence[int]],
        parm_template: ParmTemplate,
    ) -> None:
        at = self._must_find(name_or_parm_template_or_indices)
        self._inside(at[:-1]).insert(at[-1] + 1, parm_template.clone())

    def remove(
        self, name_or_parm_template_or_indices: Union[str, ParmTemplate, Sequence[int]]
    ) -> None:
        at = self._must_find(name_or_parm_template_or_indices)
        del self._inside(at[:-1])[at[-1]]

    def hide(
        self, name_or_parm_template_or_indices: Union[str, ParmTemplate, Sequence[int]], on: bool
    ) -> None:
        self._at(self._must_find(name_or_parm_template_or_indices)).hide(on)

    def hideFolder(self, label_or_labels: Union[str, Sequence[str]], on: bool) -> None:
        folder = self._folder(label_or_labels)
        if folder is None:
            raise OperationFailed("The folder could not be found")
        folder.hide(on)

    def clear(self) -> None:
        self._held.clear()

    def setToDialogScript(self, dialog_script: str) -> None:
        from hou import _dialog

        self._held = _dialog.parse_dialog(dialog_script).templates

    # ---- places -----------------------------------------------------------------------------

    def _walk(self) -> Iterator[tuple[tuple[int, ...], ParmTemplate]]:
        yield from walk(self._held)

    def _find(self, place: Any) -> Optional[tuple[int, ...]]:
        if not isinstance(place, (str, ParmTemplate)):
            return tuple(place)
        name = place if isinstance(place, str) else place.name()
        return next((at for at, each in self._walk() if each.name() == name), None)

    def _must_find(self, place: Any) -> tuple[int, ...]:
        at = self._find(place)
        if at is None:
            raise OperationFailed("The parameter template could not be found")
        return at

    def _at(self, at: Sequence[int]) -> ParmTemplate:
        return self._inside(at[:-1])[at[-1]]

    def _inside(self, at: Sequence[int]) -> list[ParmTemplate]:
        held: Any = self._held
        for index in at:
            held = held[index]._held
        return held

    def _folder(self, labels: Union[str, Sequence[str]]) -> Optional[ParmTemplate]:
        wanted = [labels] if isinstance(labels, str) else list(labels)
        held: Any = self._held
        found: Any = None
        for label in wanted:
            folders = (each for each in held if isinstance(each, FolderParmTemplate))
            found = next((each for each in folders if each.label() == label), None)
            if found is None:
                return None
            held = found._held
        return found


def walk(
    templates: Sequence[ParmTemplate], at: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], ParmTemplate]]:
    """Yield each template with its place, folders before what is in them."""
    for index, each in enumerate(templates):
        yield (*at, index), each
        if isinstance(each, FolderParmTemplate):
            yield from walk(each._held, (*at, index))


def set_folders(templates: Sequence[ParmTemplate]) -> None:
    """Name tabs that stand in a row after the first of them, as a node does: one set, one name."""
    before: Optional[FolderParmTemplate] = None
    for each in templates:
        tabs = isinstance(each, FolderParmTemplate) and each.folderType() is folderType.Tabs
        if isinstance(each, FolderParmTemplate):
            set_folders(each._held)
        if tabs and before is not None and not before.endsTabGroup():
            each.setName(before.name())
        before = each if tabs else None  # type: ignore[assignment]


def _texts(place: Any) -> bool:
    return all(isinstance(each, str) for each in place)
