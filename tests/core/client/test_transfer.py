"""Blobs under way, piece by piece, within credit, through damage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.digest import digest_blob, digest_bytes
from filmgate.errors import IntegrityError, StorageError
from filmgate.transfer import ATTEMPTS_MAX, Incoming, Outgoing, Receiving
from filmgate.wire.messages import BlobData, BlobPut
from filmgate.wire.records import BlobRef, Missing

CHUNK = 64
CONTENT = bytes(range(256)) * 2


def outgoing(credit: int = 1 << 20, chunk: int = CHUNK) -> Outgoing:
    """Return an empty queue on a fresh connection."""
    queue = Outgoing()
    queue.reset(chunk, credit)
    return queue


def want(queue: Outgoing, content: bytes, offset: int = 0) -> bytes:
    """Queue *content* and return its digest."""
    blob = digest_blob(content)
    queue.want(Missing(blob.digest, offset), blob, content)
    return blob.digest


def sent(queue: Outgoing) -> list[tuple[BlobPut, bytes]]:
    """Return what may be sent now."""
    return [(put, bytes(piece)) for put, piece in queue.pieces()]


@given(st.binary(min_size=1, max_size=500), st.integers(1, 90), st.integers(0, 5))
def test_sent_pieces_make_the_blob(content: bytes, chunk: int, skipped: int) -> None:
    """Whatever the chunk size and the start, the pieces join to the rest, with the right sums."""
    start = min(skipped * chunk, (len(content) - 1) // chunk * chunk)
    queue = outgoing(chunk=chunk)
    want(queue, content, start)
    pieces = sent(queue)
    assert b"".join(piece for _, piece in pieces) == content[start:]
    for put, piece in pieces:
        assert put.offset % chunk == 0
        assert put.sum == digest_bytes(content[: put.offset + len(piece)])[:16]
        assert len(piece) == chunk or put.offset + len(piece) == len(content)


@given(
    st.lists(st.integers(0, 200), max_size=12),
    st.lists(st.integers(1, 300), min_size=1, max_size=4),
)
def test_no_more_is_sent_than_granted(grants: list[int], sizes: list[int]) -> None:
    """The credit never goes below zero, and what fits is sent whole and in order."""
    queue = outgoing(credit=0)
    contents = {want(queue, bytes([n]) * size): size for n, size in enumerate(sizes)}
    received = dict.fromkeys(contents, 0)
    for granted in grants:
        queue.credit += granted
        for put, piece in sent(queue):
            assert put.offset == received[put.digest]
            received[put.digest] += len(piece)
        assert queue.credit >= 0
    assert sum(received.values()) == sum(grants) - queue.credit
    queue.credit += sum(sizes)
    for put, piece in sent(queue):
        received[put.digest] += len(piece)
    assert received == contents


def test_wanting_twice_sends_once() -> None:
    """Two jobs that lack the same input do not send it twice."""
    queue = outgoing()
    want(queue, CONTENT)
    want(queue, CONTENT)
    assert len(sent(queue)) == len(CONTENT) // CHUNK
    want(queue, CONTENT)
    assert sent(queue) == []


def test_dropped_blobs_are_not_sent() -> None:
    """After `blob.done` or a cancel no further piece goes out."""
    queue = outgoing(credit=CHUNK)
    digest = want(queue, CONTENT)
    assert len(sent(queue)) == 1
    queue.drop(digest)
    queue.credit = 1 << 20
    assert sent(queue) == []


def test_restart_goes_on_from_the_offset() -> None:
    """The server says from which byte; the pieces start there."""
    queue = outgoing()
    digest = want(queue, CONTENT)
    assert len(sent(queue)) == 8
    queue.restart(digest, 2 * CHUNK)
    assert [put.offset for put, _ in sent(queue)] == [n * CHUNK for n in range(2, 8)]


def test_restarts_come_to_an_end() -> None:
    """A link that damages every attempt is an error, not an endless loop."""
    queue = outgoing()
    digest = want(queue, CONTENT)
    for _ in range(ATTEMPTS_MAX):
        queue.restart(digest, 0)
    with pytest.raises(IntegrityError):
        queue.restart(digest, 0)
    assert sent(queue) == []


def test_reset_forgets_the_old_connection() -> None:
    """On a new connection nothing is sent before it is asked for again."""
    queue = outgoing(credit=0)
    want(queue, CONTENT)
    queue.reset(CHUNK, 1 << 20)
    assert sent(queue) == []


def receiving(content: bytes) -> Receiving:
    """Return the receiver of *content*."""
    blob = digest_blob(content)
    return Incoming().want(BlobRef("color", blob.digest, blob.size_bytes), b"job")


def data(content: bytes, start: int, chunk: int = CHUNK) -> tuple[BlobData, memoryview]:
    """Return the piece of *content* at *start* as a server sends it."""
    piece = content[start : start + chunk]
    sum_ = digest_bytes(content[: start + len(piece)])[:16]
    return BlobData(digest_bytes(content), len(content), start, sum_), memoryview(piece)


@given(st.binary(min_size=1, max_size=500), st.integers(1, 90))
def test_received_pieces_make_the_blob(content: bytes, chunk: int) -> None:
    """Whatever the chunk size, the last piece completes the blob and no earlier one does."""
    blob = receiving(content)
    complete = [blob.add(*data(content, start, chunk)) for start in range(0, len(content), chunk)]
    assert complete == [False] * (len(complete) - 1) + [True]
    assert bytes(blob.buffer) == content


@given(st.integers(0, len(CONTENT) * 8 - 1))
def test_every_flipped_bit_is_found_at_its_piece(bit: int) -> None:
    """The piece with the damage is refused, none before it."""
    damaged = bytearray(CONTENT)
    damaged[bit // 8] ^= 1 << bit % 8
    blob = receiving(CONTENT)
    for start in range(0, bit // 8 // CHUNK * CHUNK, CHUNK):
        blob.add(*data(CONTENT, start))
    start = bit // 8 // CHUNK * CHUNK
    header, _ = data(CONTENT, start)
    with pytest.raises(IntegrityError):
        blob.add(header, memoryview(damaged)[start : start + CHUNK])
    assert not blob.complete


def test_pieces_under_way_after_damage_are_dropped() -> None:
    """One damaged piece costs one attempt, however many pieces were behind it."""
    blob = receiving(CONTENT)
    header, piece = data(CONTENT, 0)
    with pytest.raises(IntegrityError):
        blob.add(header, memoryview(bytes(len(piece))))
    for start in range(CHUNK, len(CONTENT), CHUNK):
        assert not blob.add(*data(CONTENT, start))
    assert blob.attempts == 1
    for start in range(0, len(CONTENT), CHUNK):
        blob.add(*data(CONTENT, start))
    assert blob.complete
    assert bytes(blob.buffer) == CONTENT


@given(st.permutations(range(8)))
def test_only_the_right_order_is_taken(order: list[int]) -> None:
    """Pieces in another order never make a blob that is not the content."""
    blob = receiving(CONTENT)
    try:
        done = [blob.add(*data(CONTENT, n * CHUNK)) for n in order]
    except IntegrityError:
        assert order != sorted(order)
        assert not blob.complete
    else:
        assert any(done) == (order == sorted(order))


def test_another_blobs_pieces_are_refused() -> None:
    """Pieces with right sums of another content are found, at the first or at the end."""
    other = CONTENT[:-1] + b"!"
    blob = receiving(CONTENT)
    with pytest.raises(IntegrityError):
        for start in range(0, len(other), CHUNK):
            blob.add(*data(other, start))
    assert not blob.complete


def test_pieces_beyond_the_end_are_refused() -> None:
    """A piece that does not fit into what was promised writes nothing beyond."""
    blob = receiving(CONTENT[:100])
    with pytest.raises(IntegrityError):
        blob.add(*data(CONTENT, 0, 101))


def test_a_complete_blob_stays_complete() -> None:
    """A piece that comes twice does not undo what is verified."""
    blob = receiving(CONTENT[:CHUNK])
    assert blob.add(*data(CONTENT[:CHUNK], 0))
    assert not blob.add(*data(CONTENT[:CHUNK], 0))
    assert blob.complete


def ref(number: int, size: int = 10) -> BlobRef:
    """Return a reference to some blob."""
    return BlobRef("color", bytes([number]) * 32, size)


def test_a_few_blobs_are_asked_for_at_a_time() -> None:
    """However many outputs there are, only some are asked for; each of them once."""
    incoming = Incoming()
    for number in range(40):
        incoming.want(ref(number), b"job")
    assert len(list(incoming.to_ask())) == Incoming.AT_A_TIME
    assert list(incoming.to_ask()) == []
    incoming.reset()
    assert len(list(incoming.to_ask())) == Incoming.AT_A_TIME


def test_equal_outputs_are_fetched_once() -> None:
    """Two jobs with the same output share the bytes until the last of them lets go."""
    incoming = Incoming()
    first, second = incoming.want(ref(1), b"a"), incoming.want(ref(1), b"b")
    assert first is second
    incoming.release(b"a")
    assert incoming.find(ref(1).digest) is first
    incoming.release(b"b")
    assert incoming.find(ref(1).digest) is None


@pytest.mark.parametrize("size", [0, (1 << 36) + 1, 2**53 - 1])
def test_impossible_sizes_are_refused(size: int) -> None:
    """A server that promises petabytes does not make the host allocate them."""
    with pytest.raises(StorageError):
        Incoming().want(ref(1, size), b"job")
