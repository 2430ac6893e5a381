"""A registry in a folder: on a disk, a share, or a mounted file system such as FSx for Lustre."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import blake3

from filmgate.digest import CHUNK_BYTES
from filmgate.errors import DeniedError, IntegrityError, StorageError
from filmgate_server.registry.litter import remove_litter
from filmgate_server.registry.objects import MissingObjectError, TakenError, join_small

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

_UNFINISHED = ".unfinished-"


class FolderStore:
    """See `filmgate_server.registry.objects.ObjectStore`; a key is a path below *folder*.

    The file system must know hard links: unlike a rename, a link fails where the name is taken.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tidied: set[Path] = set()

    def read(self, key: str) -> bytes:
        """Return a small object."""
        return join_small(key, self.stream(key))

    def stream(self, key: str, offset: int = 0) -> Iterator[bytes]:
        """Yield an object's content from *offset* on."""
        with _errors(key), (self._folder / key).open("rb") as file:
            file.seek(offset)
            while piece := file.read(CHUNK_BYTES):
                yield piece

    def create(self, key: str, content: bytes) -> None:
        """Write a small object, unless there is one of that name."""
        with _errors(key), self._unfinished(key) as path:
            _write(path, iter((content,)))
            self._reveal(path, key)

    def upload(self, key: str, path: Path, digest: str) -> None:
        """Write a file's content, unless it is there already."""
        with _errors(key), self._unfinished(key) as copy:
            target = self._folder / key
            if not target.exists():
                if _copy(path, copy) != digest:
                    raise IntegrityError(f"{path} was changed while it was published.")
                with suppress(TakenError):  # another publisher was faster with the same content
                    self._reveal(copy, key)
            elif target.stat().st_size != path.stat().st_size:
                raise IntegrityError(f"The registry's file {key} has been damaged.")

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below the folder *prefix*, sorted."""
        with _errors(prefix):
            if not self._folder.is_dir():
                raise StorageError(f"The registry's folder {self._folder} is not there.")
            found = (path for path in (self._folder / prefix).rglob("*") if path.is_file())
            keys = (path.relative_to(self._folder).as_posix() for path in found)
            return sorted(key for key in keys if _UNFINISHED not in key)

    def _reveal(self, path: Path, key: str) -> None:
        """Give a complete file its name, unless that is taken."""
        try:
            os.link(path, self._folder / key)
        except FileExistsError:
            if path.stat().st_nlink > 1:  # NFS may lose its answer and make the link twice
                return
            raise TakenError(f"{key} has been written already.") from None

    def _tidy(self, folder: Path) -> None:
        """Remove what killed writers have left in *folder*, once."""
        if folder not in self._tidied:
            self._tidied.add(folder)
            remove_litter(folder.glob(f"{_UNFINISHED}*"))

    @contextmanager
    def _unfinished(self, key: str) -> Generator[Path]:
        target = self._folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        self._tidy(target.parent)
        path = target.parent / f"{_UNFINISHED}{secrets.token_hex(8)}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def _write(path: Path, pieces: Iterator[bytes]) -> str:
    """Write a new file that outlives a power cut; return its blake3 in hexadecimal."""
    hasher = blake3.blake3()
    with path.open("xb") as file:
        for piece in pieces:
            file.write(piece)
            hasher.update(piece)
        file.flush()
        os.fsync(file.fileno())
    return hasher.hexdigest()


def _copy(source: Path, target: Path) -> str:
    with source.open("rb") as file:
        return _write(target, iter(lambda: file.read(CHUNK_BYTES), b""))


@contextmanager
def _errors(key: str) -> Generator[None]:
    try:
        yield
    except FileNotFoundError:
        raise MissingObjectError(f"The registry has no {key}.") from None
    except PermissionError as error:
        raise DeniedError(f"The registry's folder does not let us use {key}.") from error
    except OSError as error:
        raise StorageError(f"The registry's folder fails at {key} ({error.strerror}).") from error
