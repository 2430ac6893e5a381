"""The shared registry, in a folder and in a real bucket: what is published never changes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path

import blake3
import pytest

from fakes.bucket import Bucket
from fakes.releases import MIB, CountingStore, weighty
from filmgate.digest import digest_text
from filmgate.errors import (
    BusyError,
    IntegrityError,
    ManifestError,
    RetiredModelError,
    StorageError,
    UnknownModelError,
)
from filmgate_server.registry.content import digest_package
from filmgate_server.registry.downloads import Downloads
from filmgate_server.registry.folder import FolderStore
from filmgate_server.registry.inventory import load_inventory, save_inventory
from filmgate_server.registry.local import LocalRegistry
from filmgate_server.registry.objects import MissingObjectError, ObjectStore, TakenError
from filmgate_server.registry.records import digest_entries, to_record
from filmgate_server.registry.shared import SharedRegistry, open_registry
from filmgate_server.registry.signatures import load_publisher, make_publisher

RACES = 100
PULLS = 16


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """Return a running S3 server."""
    with Bucket(tmp_path_factory.mktemp("bucket")) as running:
        yield running


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """Return an empty store of each kind."""
    if request.param == "folder":
        (tmp_path / "store").mkdir()
        return FolderStore(tmp_path / "store")
    bucket: Bucket = request.getfixturevalue("bucket")
    bucket.let_in(request.getfixturevalue("monkeypatch"))
    return bucket.store(tmp_path)


@pytest.fixture
def registry(store: ObjectStore) -> SharedRegistry:
    """Return an empty registry."""
    numbers = count(1_700_000_000)
    return SharedRegistry(store, lambda: float(next(numbers)))


def race(*runners: Callable[[], object]) -> list[BaseException | None]:
    """Let all start at the same moment; return what each raised."""
    barrier = threading.Barrier(len(runners))

    def run(runner: Callable[[], object]) -> BaseException | None:
        barrier.wait()
        try:
            runner()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            return error
        return None

    with ThreadPoolExecutor(len(runners)) as pool:
        return list(pool.map(run, runners))


def test_of_two_writers_one_succeeds(store: ObjectStore) -> None:
    """In each race for a name one writer wins, and its content stands."""
    for number in range(20):
        key = f"race/{number}.json"
        ends = race(lambda k=key: store.create(k, b"a"), lambda k=key: store.create(k, b"b"))
        assert sorted(type(end) for end in ends if end) == [TakenError]
        assert store.read(key) == (b"b" if ends[0] else b"a")


def test_stream_goes_on_anywhere(store: ObjectStore, tmp_path: Path) -> None:
    """An object can be read from any byte on, to its end and beyond nothing."""
    content = os.urandom(3 * MIB + 5)
    (tmp_path / "source").write_bytes(content)
    store.upload("files/it", tmp_path / "source", blake3.blake3(content).hexdigest())
    for offset in (0, 1, MIB, len(content) - 1):
        assert b"".join(store.stream("files/it", offset)) == content[offset:]


def test_missing_object(store: ObjectStore) -> None:
    """What is not there is a typed error, read or streamed."""
    with pytest.raises(MissingObjectError):
        store.read("no/such")
    with pytest.raises(MissingObjectError):
        list(store.stream("no/such"))
    assert store.keys("no/") == []


def test_published_package_is_pulled(registry, store, tmp_path: Path) -> None:
    """What was published arrives whole, under its version, and can be used."""
    source = weighty(tmp_path, weight=os.urandom(2 * MIB + 1))
    release = registry.publish(source, "ann")
    downloads = Downloads(store, tmp_path / "cache")
    pulled = downloads.pull(registry.release("toy", "1.0.0"))
    assert digest_package(pulled) == digest_package(source)
    assert pulled.relative_to(downloads.packages).as_posix() == "toy/1.0.0"
    (found,) = LocalRegistry([downloads.packages]).packages()
    assert found.digest.hex() == release.digest


def test_publishing_again(registry: SharedRegistry, tmp_path: Path) -> None:
    """The same content again is the same release; other content needs another version."""
    source = weighty(tmp_path)
    first = registry.publish(source, "ann")
    assert registry.publish(source, "bob") == first
    (source / "weights.bin").write_bytes(b"changed")
    with pytest.raises(ManifestError, match="published by ann"):
        registry.publish(source, "bob")
    assert registry.releases() == [first]


def test_two_publishers_race(registry: SharedRegistry, tmp_path: Path) -> None:
    """Of two who publish different content under one version, one succeeds."""
    sources = [weighty(tmp_path / who, weight=who.encode()) for who in ("ann", "bob")]
    for number in range(RACES):
        for source in sources:
            _set_version(source, f"2.0.{number}")
        ends = race(*(lambda s=source: registry.publish(s, s.parent.name) for source in sources))
        assert sum(end is None for end in ends) == 1
        assert isinstance(next(filter(None, ends)), ManifestError)


def _set_version(source: Path, version: str) -> None:
    text = (source / "model.toml").read_text(encoding="utf-8")
    lines = [
        f'version = "{version}"' if line.startswith("version") else line
        for line in text.splitlines()
    ]
    (source / "model.toml").write_text("\n".join(lines), encoding="utf-8")


def test_alias_moves(registry: SharedRegistry, tmp_path: Path) -> None:
    """An alias points to where it was moved last, and its whole history can be read."""
    for version in ("1.0.0", "1.1.0"):
        registry.publish(weighty(tmp_path, version), "ann")
        registry.move_alias("toy", "champion", version, "ann")
    registry.move_alias("toy", "champion", "1.0.0", "bob")
    assert registry.aliases("toy") == {"champion": "1.0.0"}
    moves = [(move.version, move.mover) for move in registry.history("toy", "champion")]
    assert moves == [("1.0.0", "ann"), ("1.1.0", "ann"), ("1.0.0", "bob")]


def test_alias_race(registry: SharedRegistry, tmp_path: Path) -> None:
    """Of those who move an alias at the same time at least one succeeds; the losers are told."""
    for version in ("1.0.0", "1.1.0"):
        registry.publish(weighty(tmp_path, version), "ann")
    moves = 0
    for _ in range(RACES):
        ends = race(
            lambda: registry.move_alias("toy", "champion", "1.0.0", "ann"),
            lambda: registry.move_alias("toy", "champion", "1.1.0", "bob"),
        )
        assert all(isinstance(end, BusyError) for end in ends if end)
        moves += sum(end is None for end in ends)
    history = registry.history("toy", "champion")
    assert len(history) == moves >= RACES
    assert [move.before for move in history] == ["", *(move.version for move in history[:-1])]


def test_alias_of_nothing(registry: SharedRegistry, tmp_path: Path) -> None:
    """An alias needs a name and a release that is in use."""
    registry.publish(weighty(tmp_path), "ann")
    with pytest.raises(UnknownModelError):
        registry.move_alias("toy", "champion", "9.9.9", "ann")
    with pytest.raises(ManifestError):
        registry.move_alias("toy", "../x", "1.0.0", "ann")
    with pytest.raises(UnknownModelError):
        registry.resolve("toy@champion")


def test_retired_release(registry: SharedRegistry, tmp_path: Path) -> None:
    """A retired release is listed no more, cannot be an alias's, and says why."""
    registry.publish(weighty(tmp_path), "ann")
    registry.retire("toy", "1.0.0", "it ghosts", "bob")
    registry.retire("toy", "1.0.0", "twice", "eve")
    assert registry.releases() == []
    with pytest.raises(RetiredModelError, match="by bob: it ghosts"):
        registry.move_alias("toy", "champion", "1.0.0", "ann")


