"""How often something may happen: token buckets, one for all and one for each address."""

from __future__ import annotations

from collections import OrderedDict

BURST_S = 10.0
"""What may come at once: as much as in so many seconds. A farm starts its machines together."""

ADDRESS_SHARE = 0.25
"""The part of all that one address may take, so that one flood leaves the others their place."""

ADDRESSES_MAX = 4096
"""So many addresses are remembered; one that is forgotten begins with a full bucket."""


class Bucket:
    """Fills at a steady rate and is emptied one by one."""

    def __init__(self, per_s: float, now_s: float) -> None:
        self._per_s = per_s
        self._capacity = max(1.0, per_s * BURST_S)
        self._level = self._capacity
        self._seen_s = now_s

    def has_one(self, now_s: float) -> bool:
        """Say whether something is left."""
        self._level += max(0.0, now_s - self._seen_s) * self._per_s
        self._level, self._seen_s = min(self._level, self._capacity), now_s
        return self._level >= 1.0

    def take(self) -> None:
        """Take one."""
        self._level -= 1.0


class Rate:
    """Lets so much happen a second, and an address no more than its share.

    Args:
        per_s: how often, over all addresses.
    """

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._all: Bucket | None = None
        self._addresses: OrderedDict[str, Bucket] = OrderedDict()

    def admit(self, address: str, now_s: float) -> bool:
        """Return whether it may happen once more for *address*; if not, nobody else pays for it."""
        if self._all is None:
            self._all = Bucket(self._per_s, now_s)
        one = self._bucket(address, now_s)
        if not (one.has_one(now_s) and self._all.has_one(now_s)):
            return False
        one.take()
        self._all.take()
        return True

    def _bucket(self, address: str, now_s: float) -> Bucket:
        bucket = self._addresses.get(address)
        if bucket is None:
            bucket = self._addresses[address] = Bucket(self._per_s * ADDRESS_SHARE, now_s)
            if len(self._addresses) > ADDRESSES_MAX:
                self._addresses.popitem(last=False)
        self._addresses.move_to_end(address)
        return bucket
