"""The models as they are kept on disk, against a server played by hand."""

from __future__ import annotations

import json
import multiprocessing
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

from fakes.scripted import ScriptedServer, pieces
from filmgate.config import Config, load_config
from filmgate.digest import digest_bytes, digest_text
from filmgate.errors import (
    ConnectionLostError,
    FilmgateError,
    UnknownBlobError,
)
from filmgate.host.catalogue import Catalogue, catalogue_key
from filmgate.host.connection import Connection
from filmgate.host.listing import Listings
from filmgate.manifest import parse_manifest, to_manifest_json
from filmgate.wire.messages import BlobGet, ModelsList, ModelsPage, to_error
from filmgate.wire.records import (
    CARD_NAME,
    MARKDOWN_MEDIA,
    PICTURE_NAME,
    PNG_MEDIA,
    BlobRef,
    ModelSummary,
)

PATIENCE_S = 20.0
CARD, PICTURE = b"# Denoise\nLess noise.\n", b"\x89PNG of a plate"


def manifest_json(name: str, version: str = "1.0.0") -> bytes:
    """Return a manifest as it travels."""
    document = {
        "model": {"name": name, "version": version, "task": "denoise", "summary": "Less."},
        "licence": {"code": "Apache-2.0", "weights": "none"},
        "inputs": [{"name": "color"}],
        "outputs": [{"name": "color"}],
        "runtime": {"engine": "oidn"},
    }
    return to_manifest_json(parse_manifest(document))


def summary(name: str, version: str = "1.0.0", *attachments: BlobRef) -> ModelSummary:
    """Return the line of the list for `manifest_json`."""
    content = manifest_json(name, version)
    package = digest_bytes(f"{name}{version}".encode())
    return ModelSummary(
        name,
        version,
        "denoise",
        "Less.",
        package,
        digest_bytes(content),
        len(content),
        ("champion",),
        attachments,
    )


def attachment(name: str, content: bytes, media: str) -> BlobRef:
    """Return the reference to something that a panel shows."""
    return BlobRef(name, digest_bytes(content), len(content), media)


DENOISE = summary(
    "denoise",
    "1.0.0",
    attachment(CARD_NAME, CARD, MARKDOWN_MEDIA),
    attachment(PICTURE_NAME, PICTURE, PNG_MEDIA),
)
UPSCALE = summary("upscale")
BLOBS = {
    digest_bytes(content): content
    for content in (manifest_json("denoise"), manifest_json("upscale"), CARD, PICTURE)
}


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Config]:
    """Return what makes settings without those of the real user."""
    environ = dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "XDG_CONFIG_HOME"), str(tmp_path))
    return lambda server: load_config({"server": server}, environ)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Play a server."""
    with ScriptedServer() as playing:
        yield playing


@pytest.fixture
def opened(tmp_path: Path, config: Callable[[str], Config]) -> Iterator[Callable[..., Catalogue]]:
    """Return what opens catalogues in one folder, and close them in the end."""
    made: list[tuple[Connection, Catalogue]] = []

    def make(server: str, changed: Callable[[], None] = lambda: None) -> Catalogue:
        connection = Connection(config(server))
        made.append((connection, Catalogue(tmp_path / "models", connection, "k", changed)))
        return made[-1][1]

    yield make
    for connection, catalogue in made:
        connection.close()
        catalogue.close()


def nobody() -> str:
    """Return an address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"tcp://127.0.0.1:{listening.getsockname()[1]}"


def refreshed(
    catalogue: Catalogue,
    server: ScriptedServer,
    models: tuple[ModelSummary, ...] = (DENOISE, UPSCALE),
    blobs: Mapping[bytes, bytes] = BLOBS,
) -> list[bytes]:
    """Refresh a catalogue from a server with these models; return the blobs that were fetched."""
    told: Future[Optional[FilmgateError]] = Future()
    catalogue.refresh(told.set_result)
    fetched = play(server, told, models, blobs)
    assert told.result(0) is None
    return fetched


def play(
    server: ScriptedServer,
    until: Future[Any],
    models: tuple[ModelSummary, ...],
    blobs: Mapping[bytes, bytes],
) -> list[bytes]:
    """Answer what a catalogue asks until it has told how that went."""
    fetched: list[bytes] = []
    if not server.route:
        server.welcome()
    while not until.done():
        if not server.poll(20):
            continue
        received = server.receive()
        asked = received.envelope.message
        if isinstance(asked, ModelsList):
            server.answer(received, ModelsPage(models))
        elif isinstance(asked, BlobGet) and asked.digest in blobs:
            fetched.append(asked.digest)
            for message, piece in pieces(blobs[asked.digest]):
                server.tell(message, piece=piece)
        elif isinstance(asked, BlobGet):
            server.answer(received, to_error(UnknownBlobError("Gone.")))
    return fetched


