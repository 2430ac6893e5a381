"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from filmgate.disk import link_or_copy, publish, storage_error, write_new, write_whole
from filmgate.errors import StorageError

SMALL_DISK = """
import sys
from pathlib import Path
from filmgate.cache import Cache
from filmgate.disk import write_whole
from filmgate.errors import StorageError

disk = Path(sys.argv[1])
write_whole(disk / "before", b"kept")
cache = Cache(disk / "cache", 1 << 30)
for attempt in (lambda: write_whole(disk / "before", bytes(2 << 20)),
                lambda: cache.put(bytes(2 << 20))):
    try:
        attempt()
    except StorageError as error:
        print(error.code, error.detail["errno"])
print(sorted(p.relative_to(disk).as_posix() for p in disk.rglob("*") if p.is_file()))
print((disk / "before").read_bytes())
"""


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """The new content stands under the name, and nothing else is left in the folder."""
    target = tmp_path / "frame.exr"
    write_whole(target, b"first")
    write_whole(target, memoryview(b"second"))
    assert target.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_is_missing_is_a_typed_error(tmp_path: Path) -> None:
    """What the disk refuses becomes a storage error that names the path."""
    with pytest.raises(StorageError, match=r"none/frame\.exr"):
        write_whole(tmp_path / "none" / "frame.exr", b"x")


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.ENOENT, "does not exist"),
        (errno.EISDIR, "folder"),
        (errno.EROFS, "only be read"),
        (errno.EACCES, "permission"),
        (errno.EIO, "Check the disk"),
    ],
)
def test_the_remedy_fits_the_reason(number: int, word: str) -> None:
    """Only a full disk asks for space."""
    error = storage_error(Path("frame.exr"), OSError(number, os.strerror(number)))
    assert word in error.remedy
    assert ("space" in error.remedy) == (number == errno.ENOSPC)
    assert error.detail == {"path": "frame.exr", "errno": number}


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    """Where the content cannot be written, the old file stays and no part remains."""
    target = tmp_path / "frame.exr"
    write_whole(target, b"old")
    with pytest.raises(TypeError):
        write_whole(target, "not bytes")  # type: ignore[arg-type]
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_never_replaces(tmp_path: Path) -> None:
    """A target that exists is left alone."""
    write_new(tmp_path / "a", b"a")
    write_new(tmp_path / "b", b"b")
    with pytest.raises(FileExistsError):
        link_or_copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"b"


def test_a_name_is_given_once(tmp_path: Path) -> None:
    """Whoever comes second learns that it has been given, and changes nothing."""
    write_new(tmp_path / "a", b"a")
    write_new(tmp_path / "b", b"b")
    assert publish(tmp_path / "a", tmp_path / "name")
    assert not publish(tmp_path / "b", tmp_path / "name")
    assert (tmp_path / "name").read_bytes() == b"a"


def test_a_name_is_given_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network disks have none: there the file is renamed."""

    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    write_new(tmp_path / "a", b"a")
    assert publish(tmp_path / "a", tmp_path / "name")
    assert [path.name for path in tmp_path.iterdir()] == ["name"]


def test_a_full_disk_is_a_typed_error(tmp_path: Path) -> None:
    """On a disk of 1 MB nothing partial stays, and what was there before is whole."""
    script = tmp_path / "small_disk.py"
    script.write_text(SMALL_DISK, encoding="utf-8")
    mount = tmp_path / "disk"
    mount.mkdir()
    command = f'mount -t tmpfs -o size=1m none "{mount}" && exec "$0" "$@"'
    probe = ["unshare", "-rm", "sh", "-c", command]
    if not _works([*probe, "true"]):
        pytest.skip("needs a mount namespace with a tmpfs of its own (unshare -rm)")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [*probe, sys.executable, str(script), str(mount)],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.splitlines() == ["storage 28", "storage 28", "['before']", "b'kept'"]


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
