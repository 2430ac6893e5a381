"""Long operations: Esc is seen inside `updateProgress` alone, and nowhere else."""

from __future__ import annotations

import time
from typing import Any, Optional

from hou import _world
from hou._errors import OperationFailed, OperationInterrupted
from hou._guard import Guarded


class InterruptableOperation(Guarded):
    """A piece of code that the user can stop and watch."""

    def __init__(
        self,
        operation_name: str,
        long_operation_name: Optional[str] = None,
        open_interrupt_dialog: bool = False,
        timeout_ms: int = 0,
    ) -> None:
        self._name = operation_name
        self._timeout_ms = timeout_ms
        self._end_s: Optional[float] = None
        self._open = False

    def updateProgress(self, percentage: float = -1.0) -> None:
        """Show progress, 0 to 1, and look whether the user wants to stop.

        Raises:
            OperationInterrupted: the user pressed Esc, or the time is up.
        """
        self._check_open()
        world = _world.current()
        if percentage > 1.0:
            raise OperationFailed("The progress is a fraction from 0 to 1")
        world.progress.append((self._name, percentage))
        self._count_presses()
        if world.escape_pressed:
            raise OperationInterrupted()
        if self._end_s is not None and time.monotonic() > self._end_s:
            raise OperationInterrupted()

    def updateLongProgress(
        self, percentage: float = -1.0, long_op_status: Optional[str] = None
    ) -> None:
        self.updateProgress(percentage)

    def _check_open(self) -> None:
        if not self._open:
            raise OperationFailed("The operation is used outside of a with statement")

    def _count_presses(self) -> None:
        world = _world.current()
        world.presses = [(at, left - 1) for at, left in world.presses]
        if any(left <= 0 for _, left in world.presses):
            world.escape_pressed = True
            world.presses.clear()

    def __enter__(self) -> InterruptableOperation:
        self._open = True
        if self._timeout_ms:
            self._end_s = time.monotonic() + self._timeout_ms / 1000
        _world.current().operations.append(self)
        return self

    def __exit__(self, type: Any, value: Any, traceback: Any) -> None:
        self._open = False
        operations = _world.current().operations
        if self in operations:
            operations.remove(self)
        if not operations:
            _world.current().escape_pressed = False
