"""The hub: what all nodes of one host process share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

from filmgate.cache import Cache
from filmgate.config import Config
from filmgate.host.board import Board
from filmgate.host.catalogue import Catalogue
from filmgate.host.connection import Connection
from filmgate.host.paths import PathMap
from filmgate.takes import Takes

if TYPE_CHECKING:
    from filmgate.host.results import Results


class Hub:
    """One for each host process. Making one connects to nothing and starts no thread.

    Args:
        config: the settings; by default those of this process.
        folder: for everything on disk; by default the setting ``cache``.

    Attributes:
        config: the settings.
        cache: the content store.
        results: what was computed before.
        catalogue: the models.
        board: what panels show.
        paths: the site's path map.
        link: the connection to the server.

    Raises:
        ConfigError: a setting cannot be used.
        StorageError: the folder cannot be made.
    """

    config: Config
    cache: Cache
    results: Results
    catalogue: Catalogue
    board: Board
    paths: PathMap
    link: Connection

    def __init__(self, config: Optional[Config] = None, folder: Optional[Path] = None) -> None:
        raise NotImplementedError

    def takes(self, node: str) -> Takes:
        """Return the takes of a node.

        Args:
            node: its identity, 32 hexadecimal digits.
        """
        raise NotImplementedError

    def background(self, call: Callable[[], None]) -> None:
        """Run *call* on the one thread for digests, lookups and submits, in the order given."""
        raise NotImplementedError

    def close(self) -> None:
        """End everything that runs; calls that have not begun are dropped."""
        raise NotImplementedError
