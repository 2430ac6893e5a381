"""What a shared registry needs of the place where it lies: objects that are written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from filmgate.errors import FilmgateError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SMALL_BYTES_MAX = 4 << 20
"""What is read whole is a record: one of ten thousand files is smaller."""


class MissingObjectError(FilmgateError):
    """There is no object of that name."""

    code = "missing_object"
    default_remedy = "Look at the registry's address, and at what it holds: `filmgate models`."


class TakenError(FilmgateError):
    """An object of that name is there already; it was not changed."""

    code = "taken"
    default_remedy = "Look at what has been published since, and choose another version."


class ObjectStore(Protocol):
    """Objects by key (relative, forward slashes); once written they never change."""

    def read(self, key: str) -> bytes:
        """Return a small object.

        Raises:
            MissingObjectError: there is none.
            IntegrityError: it is larger than `SMALL_BYTES_MAX`.
            StorageError: the store does not answer, or not soundly.
            DeniedError: the store does not let us.
        """
        ...

    def stream(self, key: str, offset: int = 0) -> Iterator[bytes]:
        """Yield an object's content from *offset* on, which lies before its end.

        Raises:
            MissingObjectError: there is none.
            StorageError: the store stopped answering; what was yielded is sound as far as it goes.
            DeniedError: the store does not let us.
        """
        ...

    def create(self, key: str, content: bytes) -> None:
        """Write a small object, unless there is one of that name; of two writers one succeeds.

        Raises:
            TakenError: it is there already, whoever wrote it.
            StorageError: it is not known to be written.
            DeniedError: the store does not let us.
        """
        ...

    def upload(self, key: str, path: Path, digest: str) -> None:
        """Write a file's content, unless it is there already.

        Args:
            key: where; nothing but this content is ever written there.
            path: of the file.
            digest: the blake3 of the content, in hexadecimal.

        Raises:
            IntegrityError: the file has been changed meanwhile, or the store holds another one.
            StorageError: it is not written whole.
            DeniedError: the store does not let us.
        """
        ...

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below the folder *prefix*, which ends with a slash, sorted.

        Raises:
            StorageError: the store does not answer.
            DeniedError: the store does not let us.
        """
        ...


def join_small(key: str, pieces: Iterable[bytes]) -> bytes:
    """Return the content of a small object.

    Raises:
        IntegrityError: it is larger than `SMALL_BYTES_MAX`; no more of it is read.
    """
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) > SMALL_BYTES_MAX:
            raise IntegrityError(f"The registry's {key} is too large for a record.")
    return bytes(content)
