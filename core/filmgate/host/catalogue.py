"""The catalogue: which models there are, kept on disk, so that a node works without the server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Callable, Optional, Union

from filmgate.cache import Cache
from filmgate.client import Client
from filmgate.digest import digest_bytes, parse_digest
from filmgate.disk import remove, storage_errors
from filmgate.errors import (
    BusyError,
    ConnectionLostError,
    FilmgateError,
    IntegrityError,
    ManifestError,
    RequestError,
    StorageError,
    UnknownModelError,
)
from filmgate.host.connection import CONNECT_WITHIN_S, Connection
from filmgate.host.listing import Listings, load_models, save_models
from filmgate.host.worker import Worker
from filmgate.manifest import Manifest, parse_manifest_json
from filmgate.wire.records import CARD_NAME, PICTURE_NAME, BlobRef, ModelSummary

QUOTA_BYTES = 1 << 30
"""What manifests, cards and pictures may take on disk."""

ATTACHMENT_BYTES_MAX = 16 << 20

Done = Callable[[Optional[FilmgateError]], None]

log = logging.getLogger("filmgate")


class Catalogue:
    """The models of one server, with manifests, cards and pictures, as they were last heard of.

    Reading never touches the network, and what is damaged on disk counts as missing. Several
    processes may share the folder.

    Args:
        folder: made when it does not exist.
        connection: to the server; used by `refresh` and `resolve` alone.
        key: tells the servers that share the folder apart; fit for a file name.
        changed: told, on another thread, when a refresh has found something.

    Raises:
        StorageError: the folder cannot be made.
    """

    def __init__(
        self,
        folder: Path,
        connection: Connection,
        key: str = "models",
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._changed = changed
        self._store = Cache(folder / "content", QUOTA_BYTES)
        self._listings = Listings(folder / "lists", key)
        self._packages = folder / "packages"
        with storage_errors(self._packages):
            self._packages.mkdir(exist_ok=True)
        self._lock = threading.Lock()
        self._models: Optional[tuple[ModelSummary, ...]] = None
        self._manifests: dict[bytes, Manifest] = {}
        self._waiting: list[Done] = []
        self._refreshing = False
        self._worker = Worker("filmgate-catalogue")

    def models(self) -> tuple[ModelSummary, ...]:
        """Return what the server offered when it was last asked, by whichever process."""
        if self._models is None:
            self._models = self._listings.load() or ()
        return self._models

    def manifest(self, model: Union[ModelSummary, bytes]) -> Optional[Manifest]:
        """Return a manifest that is on disk, else None.

        Args:
            model: as listed, or the digest of a package.
        """
        summary = self._summary(model) if isinstance(model, bytes) else model
        if summary is None:
            return None
        try:
            return self._parsed(summary)
        except ManifestError as error:  # of a later version than this client
            log.warning("The manifest of %s cannot be read: %s", summary.name, error)
            return None

    def card(self, model: ModelSummary) -> Optional[str]:
        """Return the model's card (Markdown) if it is on disk."""
        content = self._attachment(model, CARD_NAME)
        return None if content is None else content.decode("utf-8", "replace")

    def picture(self, model: ModelSummary) -> Optional[bytes]:
        """Return the model's picture (PNG or JPEG) if it is on disk."""
        return self._attachment(model, PICTURE_NAME)

    def refresh(self, done: Optional[Done] = None) -> None:
        """Ask the server in the background; several calls at once are one.

        Args:
            done: told how it went, on another thread; None means that all went well.
        """
        with self._lock:
            if done is not None:
                self._waiting.append(done)
            if self._refreshing:
                return
            self._refreshing = True
        self._worker.post(self._refresh)

    def resolve(self, ref: str, wait_s: float = CONNECT_WITHIN_S) -> tuple[ModelSummary, Manifest]:
        """Ask the server what a reference means now, and keep it; for background threads only.

        With the server away, a reference that holds a package digest is answered from disk.

        Args:
            ref: ``name``, ``name@version``, ``name@alias`` or ``name@blake3:…``.
            wait_s: how long the server may take to answer.

        Raises:
            UnknownModelError: the server has no such model.
            FilmgateError: it cannot be reached, or has turned us away.
        """
        try:
            client = self._connection.client(wait_s)
            summary = client.model(ref)
            self._keep(client, [summary])
        except (ConnectionLostError, BusyError):
            known = self._pinned(ref)
            if known is None:
                raise
            summary = known
        manifest = self._parsed(summary)
        if manifest is None:
            raise UnknownModelError(f"The manifest of {ref} is not to be had.")
        return summary, manifest

    def close(self) -> None:
        """End the background thread; close the connection first, or this waits for it."""
        self._worker.close()

    # Reading.

    def _parsed(self, summary: ModelSummary) -> Optional[Manifest]:
        known = self._manifests.get(summary.manifest)
        if known is not None:
            return known
        content = self._load(summary.manifest)
        if content is None:
            return None
        manifest = self._manifests[summary.manifest] = parse_manifest_json(content)
        return manifest

    def _summary(self, package: bytes) -> Optional[ModelSummary]:
        found = load_models(self._package_path(package))
        return found[0] if found else None

    def _pinned(self, ref: str) -> Optional[ModelSummary]:
        """Return what a reference with a digest means, from disk, its manifest included."""
        try:
            package = parse_digest(ref.partition("@")[2])
        except RequestError:
            return None
        summary = self._summary(package)
        return summary if summary is not None and self.manifest(summary) is not None else None

    def _attachment(self, model: ModelSummary, name: str) -> Optional[bytes]:
        blobs = (blob for blob in model.attachments if blob.name == name)
        return next((self._load(blob.digest) for blob in blobs), None)

    def _load(self, digest: bytes) -> Optional[bytes]:
        try:
            return self._store.load(digest, verify=True)
        except StorageError as error:  # fetching it again is better than not going on
            log.warning("A part of a model's description cannot be read: %s", error)
            return None

    # Asking.

    def _refresh(self) -> None:
        error: Optional[FilmgateError] = None
        try:
            self._ask()
        except FilmgateError as failure:
            error = failure
        finally:
            with self._lock:
                self._refreshing = False
                waiting, self._waiting = self._waiting, []
        for done in waiting:
            done(error)

    def _ask(self) -> None:
        client = self._connection.client()
        models = tuple(client.models())
        self._models = models
        try:
            self._keep(client, models)
            self._listings.save(models)
        finally:  # what was heard counts, whatever the disk does
            self._changed()
        for model in models:
            for blob in model.attachments:
                if blob.size <= ATTACHMENT_BYTES_MAX:
                    self._fetch(client, blob)
        self._changed()

    def _keep(self, client: Client, models: Iterable[ModelSummary]) -> None:
        for model in models:
            self._fetch(client, BlobRef("manifest", model.manifest, model.manifest_size))
            path = self._package_path(model.digest)
            if load_models(path) is None:
                self._write_package(path, model)

    def _write_package(self, path: Path, model: ModelSummary) -> None:
        """Note what a digest means; what another process notes meanwhile is the same."""
        remove(path)  # it is damaged, or not there
        try:
            save_models(path, [model])
        except StorageError:
            if load_models(path) is None:
                raise

    def _fetch(self, client: Client, blob: BlobRef) -> None:
        """Fetch a blob that is not on disk; one that the server has lost is left out."""
        if self._load(blob.digest) is not None:
            return
        try:
            self._store.put(client.attachment(blob))
        except (RequestError, IntegrityError) as error:
            log.info("A part of a model's description is not to be had: %s", error)

    def _package_path(self, package: bytes) -> Path:
        return self._packages / f"{package.hex()}.model"


def catalogue_key(*parts: str) -> str:
    """Return a key made of server, show and user: what one may see, another may not."""
    return digest_bytes("\n".join(parts).encode()).hex()[:16]
