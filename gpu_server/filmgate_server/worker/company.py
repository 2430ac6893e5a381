"""Executions that a model computes together with the one whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from filmgate.errors import CancelledError, ModelError
from filmgate_server.worker.execution import Execution
from filmgate_server.worker.inboxes import Inboxes
from filmgate_server.worker.ladder import Ladder
from filmgate_server.worker.poison import is_fatal
from filmgate_server.worker.recent import Recent
from filmgate_server.worker.task import Frame

if TYPE_CHECKING:
    from filmgate_server.runtime.port import Step

INFER_PLACE = 1
"""Of the inbox before the device."""

ALONE_AFTER_FAILURE = 32
"""So many frames of that kind are computed alone before some are tried together again."""

KINDS_MAX = 64

Kind = tuple[bytes, tuple[tuple[str, tuple[int, ...]], ...]]
"""A package's digest, and the name and shape of each input."""


class Company:
    """Finds what can be computed together: frames of one shape and colour for the same model.

    The others go on waiting for the stage meanwhile and can be cancelled as ever; when their turn
    comes, their results are there. Their parameters are the same too.

    Args:
        inboxes: where they wait.
    """

    def __init__(self, inboxes: Inboxes) -> None:
        self._inboxes = inboxes
        self._alone: Recent[Kind, int] = Recent(KINDS_MAX)

    def compute(self, execution: Execution, ladder: Ladder, step: Step) -> None:
        """Compute *execution* together with those that wait, if its model and they allow it.

        A failure is nobody's: each is then computed alone, which shows whose it was, and so are the
        next frames of that kind.

        Raises:
            CancelledError: nobody wants *execution* any more.
            ModelError: the device can no longer be trusted; see `is_fatal`.
        """
        members = self._members(execution)
        if len(members) < 2:
            return
        began_s = execution.spent_s()
        try:
            self._compute(members, ladder, step)
        except CancelledError:
            raise
        except ModelError as error:
            if is_fatal(error):
                raise
            self._alone[_kind(execution)] = ALONE_AFTER_FAILURE
            return
        share_s = (execution.spent_s() - began_s) / len(members)
        for other in members[1:]:
            other.share_time("infer", share_s)
            execution.give_time(share_s)

    def _members(self, execution: Execution) -> list[Execution]:
        """Return *execution* and those that may be computed with it now."""
        most, frame = execution.package.manifest.batch.max, execution.task.frame
        if most < 2 or frame is None or execution.computed is not None:
            return [execution]
        if self._is_alone(_kind(execution)):
            return [execution]
        others = [other for other in self._waiting(execution) if _fit(execution, other)]
        return [execution, *others[: most - 1]]

    def _is_alone(self, kind: Kind) -> bool:
        left = self._alone.pop(kind, 0)
        if left > 1:
            self._alone[kind] = left - 1
        return left > 0

    def _waiting(self, execution: Execution) -> list[Execution]:
        return self._inboxes.waiting(INFER_PLACE, execution.urgent)

    def _compute(self, members: Sequence[Execution], ladder: Ladder, step: Step) -> None:
        frames = [_frame(member) for member in members]
        first = frames[0]
        results = ladder.infer_batch(
            [frame.inputs for frame in frames], first.params, step, colour=first.colour
        )
        for member, result in zip(members, results, strict=True):
            member.computed = result


def _frame(execution: Execution) -> Frame:
    frame = execution.task.frame
    if frame is None:
        raise ModelError("An execution of several views is computed alone.")
    return frame


def _kind(execution: Execution) -> Kind:
    shapes = sorted((name, pixels.shape) for name, pixels in _frame(execution).inputs.items())
    return execution.package.digest, tuple(shapes)


def _fit(one: Execution, other: Execution) -> bool:
    first, second = one.task.frame, other.task.frame
    if first is None or second is None or _kind(one) != _kind(other):
        return False
    return dict(first.params) == dict(second.params) and first.colour == second.colour
