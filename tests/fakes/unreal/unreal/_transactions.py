"""Undo: what a transaction remembers of the objects that were modified while it was open."""

from __future__ import annotations

from typing import Any, Literal, Optional, Union

from unreal._guard import Guarded
from unreal._values import Text

State = dict[str, Any]


class Transaction:
    """One step of undo: objects, each with its state before and after."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.before: dict[int, tuple[Any, State]] = {}
        self.after: dict[int, tuple[Any, State]] = {}

    def remember(self, target: Any) -> None:
        """Keep the state of *target* as it is before its first change."""
        self.before.setdefault(id(target), (target, target._state()))

    def finish(self) -> None:
        """Keep the states at the end."""
        self.after = {key: (target, target._state()) for key, (target, _) in self.before.items()}


class Transactions:
    """The undo buffer. A transaction inside another belongs to the outer one."""

    def __init__(self) -> None:
        self.done: list[Transaction] = []
        self.undone: list[Transaction] = []
        self._open: Optional[Transaction] = None
        self._depth = 0

    @property
    def titles(self) -> list[str]:
        """What the Edit menu's undo history shows."""
        return [each.title for each in self.done]

    @property
    def recording(self) -> bool:
        """Whether a transaction is open."""
        return self._open is not None

    def begin(self, title: str) -> None:
        """Open a transaction, or enter the open one."""
        self._depth += 1
        if self._open is None:
            self._open = Transaction(title)

    def modify(self, target: Any) -> bool:
        """Note that *target* is about to change; say whether a transaction will undo that."""
        if self._open is None:
            return False
        self._open.remember(target)
        return True

    def end(self) -> None:
        """Leave a transaction; the outermost one becomes a step of undo if anything changed."""
        self._depth = max(self._depth - 1, 0)
        if self._depth or self._open is None:
            return
        finished, self._open = self._open, None
        finished.finish()
        if finished.before:
            self.done.append(finished)
            self.undone.clear()

    def cancel(self) -> None:
        """Forget what the open transaction has recorded: nothing is taken back, nor can it be."""
        self._open, self._depth = None, 0

    def undo(self) -> bool:
        """Take the last step back."""
        if not self.done:
            return False
        step = self.done.pop()
        _restore(step.before)
        self.undone.append(step)
        return True

    def redo(self) -> bool:
        """Take a step again that was taken back."""
        if not self.undone:
            return False
        step = self.undone.pop()
        _restore(step.after)
        self.done.append(step)
        return True


def _restore(states: dict[int, tuple[Any, State]]) -> None:
    for target, state in states.values():
        target._restore(state)


class ScopedEditorTransaction(Guarded):
    def __init__(self, desc: Union[Text, str]) -> None:
        self._title = str(desc)
        self._entered = False

    def __enter__(self) -> ScopedEditorTransaction:
        _stack().begin(self._title)
        self._entered = True
        return self

    def __exit__(self, type: Any, value: Any, traceback: Any) -> Literal[False]:
        if self._entered:
            _stack().end()
        self._entered = False
        return False

    def cancel(self) -> None:
        _stack().cancel()
        self._entered = False


def _stack() -> Transactions:
    from unreal._session import current

    return current().undo_stack
