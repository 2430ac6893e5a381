"""What Houdini raises, and what a node's code raises to tell of itself."""

from __future__ import annotations

from typing import Any


class Error(Exception):
    """The base of all that Houdini raises."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)

    def exceptionTypeName(self) -> str:
        return type(self).__name__

    def description(self) -> str:
        return self.instanceMessage()

    def instanceMessage(self) -> str:
        return str(self.args[0]) if self.args else ""


class OperationFailed(Error):
    """An operation could not be done."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(*([] if message is None else [message]))


class OperationInterrupted(Error):
    """The user pressed Esc, or the time was up."""


class ObjectWasDeleted(Error):
    """A node, parameter or attribute that is gone was used."""


class PermissionError(Error):
    """What is locked cannot be changed."""


class GeometryPermissionError(Error):
    """Geometry that belongs to a node was changed outside of its cook."""


class InvalidInput(Error):
    """An input that a node cannot have."""


class InvalidNodeType(Error):
    """A node of a class that cannot do what is asked."""


class InvalidSize(Error):
    """Values of a wrong number."""


class LoadWarning(Error):
    """A scene was loaded, and something in it was not as it should be."""


class NodeError(Error):
    """What a node's code raises: the node has failed."""


class NodeWarning(Error):
    """What a node's code raises last: the node has cooked, and there is something to tell."""


class NotAvailable(Error):
    """Not in this kind of session."""
