"""What is said to the user, and what the user is asked."""

from __future__ import annotations

import sys
from typing import Any, Optional

from nuke import _world
from nuke._guard import on_main


@on_main
def message(prompt: str) -> None:
    """Show a window until it is closed; without a GUI it is printed."""
    _say(prompt)


@on_main
def critical(message: str) -> None:
    _say(message)


@on_main
def error(message: str) -> None:
    _say(message)


@on_main
def warning(message: str) -> None:
    _say(message)


@on_main
def debug(message: str) -> None:
    _say(message)


def _say(text: str) -> None:
    world = _world.current()
    world.messages.append(text)
    if not world.gui:
        sys.stderr.write(f"{text}\n")


def tprint(*args: Any, sep: str = " ", end: str = "\n", file: Any = None) -> None:
    """Print, from any thread."""
    _world.current().printed.append(sep.join(map(str, args)) + end)


def _answer(default: Any) -> Any:
    """Return what the test put into `World.answers`, as the user would."""
    world = _world.current()
    if not world.gui:
        raise RuntimeError("there is no interface to ask in")
    return world.answers.popleft() if world.answers else default


@on_main
def ask(prompt: str) -> bool:
    _say(prompt)
    return bool(_answer(True))


@on_main
def askWithCancel(prompt: str) -> bool:
    _say(prompt)
    answer = _answer(True)
    if answer is None:
        raise CancelledError("Cancelled")
    return bool(answer)


@on_main
def getInput(prompt: str, default: str = "") -> Optional[str]:
    _say(prompt)
    return _answer(default)


@on_main
def getFramesAndViews(
    label: str,
    default: Optional[str] = None,
    maxviews: int = 0,
) -> Optional[tuple[str, list[str]]]:
    _say(label)
    return _answer((default or _now(), list(_world.current().root._views)))


class CancelledError(Exception):
    """The user pressed Cancel in a question."""


def _now() -> str:
    return str(int(_world.current().root._frame()))
