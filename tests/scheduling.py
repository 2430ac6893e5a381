"""Which tests go to one process: those of a file, or a long one by itself."""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling


class Scheduling(LoadFileScheduling):
    """Whole files, one after another as they were collected.

    Args:
        apart: the files whose tests go singly.
        config: of the session.
        log: of xdist.
    """

    def __init__(self, apart: tuple[str, ...], config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        self._apart = apart

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith(self._apart) else super()._split_scope(nodeid)
