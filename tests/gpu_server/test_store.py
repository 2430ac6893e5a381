"""The content store: verified blobs in shared memory within a budget of promises."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fakes.gate import Clock, content, store_blob
from filmgate.digest import CHUNK_BYTES, digest_blob, digest_bytes
from filmgate.errors import (
    BusyError,
    ImageTooLargeError,
    IntegrityError,
    ProtocolError,
    StorageError,
)
from filmgate_server.store.content import Blob, Store, reservation_bytes
from filmgate_server.store.segments import Segment, capacity_for, new_segment_id
from filmgate_server.store.staging import Staging

UNIT = 64 << 10
"""The smallest segment: what each small blob takes."""


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    """Return a store for four small blobs."""
    return Store(4 * UNIT, clock, lambda _: None)


def output(
    data: bytes, released: Callable[[Segment], None] = lambda _: None, show: str = "film"
) -> Blob:
    """Return an output in a worker's segment."""
    segment = Segment.create(new_segment_id(), capacity_for(len(data)))
    segment.view[: len(data)] = data
    digest, size, sums = digest_blob(data)
    return Blob(show, digest, size, segment, sums, released)


def test_blobs_are_found_by_show_and_digest(store: Store) -> None:
    """What was put is there for its own show and for no other."""
    blob = store_blob(store, b"pixels")
    assert bytes(blob.content) == b"pixels"
    assert store.find("film", blob.digest) is blob
    assert store.find("other", blob.digest) is None
    assert store.used_bytes == UNIT
    assert store.promised_bytes == 0


def test_equal_content_of_two_shows_is_kept_apart(store: Store) -> None:
    """Two shows never share memory, so neither can tell what the other has."""
    ours, theirs = store_blob(store, b"pixels"), store_blob(store, b"pixels", "other")
    assert ours.segment is not theirs.segment
    assert store.purge("film") == 1
    assert store.find("other", theirs.digest) is theirs


def test_promises_and_blobs_share_the_budget(store: Store) -> None:
    """What is promised cannot be promised again."""
    store.promise(3 * UNIT)
    with pytest.raises(BusyError):
        store.promise(2 * UNIT)
    store.cancel_promise(UNIT)
    store.promise(2 * UNIT)
    assert store.promised_bytes == 4 * UNIT


def test_what_never_fits_is_another_error(store: Store) -> None:
    """Trying again is pointless for a job larger than the whole store."""
    with pytest.raises(ImageTooLargeError):
        store.promise(4 * UNIT + 1)


def test_idle_blobs_make_room_oldest_first(store: Store) -> None:
    """Only as many blobs go as are needed, those that nobody asked for first."""
    blobs = [store_blob(store, content(n, 100)) for n in range(4)]
    store.find("film", blobs[0].digest)
    store.promise(2 * UNIT)
    kept = [store.find("film", blob.digest) is not None for blob in blobs]
    assert kept == [True, False, False, True]
    assert store.evictions == 2
    assert store.used_bytes + store.promised_bytes == store.budget_bytes


def test_pinned_blobs_stay(store: Store) -> None:
    """What a job needs is not evicted, and nothing is evicted in vain."""
    blobs = [store_blob(store, content(n, 100)) for n in range(4)]
    for blob in blobs[:3]:
        store.pin(blob)
    with pytest.raises(BusyError):
        store.promise(2 * UNIT)
    assert len(store) == 4
    store.unpin(blobs[0])
    store.promise(2 * UNIT)
    assert store.find("film", blobs[1].digest)
    assert len(store) == 2


