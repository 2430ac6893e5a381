"""Dialogs, where somebody sits in front of the editor; else lines in the log."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Callable

import unreal

from filmgate.errors import FilmgateError
from filmgate.host.problem import to_problem, unforeseen
from filmgate.host.state import Problem
from filmgate_unreal import notify

TITLE = "Filmgate"
SHOWN = 8
"""Problems in one dialog; the log has all of them."""


def attended() -> bool:
    """Say whether anybody can answer a dialog."""
    return notify.shown() or not unreal.SystemLibrary.is_unattended()


def tell(text: str) -> None:
    """Show a text."""
    unreal.log(f"{TITLE}: {text}")
    _show(text)


def complain(problems: Sequence[Problem], labels: Sequence[str]) -> None:
    """Show what failed, of what, and what helps.

    Args:
        problems: what failed.
        labels: of what, in the same order.
    """
    lines = [f"{label}: {problem}" for label, problem in zip(labels, problems)]
    for line in lines:
        unreal.log_error(f"{TITLE}: {line}")
    if lines:
        more = f"\n\n… and {len(lines) - SHOWN} more: see the log." if len(lines) > SHOWN else ""
        text = "\n\n".join(lines[:SHOWN]) + more
        _show(text)


def _show(text: str) -> None:
    if attended():
        with notify.paused():
            unreal.EditorDialog.show_message(TITLE, text, unreal.AppMsgType.OK)


def ask_details(title: str, form: unreal.Object) -> bool:
    """Let the artist set properties; return whether OK was pressed. Nobody is no yes."""
    if not attended():
        return False
    with notify.paused():
        return unreal.EditorDialog.show_object_details_view(title, form)


def guarded(call: Callable[..., Any]) -> Callable[..., Any]:
    """Turn whatever goes wrong in a call of the editor's into a text for the artist.

    What a menu's command raises is seen in the log alone.
    """
    return _safe(call, lambda problem: complain([problem], [TITLE]))


def logged(call: Callable[..., Any]) -> Callable[..., Any]:
    """Turn whatever goes wrong in a call of a script's into a line in the log."""
    return _safe(call, lambda problem: unreal.log_error(f"{TITLE}: {problem}"))


def _safe(call: Callable[..., Any], tell: Callable[[Problem], None]) -> Callable[..., Any]:
    @functools.wraps(call)
    def safe(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except FilmgateError as error:
            tell(to_problem(error))
        except Exception as error:  # noqa: BLE001 - the boundary to the editor
            tell(unforeseen(error))
        return None

    return safe
