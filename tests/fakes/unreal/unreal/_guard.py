"""Only the game thread may touch Unreal, and what is handed to it becomes Unreal's own type.

Everything public passes through here: a call from another thread is refused, and arguments are
converted by the signature's types as the real one converts them, a text to a Name, a list to an
Array, or refused with a TypeError.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any

ALSO = ("__init__", "__getitem__", "__setitem__", "__enter__", "__exit__", "__len__")


def guard(call: Callable[..., Any], owner: str = "") -> Callable[..., Any]:
    """Let *call* refuse other threads and convert its arguments."""
    where = f"{owner}.{call.__name__}" if owner else call.__name__
    signature = inspect.signature(call)
    kinds: dict[str, Any] = {}

    @functools.wraps(call)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        from unreal import _conversion, _session

        _session.current().check_thread(where)
        if not kinds:
            kinds.update(_conversion.kinds_of(call))
        given = signature.bind(*args, **kwargs)
        for name in given.arguments.keys() & kinds.keys():
            place = f"{where}: parameter '{name}'"
            given.arguments[name] = _conversion.convert(kinds[name], given.arguments[name], place)
        return call(*given.args, **given.kwargs)

    return guarded


class Guarded:
    """A type of Unreal's."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, value in list(vars(cls).items()):
            if name in ALSO or not name.startswith("_"):
                wrapped = _wrapped(value, cls.__name__)
                if wrapped is not value:
                    setattr(cls, name, wrapped)


def _wrapped(value: Any, owner: str) -> Any:
    if getattr(value, "_plain", False):
        return value
    if isinstance(value, types.FunctionType):
        return guard(value, owner)
    if isinstance(value, classmethod):
        return classmethod(guard(value.__func__, owner))
    return value
