"""Captured inputs that are still what the host would render: a tuned parameter captures nothing."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Optional

from filmgate.host.freshness import UNKNOWN
from filmgate.host.task import Need
from filmgate.job import Payload

CAPTURES_BYTES = 1 << 30
OPEN_MAX = 16
"""Captures that are kept as mapped files: each of them holds a file descriptor of the host's."""

IN_MEMORY_BYTES = 1 << 20
"""Captures up to this size are kept as bytes, which hold none."""

_Key = tuple[str, float, str]


@dataclass(frozen=True)
class _Capture:
    """An input as it was captured; no payload where nothing is connected."""

    payload: Optional[Payload]
    fingerprint: str
    run: str

    @property
    def size_bytes(self) -> int:
        return 0 if self.payload is None else memoryview(self.payload.data).nbytes

    @property
    def open(self) -> int:
        return int(self.payload is not None and not isinstance(self.payload.data, bytes))


class CaptureStore:
    """What all nodes of a host process keep of their captures; on the main thread only.

    Args:
        budget_bytes: what they may take.
        open_max: how many may be something else than bytes.
    """

    def __init__(self, budget_bytes: int = CAPTURES_BYTES, open_max: int = OPEN_MAX) -> None:
        self._budget_bytes, self._open_max = budget_bytes, open_max
        self._kept: OrderedDict[tuple[object, _Key], _Capture] = OrderedDict()
        self._size_bytes = self._open = 0

    def find(self, owner: object, key: _Key) -> Optional[_Capture]:
        """Return a capture."""
        return self._kept.get((owner, key))

    def use(self, owner: object, key: _Key) -> None:
        """Note that a capture was used."""
        self._kept.move_to_end((owner, key))

    def put(self, owner: object, key: _Key, capture: _Capture, at_least: int) -> None:
        """Keep a capture; the longest unused beyond the budget go, but for so many of *owner*."""
        self._forget((owner, key))
        self._kept[owner, key] = capture
        self._size_bytes += capture.size_bytes
        self._open += capture.open
        own = [each for each in self._kept if each[0] is owner]
        spared = set(own[-at_least:])
        for each in [each for each in self._kept if each not in spared]:
            if self._size_bytes <= self._budget_bytes and self._open <= self._open_max:
                return
            self._forget(each)

    def clear(self, owner: object) -> None:
        """Forget every capture of a node."""
        for each in [each for each in self._kept if each[0] is owner]:
            self._forget(each)

    def _forget(self, each: tuple[object, _Key]) -> None:
        capture = self._kept.pop(each, None)
        if capture is not None:
            self._size_bytes -= capture.size_bytes
            self._open -= capture.open


class Captures:
    """The last captures of one node; on the main thread only.

    Args:
        store: keeps those of all nodes within one budget; those that a run is about to need again
            stay in any case.
    """

    def __init__(self, store: CaptureStore) -> None:
        self._store = store

    def has(self, need: Need, fingerprint: str, run: str, force: bool = False) -> bool:
        """Say whether a capture can be used again; it then counts as used.

        One whose fingerprint the host cannot tell is used again within the same run only: a
        neighbour is captured once, and a rerun sees what has changed. So is everything by a run
        that is forced: the artist believes no fingerprint then.
        """
        capture = self._store.find(self, need.key)
        if capture is None or capture.fingerprint != fingerprint:
            return False
        if (force or fingerprint == UNKNOWN) and capture.run != run:
            return False
        self._store.use(self, need.key)
        return True

    def payload(self, need: Need) -> Optional[Payload]:
        """Return what was captured; None where nothing is connected."""
        capture = self._store.find(self, need.key)
        return None if capture is None else capture.payload

    def keep(
        self, need: Need, payload: Optional[Payload], fingerprint: str, run: str, at_least: int
    ) -> None:
        """Remember a capture; the longest unused ones beyond the budget are forgotten.

        Args:
            need: what it is.
            payload: the pixels; None where nothing is connected.
            fingerprint: of the host's inputs when it was made.
            run: in which run.
            at_least: how many captures of this node stay whatever they take.
        """
        capture = _Capture(payload, fingerprint, run)
        self._store.put(self, need.key, capture, max(1, at_least))

    def clear(self) -> None:
        """Forget everything."""
        self._store.clear(self)


def in_memory(payload: Payload) -> Payload:
    """Return a payload that holds no file open where it is small."""
    data = memoryview(payload.data)
    if isinstance(payload.data, bytes) or data.nbytes > IN_MEMORY_BYTES:
        return payload
    return replace(payload, data=bytes(data))
