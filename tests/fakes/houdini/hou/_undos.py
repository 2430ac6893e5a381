"""Undo steps: what was changed, how to take it back, and how to do it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Change(NamedTuple):
    """One change of the scene."""

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
    """Every step of a scene, done and undone."""

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
        step = self.open[-1] if self.open else Step(name)
        step.changes.append(Change(undo, redo))
        if not self.open:
            self._keep(step)

    def _keep(self, step: Step) -> None:
        self.done.append(step)
        self.undone.clear()

    def begin(self, name: str) -> None:
        self.open.append(Step(name))

    def end(self) -> None:
        """Close the innermost step; one inside another becomes part of that."""
        step = self.open.pop()
        if step.changes and self.open:
            self.open[-1].changes += step.changes
        elif step.changes:
            self._keep(step)

    def _replay(self, call: Callable[[], None]) -> None:
        self.replaying = True
        try:
            call()
        finally:
            self.replaying = False

    def undo(self) -> bool:
        if not self.done:
            return False
        step = self.done.pop()
        self._replay(step.undo)
        self.undone.append(step)
        return True

    def redo(self) -> bool:
        if not self.undone:
            return False
        step = self.undone.pop()
        self._replay(step.redo)
        self.done.append(step)
        return True

    def clear(self) -> None:
        self.done.clear()
        self.undone.clear()
