"""A shared registry that somebody hostile may write to: what is signed stays what it was."""

from __future__ import annotations

import json
import select
import shutil
import socket
from collections.abc import Collection, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from fakes.accounts import command_of
from fakes.packages import write_package
from fakes.releases import weighty
from fakes.waiting import wait_until
from filmgate.errors import ManifestError, StorageError
from filmgate_server.gateway.library import STEADY_S, Library
from filmgate_server.registry import downloads, librarian, litter
from filmgate_server.registry.archive import file_key, move_key, release_key, retired_key
from filmgate_server.registry.branch import Branch
from filmgate_server.registry.content import digest_file
from filmgate_server.registry.downloads import Downloads
from filmgate_server.registry.folder import FolderStore
from filmgate_server.registry.objects import SMALL_BYTES_MAX
from filmgate_server.registry.records import FileEntry, Move, Release, digest_entries, to_record
from filmgate_server.registry.shared import SharedRegistry, open_registry
from filmgate_server.registry.signatures import Publishers
from filmgate_server.registry.snapshot import LibrarianSettings, Snapshot
from filmgate_server.registry.trust import Trust

DIGEST = "ab" * 32


class Site:
    """A registry in a folder, and a server's share of it, which trusts everybody.

    Attributes:
        shared: the registry's folder.
        registry: the registry, for publishers.
        cache: the server's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.shared, self.cache = folder / "shared", folder / "cache"
        self.shared.mkdir()
        self.registry = open_registry(str(self.shared))

    def publish(self, version: str) -> Release:
        """Publish a version of ``toy``."""
        return self.registry.publish(weighty(self._folder, version), "ann")

    def write(self, key: str, content: bytes) -> None:
        """Write any object, as somebody with the right to may."""
        (self.shared / key).parent.mkdir(parents=True, exist_ok=True)
        (self.shared / key).write_bytes(content)

    def branch(self, store: FolderStore | None = None) -> Branch:
        """Return what a server that starts has of the registry, all pulled."""
        registry = SharedRegistry(store or FolderStore(self.shared))
        branch = Branch(registry, self.cache, Trust(Publishers({}), everything=True))
        look(branch)
        return branch


def look(branch: Branch) -> list[str]:
    """Look at the registry and pull what is needed; return what is there."""
    branch.refresh()
    while branch.pull_next(()):
        pass
    return sorted(package.reference for package in branch.packages())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return a registry with one version."""
    site = Site(tmp_path)
    site.publish("1.0.0")
    return site


@pytest.mark.parametrize("alias", ["1.0.0", f"blake3:{DIGEST}", "UP", ""])
def test_an_alias_that_is_none(site: Site, alias: str) -> None:
    """What could be taken for a version or a digest is no alias, whoever wrote it."""
    site.publish("2.0.0")
    site.write(move_key("toy", alias, 1), to_record(Move("2.0.0", "", "eve", 0.0)))
    site.registry.move_alias("toy", "champion", "1.0.0", "ann")
    inventory = site.registry.inventory()
    assert inventory.aliases == {"toy": {"champion": "1.0.0"}}
    assert len(inventory.problems) == 1


def test_a_move_that_cannot_be_read(site: Site) -> None:
    """The alias stays where it was, and can be moved on."""
    site.registry.move_alias("toy", "champion", "1.0.0", "ann")
    site.write(move_key("toy", "champion", 2), to_record(Move("../x", "", "eve", 0.0)))
    site.write(move_key("toy", "champion", 3), b"{")
    inventory = site.registry.inventory()
    assert inventory.aliases == {"toy": {"champion": "1.0.0"}}
    assert len(inventory.problems) == 2
    site.publish("2.0.0")
    site.registry.move_alias("toy", "champion", "2.0.0", "ann")
    assert site.registry.aliases("toy") == {"champion": "2.0.0"}


def test_a_gap_in_the_numbers(site: Site) -> None:
    """A move comes after the highest number, and what is no number counts for nothing."""
    for number in (9, 10**8):
        site.write(move_key("toy", "champion", number), to_record(Move("1.0.0", "", "eve", 0.0)))
    for name in ("zzz.json", "9.json", "1000000000000"):
        site.write(f"aliases/toy/champion/{name}", to_record(Move("9.9.9", "", "eve", 0.0)))
    site.publish("2.0.0")
    assert site.registry.move_alias("toy", "champion", "2.0.0", "ann").before == "1.0.0"
    assert site.registry.aliases("toy") == {"champion": "2.0.0"}
    assert not site.registry.inventory().problems


