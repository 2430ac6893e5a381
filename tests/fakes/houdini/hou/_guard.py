"""Only the main thread may touch Houdini: everything public says so when another one does."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any, TypeVar

from hou import _world

Call = TypeVar("Call", bound=Callable[..., Any])

ALSO = ("__init__", "__getitem__", "__enter__", "__exit__")


def on_main(call: Call) -> Call:
    """Let *call* refuse to run on any thread but the main one."""

    @functools.wraps(call)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        _world.check_thread(call.__qualname__)
        return call(*args, **kwargs)

    return guarded  # type: ignore[return-value]


class Guarded:
    """A class of Houdini's: its public methods run on the main thread only."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, value in list(vars(cls).items()):
            if name.startswith("_") and name not in ALSO:
                continue
            if isinstance(value, types.FunctionType):
                setattr(cls, name, on_main(value))
            elif isinstance(value, staticmethod):
                setattr(cls, name, staticmethod(on_main(value.__func__)))
