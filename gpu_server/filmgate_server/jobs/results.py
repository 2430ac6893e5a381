"""Results that are known: work keys and what came of them, while their blobs are in the store."""

from __future__ import annotations

from collections import OrderedDict

from filmgate_server.jobs.table import Outcome
from filmgate_server.store.content import Key, Store

RESULTS_MAX = 10_000


class Results:
    """Answers repeated work without a worker; only results are kept, never errors."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[Key, Outcome] = OrderedDict()

    def find(self, show: str, work_key: bytes) -> Outcome | None:
        """Return what this work gave, if every output is still there."""
        outcome = self._known.get((show, work_key))
        if outcome is None or not self.present(show, outcome):
            self._known.pop((show, work_key), None)
            return None
        return outcome

    def present(self, show: str, outcome: Outcome) -> bool:
        """Return whether every output is in the store."""
        return all(self._store.find(show, ref.digest) for ref in outcome.outputs)

    def remember(self, show: str, work_key: bytes, outcome: Outcome) -> None:
        """Keep a result, and forget the oldest beyond the limit."""
        self._known[(show, work_key)] = outcome
        self._known.move_to_end((show, work_key))
        if len(self._known) > RESULTS_MAX:
            self._known.popitem(last=False)
