"""What the server offers: pages of models; their manifests, cards and pictures for every show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from filmgate.digest import digest_blob
from filmgate.errors import UnknownModelError
from filmgate.manifest import to_manifest_json
from filmgate.wire.messages import ModelsPage
from filmgate.wire.records import BlobRef, ModelSummary
from filmgate_server.registry.attachments import Attachment, load_attachments
from filmgate_server.registry.local import Package
from filmgate_server.registry.offer import Models, Offer

PAGE_MODELS = 24
SUMMARY_CHARACTERS_MAX = 200
"""A page fits into a header; the whole text stands in the manifest."""

ALIASES_MAX = 8
"""Of each version; a page of models must fit into a header."""

MayUse = Callable[[str], bool]


@dataclass(frozen=True)
class PublicBlob:
    """A manifest or what comes with it: any session may fetch it whose key covers the model."""

    model: str
    digest: bytes
    size_bytes: int
    sums: tuple[bytes, ...]
    content: memoryview


class Catalogue:
    """The models as clients see them.

    Args:
        models: what references are resolved by; a version that is not here is fetched.
        offer: what there is now.
        chunk_bytes: the size of a piece of a blob.
    """

    def __init__(self, models: Models, offer: Offer, chunk_bytes: int) -> None:
        self._models = models
        self._chunk_bytes = chunk_bytes
        self._blobs: dict[bytes, PublicBlob] = {}
        self._attachments: dict[bytes, tuple[BlobRef, ...]] = {}
        self._offer = offer
        self._listed: list[ModelSummary] = []
        self.show(offer)

    def show(self, offer: Offer) -> None:
        """Show another offer; manifests that were shown before can still be fetched."""
        self._offer = offer
        self._listed = [
            self._summary(package, offer.aliases(package)) for package in offer.packages()
        ]

    def _summary(self, package: Package, aliases: tuple[str, ...]) -> ModelSummary:
        manifest = package.manifest
        blob = self._add(manifest.name, to_manifest_json(manifest))
        return ModelSummary(
            manifest.name,
            manifest.version,
            manifest.task[:SUMMARY_CHARACTERS_MAX],
            manifest.summary[:SUMMARY_CHARACTERS_MAX],
            package.digest,
            blob.digest,
            blob.size_bytes,
            aliases[:ALIASES_MAX],
            self._attached(package),
        )

    def _attached(self, package: Package) -> tuple[BlobRef, ...]:
        """Return what a package has for people; its files are read once."""
        known = self._attachments.get(package.digest)
        if known is None:
            known = tuple(
                self._ref(package.manifest.name, each) for each in load_attachments(package.path)
            )
            self._attachments[package.digest] = known
        return known

    def _ref(self, model: str, attachment: Attachment) -> BlobRef:
        blob = self._add(model, attachment.content)
        return BlobRef(attachment.name, blob.digest, blob.size_bytes, attachment.media)

    def page(self, cursor: int, may_use: MayUse) -> ModelsPage:
        """Return those models, from *cursor* on, that *may_use* returns true for."""
        models = [model for model in self._listed if may_use(model.name)]
        end = cursor + PAGE_MODELS
        following = end if end < len(models) else 0
        return ModelsPage(tuple(models[cursor:end]), following)

    def find(self, ref: str, may_use: MayUse) -> ModelsPage:
        """Return a page of the one model that *ref* means, as it would in a job.

        Raises:
            UnknownModelError: there is none, or *may_use* returns false for it.
            FilmgateError: as `filmgate_server.registry.offer.Offer.resolve` raises.
        """
        if not may_use(ref):
            raise UnknownModelError(f"Your key opens no model {ref!r}.")
        package = self._models.resolve(ref)
        return ModelsPage((self._summary(package, self._offer.aliases(package)),))

    def blob(self, digest: bytes, may_use: MayUse) -> PublicBlob | None:
        """Return a manifest, card or picture by its digest, if its model may be used."""
        blob = self._blobs.get(digest)
        return blob if blob is not None and may_use(blob.model) else None

    def _add(self, model: str, content: bytes) -> PublicBlob:
        digest, size_bytes, sums = digest_blob(content, self._chunk_bytes)
        blob = PublicBlob(model, digest, size_bytes, sums, memoryview(content))
        self._blobs[digest] = blob
        return blob
