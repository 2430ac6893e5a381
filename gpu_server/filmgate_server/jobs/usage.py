"""Who has used which device for how long, added up since the server's start."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

Artist = tuple[str, str]
"""A name and a show."""


class Usage:
    """Device seconds by worker and by artist.

    Attributes:
        busy_s: by the worker's number.
        charged_s: by artist and show; whoever shares a result is not charged for it.
    """

    def __init__(self) -> None:
        self.busy_s: defaultdict[int, float] = defaultdict(float)
        self.charged_s: defaultdict[Artist, float] = defaultdict(float)

    def add(self, worker: int | None, artist: Artist, timings: Mapping[str, float]) -> None:
        """Add one execution, whether it was finished or not.

        Args:
            worker: where it ran.
            artist: who asked for it first.
            timings: seconds by stage; only ``infer`` keeps the device.
        """
        seconds = timings.get("infer", 0.0)
        if worker is not None and seconds:
            self.busy_s[worker] += seconds
            self.charged_s[artist] += seconds
