"""Work items: attributes, files, and where each came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

from pdg._names import workItemState


class File:
    """A file of an item."""

    def __init__(self, path: str, tag: str = "", hash: int = 0, own: bool = True) -> None:
        self.path, self.tag, self.hash, self.own = path, tag, hash, own

    def __str__(self) -> str:
        return self.path


class WorkItem:
    """One piece of work."""

    def __init__(self, node: Any, index: int, parent: Optional[WorkItem] = None) -> None:
        self.node = node
        self.index = index
        self.parent = parent
        self.name = f"{node.name}_{index}"
        self.isInProcess = False
        self.state: int = workItemState.Undefined
        self.messages: list[str] = []
        self._files: list[File] = []
        self._attributes: dict[str, list[Any]] = {}
        if parent is not None:
            self._attributes = {name: list(held) for name, held in parent._attributes.items()}

    @property
    def outputFiles(self) -> Sequence[File]:
        """Return what the item has written, or what it was handed where it has written nothing."""
        if self._files or self.parent is None:
            return tuple(self._files)
        return self.parent.outputFiles

    @property
    def inputFiles(self) -> Sequence[File]:
        return self.parent.outputFiles if self.parent is not None else ()

    def addOutputFile(self, path: str, tag: str, hash_code: int) -> None:
        self._files.append(File(path, tag, hash_code))

    def hasAttrib(self, name: str) -> bool:
        return name in self._attributes

    @property
    def attribNames(self) -> Sequence[str]:
        return tuple(self._attributes)

    def attribValue(self, name: str, index: int = 0) -> Any:
        """Return a value; None for an attribute that is not there."""
        held = self._attributes.get(name)
        return held[index] if held else None

    def setStringAttrib(self, name: str, value: str, index: int = 0) -> None:
        self._set(name, value, str)

    def setIntAttrib(self, name: str, value: int, index: int = 0) -> None:
        self._set(name, value, int)

    def setFloatAttrib(self, name: str, value: float, index: int = 0) -> None:
        self._set(name, value, float)

    def _set(self, name: str, value: Any, kind: Any) -> None:
        if not isinstance(value, kind):
            raise TypeError(f"{name} is a {kind.__name__}")
        self._attributes[name] = [value]

    def addError(self, message: str) -> None:
        self.messages.append(message)

    def addWarning(self, message: str) -> None:
        self.messages.append(message)


class WorkItemHolder:
    """Collects the items that a node generates."""

    def __init__(self, node: Any) -> None:
        self._node = node
        self.items: list[WorkItem] = []

    def addWorkItem(
        self, index: int = -1, parent: Optional[WorkItem] = None, inProcess: bool = False
    ) -> WorkItem:
        made = WorkItem(self._node, len(self.items) if index < 0 else index, parent)
        made.isInProcess = inProcess
        self.items.append(made)
        return made
