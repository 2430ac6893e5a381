"""What the server offers: pages of models, and their manifests as blobs for every show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from filmgate.digest import digest_blob
from filmgate.manifest import to_manifest_json
from filmgate.wire.messages import ModelsPage
from filmgate.wire.records import ModelSummary
from filmgate_server.registry.local import LocalRegistry

PAGE_MODELS = 32
SUMMARY_CHARACTERS_MAX = 200
"""A page fits into a header; the whole text stands in the manifest."""


MayUse = Callable[[str], bool]


@dataclass(frozen=True)
class PublicBlob:
    """A manifest: content that any session may fetch whose key covers the model."""

    model: str
    digest: bytes
    size_bytes: int
    sums: tuple[bytes, ...]
    content: memoryview


class Catalogue:
    """The registry as clients see it."""

    def __init__(self, registry: LocalRegistry, chunk_bytes: int) -> None:
        self._blobs: dict[bytes, PublicBlob] = {}
        self._models: list[ModelSummary] = []
        for package in registry.packages():
            manifest = package.manifest
            blob = self._add(manifest.name, to_manifest_json(manifest), chunk_bytes)
            self._models.append(
                ModelSummary(
                    manifest.name,
                    manifest.version,
                    manifest.task[:SUMMARY_CHARACTERS_MAX],
                    manifest.summary[:SUMMARY_CHARACTERS_MAX],
                    package.digest,
                    blob.digest,
                    blob.size_bytes,
                )
            )

    def page(self, cursor: int, may_use: MayUse) -> ModelsPage:
        """Return those models, from *cursor* on, that *may_use* returns true for."""
        models = [model for model in self._models if may_use(model.name)]
        end = cursor + PAGE_MODELS
        following = end if end < len(models) else 0
        return ModelsPage(tuple(models[cursor:end]), following)

    def blob(self, digest: bytes, may_use: MayUse) -> PublicBlob | None:
        """Return a manifest by its digest, if its model may be used."""
        blob = self._blobs.get(digest)
        return blob if blob is not None and may_use(blob.model) else None

    def _add(self, model: str, content: bytes, chunk_bytes: int) -> PublicBlob:
        digest, size_bytes, sums = digest_blob(content, chunk_bytes)
        blob = PublicBlob(model, digest, size_bytes, sums, memoryview(content))
        self._blobs[digest] = blob
        return blob
