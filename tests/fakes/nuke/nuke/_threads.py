"""The way to the main thread from others, progress windows and undo, as Python sees them."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Optional

from nuke import _world
from nuke._guard import Guarded

NONE: Mapping[str, Any] = {}
POLL_S = 0.05


def _bind(call: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> Callable[[], Any]:
    given = args if isinstance(args, tuple) else (args,)
    return lambda: call(*given, **kwargs)


def _print_error() -> None:
    text = traceback.format_exc()
    _world.current().printed.append(text)
    sys.stderr.write(text)


def executeInMainThread(
    call: Callable[..., Any], args: Any = (), kwargs: Mapping[str, Any] = NONE
) -> None:
    """Queue a call for the event loop; where there is none it is never made."""
    bound = _bind(call, args, kwargs)

    def run() -> None:
        try:
            bound()
        except Exception:
            _print_error()

    _world.current().post(run)


def executeInMainThreadWithResult(
    call: Callable[..., Any], args: Any = (), kwargs: Mapping[str, Any] = NONE
) -> Any:
    """Let the event loop make a call and wait, for ever if need be; None when it raised."""
    world = _world.current()
    if threading.get_ident() == world.main_thread:
        raise RuntimeError("executeInMainThreadWithResult called from the main thread would hang")
    bound = _bind(call, args, kwargs)
    result: list[Any] = [None]
    made = threading.Event()

    def run() -> None:
        try:
            result[0] = bound()
        except Exception:
            _print_error()
        finally:
            made.set()

    world.post(run)
    while not made.wait(POLL_S):
        if world.closed:
            raise SystemExit("the session ended while a thread waited for its main thread")
    return result[0]


class RunInMainThread:
    """A call that waits for the main thread."""

    def __init__(
        self, call: Callable[..., Any], args: Any = (), kwargs: Mapping[str, Any] = NONE
    ) -> None:
        self._call, self._args, self._kwargs = call, args, kwargs

    def request(self) -> None:
        executeInMainThread(self._call, self._args, self._kwargs)

    def result(self) -> Any:
        return executeInMainThreadWithResult(self._call, self._args, self._kwargs)


class ProgressTask:
    """A window with a bar and a cancel button; any thread may, deleting it closes it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._title = str(args[0]) if args else ""
        self._message = ""
        self._told = _world.current().progress
        self._told.append((self._title, 0))

    def setProgress(self, i: int) -> None:
        if not isinstance(i, int):
            raise TypeError("an integer is required")
        self._told.append((self._title, i))

    def setMessage(self, s: str) -> None:
        if not isinstance(s, str):
            raise TypeError("a string is required")
        self._message = s

    def isCancelled(self) -> bool:
        return _world.current().cancel_pressed

    def __del__(self) -> None:
        self._told.append((self._title, 100))


class Undo(Guarded):
    """Undo steps: `begin` and `end` around one, or `with nuke.Undo("name"):`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._label = str(args[0]) if args else ""

    @staticmethod
    def begin(name: str = "") -> None:
        _stack().begin(name)

    @staticmethod
    def end() -> None:
        _stack().end()

    @staticmethod
    def cancel() -> None:
        _stack().cancel()

    @staticmethod
    def new(name: str = "") -> None:
        stack = _stack()
        if stack.open:
            stack.end()
        stack.begin(name)

    @staticmethod
    def name(name: str) -> None:
        stack = _stack()
        if stack.open:
            stack.open[-1].name = name

    @staticmethod
    def disable() -> None:
        _stack().disabled += 1

    @staticmethod
    def enable() -> None:
        stack = _stack()
        if not stack.disabled:
            raise RuntimeError("Undo is enabled already")
        stack.disabled -= 1

    @staticmethod
    def disabled() -> bool:
        return bool(_stack().disabled)

    @staticmethod
    def undo() -> None:
        _stack().undo()

    @staticmethod
    def redo() -> None:
        _stack().redo()

    @staticmethod
    def undoSize() -> int:
        return len(_stack().done)

    @staticmethod
    def redoSize() -> int:
        return len(_stack().undone)

    @staticmethod
    def undoDescribe(n: int = 0) -> str:
        return _stack().done[-1 - n].name

    @staticmethod
    def redoDescribe(n: int = 0) -> str:
        return _stack().undone[-1 - n].name

    @staticmethod
    def undoTruncate(n: int = 0) -> None:
        stack = _stack()
        del stack.done[: len(stack.done) - n]

    def __enter__(self) -> Undo:
        self.begin(self._label)
        return self

    def __exit__(self, type: Any, value: Optional[BaseException], traceback: Any) -> None:
        self.end()


def _stack() -> Any:
    _world.check_thread("nuke.Undo")
    return _world.current().undo
