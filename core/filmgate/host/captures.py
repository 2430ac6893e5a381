"""Captured inputs that are still what the host would render: a tuned parameter captures nothing."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Optional

from filmgate.host.freshness import UNKNOWN
from filmgate.host.task import Need
from filmgate.job import Payload

CAPTURES_BYTES = 1 << 30


@dataclass(frozen=True)
class _Capture:
    """An input as it was captured; no payload where nothing is connected."""

    payload: Optional[Payload]
    fingerprint: str
    run: str

    @property
    def size_bytes(self) -> int:
        return 0 if self.payload is None else memoryview(self.payload.data).nbytes


class Captures:
    """The last captures of one node; on the main thread only.

    Args:
        budget_bytes: what they may take; those that a run is about to need again stay in any case.
    """

    def __init__(self, budget_bytes: int = CAPTURES_BYTES) -> None:
        self._budget_bytes = budget_bytes
        self._kept: OrderedDict[tuple[str, float, str], _Capture] = OrderedDict()
        self._size_bytes = 0

    def has(self, need: Need, fingerprint: str, run: str) -> bool:
        """Say whether a capture can be used again; it then counts as used.

        One whose fingerprint the host cannot tell is used again within the same run only: a
        neighbour is captured once, and a rerun sees what has changed.
        """
        capture = self._kept.get(need.key)
        if capture is None or capture.fingerprint != fingerprint:
            return False
        if fingerprint == UNKNOWN and capture.run != run:
            return False
        self._kept.move_to_end(need.key)
        return True

    def payload(self, need: Need) -> Optional[Payload]:
        """Return what was captured; None where nothing is connected."""
        return self._kept[need.key].payload

    def keep(
        self, need: Need, payload: Optional[Payload], fingerprint: str, run: str, at_least: int
    ) -> None:
        """Remember a capture; the longest unused ones beyond the budget are forgotten.

        Args:
            need: what it is.
            payload: the pixels; None where nothing is connected.
            fingerprint: of the host's inputs when it was made.
            run: in which run.
            at_least: how many captures stay whatever they take.
        """
        self._forget(need.key)
        capture = _Capture(payload, fingerprint, run)
        self._kept[need.key] = capture
        self._size_bytes += capture.size_bytes
        while self._size_bytes > self._budget_bytes and len(self._kept) > at_least:
            self._forget(next(iter(self._kept)))

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._size_bytes = 0

    def _forget(self, key: tuple[str, float, str]) -> None:
        capture = self._kept.pop(key, None)
        if capture is not None:
            self._size_bytes -= capture.size_bytes
