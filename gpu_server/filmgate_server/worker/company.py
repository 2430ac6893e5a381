"""Executions that a model computes together with the one whose turn it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from filmgate.errors import CancelledError, ModelError
from filmgate_server.worker.execution import Execution
from filmgate_server.worker.inboxes import Inboxes
from filmgate_server.worker.ladder import Ladder

if TYPE_CHECKING:
    from filmgate_server.runtime.port import Images, Step

INFER_PLACE = 1
"""Of the inbox before the device."""


class Company:
    """Finds what can be computed together: the same model and parameters, frames of one shape.

    The others go on waiting for the stage meanwhile and can be cancelled as ever; when their turn
    comes, their results are there.

    Args:
        inboxes: where they wait.
    """

    def __init__(self, inboxes: Inboxes) -> None:
        self._inboxes = inboxes
        self._failed: set[bytes] = set()

    def compute(self, execution: Execution, ladder: Ladder, step: Step) -> None:
        """Compute *execution* together with those that wait, if its model and they allow it.

        A failure is nobody's: each is then computed alone, which shows whose it was.
        """
        manifest, digest = execution.package.manifest, execution.package.digest
        known = execution.computed is not None or digest in self._failed
        if manifest.batch.max < 2 or known:
            return
        others = [other for other in self._waiting(execution) if _fit(execution, other)]
        members = [execution, *others[: manifest.batch.max - 1]]
        if len(members) < 2:
            return
        began_s = execution.spent_s()
        try:
            self._compute(members, ladder, step)
        except CancelledError:
            raise
        except ModelError:
            self._failed.add(digest)
            return
        share_s = (execution.spent_s() - began_s) / len(members)
        for other in members[1:]:
            other.share_time("infer", share_s)
            execution.give_time(share_s)

    def _waiting(self, execution: Execution) -> list[Execution]:
        return self._inboxes.waiting(INFER_PLACE, execution.urgent)

    def _compute(self, members: Sequence[Execution], ladder: Ladder, step: Step) -> None:
        frames = [_frame(member) for member in members]
        results = ladder.infer_batch([inputs for inputs, _ in frames], frames[0][1], step)
        for member, result in zip(members, results, strict=True):
            member.computed = result


def _frame(execution: Execution) -> tuple[Images, Mapping[str, Any]]:
    frame = execution.task.frame
    if frame is None:
        raise ModelError("An execution of several views is computed alone.")
    return frame


def _fit(one: Execution, other: Execution) -> bool:
    first, second = one.task.frame, other.task.frame
    if first is None or second is None or one.package.digest != other.package.digest:
        return False
    shapes = [
        {name: pixels.shape for name, pixels in inputs.items()} for inputs, _ in (first, second)
    ]
    return shapes[0] == shapes[1] and dict(first[1]) == dict(second[1])
