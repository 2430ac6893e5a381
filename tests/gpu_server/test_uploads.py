"""Uploads: one staging for each session and digest, within promised memory."""

from __future__ import annotations

import pytest

from fakes.gate import ALICE, BOB, EVE, Clock, content, ref_to
from filmgate.digest import digest_blob
from filmgate.errors import BusyError, IntegrityError, ProtocolError
from filmgate.wire.messages import BlobPut
from filmgate.wire.records import BlobRef
from filmgate_server.jobs.table import Owner
from filmgate_server.store.content import Blob, Store
from filmgate_server.store.segments import capacity_for
from filmgate_server.store.uploads import LOOSE_BYTES_MAX, Uploads

PIECE = 64 << 10
PLATE = content(1, 4 * PIECE - 100)
LARGE = content(2, LOOSE_BYTES_MAX + 1)
BUDGET = 4 << 20


@pytest.fixture
def clock() -> Clock:
    """Return a clock that a test moves."""
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    """Return an empty store."""
    return Store(BUDGET, clock, lambda _: None)


@pytest.fixture
def uploads(store: Store, clock: Clock) -> Uploads:
    """Return uploads into the store."""
    return Uploads(store, clock)


def expect(uploads: Uploads, store: Store, owner: Owner, data: bytes) -> BlobRef:
    """Expect a blob as an accepted job does."""
    ref = ref_to(data)
    store.promise(uploads.missing_bytes(owner.session, [ref]))
    uploads.expect(owner.session, owner.show, [ref])
    return ref


def put(
    uploads: Uploads, owner: Owner, data: bytes, number: int, damaged: bool = False
) -> Blob | None:
    """Send one piece."""
    digest, size, sums = digest_blob(data, PIECE)
    piece = bytearray(data[number * PIECE :][:PIECE])
    piece[0] ^= damaged
    header = BlobPut(digest, size, number * PIECE, sums[number])
    return uploads.put(owner.session, owner.show, header, memoryview(piece))


