"""The content store on disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from filmgate.cache import ABANDONED_AFTER_S, Cache
from filmgate.digest import digest_bytes
from filmgate.errors import IntegrityError, StorageError

QUOTA_BYTES = 1000

MANY_PUTS = """
import sys
from pathlib import Path
from filmgate.cache import Cache

cache = Cache(Path(sys.argv[1]), 40_000)
for number in range(60):
    cache.put(bytes([number]) * 1000)
    cache.put(b"the same for all" * 50)
"""


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """Return an empty store of 1000 bytes."""
    return Cache(tmp_path / "cache", QUOTA_BYTES)


def block(number: int, size_bytes: int = 100) -> bytes:
    """Return content that differs by *number*."""
    return bytes([number]) * size_bytes


def use_at(cache: Cache, digest: bytes, second: int) -> None:
    """Pretend that the entry was last used at *second*."""
    path = cache.find(digest)
    assert path is not None
    os.utime(path, (second, path.stat().st_mtime))


def test_what_was_put_comes_back(cache: Cache) -> None:
    """Content is found by its digest, as bytes and as a file."""
    digest = cache.put(b"pixels")
    path = cache.find(digest)
    assert digest == digest_bytes(b"pixels")
    assert cache.load(digest, verify=True) == b"pixels"
    assert path is not None
    assert path.read_bytes() == b"pixels"


def test_what_was_never_put_is_missing(cache: Cache) -> None:
    """An unknown digest is None, not an error."""
    unknown = digest_bytes(b"?")
    assert cache.find(unknown) is None
    assert cache.load(unknown) is None


def test_a_short_digest_is_refused(cache: Cache) -> None:
    """What is not 32 bytes is no digest: it could name a folder."""
    with pytest.raises(IntegrityError, match="32 bytes"):
        cache.find(b"")


def test_entries_are_read_only(cache: Cache) -> None:
    """An entry's file has no write permission."""
    path = cache.find(cache.put(b"pixels"))
    assert path is not None
    assert path.stat().st_mode & 0o222 == 0


def test_putting_twice_keeps_the_first_file(cache: Cache) -> None:
    """Known content is not written again: a reader's open file is never replaced."""
    digest = cache.put(b"pixels")
    path = cache.find(digest)
    assert path is not None
    before = path.stat()
    cache.put(b"pixels")
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_damage_counts_as_missing(cache: Cache) -> None:
    """A flipped bit is found on a verified read, and the entry is gone afterwards."""
    digest = cache.put(b"pixels")
    path = cache.find(digest)
    assert path is not None
    path.chmod(0o644)
    path.write_bytes(b"pixelt")
    assert cache.load(digest) == b"pixelt"
    assert cache.load(digest, verify=True) is None
    assert cache.find(digest) is None


def test_the_least_recently_used_goes_first(cache: Cache) -> None:
    """Over the quota, the entries that were not used for longest are removed, and only they."""
    digests = [cache.put(block(number)) for number in range(10)]
    for second, digest in enumerate(digests, start=1):
        use_at(cache, digest, second)
    use_at(cache, digests[0], 100)
    cache.put(block(99))
    cache.trim()
    assert cache.size_bytes() <= QUOTA_BYTES
    assert cache.find(digests[0]) is not None
    assert cache.find(digests[1]) is None
    assert cache.find(digests[9]) is not None


def test_the_quota_holds_while_filling(cache: Cache) -> None:
    """Puts trim by themselves; the newest entry is always there."""
    for number in range(50):
        digest = cache.put(block(number))
        assert cache.find(digest) is not None
    assert cache.size_bytes() <= QUOTA_BYTES * 1.1 + 100


def test_an_entry_larger_than_the_quota_stays_until_the_next(cache: Cache) -> None:
    """What was just put can be used, however large."""
    large = cache.put(block(1, 5000))
    assert cache.find(large) is not None
    cache.put(block(2))
    assert cache.find(large) is None


