"""Blobs on their way in: one staging for each session and digest, within promised memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from filmgate.errors import BusyError, IntegrityError
from filmgate.wire.messages import BlobPut
from filmgate.wire.records import BlobRef, Missing
from filmgate_server.index import Index
from filmgate_server.store.content import Blob, Store
from filmgate_server.store.segments import capacity_for
from filmgate_server.store.staging import Staging

LOOSE_BYTES_MAX = 1 << 20
"""A blob up to this size may be put without a job that asks for it: long lists and parameters."""

LOOSE_UPLOADS_MAX = 16
"""So many of them one session may have under way."""


@dataclass
class Upload:
    """What one session is expected to send.

    Attributes:
        staging: where it arrives, once it does.
        lent: whether the porter writes there, and nobody else may.
        loose: whether no job has asked for it.
        restarted: whether it starts again, and pieces that were under way are dropped.
        wanted_bytes: what is still to come of it over the wire.
    """

    show: str
    digest: bytes
    size_bytes: int
    touched_s: float
    staging: Staging | None = None
    lent: bool = False
    loose: bool = False
    restarted: bool = False
    wanted_bytes: int = 0


class Uploads:
    """Every upload that is expected or under way.

    Two sessions that send the same content stage it separately, so that neither can spoil or delay
    the other's; the first that is complete and verified becomes the blob.

    Attributes:
        received_bytes: all that was taken since the start.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self.received_bytes = 0
        self._open: dict[tuple[bytes, bytes], Upload] = {}
        self._by_session: Index[bytes, Upload] = Index()
        self._sessions: Index[bytes, bytes] = Index()
        self._wanted_bytes: Counter[bytes] = Counter()
        self._heard_s: dict[bytes, float] = {}

    def missing_bytes(self, session: bytes, refs: Iterable[BlobRef]) -> int:
        """Return the memory that `expect` would promise for *refs*."""
        return sum(
            capacity_for(ref.size) for ref in refs if (session, ref.digest) not in self._open
        )

    def expect(self, session: bytes, show: str, refs: Iterable[BlobRef]) -> None:
        """Expect *session* to send *refs*; their memory must have been promised already."""
        for ref in refs:
            key = (session, ref.digest)
            if key not in self._open:
                self._add(session, Upload(show, ref.digest, ref.size, self._clock()))
            self._open[key].loose = False

    def missing(self, session: bytes, refs: Iterable[BlobRef]) -> list[Missing]:
        """Say what *session* should send of *refs*, and from which byte on."""
        return [Missing(ref.digest, self._received(session, ref.digest)) for ref in refs]

    def wanted_bytes(self, session: bytes) -> int:
        """Return how much *session* is still expected to send."""
        return self._wanted_bytes[session]

    def freed_bytes(self, session: bytes, digest: bytes) -> int:
        """Return the memory that `close` would free at once."""
        upload = self._open.get((session, digest))
        return 0 if upload is None or upload.lent else capacity_for(upload.size_bytes)

    def put(self, session: bytes, show: str, put: BlobPut, piece: memoryview) -> Blob | None:
        """Take a piece; return the blob when it is complete.

        A piece that nobody expects (any more) is dropped; so are those that were on their way when
        the upload started again.

        Raises:
            ProtocolError: it is out of order; ``detail["offset"]`` says where to go on.
            IntegrityError: it was damaged; the upload starts again from byte 0.
            BusyError, StorageError: there is no memory for it, too much is put without a job, or
                it is just being handed over.
        """
        upload = self._open.get((session, put.digest)) or self._loose(session, show, put)
        if upload is None or put.size != upload.size_bytes:
            return None
        if upload.lent:
            raise BusyError("This content is being handed over.")
        upload.touched_s = self._heard_s[session] = self._clock()
        if upload.restarted and put.offset:
            return None
        self.received_bytes += len(piece)
        if upload.staging is None:
            upload.restarted = True  # and stays so if there is no memory
            upload.staging = self._store.stage(show, put.digest, put.size)
        upload.restarted = False
        try:
            complete = upload.staging.add(put.offset, piece, put.sum)
        except IntegrityError:
            self._restart(upload)
            raise
        finally:
            self._count(session, upload)
        if not complete:
            return None
        self._drop(session, upload)
        return self._store.publish(upload.staging)

    def lend(self, session: bytes, digest: bytes, size_bytes: int) -> Staging | None:
        """Lend the memory for a blob that is handed over; None if nobody expects it.

        Whoever borrows it gives it back with `take_back`, whatever happens to the upload meanwhile.

        Raises:
            BusyError: it is being sent already.
            StorageError: the machine's memory is exhausted.
        """
        upload = self._open.get((session, digest))
        if upload is None or upload.loose or upload.size_bytes != size_bytes:
            return None
        if upload.staging is not None:
            raise BusyError("This content is being sent already.")
        upload.staging = self._store.stage(upload.show, digest, size_bytes)
        upload.lent, upload.restarted = True, False
        self._count(session, upload)
        return upload.staging

    def heard(self, session: bytes, digest: bytes, size_bytes: int) -> None:
        """Note that so many bytes of a blob were handed over."""
        self.received_bytes += size_bytes
        upload = self._open.get((session, digest))
        if upload is not None:
            upload.touched_s = self._heard_s[session] = self._clock()

    def take_back(self, session: bytes, staging: Staging, verified: bool) -> Blob | None:
        """Take lent memory back; return the blob if what is in it is whole and right."""
        upload = self._open.get((session, staging.digest))
        if upload is None or upload.staging is not staging:
            self._store.discard(staging, promise_again=False)  # it was closed meanwhile
            return None
        upload.lent = False
        if not verified:
            self._store.discard(staging, promise_again=True)
            upload.staging = None
            self._count(session, upload)
            return None
        self._drop(session, upload)
        return self._store.publish(staging)

    def others(self, show: str, digest: bytes) -> list[bytes]:
        """Close every other upload of a blob that has arrived; return their sessions."""
        sessions = [
            each for each in self._sessions.at(digest) if self._open[(each, digest)].show == show
        ]
        for session in sessions:
            self.close(session, digest)
        return sessions

    def close(self, session: bytes, digest: bytes) -> None:
        """Expect this no longer and free its memory."""
        upload = self._open.get((session, digest))
        if upload is None:
            return
        self._drop(session, upload)
        if upload.staging is None:
            self._store.cancel_promise(capacity_for(upload.size_bytes))
        elif not upload.lent:  # or it still comes back
            self._store.discard(upload.staging, promise_again=False)

    def leave(self, session: bytes) -> None:
        """Drop what a session that has gone was sending without a job."""
        for digest in self._loose_of(session):
            self.close(session, digest)

    def resume(self, session: bytes) -> None:
        """Give a session that is back its time anew."""
        self._heard_s[session] = self._clock()

    def stalled(self, older_than_s: float) -> list[tuple[bytes, bytes]]:
        """Return (session, digest) of the uploads that have stood still since *older_than_s*.

        A client sends one blob after the other: while a piece of any comes, none of its uploads
        stands still.
        """
        self._heard_s = {
            session: at for session, at in self._heard_s.items() if self._by_session.count(session)
        }
        return [
            key
            for key, upload in self._open.items()
            if max(upload.touched_s, self._heard_s.get(key[0], 0.0)) < older_than_s
        ]

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)

    def _received(self, session: bytes, digest: bytes) -> int:
        upload = self._open.get((session, digest))
        if upload is None or upload.staging is None or upload.lent:
            return 0
        return upload.staging.received_bytes

    def _loose_of(self, session: bytes) -> list[bytes]:
        return [upload.digest for upload in self._by_session.each(session) if upload.loose]

    def _loose(self, session: bytes, show: str, put: BlobPut) -> Upload | None:
        if put.offset or not 0 < put.size <= LOOSE_BYTES_MAX:
            return None
        if len(self._loose_of(session)) >= LOOSE_UPLOADS_MAX:
            raise BusyError("Too many blobs are put at once that no job has asked for.")
        self._store.promise(capacity_for(put.size))
        upload = Upload(show, put.digest, put.size, self._clock(), loose=True)
        self._add(session, upload)
        return upload

    def _add(self, session: bytes, upload: Upload) -> None:
        self._open[(session, upload.digest)] = upload
        self._by_session.add(session, upload.digest, upload)
        self._sessions.add(upload.digest, session, session)
        self._count(session, upload)

    def _drop(self, session: bytes, upload: Upload) -> None:
        del self._open[(session, upload.digest)]
        self._by_session.drop(session, upload.digest)
        self._sessions.drop(upload.digest, session)
        self._wanted_bytes[session] -= upload.wanted_bytes
        if not self._by_session.count(session):
            del self._wanted_bytes[session]

    def _count(self, session: bytes, upload: Upload) -> None:
        """Keep `wanted_bytes` in step with what of an upload is still to come."""
        received_bytes = 0 if upload.staging is None else upload.staging.received_bytes
        lacking_bytes = 0 if upload.lent else upload.size_bytes - received_bytes
        self._wanted_bytes[session] += lacking_bytes - upload.wanted_bytes
        upload.wanted_bytes = lacking_bytes

    def _restart(self, upload: Upload) -> None:
        if upload.staging is not None:
            self._store.discard(upload.staging, promise_again=True)
            upload.staging, upload.restarted = None, True
