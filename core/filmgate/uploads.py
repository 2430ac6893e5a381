"""What is being sent: through shared memory where that is possible, else over the wire."""

from __future__ import annotations

import logging
from typing import Optional

from filmgate.digest import BlobDigest, Buffer
from filmgate.errors import FilmgateError
from filmgate.handoff import Handoff, Put
from filmgate.link import Link
from filmgate.transfer import Outgoing
from filmgate.wire.messages import Welcome
from filmgate.wire.records import Missing

log = logging.getLogger("filmgate")


class Uploads:
    """Every blob on its way to the server; all of it on the link's thread.

    Args:
        link: the connection.
        handoff: the way that leaves the connection out, where there is one.
    """

    def __init__(self, link: Link, handoff: Handoff) -> None:
        self._link = link
        self._handoff = handoff
        self._outgoing = Outgoing()
        self._handed: dict[bytes, Put] = {}

    def opened(self, welcome: Welcome) -> None:
        """Start over on a new connection; jobs will ask again for what they miss."""
        self._handed.clear()
        self._outgoing.reset(welcome.chunk_bytes, welcome.credit_bytes)

    def want(self, missing: Missing, blob: BlobDigest, data: Buffer) -> bool:
        """Send a blob that the server lacks; return false if it is being sent already."""
        if missing.digest in self._handed:
            return False
        if missing.offset or missing.digest in self._outgoing:
            return self._outgoing.want(missing, blob, data)
        if not self._handoff.takes(blob.size_bytes):
            return self._outgoing.want(missing, blob, data)
        self._handed[missing.digest] = self._handoff.put(
            blob.digest, data, lambda put, error: self._handed_over(put, error, missing, blob)
        )
        return True

    def drop(self, digest: bytes) -> None:
        """Send no more of a blob."""
        self._outgoing.drop(digest)
        handed = self._handed.pop(digest, None)
        if handed is not None:
            handed.dropped = True

    def restart(self, digest: bytes, offset: int) -> None:
        """Go on from *offset* after the server found a piece damaged or out of order.

        Raises:
            IntegrityError: that has happened too often.
        """
        self._outgoing.restart(digest, offset)

    def granted(self, size_bytes: int) -> None:
        """Note that so many more bytes may be sent over the wire."""
        self._outgoing.credit += size_bytes
        self.pump()

    def pump(self) -> None:
        """Send what the credit allows."""
        for put, piece in self._outgoing.pieces():
            self._link.send(put, piece)

    def _handed_over(
        self, put: Put, error: Optional[FilmgateError], missing: Missing, blob: BlobDigest
    ) -> None:
        """Send over the wire what could not be handed over, unless nobody wants it any more."""
        if error is None or self._handed.get(missing.digest) is not put:
            return
        log.info("an input goes over the wire: %s", error)
        del self._handed[missing.digest]
        self._outgoing.want(missing, blob, put.data)
        if self._link.welcome is not None:
            self.pump()
