"""The OCIO configs that a worker has read."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from filmgate.digest import digest_bytes, digest_text
from filmgate.errors import ColourError
from filmgate.wire.records import BUILTIN_PREFIX, OCIOZ_MEDIA
from filmgate_server.pool.messages import ColourOrder
from filmgate_server.worker.execution import InputBlob
from filmgate_server.worker.recent import Recent

if TYPE_CHECKING:
    from filmgate.image.colour import ColourConfig

CONFIGS_MAX = 4
"""An archive with its tables may take a hundred megabytes."""


def pinned_config() -> ColourConfig:
    """Return the config that counts where nobody names one."""
    # Colour management takes long to import; most executions have no use for it.
    from filmgate.image.colour import builtin_config  # noqa: PLC0415

    return builtin_config()


class ColourConfigs:
    """Configs by their references, each read once while it is kept; threads may ask at once."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._known: Recent[str, ColourConfig] = Recent(CONFIGS_MAX)

    def open(self, order: ColourOrder, blobs: Sequence[InputBlob]) -> ColourConfig:
        """Return the config that *order* names.

        Args:
            order: names it, and where it is on this machine if it is there.
            blobs: the inputs, in case it came along.

        Raises:
            ColourError: it cannot be used, or is not what its digest says.
        """
        with self._turn:
            known = self._known.get(order.config)
            if known is None:
                known = self._known[order.config] = _read(order, blobs)
            return known


def _read(order: ColourOrder, blobs: Sequence[InputBlob]) -> ColourConfig:
    if not order.config:
        return pinned_config()
    from filmgate.image.colour import builtin_config, parse_config  # noqa: PLC0415 - as above

    if order.config.startswith(BUILTIN_PREFIX):
        return builtin_config(order.config)
    return parse_config(_archive(order, blobs))


def _archive(order: ColourOrder, blobs: Sequence[InputBlob]) -> bytes:
    content = _on_disk(order.path) if order.path else _came_along(blobs)
    if digest_text(digest_bytes(content)) != order.config:
        raise ColourError(
            "The OCIO config on the server is not the one that it started with.",
            "Restart the server after a config was changed, or register it by a new name.",
        )
    return content


def _on_disk(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ColourError(f"The server's OCIO config cannot be read ({error}).") from error


def _came_along(blobs: Sequence[InputBlob]) -> bytes:
    for blob in blobs:
        if blob.entry.media == OCIOZ_MEDIA:
            return bytes(blob.data)
    raise ColourError("The OCIO config that the job names did not come along.")