def test_sixteen_pull_one_large_package(registry, store, tmp_path: Path) -> None:
    """Sixteen pullers of 100 MB get the same package, and each file was fetched once."""
    release = registry.publish(weighty(tmp_path, weight=os.urandom(100 * MIB)), "ann")
    counting = CountingStore(store)
    with ThreadPoolExecutor(PULLS) as pool:
        pulled = list(
            pool.map(lambda _: Downloads(counting, tmp_path / "one").pull(release), range(PULLS))
        )
    assert len(set(pulled)) == 1
    assert digest_package(pulled[0]).hex() == release.digest
    assert sorted(counting.streams) == sorted((f"files/{each.digest}", 0) for each in release.files)


def test_references(registry: SharedRegistry, tmp_path: Path) -> None:
    """A name is its latest version in use; a version, a digest and an alias name one release."""
    old, new = (registry.publish(weighty(tmp_path, each), "ann") for each in ("1.9.0", "1.10.0"))
    registry.move_alias("toy", "champion", "1.9.0", "ann")
    assert registry.resolve("toy") == new
    assert registry.resolve("toy@1.9.0") == registry.resolve("toy@champion") == old
    assert registry.resolve(f"toy@{digest_text(bytes.fromhex(old.digest))}") == old
    registry.retire("toy", "1.10.0", "it ghosts", "bob")
    assert registry.resolve("toy") == old
    for ref in ("toy@2.0.0", "toy@winner", "none", "../x@1.0.0"):
        with pytest.raises(UnknownModelError):
            registry.resolve(ref)


