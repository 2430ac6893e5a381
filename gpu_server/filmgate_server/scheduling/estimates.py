"""How long work is expected to take: running means of what workers have measured."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

GUESS_S = 0.25
"""What work is counted with before anything has been measured; nobody is told of it."""

MEMORY = 0.9
"""How much of what is known remains when a new measurement comes: the last ten count most."""

PACKAGES_MAX = 256


@dataclass
class Mean:
    """A running mean of device seconds for each byte of the main input, and for each frame."""

    device_s: float = 0.0
    size_bytes: float = 0.0
    frames: float = 0.0

    def add(self, device_s: float, size_bytes: int) -> None:
        """Take a measurement in."""
        self.device_s = self.device_s * MEMORY + device_s
        self.size_bytes = self.size_bytes * MEMORY + size_bytes
        self.frames = self.frames * MEMORY + 1.0

    def of(self, size_bytes: int) -> float:
        """Return what a frame of this size is expected to take."""
        if not self.size_bytes:
            return self.frame_s
        return self.device_s * size_bytes / self.size_bytes

    @property
    def frame_s(self) -> float:
        """What a frame of the usual size is expected to take."""
        return self.device_s / self.frames if self.frames else GUESS_S


class Estimates:
    """Device seconds by package; a package that has not run yet is taken to be like the others."""

    def __init__(self) -> None:
        self._all = Mean()
        self._packages: OrderedDict[bytes, Mean] = OrderedDict()

    def learn(self, package: bytes, size_bytes: int, device_s: float) -> None:
        """Take in what a frame took whose main input has *size_bytes*."""
        self._all.add(device_s, size_bytes)
        mean = self._packages.pop(package, None) or Mean()
        mean.add(device_s, size_bytes)
        self._packages[package] = mean
        if len(self._packages) > PACKAGES_MAX:
            self._packages.popitem(last=False)

    def of(self, package: bytes, size_bytes: int) -> float:
        """Return the device seconds that such a frame is expected to take."""
        mean = self._packages.get(package)
        return self._all.frame_s if mean is None else mean.of(size_bytes)

    def __contains__(self, package: bytes) -> bool:
        """Return whether frames of a package have been measured."""
        return package in self._packages

    @property
    def frame_s(self) -> float:
        """Device seconds of the usual frame."""
        return self._all.frame_s