def test_linked_entries_are_never_evicted(cache: Cache, tmp_path: Path) -> None:
    """What a take holds stays: removing it would free nothing."""
    held = cache.put(block(1))
    cache.link(held, tmp_path / "held.exr")
    use_at(cache, held, 1)
    for number in range(2, 40):
        cache.put(block(number))
    assert cache.find(held) is not None
    assert (tmp_path / "held.exr").samefile(cache.find(held) or "")


def test_using_an_entry_does_not_touch_its_modification_time(cache: Cache) -> None:
    """Hosts read a file again when its modification time changes."""
    digest = cache.put(b"pixels")
    path = cache.find(digest)
    assert path is not None
    os.utime(path, (1, 1))
    cache.load(digest)
    assert path.stat().st_mtime == 1
    assert path.stat().st_atime > 1


def test_linking_what_is_gone_is_a_typed_error(cache: Cache, tmp_path: Path) -> None:
    """An entry that was evicted cannot be linked; the caller puts it again."""
    with pytest.raises(IntegrityError, match="no entry"):
        cache.link(digest_bytes(b"gone"), tmp_path / "target")


def test_a_link_does_not_replace_a_file(cache: Cache, tmp_path: Path) -> None:
    """A target that exists is a storage error."""
    (tmp_path / "target").write_bytes(b"mine")
    with pytest.raises(StorageError, match="target"):
        cache.link(cache.put(b"pixels"), tmp_path / "target")


def test_abandoned_files_are_cleared(cache: Cache) -> None:
    """What a dead process left half-written disappears after a day, not before."""
    incoming = cache.folder / "incoming"
    (incoming / "young").write_bytes(b"x")
    (incoming / "old").write_bytes(b"x")
    old = (incoming / "old").stat().st_mtime - ABANDONED_AFTER_S - 60
    os.utime(incoming / "old", (old, old))
    cache.trim()
    assert [path.name for path in incoming.iterdir()] == ["young"]


def test_a_folder_that_cannot_be_made_is_a_typed_error(tmp_path: Path) -> None:
    """A file in the place of the folder is a storage error, not a traceback."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        Cache(tmp_path / "file" / "cache", QUOTA_BYTES)


def test_several_processes_share_a_store(tmp_path: Path) -> None:
    """Processes that put and evict at once all succeed; every entry left is whole."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", MANY_PUTS, str(tmp_path)]
    processes = [subprocess.Popen(command, env=environ, stderr=subprocess.PIPE) for _ in range(3)]
    complaints = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], complaints
    entries = list((tmp_path / "entries").glob("*/*"))
    names = {path.parent.name + path.name for path in entries}
    assert names == {digest_bytes(path.read_bytes()).hex() for path in entries}
    assert list((tmp_path / "incoming").iterdir()) == []
    assert Cache(tmp_path, 40_000).size_bytes() <= 40_000 * 1.4


def test_another_artist_s_entry_is_read(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a shared store some entries can only be read: that is enough to use them."""
    digest = cache.put(block(1))

    def refuse(path: Path, **times: object) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(os, "utime", refuse)
    assert cache.load(digest, verify=True) == block(1)


def test_a_damaged_entry_is_replaced_before_it_is_used(tmp_path: Path) -> None:
    """What a disk has spoilt, or somebody, must not be linked into a take again."""
    cache = Cache(tmp_path / "cache", 1 << 20)
    digest = cache.put(b"pixels")
    for damaged in (b"spoilt", b"cut"):
        entry = cache.find(digest)
        assert entry is not None
        entry.chmod(0o644)
        entry.write_bytes(damaged)
        other = Cache(tmp_path / "cache", 1 << 20)
        assert other.put(b"pixels") == digest
        other.link(digest, tmp_path / damaged.decode())
        assert (tmp_path / damaged.decode()).read_bytes() == b"pixels"