def test_an_empty_catalogue_asks_nobody(
    server: ScriptedServer, opened: Callable[..., Catalogue]
) -> None:
    """Reading is answered at once, and the server hears nothing of it."""
    catalogue = opened(server.address)
    assert catalogue.models() == ()
    assert catalogue.manifest(DENOISE) is None
    assert catalogue.card(DENOISE) is None
    assert catalogue.picture(DENOISE) is None
    assert not server.poll(100)


def test_a_refresh_brings_everything(
    server: ScriptedServer, opened: Callable[..., Catalogue]
) -> None:
    """Models, manifests, cards and pictures, and whoever listens is told."""
    told: list[int] = []
    catalogue = opened(server.address, lambda: told.append(1))
    assert set(refreshed(catalogue, server)) == set(BLOBS)
    assert told
    assert catalogue.models() == (DENOISE, UPSCALE)
    by_digest, by_summary = catalogue.manifest(DENOISE.digest), catalogue.manifest(DENOISE)
    assert by_digest is not None
    assert by_digest == by_summary
    assert by_digest.name == "denoise"
    assert catalogue.card(DENOISE) == CARD.decode()
    assert catalogue.picture(DENOISE) == PICTURE
    assert catalogue.card(UPSCALE) is None


def test_the_disk_is_enough_afterwards(
    server: ScriptedServer, opened: Callable[..., Catalogue]
) -> None:
    """Another process, with the server away, knows all of it."""
    refreshed(opened(server.address), server)
    later = opened(nobody())
    assert later.models() == (DENOISE, UPSCALE)
    manifest = later.manifest(UPSCALE)
    assert manifest is not None
    assert manifest.name == "upscale"
    assert later.picture(DENOISE) == PICTURE


def test_what_is_here_is_not_fetched_again(
    server: ScriptedServer, opened: Callable[..., Catalogue]
) -> None:
    """The second refresh asks for the list alone, and the new list counts."""
    catalogue = opened(server.address)
    refreshed(catalogue, server)
    newer = replace(DENOISE, aliases=("champion", "challenger"))
    assert refreshed(catalogue, server, (newer,)) == []
    assert catalogue.models() == (newer,)
    assert opened(nobody()).models() == (newer,)


def test_several_refreshes_at_once_are_one(
    server: ScriptedServer, opened: Callable[..., Catalogue]
) -> None:
    """Everybody who asked is told; the server was asked once."""
    catalogue = opened(server.address)
    others: list[Optional[FilmgateError]] = []
    told: Future[Optional[FilmgateError]] = Future()
    catalogue.refresh(others.append)
    catalogue.refresh(told.set_result)
    fetched = play(server, told, (DENOISE, UPSCALE), BLOBS)
    assert others == [None]
    assert len(fetched) == len(BLOBS)


def test_a_server_that_is_away_is_told(opened: Callable[..., Catalogue]) -> None:
    """The list stays as it was, and whoever asked gets the error with its remedy."""
    catalogue = opened("")
    told: Future[Optional[FilmgateError]] = Future()
    catalogue.refresh(told.set_result)
    error = told.result(PATIENCE_S)
    assert isinstance(error, ConnectionLostError)
    assert error.remedy


def test_a_part_that_the_server_has_lost_is_left_out(
    server: ScriptedServer, opened: Callable[..., Catalogue]
) -> None:
    """One picture that is gone hides no model."""
    catalogue = opened(server.address)
    blobs = {digest: content for digest, content in BLOBS.items() if content != PICTURE}
    refreshed(catalogue, server, (DENOISE, UPSCALE), blobs)
    assert catalogue.picture(DENOISE) is None
    assert catalogue.card(DENOISE) == CARD.decode()
    assert catalogue.models() == (DENOISE, UPSCALE)


def test_damage_counts_as_missing_and_is_mended(
    server: ScriptedServer, opened: Callable[..., Catalogue], tmp_path: Path
) -> None:
    """Whatever a disk does to the files, nothing fails, and the next refresh repairs it."""
    refreshed(opened(server.address), server)
    for path in [path for path in (tmp_path / "models").rglob("*") if path.is_file()]:
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-3] + b"bad")
    catalogue = opened(server.address)
    assert catalogue.models() == ()
    assert catalogue.manifest(DENOISE) is None
    assert catalogue.manifest(DENOISE.digest) is None
    server.route = b""
    assert set(refreshed(catalogue, server)) == set(BLOBS)
    assert opened(nobody()).models() == (DENOISE, UPSCALE)
    assert opened(nobody()).manifest(DENOISE.digest) is not None


