"""Blobs on their way in, checked piece by piece."""

from __future__ import annotations

from dataclasses import dataclass, field

from filmgate.digest import PrefixHasher
from filmgate.errors import IntegrityError, ProtocolError
from filmgate_server.store.segments import Segment


@dataclass
class Staging:
    """A blob on its way in; invisible until the last piece is in and the digest is right."""

    show: str
    digest: bytes
    size_bytes: int
    segment: Segment
    touched_s: float
    hasher: PrefixHasher = field(default_factory=PrefixHasher)
    sums: list[bytes] = field(default_factory=list[bytes])

    @property
    def received_bytes(self) -> int:
        """How much has arrived and matched its sums."""
        return self.hasher.size_bytes

    def add(self, offset: int, piece: memoryview, claimed_sum: bytes) -> bool:
        """Take the next piece; return whether it was the last.

        Raises:
            ProtocolError: the piece is not the next one or reaches beyond the blob.
            IntegrityError: the bytes are not those that were sent; nothing of it was kept.
        """
        if offset != self.received_bytes or offset + len(piece) > self.size_bytes or not piece:
            raise ProtocolError(
                "A piece of a blob is out of order.", detail={"offset": self.received_bytes}
            )
        self.segment.view[offset : offset + len(piece)] = piece
        if self.hasher.update(piece) != claimed_sum:
            raise IntegrityError("A piece of a blob was damaged on its way here.")
        self.sums.append(claimed_sum)
        return self._finished()

    def _finished(self) -> bool:
        if self.received_bytes < self.size_bytes:
            return False
        if self.hasher.digest() != self.digest:
            raise IntegrityError("A blob's content is not what its digest says.")
        return True
