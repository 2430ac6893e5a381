"""The catalogue: which models there are, kept on disk, so that a node works without the server."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Optional, Union

from filmgate.errors import FilmgateError
from filmgate.host.connection import CONNECT_WITHIN_S, Connection
from filmgate.manifest import Manifest
from filmgate.wire.records import ModelSummary


class Catalogue:
    """The models of one server, with manifests, cards and pictures, as they were last heard of.

    Reading never touches the network. Several processes may share the folder.

    Args:
        folder: made when it does not exist.
        connection: to the server.
        changed: told, on another thread, when a refresh has found something new.
    """

    def __init__(
        self, folder: Path, connection: Connection, changed: Callable[[], None] = lambda: None
    ) -> None:
        raise NotImplementedError

    def models(self) -> tuple[ModelSummary, ...]:
        """Return what the server offered when it was last asked, by any process of this user."""
        raise NotImplementedError

    def manifest(self, model: Union[ModelSummary, bytes]) -> Optional[Manifest]:
        """Return a manifest that is on disk, else None.

        Args:
            model: as listed, or the digest of a package.
        """
        raise NotImplementedError

    def card(self, model: ModelSummary) -> Optional[str]:
        """Return the model's card (Markdown) if it is on disk."""
        raise NotImplementedError

    def picture(self, model: ModelSummary) -> Optional[bytes]:
        """Return the model's picture (PNG or JPEG) if it is on disk."""
        raise NotImplementedError

    def refresh(self, done: Optional[Callable[[Optional[FilmgateError]], None]] = None) -> None:
        """Ask the server in the background; several calls at once are one.

        Args:
            done: told how it went, on another thread; None means that all went well.
        """
        raise NotImplementedError

    def resolve(self, ref: str, wait_s: float = CONNECT_WITHIN_S) -> tuple[ModelSummary, Manifest]:
        """Ask the server what a reference means now, and keep it; for background threads only.

        With the server away, a reference that holds a package digest is answered from disk.

        Args:
            ref: ``name``, ``name@version``, ``name@alias`` or ``name@blake3:…``.
            wait_s: how long the server may take to answer.

        Raises:
            FilmgateError: there is no such model, or nobody to ask.
        """
        raise NotImplementedError

    def close(self) -> None:
        """End the background thread."""
        raise NotImplementedError