@pytest.mark.parametrize(
    "content", [b"", b"short", digest_bytes(b"\0\0\0\1\xc1") + b"\0\0\0\1\xc1"]
)
def test_a_damaged_list_leaves_the_one_before(tmp_path: Path, content: bytes) -> None:
    """A process that died while it wrote, or a strange version, hides nothing."""
    listings = Listings(tmp_path, "k")
    listings.save((DENOISE,))
    (tmp_path / "k-99999999999999999999-0.models").write_bytes(content)
    assert listings.load() == (DENOISE,)


def test_lists_are_added_and_never_replaced(tmp_path: Path) -> None:
    """Who reads a list goes on reading it; old ones go, a clock set back hides no newer one."""
    listings = Listings(tmp_path, "k")
    (tmp_path / "k-88888888888888888888-0.models").write_bytes(b"of tomorrow")
    names: set[str] = set()
    for number in range(5):
        listings.save((replace(DENOISE, version=str(number)),))
        names |= {path.name for path in tmp_path.iterdir()}
        found = listings.load()
        assert found is not None
        assert found[0].version == str(number)
    assert len(names) == 6
    assert len(list(tmp_path.iterdir())) == 2


def test_servers_do_not_see_each_others_lists(tmp_path: Path) -> None:
    """One folder serves several servers, shows and artists."""
    keys = {catalogue_key("tcp://a:1", "film", user) for user in ("alice", "bob")}
    assert len(keys) == 2
    Listings(tmp_path, keys.pop()).save((DENOISE,))
    assert Listings(tmp_path, keys.pop()).load() is None


def test_a_long_list_is_kept_whole(tmp_path: Path) -> None:
    """A registry of a thousand versions is no problem."""
    models = [replace(DENOISE, version=str(number)) for number in range(1000)]
    listings = Listings(tmp_path, "k")
    listings.save(models)
    assert listings.load() == tuple(models)


def _save_many(folder: str) -> None:
    listings = Listings(Path(folder), "k")
    for _ in range(10):
        listings.save((DENOISE, UPSCALE))
        if listings.load() != (DENOISE, UPSCALE):
            raise SystemExit(1)


def test_several_processes_keep_one_catalogue(tmp_path: Path) -> None:
    """Whoever reads meanwhile finds a whole list."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_save_many, args=(str(tmp_path),)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE_S)
    assert [process.exitcode for process in processes] == [0, 0]


# What a reference means.


def resolving(
    catalogue: Catalogue, server: ScriptedServer, ref: str, models: tuple[ModelSummary, ...]
) -> tuple[ModelSummary, str]:
    """Resolve a reference while a server answers; return the model and its manifest's version."""
    found: list[tuple[ModelSummary, str]] = []

    def ask() -> None:
        model, manifest = catalogue.resolve(ref)
        found.append((model, manifest.version))

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        play(server, asked, models, BLOBS)
    asked.result(0)
    return found[0]


def test_an_alias_means_what_the_server_says_now(
    server: ScriptedServer, opened: Callable[..., Catalogue]
) -> None:
    """The exact package comes back, and its manifest is kept."""
    catalogue = opened(server.address)
    assert resolving(catalogue, server, "denoise@champion", (DENOISE,)) == (DENOISE, "1.0.0")
    assert catalogue.manifest(DENOISE.digest) is not None
    assert catalogue.models() == ()


def test_a_digest_means_the_same_with_the_server_away(
    server: ScriptedServer, opened: Callable[..., Catalogue]
) -> None:
    """What was resolved once is on disk; an alias could mean something else by now."""
    refreshed(opened(server.address), server)
    away = opened("")
    model, manifest = away.resolve(f"denoise@{digest_text(DENOISE.digest)}", 0.1)
    assert (model, manifest.name) == (DENOISE, "denoise")
    for ref in ("denoise@champion", "denoise", f"denoise@{digest_text(b'?' * 32)}"):
        with pytest.raises(ConnectionLostError):
            away.resolve(ref, 0.1)


def test_a_manifest_of_a_later_version_hides_no_other(
    server: ScriptedServer, opened: Callable[..., Catalogue]
) -> None:
    """A server newer than the plugin may offer what this one cannot read."""
    document = json.loads(manifest_json("denoise"))
    document["later"] = {}
    content = json.dumps(document).encode()
    later = replace(DENOISE, manifest=digest_bytes(content), manifest_size=len(content))
    catalogue = opened(server.address)
    refreshed(catalogue, server, (later, UPSCALE), {**BLOBS, later.manifest: content})
    assert catalogue.manifest(later) is None
    assert catalogue.manifest(UPSCALE) is not None
