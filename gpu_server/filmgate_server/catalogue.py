"""What the server offers: pages of models, and their manifests as blobs for every show."""

from __future__ import annotations

from dataclasses import dataclass

from filmgate.digest import digest_blob
from filmgate.manifest import to_manifest_json
from filmgate.wire.messages import ModelsPage
from filmgate.wire.records import ModelSummary
from filmgate_server.registry.local import LocalRegistry

PAGE_MODELS = 32
SUMMARY_CHARACTERS_MAX = 200
"""A page fits into a header; the whole text stands in the manifest."""


@dataclass(frozen=True)
class PublicBlob:
    """Content that any session may fetch."""

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
            blob = self._add(to_manifest_json(manifest), chunk_bytes)
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

    def page(self, cursor: int) -> ModelsPage:
        """Return the models from *cursor* on."""
        end = cursor + PAGE_MODELS
        following = end if end < len(self._models) else 0
        return ModelsPage(tuple(self._models[cursor:end]), following)

    def blob(self, digest: bytes) -> PublicBlob | None:
        """Return a manifest by its digest."""
        return self._blobs.get(digest)

    def _add(self, content: bytes, chunk_bytes: int) -> PublicBlob:
        digest, size_bytes, sums = digest_blob(content, chunk_bytes)
        blob = PublicBlob(digest, size_bytes, sums, memoryview(content))
        self._blobs[digest] = blob
        return blob