def test_inventory_survives_the_disk(registry: SharedRegistry, tmp_path: Path) -> None:
    """What a server keeps for times without the registry says all that the registry said."""
    _, public = make_publisher("ann", tmp_path / "keys")
    key = load_publisher(public.with_suffix(".key"))
    for version in ("1.0.0", "2.0.0"):
        registry.publish(weighty(tmp_path, version), "ann", key)
    registry.move_alias("toy", "champion", "1.0.0", "ann")
    registry.retire("toy", "2.0.0", "it ghosts", "bob")
    inventory = registry.inventory()
    save_inventory(inventory, tmp_path / "copy.json")
    assert load_inventory(tmp_path / "copy.json") == inventory
    assert inventory.signatures.keys() == {each.digest for each in inventory.releases.values()}


@pytest.mark.parametrize(
    "path",
    ["../model.py", "/etc/x", "a\\..\\b", "__pycache__/model.pyc", "sub/.hidden", "", "a//b"],
)
def test_a_record_that_lists_what_no_package_holds(registry, store, tmp_path, path: str) -> None:
    """Whoever may write to the store cannot place files elsewhere, nor hide unsigned ones."""
    release = registry.publish(weighty(tmp_path), "ann")
    entry = replace(release.files[0], path=path)
    files = (entry, *release.files[1:])
    bad = replace(release, version="6.6.6", files=files, digest=digest_entries(files))
    store.create("releases/toy/6.6.6.json", to_record(bad))
    with pytest.raises(IntegrityError):
        registry.release("toy", "6.6.6")
    assert list(registry.inventory().problems) == ["releases/toy/6.6.6.json"]
    assert registry.releases() == [release]


def test_a_file_that_changes_while_it_is_published(store: ObjectStore, tmp_path: Path) -> None:
    """Content goes nowhere under another content's digest, small or in parts."""
    for size_bytes in (10, 17 * MIB):
        path = tmp_path / str(size_bytes)
        path.write_bytes(os.urandom(size_bytes))
        with pytest.raises(IntegrityError):
            store.upload("files/wrong", path, "0" * 64)
        with pytest.raises(MissingObjectError):
            store.read("files/wrong")


def test_a_registry_that_is_not_there(tmp_path: Path) -> None:
    """A folder that is missing is no empty registry."""
    with pytest.raises(StorageError, match="not there"):
        open_registry(str(tmp_path / "missing")).inventory()
