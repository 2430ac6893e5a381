"""What Houdini refuses, as the errors that artists are told."""

from __future__ import annotations

import hou

from filmgate.errors import FilmgateError, InputError

_LOCKED = "Unlock the parameter, or Allow Editing of Contents of the asset that the node is in."
_ANY = "Look at the node's inputs and its fields, and cook it again."


def to_error(error: hou.Error) -> FilmgateError:
    """Return what Houdini has said, with what helps."""
    said = (error.instanceMessage() or error.exceptionTypeName()).strip().rstrip(".")
    remedy = _LOCKED if isinstance(error, hou.PermissionError) else _ANY
    return InputError(f"Houdini says: {said}.", remedy)
