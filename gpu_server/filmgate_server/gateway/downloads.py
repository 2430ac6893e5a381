"""Blobs on their way out: piece by piece, in turn, never beyond what the client has asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from filmgate.digest import SUM_BYTES
from filmgate.errors import CreditError, FilmgateError, ProtocolError, UnknownBlobError
from filmgate.wire.messages import BlobData, BlobGet
from filmgate_server.gateway.sessions import DOWNLOADS_MAX, Download, Session

GET_CREDIT_MAX = 64 << 20


class Content(Protocol):
    """What can be fetched: a blob of a show, or one that is for everybody."""

    @property
    def size_bytes(self) -> int:
        """Its length."""
        ...

    @property
    def sums(self) -> tuple[bytes, ...]:
        """The prefix sum of each piece."""
        ...

    @property
    def content(self) -> memoryview:
        """Its bytes."""
        ...


class Sender(Protocol):
    """Where pieces go."""

    def send_piece(self, session: Session, data: BlobData, piece: memoryview) -> None:
        """Send a piece to a session that is there."""
        ...

    def may_send(self, session: Session, size_bytes: int) -> bool:
        """Return whether a piece of that size may be sent now; if not, `pump` is called again."""
        ...

    def answer_error(self, session: Session, error: FilmgateError, number: int) -> None:
        """Say that request *number* cannot be answered."""
        ...


class Downloads:
    """Every session's downloads.

    Args:
        sender: where the pieces go.
        find: looks up what a session asks for; raises `UnknownBlobError`.
        chunk_bytes: the size of a piece.
    """

    def __init__(
        self, sender: Sender, find: Callable[[Session, bytes], Content], chunk_bytes: int
    ) -> None:
        self._sender = sender
        self._find = find
        self._chunk_bytes = chunk_bytes

    def begin(self, session: Session, get: BlobGet, number: int) -> None:
        """Start to send a blob, or start again from another place.

        Raises:
            ProtocolError: too many are under way, or the place is none to start at.
            UnknownBlobError: the session may not see it, or it is not here.
        """
        if len(session.downloads) >= DOWNLOADS_MAX:
            raise ProtocolError(f"At most {DOWNLOADS_MAX} blobs are sent at a time.")
        blob = self._find(session, get.digest)
        if get.offset % self._chunk_bytes or get.offset >= blob.size_bytes:
            raise ProtocolError("A download starts at the beginning of a piece.")
        session.downloads[get.digest] = Download(get.offset, number)
        self.pump(session)

    def grant(self, session: Session, size_bytes: int) -> None:
        """Take a client's word that it can take so many bytes more.

        Raises:
            CreditError: it is more than anybody may have granted.
        """
        session.get_credit += size_bytes
        if session.get_credit > GET_CREDIT_MAX:
            raise CreditError(f"At most {GET_CREDIT_MAX} bytes of credit are taken.")
        self.pump(session)

    def pump(self, session: Session) -> None:
        """Send pieces of the session's downloads, in turn, as far as its credit reaches."""
        while session.downloads and session.route is not None:
            digest, download = next(iter(session.downloads.items()))
            try:
                # Anew for each piece: the blob may have been evicted and its memory used again.
                blob = self._find(session, digest)
            except UnknownBlobError as error:
                del session.downloads[digest]
                self._sender.answer_error(session, error, download.number)
                continue
            end = min(download.offset + self._chunk_bytes, blob.size_bytes)
            size_bytes = end - download.offset
            if size_bytes > session.get_credit or not self._sender.may_send(session, size_bytes):
                return
            self._send(session, digest, blob, end)

    def _send(self, session: Session, digest: bytes, blob: Content, end: int) -> None:
        start = session.downloads[digest].offset
        session.get_credit -= end - start
        if end == blob.size_bytes:
            del session.downloads[digest]
        else:
            session.downloads[digest].offset = end
            session.downloads.move_to_end(digest)
        sum_ = blob.sums[start // self._chunk_bytes][:SUM_BYTES]
        data = BlobData(digest, blob.size_bytes, start, sum_)
        self._sender.send_piece(session, data, blob.content[start:end])
