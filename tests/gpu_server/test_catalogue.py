"""The list of models and their manifests."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.gate import MODEL
from filmgate.digest import digest_blob
from filmgate.errors import UnknownModelError
from filmgate.manifest import parse_manifest_json
from filmgate.wire.codec import decode, encode
from filmgate.wire.records import ModelSummary
from filmgate_server.gateway.catalogue import PAGE_MODELS, SUMMARY_CHARACTERS_MAX, Catalogue
from filmgate_server.registry.attachments import PICTURE_BYTES_MAX
from filmgate_server.registry.local import LocalRegistry

COUNT = 2 * PAGE_MODELS + 3


def anything(model: str) -> bool:
    """Say yes: every model may be used."""
    return True


@pytest.fixture
def registry(tmp_path: Path) -> LocalRegistry:
    """Return a registry of more packages than two pages hold, with long summaries."""
    for number in range(COUNT):
        package = tmp_path / f"model{number:03}"
        package.mkdir()
        text = MODEL.replace('"negate"', f'"model{number:03}"')
        text = text.replace("Changes the sign of every value.", "\N{CLAPPER BOARD}" * 1000)
        (package / "model.toml").write_text(text, encoding="utf-8")
        (package / "negate.py").write_text("class Negate: ...\n")
    return LocalRegistry([tmp_path])


def test_pages_hold_every_model_once(registry: LocalRegistry) -> None:
    """From cursor to cursor, each model comes once, and each page can be sent."""
    catalogue = Catalogue(registry, registry, 1 << 20)
    names: list[str] = []
    cursor, pages = 0, 0
    while pages == 0 or cursor:
        page = catalogue.page(cursor, anything)
        assert decode(encode(page)).message == page
        names += [model.name for model in page.models]
        cursor, pages = page.following, pages + 1
    assert names == sorted(names)
    assert (len(set(names)), pages) == (COUNT, 3)


@pytest.mark.parametrize("cursor", [COUNT, COUNT + 1, 2**53 - 1])
def test_a_cursor_beyond_the_end_is_an_empty_page(registry: LocalRegistry, cursor: int) -> None:
    """Nothing follows the end."""
    page = Catalogue(registry, registry, 1 << 20).page(cursor, anything)
    assert (page.models, page.following) == ((), 0)


def test_manifests_are_blobs(registry: LocalRegistry) -> None:
    """Each summary names a blob with the package's manifest, cut into the server's pieces."""
    catalogue = Catalogue(registry, registry, 1 << 10)
    summary = catalogue.page(0, anything).models[0]
    blob = catalogue.blob(summary.manifest, anything)
    assert blob is not None
    assert (blob.digest, blob.size_bytes, blob.sums) == digest_blob(bytes(blob.content), 1 << 10)
    assert blob.size_bytes == summary.manifest_size
    assert parse_manifest_json(bytes(blob.content)) == registry.resolve(summary.name).manifest
    assert len(summary.summary) == SUMMARY_CHARACTERS_MAX
    assert catalogue.blob(b"x" * 32, anything) is None


PNG = b"\x89PNG\r\n\x1a\n and so on"


def _carded(folder: Path, card: bytes, **files: bytes) -> tuple[Catalogue, ModelSummary]:
    """Return the catalogue of one package with a card and pictures, and its summary."""
    package = folder / "negate"
    package.mkdir()
    (package / "model.toml").write_text(MODEL, encoding="utf-8")
    (package / "negate.py").write_text("class Negate: ...\n")
    (package / "card.md").write_bytes(card)
    for name, content in files.items():
        (package / f"{name}.png").write_bytes(content)
    registry = LocalRegistry([folder])
    catalogue = Catalogue(registry, registry, 1 << 20)
    return catalogue, catalogue.page(0, anything).models[0]


def test_a_card_and_its_first_picture_come_along(tmp_path: Path) -> None:
    """Panels get the Markdown and the picture that it shows first, byte for byte."""
    card = b"# Negate\n\n![before and after](first.png) ![more](second.png)\n"
    catalogue, summary = _carded(tmp_path, card, first=PNG, second=PNG + b"2")
    told = {each.name: (each.media, each.digest) for each in summary.attachments}
    assert {name: media for name, (media, _) in told.items()} == {
        "card": "text/markdown",
        "picture": "image/png",
    }
    found = {name: catalogue.blob(digest, anything) for name, (_, digest) in told.items()}
    assert {name: bytes(blob.content) for name, blob in found.items() if blob} == {
        "card": card,
        "picture": PNG,
    }
    assert catalogue.blob(told["card"][1], lambda model: model != "negate") is None


@pytest.mark.parametrize("shown", ["../../outside.png", "gone.png", "large.png", "/etc/motd.png"])
def test_a_picture_that_cannot_be_shown_is_left_out(tmp_path: Path, shown: str) -> None:
    """A path out of the package, a missing or an endless picture costs the picture alone."""
    (tmp_path / "outside.png").write_bytes(PNG)
    large = bytes(PICTURE_BYTES_MAX + 1)
    _, summary = _carded(tmp_path, f"![it]({shown})".encode(), large=large)
    assert [each.name for each in summary.attachments] == ["card"]


def test_models_that_may_not_be_used_are_not_shown(registry: LocalRegistry) -> None:
    """Neither the list nor a manifest's digest tells of a model that a key does not cover."""
    catalogue = Catalogue(registry, registry, 1 << 20)
    hidden = catalogue.page(0, anything).models[0]

    def covered(model: str) -> bool:
        return model > "model040"

    page = catalogue.page(0, covered)
    assert [page.models[0].name, len(page.models)] == ["model041", COUNT - 41]
    assert page.following == 0
    assert catalogue.blob(hidden.manifest, covered) is None
    assert catalogue.find("model041", covered).models == page.models[:1]
    with pytest.raises(UnknownModelError, match="Your key opens no model"):
        catalogue.find(f"{hidden.name}@{hidden.version}", covered)
    assert catalogue.blob(page.models[0].manifest, covered) is not None
