"""Which loaded model is worth its memory least."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

HALF_LIFE_S = 600.0
"""A use this long ago counts half: artists come back to a shot within minutes."""

LOAD_S_MIN = 0.01
"""Below it, how long a model took to load is chance."""

_Key = TypeVar("_Key")


@dataclass(frozen=True)
class Holding:
    """What a loaded model costs and has been good for.

    Attributes:
        size_bytes: of the device's memory.
        load_s: how long it takes to load again.
        uses: its uses so far; each counted half after `HALF_LIFE_S`.
        used_s: when *uses* was counted, on a monotonic clock.
    """

    size_bytes: int
    load_s: float
    uses: float
    used_s: float

    def used(self, now_s: float) -> Holding:
        """Return the holding after one more use."""
        return Holding(self.size_bytes, self.load_s, self.recent_uses(now_s) + 1, now_s)

    def recent_uses(self, now_s: float) -> float:
        """Return the uses as they count now."""
        return self.uses * 0.5 ** ((now_s - self.used_s) / HALF_LIFE_S)

    def usefulness(self, now_s: float) -> float:
        """Return the seconds of loading that each byte is likely to save."""
        return self.recent_uses(now_s) * max(self.load_s, LOAD_S_MIN) / max(self.size_bytes, 1)


def least_useful(holdings: Mapping[_Key, Holding], now_s: float) -> list[_Key]:
    """Return the keys of *holdings*, the one to do without first."""
    return sorted(holdings, key=lambda key: holdings[key].usefulness(now_s))