@pytest.mark.parametrize(("name", "version"), [("toy", "9.9.9"), ("other", "1.0.0")])
def test_a_package_under_another_name(site: Site, name: str, version: str) -> None:
    """A package that was signed as one version cannot come back as another one."""
    release = replace(site.registry.release("toy", "1.0.0"), name=name, version=version)
    site.write(release_key(name, version), to_record(release))
    branch = site.branch()
    assert look(branch) == (["toy@1.0.0"] if name == "other" else [])
    (problem,) = branch.problems()
    assert f"{name}@{version} of the registry holds toy@1.0.0" in problem.error.text


@pytest.mark.parametrize("gone", ["retired", "aliases", "releases"])
def test_what_was_there_and_is_not(site: Site, gone: str) -> None:
    """A retirement or an alias that vanishes is a registry that cannot be read, even later."""
    site.publish("2.0.0")
    site.registry.move_alias("toy", "champion", "1.0.0", "ann")
    site.registry.retire("toy", "2.0.0", "it ghosts", "ann")
    branch = site.branch()
    shutil.rmtree(site.shared / gone)
    for each in (branch, site.branch()):
        assert look(each) == ["toy@1.0.0"]
        assert "has lost" in each.trouble
        assert each.published().retired["toy"].keys() == {"2.0.0"}
        assert each.published().aliases == {"toy": {"champion": "1.0.0"}}


def test_a_retirement_that_cannot_be_read(site: Site) -> None:
    """Somebody wanted the version out of use: it is, although nobody knows why."""
    site.write(retired_key("toy", "1.0.0"), b"\xff")
    branch = site.branch()
    assert branch.packages() == []
    assert "cannot be read" in branch.published().retired["toy"]["1.0.0"]


def hostile(*paths: str, **fields: Any) -> bytes:
    """Return the record of ``evil@1.0.0`` with files of these paths."""
    files = tuple(FileEntry(path, DIGEST, 1) for path in paths)
    writable = [replace(each, path=each.path.replace("\ud800", "")) for each in files]
    release = Release("evil", "1.0.0", digest_entries(writable), files, "eve", 0.0)
    return json.dumps({**asdict(release), **fields}).encode()


@pytest.mark.parametrize(
    "record",
    [
        hostile(),
        hostile("a\0b"),
        hostile("a\x1b[2J"),
        hostile("\ud800"),
        hostile("a" * 256),
        hostile("a/" * 600 + "a"),
        hostile("a", "a"),
        hostile("a", "A"),
        hostile("a", "a/b"),
        hostile("A/b/c", "a"),
        hostile("a", publisher="\ud800"),
        hostile("a", publisher="\x1b[2J"),
        hostile("a", time_s=float("nan")),
        hostile("a", time_s=10**400),
        hostile("a") + b" " * SMALL_BYTES_MAX,
        b"[" * 100_000,
    ],
)
def test_a_record_that_would_stop_its_reader(site: Site, record: bytes) -> None:
    """It is refused as it is read, and every other release can still be used."""
    site.write(release_key("evil", "1.0.0"), record)
    branch = site.branch()
    assert look(branch) == ["toy@1.0.0"]
    assert [problem.path.as_posix() for problem in branch.problems()] == [
        "releases/evil/1.0.0.json"
    ]
    assert not branch.trouble


def test_a_package_that_no_reader_would_take(site: Site, tmp_path: Path) -> None:
    """Its publisher is told, before anything of it is written."""
    path = write_package(tmp_path / "bad", version="3.0.0")
    (path / "README").write_text("one")
    (path / "readme").write_text("two")
    with pytest.raises(ManifestError, match="names a file twice"):
        site.registry.publish(path, "ann")
    assert look(site.branch()) == ["toy@1.0.0"]


def test_a_damaged_cache_is_mended_while_the_server_runs(site: Site) -> None:
    """What changes on this machine's disk is noticed at the next look and fetched again."""
    branch = site.branch()
    weights = site.cache / "packages/toy/1.0.0/weights.bin"
    weights.chmod(0o644)
    weights.write_bytes(b"damaged")
    assert branch.packages() == []
    assert look(branch) == ["toy@1.0.0"]
    assert weights.read_bytes() == b""
    shutil.rmtree(site.cache / "packages")
    assert look(branch) == ["toy@1.0.0"]


