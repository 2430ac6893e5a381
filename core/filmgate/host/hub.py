"""The hub: what all nodes of one host process share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable, Optional

from filmgate.cache import Cache
from filmgate.config import Config, load_config
from filmgate.errors import InputError
from filmgate.host.board import Board
from filmgate.host.captures import CaptureStore
from filmgate.host.catalogue import Catalogue, catalogue_key
from filmgate.host.connection import Connection
from filmgate.host.paths import PathMap
from filmgate.host.results import Results
from filmgate.host.worker import Worker
from filmgate.takes import Takes

_GB = 1_000_000_000
_NODE = re.compile(r"[0-9a-f]{32}\Z")


class Hub:
    """One for each host process. Making one connects to nothing and starts no thread.

    Args:
        config: the settings; by default those of this process.
        folder: for everything on disk; by default the setting ``cache``. Hosts and artists may
            share it.

    Attributes:
        config: the settings.
        folder: where everything is on disk.
        paths: the site's path map.
        board: what panels show.
        cache: the content store.
        results: what was computed before.
        link: the connection to the server.
        catalogue: the models.
        captures: what nodes have captured; for the main thread.

    Raises:
        ConfigError: a setting cannot be used.
        StorageError: the folder cannot be made.
    """

    def __init__(self, config: Optional[Config] = None, folder: Optional[Path] = None) -> None:
        self.config = config or load_config()
        self.paths = PathMap(self.config.paths.value)
        self.folder = folder or Path(self.paths.here(self.config.cache.value)).expanduser()
        self.board = Board()
        self.cache = Cache(self.folder / "content", int(float(self.config.cache_gb.value) * _GB))
        self.results = Results(self.folder / "results", self.cache)
        self.link = Connection(self.config, self.paths, self.board.changed)
        self.catalogue = Catalogue(
            self.folder / "models", self.link, self._catalogue_key(), self.board.changed
        )
        self.captures = CaptureStore()
        self._worker = Worker("filmgate-background")
        self._sender = Worker("filmgate-sending")

    def takes(self, node: str) -> Takes:
        """Return the takes of a node.

        Args:
            node: its identity, 32 hexadecimal digits.

        Raises:
            InputError: it is none; a script that was edited could name any folder.
            StorageError: the folder cannot be made.
        """
        if not _NODE.match(node):
            raise InputError(f"{node!r} is no identity of a node.", "Make the node anew.")
        return Takes(self.folder / "takes" / node, self.cache)

    def background(self, call: Callable[[], None]) -> None:
        """Run *call* on the one thread for digests, lookups and takes, in the order given.

        It returns at once. After `close` nothing is run any more. What waits for the server is
        for `sending`: other nodes' frames that are known, and their takes, must not wait with it.
        """
        self._worker.post(call)

    def sending(self, call: Callable[[], None]) -> None:
        """Run *call* on the one thread that may wait for the server, in the order given.

        It returns at once. After `close` nothing is run any more.
        """
        self._sender.post(call)

    def close(self) -> None:
        """End everything that runs; calls that have not begun are dropped."""
        self._worker.stop()
        self._sender.stop()
        self.link.close()  # whoever waits for the server is released
        self.catalogue.close()
        self._worker.close()
        self._sender.close()

    def _catalogue_key(self) -> str:
        config = self.config
        return catalogue_key(config.server.value, config.show.value, config.user.value)
