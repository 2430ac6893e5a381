"""Decoded files that a worker keeps: the neighbours of one frame are those of the next."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

from filmgate.image.frame import Plane, Plate

DECODED_BYTES = 1 << 30
"""Fourteen frames of 4K RGBA in half float: a window, and room for a sequence next to it."""


class DecodedFrames:
    """Plates by the digest of their file, the least recently used ones forgotten first.

    Threads may ask at once; what one of them decodes the others wait for. The planes are read-only.

    Args:
        budget_bytes: how much of pixels to keep. The frame that was asked for last is kept even if
            it alone takes more.

    Attributes:
        decodes: how many files have been decoded.
        kept_bytes: how much is kept.
    """

    def __init__(self, budget_bytes: int = DECODED_BYTES) -> None:
        self.decodes = 0
        self.kept_bytes = 0
        self._budget_bytes = budget_bytes
        self._turn = threading.Lock()
        self._plates: OrderedDict[bytes, Future[Plate]] = OrderedDict()

    def plate(self, digest: bytes, decode: Callable[[], Plate]) -> Plate:
        """Return the file of this content, from *decode* where it is not kept.

        Raises:
            FilmgateError: what *decode* raises; nothing is kept then.
        """
        with self._turn:
            known = self._plates.get(digest)
            wanted = self._plates.setdefault(digest, Future())
            self._plates.move_to_end(digest)
        if known is None:
            self._decode(digest, wanted, decode)
        return wanted.result()

    def _decode(self, digest: bytes, wanted: Future[Plate], decode: Callable[[], Plate]) -> None:
        try:
            plate = decode()
        except BaseException as error:  # noqa: BLE001 - who waits must hear of it, whatever it is
            with self._turn:
                del self._plates[digest]
            wanted.set_exception(error)
            return
        for plane in _planes(plate):
            plane.flags.writeable = False
        with self._turn:
            self.decodes += 1
            self.kept_bytes += plate_bytes(plate)
            wanted.set_result(plate)
            self._forget(digest)

    def _forget(self, newest: bytes) -> None:
        for digest, kept in list(self._plates.items()):
            if self.kept_bytes <= self._budget_bytes:
                return
            if kept.done() and digest != newest:
                self.kept_bytes -= plate_bytes(self._plates.pop(digest).result())


def plate_bytes(plate: Plate) -> int:
    """Return how much memory the pixels take."""
    return sum(plane.nbytes for plane in _planes(plate))


def _planes(plate: Plate) -> list[Plane]:
    return [plane for part in plate.parts for plane in part.channels.values()]
