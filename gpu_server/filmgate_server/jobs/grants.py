"""The memory of outputs: promised, granted to workers, taken into the store, given back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from filmgate_server.jobs.table import Execution
from filmgate_server.pool.port import Pool, ProducedOutput
from filmgate_server.store.content import Blob, Store, reservation_bytes


class Grants:
    """Sets memory aside for what executions will produce.

    Args:
        store: the memory.
        pool: whose workers write it.
    """

    def __init__(self, store: Store, pool: Callable[[], Pool]) -> None:
        self._store = store
        self._pool = pool

    def promise(self, execution: Execution, sizes: Sequence[int]) -> None:
        """Set memory aside for outputs of *sizes*, in place of what was.

        Raises:
            BusyError: there is not as much now.
            FilmgateError: there never will be.
        """
        wanted_bytes, wanted = reservation_bytes(list(sizes)), len(sizes)
        more_bytes = wanted_bytes - execution.promised_bytes
        more = wanted - execution.promised_segments
        self._store.promise(max(0, more_bytes), max(0, more))
        self._store.cancel_promise(max(0, -more_bytes), max(0, -more))
        execution.promised_bytes, execution.promised_segments = wanted_bytes, wanted

    def give_back(self, execution: Execution) -> None:
        """Undo what was promised and not used."""
        self._store.cancel_promise(execution.promised_bytes, execution.promised_segments)
        execution.promised_bytes = execution.promised_segments = 0

    def adopt(self, show: str, outputs: Sequence[ProducedOutput]) -> None:
        """Take outputs into the store; what was promised for them must have been given back."""
        for output in outputs:
            self._store.adopt(
                Blob(
                    show,
                    output.digest,
                    output.size_bytes,
                    output.segment,
                    output.sums,
                    lambda segment: self._pool().release_output(segment.id),
                )
            )

    def trim_idle(self) -> None:
        """Close idle segments that the budget has no room for, once reuse had its chance."""
        pool = self._pool()
        in_use, _ = pool.output_bytes
        spare = max(0, self._store.budget_bytes - self._store.input_bytes - in_use)
        self._store.trim(spare)
        outputs_spare = max(0, spare - self._store.idle_bytes)
        pool.trim_outputs(outputs_spare if self._store.idle_segments_max else 0)
