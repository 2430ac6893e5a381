"""What is being fetched: asked for, received, verified, and handed to whoever waits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, Optional

from filmgate.errors import FilmgateError, IntegrityError
from filmgate.handoff import Handoff
from filmgate.link import Link
from filmgate.transfer import ATTEMPTS_MAX, Incoming, Receiving
from filmgate.wire.messages import BlobData, BlobGet, Credit
from filmgate.wire.records import BlobRef

WINDOW_BYTES = 8 << 20
"""How many bytes of results the server may send before we have read them."""

log = logging.getLogger("filmgate")


class DownloadEvents:
    """What the downloads tell the owner of the jobs that wait for them."""

    def arrived(self, job_ids: Iterable[bytes]) -> None:
        """Say that a blob which these jobs wait for is here, whole and verified."""

    def lost(self, job_ids: Iterable[bytes]) -> None:
        """Say that the server no longer has what these jobs wait for."""

    def damaged(self, job_ids: Iterable[bytes], error: FilmgateError) -> None:
        """Say that what these jobs wait for arrived damaged each time."""


class Downloads:
    """Every blob on its way here; all of it on the link's thread.

    Args:
        link: the connection.
        handoff: the way that leaves the connection out, where there is one.
        events: who waits.
    """

    def __init__(self, link: Link, handoff: Handoff, events: DownloadEvents) -> None:
        self._link = link
        self._handoff = handoff
        self._events = events
        self._incoming = Incoming()
        self._asked: dict[int, bytes] = {}
        self._answers: dict[bytes, list[Callable[[Any], None]]] = {}
        self._consumed = 0

    def opened(self) -> None:
        """Begin on a new connection: grant credit and ask again."""
        self._incoming.reset()
        self._asked.clear()
        self._consumed = 0
        self._link.send(Credit(WINDOW_BYTES))

    def want(self, ref: BlobRef, job_id: bytes) -> None:
        """Expect a blob for a job; `ask` sends for it.

        Raises:
            StorageError: there is no memory for it.
        """
        self._incoming.want(ref, job_id)

    def fetch(self, ref: BlobRef, answered: Callable[[Any], None]) -> None:
        """Fetch a blob that belongs to no job; *answered* gets its bytes or an error."""
        try:
            receiving = self._incoming.want(ref, ref.digest)
        except FilmgateError as error:
            answered(error)
            return
        self._answers.setdefault(ref.digest, []).append(answered)
        if receiving.complete:
            self._arrived(receiving)
        self.ask()

    def find(self, digest: bytes) -> Optional[memoryview]:
        """Return a blob that is here, whole and verified."""
        receiving = self._incoming.find(digest)
        return receiving.buffer if receiving is not None and receiving.complete else None

    def release(self, job_id: bytes) -> None:
        """Drop what only this job waited for."""
        self._incoming.release(job_id)

    def ask(self) -> None:
        """Ask for what has not been asked for yet, as much as may be under way at a time."""
        if self._link.welcome is None:
            return
        for receiving in self._incoming.to_ask():
            if self._can_be_handed(receiving):
                self._ask_handoff(receiving)
            else:
                start = receiving.hasher.size_bytes
                self._asked[self._link.send(BlobGet(receiving.digest, start))] = receiving.digest

    def take(self, data: BlobData, piece: memoryview) -> None:
        """Take a piece."""
        self._consume(len(piece))
        receiving = self._incoming.find(data.digest)
        if receiving is None or not receiving.asked or receiving.handed:
            return
        try:
            complete = receiving.add(data, piece)
        except IntegrityError as error:
            self._ask_again(receiving, error)
            return
        if complete:
            self._arrived(receiving)
            self.ask()

    def refused(self, number: Optional[int], error: FilmgateError) -> bool:
        """Take the error that answers request *number*; return whether it was one of ours."""
        digest = self._asked.pop(number, None) if number is not None else None
        if digest is None:
            return False
        receiving = self._incoming.find(digest)
        if receiving is not None:
            self._give_up(receiving, error, self._events.lost)
        return True

    def fail_all(self, error: FilmgateError) -> None:
        """Answer everybody who waits for a blob of no job with *error*."""
        for answered in [each for waiting in self._answers.values() for each in waiting]:
            answered(error)
        self._answers.clear()

    def _can_be_handed(self, receiving: Receiving) -> bool:
        fresh = not (receiving.by_wire or receiving.hasher.size_bytes)
        return fresh and self._handoff.takes(len(receiving.buffer))

    def _ask_handoff(self, receiving: Receiving) -> None:
        receiving.handed = True
        self._handoff.get(receiving, lambda error: self._handed_over(receiving, error))

    def _handed_over(self, receiving: Receiving, error: Optional[FilmgateError]) -> None:
        """Take a blob that was handed over, or ask for it over the wire instead."""
        receiving.handed = False
        if error is not None:
            log.info("a result comes over the wire: %s", error)
            receiving.by_wire, receiving.asked = True, False
        elif self._incoming.find(receiving.digest) is receiving:
            self._arrived(receiving)
        self.ask()

    def _ask_again(self, receiving: Receiving, error: IntegrityError) -> None:
        log.warning("%s", error)
        if receiving.attempts < ATTEMPTS_MAX:
            self.ask()
        else:
            self._give_up(receiving, error, lambda jobs: self._events.damaged(jobs, error))

    def _give_up(
        self,
        receiving: Receiving,
        error: FilmgateError,
        tell: Callable[[Iterable[bytes]], None],
    ) -> None:
        job_ids = list(receiving.jobs)
        for job_id in job_ids:
            self._incoming.release(job_id)
        for answered in self._answers.pop(receiving.digest, []):
            answered(error)
        tell(job_id for job_id in job_ids if job_id != receiving.digest)

    def _consume(self, size_bytes: int) -> None:
        self._consumed += size_bytes
        if self._consumed >= WINDOW_BYTES // 4:
            self._link.send(Credit(self._consumed))
            self._consumed = 0

    def _arrived(self, receiving: Receiving) -> None:
        self._asked = {key: at for key, at in self._asked.items() if at != receiving.digest}
        for answered in self._answers.pop(receiving.digest, []):
            answered(receiving.buffer)
        self._events.arrived(list(receiving.jobs))
        self._incoming.release(receiving.digest)