def test_staging_is_invisible_until_verified(store: Store) -> None:
    """A half-uploaded blob cannot be found."""
    data = content(1, CHUNK_BYTES // 8 + 5)
    roomy = Store(1 << 20, Clock(), lambda _: None)
    roomy.promise(capacity_for(len(data)))
    digest, size, sums = digest_blob(data, 64 << 10)
    staging = roomy.stage("film", digest, size)
    for number, sum_ in enumerate(sums):
        assert roomy.find("film", digest) is None
        start = number * (64 << 10)
        complete = staging.add(start, memoryview(data)[start:][: 64 << 10], sum_)
    assert complete
    assert bytes(roomy.publish(staging).content) == data


@pytest.fixture
def staging(store: Store) -> Staging:
    """Return the staging of the twelve bytes ``first second``."""
    store.promise(UNIT)
    return store.stage("film", digest_bytes(b"first second"), 12)


def sum_of(data: bytes) -> bytes:
    """Return the prefix sum of *data*."""
    return digest_bytes(data)[:16]


@pytest.mark.parametrize(("offset", "size"), [(1, 5), (6, 6), (0, 13), (0, 0)])
def test_pieces_out_of_order_are_refused(staging: Staging, offset: int, size: int) -> None:
    """A piece that is not the next, is empty, or reaches beyond the end changes nothing."""
    with pytest.raises(ProtocolError) as caught:
        staging.add(offset, memoryview(bytes(size)), bytes(16))
    assert caught.value.detail["offset"] == staging.received_bytes == 0
    assert not staging.add(0, memoryview(b"first "), sum_of(b"first "))
    with pytest.raises(ProtocolError) as caught:
        staging.add(0, memoryview(b"first "), sum_of(b"first "))
    assert caught.value.detail["offset"] == 6


def test_damaged_pieces_are_refused(staging: Staging) -> None:
    """A piece that does not match its sum is an error at once."""
    with pytest.raises(IntegrityError):
        staging.add(0, memoryview(b"fIrst "), sum_of(b"first "))


def test_content_of_another_digest_is_refused(staging: Staging) -> None:
    """Sound pieces of another content are found at the end: nobody can store what is not theirs."""
    with pytest.raises(IntegrityError):
        staging.add(0, memoryview(b"first sECond"), sum_of(b"first sECond"))


def test_the_first_of_two_uploads_wins(store: Store) -> None:
    """Two verified uploads of one content become one blob; the other's memory is free again."""
    store.promise(2 * UNIT)
    first, second = (store.stage("film", digest_bytes(b"pixels"), 6) for _ in range(2))
    for staging in (second, first):
        staging.add(0, memoryview(b"pixels"), sum_of(b"pixels"))
    blob = store.publish(second)
    assert store.publish(first) is blob
    assert (store.used_bytes, store.promised_bytes, len(store)) == (UNIT, 0, 1)


def test_discarded_uploads_give_back_their_memory(store: Store) -> None:
    """Dropped for good, the memory is free; dropped for another try, it stays promised."""
    for promise_again, promised in ((False, 0), (True, UNIT)):
        store.promise(UNIT)
        store.discard(store.stage("film", b"d" * 32, 10), promise_again)
        assert (store.used_bytes, store.promised_bytes) == (0, promised)


def test_outputs_are_adopted(store: Store) -> None:
    """A worker's output is found like any blob, and its segment goes back when it is evicted."""
    released: list[int] = []
    blob = store.adopt(output(b"pixels", lambda segment: released.append(segment.id)))
    assert store.find("film", blob.digest) is blob
    assert store.used_bytes == UNIT
    store.purge("film")
    assert released == [blob.segment.id]
    assert store.used_bytes == 0


def test_equal_outputs_are_kept_once(store: Store) -> None:
    """An output that is here already goes straight back to its worker."""
    released: list[int] = []
    first = store.adopt(output(b"pixels"))
    again = output(b"pixels", lambda segment: released.append(segment.id))
    assert store.adopt(again) is first
    assert released == [again.segment.id]
    assert store.used_bytes == UNIT


@pytest.mark.parametrize("chunk_bytes", [64 << 10, 128 << 10])
def test_outputs_have_the_sums_of_the_pieces_that_travel(chunk_bytes: int) -> None:
    """Where pieces are smaller than usual, the sums are made for those."""
    data = content(1, 300_000)
    store = Store(1 << 20, Clock(), lambda _: None, chunk_bytes)
    assert store.adopt(output(data)).sums == digest_blob(data, chunk_bytes).sums


def test_unused_blobs_expire(store: Store, clock: Clock) -> None:
    """What nobody has asked for since a time goes, what is needed stays."""
    old, pinned = store_blob(store, b"old"), store_blob(store, b"pinned")
    store.pin(pinned)
    clock.now_s += 100
    young = store_blob(store, b"young")
    store.expire(clock.now_s - 50)
    assert store.find("film", old.digest) is None
    assert store.find("film", pinned.digest)
    assert store.find("film", young.digest)


def test_segments_that_are_closed_are_told(clock: Clock) -> None:
    """Others may have mapped a segment; they are told when it goes."""
    closed: list[int] = []
    store = Store(4 * UNIT, clock, closed.append)
    blob = store_blob(store, b"pixels")
    number = blob.segment.id
    store.purge("film")
    assert closed == []
    store.trim(0)
    assert closed == [number]


def test_idle_memory_stays_within_the_budget(store: Store) -> None:
    """Segments kept for reuse and those in use never exceed the budget together."""
    for n in range(4):
        store_blob(store, content(n, 100))
    store.purge("film")
    assert store.idle_bytes == 4 * UNIT
    store.promise(capacity_for(3 * UNIT))
    store.stage("film", b"d" * 32, 3 * UNIT)
    assert store.used_bytes + store.idle_bytes <= store.budget_bytes


def test_closing_frees_everything(store: Store) -> None:
    """Nothing is left after close."""
    store_blob(store, b"pixels")
    store.close()
    assert (len(store), store.used_bytes, store.idle_bytes) == (0, 0, 0)


def test_reservations_count_whole_segments() -> None:
    """What is promised covers the rounding of each segment."""
    sizes = [1, UNIT, UNIT + 1, 1_000_000]
    assert reservation_bytes(sizes) == sum(capacity_for(size) for size in sizes)
    assert reservation_bytes([]) == 0


def test_segments_are_bounded_as_bytes_are() -> None:
    """More blobs than there are descriptors are refused before anything is sent."""
    store = Store(100 * UNIT, Clock(), lambda _: None, segments_max=3)
    store.promise(UNIT)
    store.promise(2 * UNIT, segments=2)
    with pytest.raises(BusyError):
        store.promise(UNIT)
    store.cancel_promise(2 * UNIT, segments=2)
    assert store.segments == 1
    with pytest.raises(StorageError):
        store.promise(4 * UNIT, segments=4)


def test_idle_blobs_make_room_for_segments() -> None:
    """A blob that nobody needs goes when descriptors run out, though its bytes would fit."""
    store = Store(100 * UNIT, Clock(), lambda _: None, segments_max=2)
    blobs = [store_blob(store, content(n, 100)) for n in range(2)]
    store.find("film", blobs[0].digest)
    store.promise(UNIT)
    assert store.find("film", blobs[0].digest)
    assert store.find("film", blobs[1].digest) is None
    assert store.segments == 2


def test_segments_are_counted_through_their_life() -> None:
    """Promised, staged, discarded, published, adopted and evicted: the count follows."""
    store = Store(100 * UNIT, Clock(), lambda _: None, segments_max=9)
    store.promise(UNIT)
    staging = store.stage("film", digest_bytes(b"x"), 1)
    store.discard(staging, promise_again=True)
    assert store.segments == 1
    staging = store.stage("film", digest_bytes(b"x"), 1)
    store.discard(staging, promise_again=False)
    assert store.segments == 0
    store_blob(store, b"pixels")
    store.adopt(output(b"result"))
    assert store.segments == 2
    store.purge("film")
    assert store.segments == 0


def test_few_segments_are_kept_for_reuse_where_few_may_be_open() -> None:
    """Idle segments never take the descriptors that blobs need."""
    closed: list[int] = []
    store = Store(100 * UNIT, Clock(), closed.append, segments_max=4)
    for number in range(4):
        store_blob(store, content(number, 100 + number * UNIT))
    store.purge("film")
    store.promise(3 * UNIT, segments=3)
    store.trim()
    assert len(closed) == 3