def test_what_cannot_be_used_is_hashed_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package whose manifest this server cannot read costs nothing at later looks."""
    package = weighty(site.cache, "2.0.0", more="[future]\nx = 1\n")
    files: list[FileEntry] = []
    for path in sorted(package.iterdir()):
        files.append(FileEntry(path.name, digest_file(path).hex(), path.stat().st_size))
        site.registry.store.upload(file_key(files[-1].digest), path, files[-1].digest)
    release = Release("toy", "2.0.0", digest_entries(files), tuple(files), "ann", 0.0)
    site.write(release_key("toy", "2.0.0"), to_record(release))
    branch = site.branch()
    hashed: list[Path] = []
    monkeypatch.setattr(downloads, "digest_package", lambda path: hashed.append(path) or b"")
    look(branch)
    assert (branch.published().absent["toy"].keys(), hashed) == ({"1.0.0", "2.0.0"}, [])
    assert "future" in branch.problems()[0].error.text


class Silent(FolderStore):
    """A store that gives records and no file."""

    def stream(self, key: str, offset: int = 0) -> Iterator[bytes]:
        """Yield a record; fail at a file."""
        if key.startswith("files/"):
            raise StorageError("It does not answer.")
        return super().stream(key, offset)


def test_every_release_gets_its_turn(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be fetched, what jobs ask for is tried first, and then all the others."""
    monkeypatch.setattr("filmgate_server.registry.branch.RETRY_S", 0.0)
    for name in ("a", "b", "c"):
        site.registry.publish(write_package(site.cache / name, name=name), "ann")
    registry = SharedRegistry(Silent(site.shared))
    branch = Branch(registry, site.cache, Trust(Publishers({}), everything=True))
    branch.refresh()
    branch.pull_next(("c@1.0.0",))
    for _ in range(3):
        branch.pull_next(())
    assert [problem.path.parent.name for problem in branch.problems()] == ["c", "a", "b", "toy"]


class Endless(Branch):
    """There is always something to fetch; at the third reading the gateway goes.

    Attributes:
        reads: how often the registry was read.
        peer: the gateway's end.
    """

    reads = 0
    peer: socket.socket

    def refresh(self) -> None:
        """Count it."""
        super().refresh()
        self.reads += 1
        if self.reads == 3:
            self.peer.shutdown(socket.SHUT_WR)

    def pull_next(self, asked: Collection[str]) -> bool:
        """Say that something was fetched."""
        return True


def settings(site: Site) -> LibrarianSettings:
    """Return a librarian's settings: it looks all the time, and trusts everybody."""
    return LibrarianSettings((), str(site.shared), "", 0.0, str(site.cache), "", True)


def test_the_registry_is_read_between_pulls(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A retirement reaches a server however long its downloads take."""
    trust = Trust(Publishers({}), everything=True)
    branch = Endless(site.registry, site.cache, trust)
    branch.peer, ours = socket.socketpair()
    monkeypatch.setattr(librarian, "_open_branch", lambda _: branch)
    with ours, pytest.raises(SystemExit):
        librarian.Librarian(settings(site), ours).serve()
    assert branch.reads == 3


def end_librarian(library: Library, now_s: float) -> None:
    """Kill the librarian, and let the gateway notice at *now_s*."""
    for child in psutil.Process().children():
        if any("librarian" in word for word in command_of(child)):
            child.kill()

    def is_noticed() -> bool:
        library.tick(now_s)
        return not library.filenos()

    wait_until(is_noticed, "the librarian's death")


def test_a_librarian_that_keeps_dying_is_waited_for(site: Site) -> None:
    """What it says before it dies is no recovery; only one that has lived for a while is."""
    taken: list[Snapshot] = []
    library = Library(settings(site), taken.append)
    library.start()
    end_librarian(library, 0.0)
    library.tick(0.0)
    select.select(library.filenos(), [], [])
    wait_until(lambda: library.handle() or taken, "a snapshot")
    end_librarian(library, 1.0)
    library.tick(1.0)
    assert library.filenos() == []
    library.tick(2.0)
    end_librarian(library, 2.0 + STEADY_S)
    library.tick(2.0 + STEADY_S)
    assert library.filenos()
    library.close()


def test_litter_is_removed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What killed processes left goes at the next start, and what may be at work stays."""
    branch = site.branch()
    drafts = [site.cache / "packages/toy" / name for name in (".1.0.0-ab", ".damaged-ab")]
    for draft in drafts:
        (draft / "sub").mkdir(parents=True)
    unfinished = site.shared / "files" / ".unfinished-ab"
    unfinished.write_bytes(b"half")
    for age_s, stays in ((litter.LITTER_S, True), (0.0, False)):
        monkeypatch.setattr(litter, "LITTER_S", age_s)
        Downloads(FolderStore(site.shared), site.cache)
        FolderStore(site.shared).create("files/x", b"x")
        (site.shared / "files/x").unlink()
        assert [path.exists() for path in (*drafts, unfinished)] == [stays] * 3
    assert look(branch) == ["toy@1.0.0"]
