"""Other ways to bring a frame to a second process and back, each behind the same two calls."""

from __future__ import annotations

from typing import Protocol


class Peer(Protocol):
    """One way of sending frames."""

    def round_trip(self, frame: memoryview) -> memoryview:
        """Send *frame* and return the bytes that came back; the next call reuses them."""
        ...

    def close(self) -> None:
        """Stop what was started for it."""
        ...
