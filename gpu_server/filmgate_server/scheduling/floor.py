"""The floor of batch work: its share of device time even where interactive work never ends."""

from __future__ import annotations

SLICE_S = 0.1
"""So much time is earned before a worker is kept for batch work, and for so long."""

SHARE_MAX = 0.95

AIM = 1.1
"""What is earned is spent a slice later: aiming so much higher keeps what was promised."""

PATIENCE_S = 10.0
"""So long a worker may take to finish what it has in hand; then another one is looked for."""


class Floor:
    """Earns time for batch work while interactive work runs, and spends it in slices.

    A slice begins when a worker has nothing interactive left in hand: until it ends, the worker
    gets nothing interactive. It ends after `SLICE_S`, or as soon as what was earned is used up.
    A frame that takes longer goes on, and is interrupted between two tiles as ever.

    Args:
        share: of device time that batch work gets, 0 to 0.9.
    """

    def __init__(self, share: float) -> None:
        aimed = min(AIM * share, SHARE_MAX)
        self._per_second = aimed / (1.0 - aimed)
        self._earned_s = 0.0
        self._prepaid_s = 0.0
        self._used_s = 0.0
        self._worker: int | None = None
        self._opened_s = 0.0
        self._started_s: float | None = None

    def earn(self, device_s: float) -> None:
        """Count interactive device time while batch work was there."""
        self._earned_s += device_s * self._per_second

    def spend(self, device_s: float, contended: bool) -> None:
        """Count batch device time; slices have paid for some of it already.

        Args:
            device_s: what a frame took.
            contended: whether interactive work was there all the while: then what goes beyond the
                share is owed, else it was nobody's.
        """
        prepaid_s = min(self._prepaid_s, device_s)
        self._prepaid_s -= prepaid_s
        self._used_s += device_s - prepaid_s
        left_s = self._earned_s - (device_s - prepaid_s)
        self._earned_s = left_s if contended else max(left_s, min(self._earned_s, 0.0))

    def forget(self) -> None:
        """Drop everything: no batch work is there, and idleness earns nothing."""
        self._earned_s = self._prepaid_s = 0.0
        self._worker = None

    def keeps(self, worker: int, now_s: float, hands_free: bool) -> bool:
        """Return whether *worker* is kept for batch work now.

        Args:
            worker: one that has batch work, or can get some.
            now_s: the time.
            hands_free: whether it has nothing interactive in hand.
        """
        if self._worker is None and self._earned_s >= SLICE_S:
            self._worker, self._opened_s, self._started_s = worker, now_s, None
        if self._worker is not None and self._is_over(now_s):
            self._close(now_s)
        if self._worker == worker and self._started_s is None and hands_free:
            self._started_s, self._used_s = now_s, 0.0
        return self._worker == worker

    def _is_over(self, now_s: float) -> bool:
        if self._started_s is None:
            return now_s - self._opened_s > PATIENCE_S
        return now_s - self._started_s >= SLICE_S or self._earned_s <= 0.0

    def _close(self, now_s: float) -> None:
        """End the slice; what of it no finished frame has used counts for those under way."""
        if self._started_s is not None:
            unused_s = max(0.0, now_s - self._started_s - self._used_s)
            self._prepaid_s += unused_s
            self._earned_s -= unused_s
        self._worker = None