def put_all(uploads: Uploads, owner: Owner, data: bytes) -> Blob | None:
    """Send every piece."""
    blobs = [put(uploads, owner, data, n) for n in range(-(-len(data) // PIECE))]
    assert blobs[:-1] == [None] * (len(blobs) - 1)
    return blobs[-1]


def test_the_last_piece_makes_the_blob(uploads: Uploads, store: Store) -> None:
    """An expected upload becomes a blob, and the promise is spent on it."""
    ref = expect(uploads, store, ALICE, PLATE)
    assert store.promised_bytes == capacity_for(len(PLATE))
    blob = put_all(uploads, ALICE, PLATE)
    assert blob is not None
    assert bytes(blob.content) == PLATE
    assert store.find("film", ref.digest) is blob
    assert (store.promised_bytes, len(uploads)) == (0, 0)
    assert uploads.received_bytes == len(PLATE)


def test_missing_says_where_to_go_on(uploads: Uploads, store: Store) -> None:
    """A client that comes back is told how much has arrived."""
    ref = expect(uploads, store, ALICE, PLATE)
    put(uploads, ALICE, PLATE, 0)
    put(uploads, ALICE, PLATE, 1)
    (missing,) = uploads.missing(ALICE.session, [ref])
    assert (missing.digest, missing.offset) == (ref.digest, 2 * PIECE)
    assert uploads.missing(BOB.session, [ref])[0].offset == 0


def test_memory_is_promised_once_for_each_session(uploads: Uploads, store: Store) -> None:
    """A second job of a session that lacks the same input costs no second promise."""
    ref = expect(uploads, store, ALICE, PLATE)
    assert uploads.missing_bytes(ALICE.session, [ref]) == 0
    assert uploads.missing_bytes(BOB.session, [ref]) == capacity_for(len(PLATE))


def test_a_damaged_piece_starts_the_upload_again(uploads: Uploads, store: Store) -> None:
    """One complaint, and what was on its way is dropped without another."""
    expect(uploads, store, ALICE, PLATE)
    put(uploads, ALICE, PLATE, 0)
    with pytest.raises(IntegrityError):
        put(uploads, ALICE, PLATE, 1, damaged=True)
    assert put(uploads, ALICE, PLATE, 2) is None
    assert put(uploads, ALICE, PLATE, 3) is None
    assert store.promised_bytes == capacity_for(len(PLATE))
    assert put_all(uploads, ALICE, PLATE) is not None


def test_a_piece_out_of_order_says_where_to_go_on(uploads: Uploads, store: Store) -> None:
    """The upload keeps what it has."""
    expect(uploads, store, ALICE, PLATE)
    put(uploads, ALICE, PLATE, 0)
    with pytest.raises(ProtocolError) as caught:
        put(uploads, ALICE, PLATE, 2)
    assert caught.value.detail["offset"] == PIECE
    assert put(uploads, ALICE, PLATE, 1) is None


def test_uploads_of_two_sessions_are_apart(uploads: Uploads, store: Store) -> None:
    """A session that sends rubbish under a digest does not spoil another's upload."""
    expect(uploads, store, ALICE, PLATE)
    expect(uploads, store, BOB, PLATE)
    put(uploads, BOB, PLATE, 0)
    with pytest.raises(IntegrityError):
        put(uploads, BOB, PLATE, 1, damaged=True)
    assert put_all(uploads, ALICE, PLATE) is not None


def test_the_others_stop_when_one_has_arrived(uploads: Uploads, store: Store) -> None:
    """Uploads of the same content in the same show are closed, those of other shows go on."""
    for owner in (ALICE, BOB, EVE):
        ref = expect(uploads, store, owner, PLATE)
    put(uploads, BOB, PLATE, 0)
    put_all(uploads, ALICE, PLATE)
    assert uploads.others("film", ref.digest) == [BOB.session]
    assert len(uploads) == 1
    assert store.promised_bytes == capacity_for(len(PLATE))
    assert put(uploads, BOB, PLATE, 1) is None


@pytest.mark.parametrize("started", [False, True])
def test_closing_gives_the_memory_back(uploads: Uploads, store: Store, started: bool) -> None:
    """Whether or not something has come, nothing stays promised or used."""
    ref = expect(uploads, store, ALICE, PLATE)
    if started:
        put(uploads, ALICE, PLATE, 0)
    uploads.close(ALICE.session, ref.digest)
    uploads.close(ALICE.session, ref.digest)
    assert (store.promised_bytes, store.used_bytes, len(uploads)) == (0, 0, 0)


def test_small_blobs_may_come_unasked(uploads: Uploads, store: Store) -> None:
    """Long lists and large parameters are put before the job that names them."""
    blob = put_all(uploads, ALICE, PLATE)
    assert blob is not None
    assert store.find("film", blob.digest) is blob
    assert store.promised_bytes == 0


def test_large_blobs_must_be_asked_for(uploads: Uploads, store: Store) -> None:
    """Pixels that no job wants are dropped without a word."""
    assert put(uploads, ALICE, LARGE, 0) is None
    assert (len(uploads), store.used_bytes) == (0, 0)


def test_pieces_in_the_middle_of_nothing_are_dropped(uploads: Uploads) -> None:
    """Late pieces of a cancelled upload start no new one."""
    assert put(uploads, ALICE, PLATE, 1) is None
    assert len(uploads) == 0


def test_pieces_of_another_size_are_dropped(uploads: Uploads, store: Store) -> None:
    """A blob that claims another length than the job did is not taken."""
    ref = expect(uploads, store, ALICE, PLATE)
    header = BlobPut(ref.digest, ref.size + 1, 0, bytes(16))
    assert uploads.put(ALICE.session, "film", header, memoryview(bytes(PIECE))) is None
    assert store.used_bytes == 0


def test_unasked_blobs_need_memory_too(uploads: Uploads, store: Store) -> None:
    """A store that is promised away takes no loose blob."""
    store.promise(BUDGET)
    with pytest.raises(BusyError):
        put(uploads, ALICE, PLATE, 0)
    assert len(uploads) == 0


def test_uploads_that_stand_still_are_found(uploads: Uploads, store: Store, clock: Clock) -> None:
    """An upload of which nothing has come for long is stalled."""
    ref = expect(uploads, store, ALICE, PLATE)
    clock.now_s += 20
    put(uploads, ALICE, PLATE, 0)
    clock.now_s += 20
    assert uploads.stalled(clock.now_s - 30) == []
    clock.now_s += 20
    assert uploads.stalled(clock.now_s - 30) == [(ALICE.session, ref.digest)]


def test_waiting_behind_another_upload_is_not_standing_still(
    uploads: Uploads, store: Store, clock: Clock
) -> None:
    """A client sends one blob after the other: the later ones do not stall meanwhile."""
    expect(uploads, store, ALICE, PLATE)
    later = expect(uploads, store, ALICE, LARGE)
    bobs = expect(uploads, store, BOB, PLATE)
    for number in range(3):
        clock.now_s += 20
        put(uploads, ALICE, PLATE, number)
    assert uploads.stalled(clock.now_s - 30) == [(BOB.session, bobs.digest)]
    clock.now_s += 31
    assert (ALICE.session, later.digest) in uploads.stalled(clock.now_s - 30)


def test_what_is_still_to_come_follows_every_change(uploads: Uploads, store: Store) -> None:
    """Sent, damaged, lent, taken back and closed: so much of a session's uploads is wanted."""
    first = expect(uploads, store, ALICE, PLATE)
    second = expect(uploads, store, ALICE, LARGE)
    wanted = [uploads.wanted_bytes(ALICE.session)]
    put(uploads, ALICE, PLATE, 0)
    wanted.append(uploads.wanted_bytes(ALICE.session))
    with pytest.raises(IntegrityError):
        put(uploads, ALICE, PLATE, 1, damaged=True)
    wanted.append(uploads.wanted_bytes(ALICE.session))
    staging = uploads.lend(ALICE.session, second.digest, second.size)
    assert staging is not None
    wanted.append(uploads.wanted_bytes(ALICE.session))
    uploads.take_back(ALICE.session, staging, verified=False)
    uploads.close(ALICE.session, first.digest)
    wanted.append(uploads.wanted_bytes(ALICE.session))
    both = first.size + second.size
    assert wanted == [both, both - PIECE, both, first.size, second.size]
    assert uploads.wanted_bytes(BOB.session) == 0
