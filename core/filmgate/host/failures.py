"""Which frames of a node failed, and when it is worth another try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from filmgate.host.clock import Clock
from filmgate.host.freshness import frame_key
from filmgate.host.node import Node
from filmgate.host.port import Moment
from filmgate.host.reading import Reading
from filmgate.host.state import Problem

RETRY_AFTER_S = 5.0
"""How long a host that pulls is told of a failure before what may have passed is tried again."""

_NO_LOOK = ("", "")
"""Of a frame that cannot be looked at: the model is not known."""


@dataclass(frozen=True)
class Failure:
    """Why a frame has no result, and of what.

    Attributes:
        problem: as artists see it.
        retryable: whether it may pass by itself.
        look: the settings and inputs that failed, as `Reading.look` returns them.
        at_s: when, by the session's clock.
    """

    problem: Problem
    retryable: bool
    look: tuple[str, str]
    at_s: float


class Failures:
    """The failures of one node's frames; on the main thread only.

    Args:
        node: the node.
        reading: what it reads.
        clock: the time.
    """

    def __init__(self, node: Node, reading: Reading, clock: Clock) -> None:
        self._node, self._reading, self._clock = node, reading, clock
        self._found: dict[str, Failure] = {}

    def note(self, moment: Moment, problem: Problem, retryable: bool) -> None:
        """Note that a frame has failed as it is set now."""
        look, now_s = self._look(moment), self._clock.now_s()
        self._found[frame_key(moment)] = Failure(problem, retryable, look, now_s)

    def problem(self, moment: Moment) -> Optional[Problem]:
        """Return why a frame has failed; None where it has not."""
        failure = self._found.get(frame_key(moment))
        return None if failure is None else failure.problem

    def deserves_retry(self, moment: Moment, waits: bool) -> bool:
        """Say whether a host that pulls a frame should have it tried.

        What has failed is tried again when something has changed, or when it may have passed by
        itself: hosts ask far more often than artists do.

        Args:
            moment: of the frame.
            waits: whether the host would wait for it.
        """
        failure = self._found.get(frame_key(moment))
        if failure is None or self._look(moment) != failure.look:
            return True
        rested = self._clock.now_s() - failure.at_s >= RETRY_AFTER_S
        return failure.retryable and (waits or rested)

    def forget(self, key: str) -> None:
        """Forget the failure of a frame that has a result now."""
        self._found.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._found.clear()

    def _look(self, moment: Moment) -> tuple[str, str]:
        manifest = self._node.manifest
        return _NO_LOOK if manifest is None else self._reading.look(manifest, moment)
