"""Undo steps: what was changed, how to take it back, and how to do it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Change(NamedTuple):
    """One change of the script."""

    undo: Callable[[], None]
    redo: Callable[[], None]


class Step:
    """What one press of undo takes back."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.changes: list[Change] = []

    def undo(self) -> None:
        for change in reversed(self.changes):
            change.undo()

    def redo(self) -> None:
        for change in self.changes:
            change.redo()


class UndoStack:
    """Every step of a script, done and undone."""

    def __init__(self) -> None:
        self.done: list[Step] = []
        self.undone: list[Step] = []
        self.open: list[Step] = []
        self.disabled = 0
        self.replaying = False

    def record(self, name: str, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        """Keep a change that has been made, in the step that is open or in one of its own."""
        if self.disabled or self.replaying:
            return
        if self.open:
            self.open[-1].changes.append(Change(undo, redo))
            return
        step = Step(name)
        step.changes.append(Change(undo, redo))
        self._keep(step)

    def _keep(self, step: Step) -> None:
        self.done.append(step)
        self.undone.clear()

    def begin(self, name: str) -> None:
        self.open.append(Step(name))

    def end(self) -> None:
        """Close the innermost step; one inside another becomes part of that."""
        if not self.open:
            raise RuntimeError("There is no undo to end")
        step = self.open.pop()
        if not step.changes:
            return
        if self.open:
            self.open[-1].changes += step.changes
        else:
            self._keep(step)

    def cancel(self) -> None:
        """Take back what the innermost open step did, and forget it."""
        if not self.open:
            raise RuntimeError("There is no undo to cancel")
        self._replay(self.open.pop().undo)

    def _replay(self, call: Callable[[], None]) -> None:
        self.replaying = True
        try:
            call()
        finally:
            self.replaying = False

    def undo(self) -> None:
        if self.done:
            step = self.done.pop()
            self._replay(step.undo)
            self.undone.append(step)

    def redo(self) -> None:
        if self.undone:
            step = self.undone.pop()
            self._replay(step.redo)
            self.done.append(step)
