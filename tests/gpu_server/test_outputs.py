"""The book of a worker's output memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import pytest

from fakes.descriptors import no_descriptor_left
from filmgate.errors import IntegrityError, ProtocolError
from filmgate_server.pool.messages import Attachment, GrantEntry, OutputEntry
from filmgate_server.pool.outputs import OutputBook
from filmgate_server.pool.translation import attach_all
from filmgate_server.store.segments import SEGMENT_BYTES_MIN, Segment, new_segment_id

SIZE = SEGMENT_BYTES_MIN


class Writer:
    """Makes segments as a worker does, and closes them at the end of the test."""

    def __init__(self) -> None:
        self.made: list[Segment] = []

    def create(self, entries: Sequence[GrantEntry]) -> dict[int, Segment]:
        """Return what the gateway maps of the segments to be created."""
        fresh = [Segment.create(entry.segment, entry.capacity) for entry in entries if entry.create]
        self.made.extend(fresh)
        return {
            each.id: Segment.attach(each.id, os.dup(each.fd), each.capacity_bytes) for each in fresh
        }


@pytest.fixture
def writer() -> Iterator[Writer]:
    """Return the worker's side."""
    writer = Writer()
    yield writer
    for segment in writer.made:
        segment.close()


def output(segment: int, size: int = SIZE) -> OutputEntry:
    """Return an output in *segment*."""
    return OutputEntry("color", 1.0, "", "image/x-exr", segment, size, bytes(32), b"")


def settled(book: OutputBook, writer: Writer, execution: int, sizes: list[int]) -> list[Segment]:
    """Run an execution that writes all it asked for."""
    entries = book.grant(execution, sizes)
    outputs = [output(entry.segment) for entry in entries]
    return book.settle(execution, outputs, writer.create(entries))


def test_failed_execution_gives_everything_back(writer: Writer) -> None:
    """What was to be created never was, and what was lent is idle again."""
    book = OutputBook()
    (segment,) = settled(book, writer, 1, [SIZE])
    book.release(segment.id)
    entries = book.grant(2, [SIZE, SIZE])
    assert [entry.create for entry in entries] == [False, True]
    assert (book.in_use_bytes, book.idle_bytes) == (2 * SIZE, 0)
    book.revoke(2)
    assert (book.in_use_bytes, book.idle_bytes) == (0, SIZE)
    book.close()


def test_memory_granted_and_not_used_is_idle(writer: Writer) -> None:
    """A worker may announce fewer outputs than it asked for."""
    book = OutputBook()
    entries = book.grant(1, [SIZE, SIZE])
    book.settle(1, [output(entries[1].segment)], writer.create(entries))
    assert (book.in_use_bytes, book.idle_bytes) == (SIZE, SIZE)
    book.release(entries[1].segment)
    book.close()
    assert (book.in_use_bytes, book.idle_bytes) == (0, 0)


def test_asking_twice_breaks_the_rules() -> None:
    """One execution has one set of segments."""
    book = OutputBook()
    book.grant(1, [SIZE])
    with pytest.raises(ProtocolError):
        book.grant(1, [SIZE])


def test_output_in_memory_of_another_execution(writer: Writer) -> None:
    """A worker cannot pass one frame's memory off as another's."""
    book = OutputBook()
    first = book.grant(1, [SIZE])
    created = writer.create(first)
    book.grant(2, [SIZE])
    with pytest.raises(ProtocolError):
        book.settle(2, [output(first[0].segment)], {})
    (segment,) = book.settle(1, [output(first[0].segment)], created)
    assert segment is created[first[0].segment]
    book.release(segment.id)
    book.close()


@pytest.mark.parametrize("count", [1, 2])
def test_output_that_does_not_fit_its_memory(count: int, writer: Writer) -> None:
    """Neither a size beyond the segment nor two outputs in one are believed."""
    book = OutputBook()
    (entry,) = book.grant(1, [SIZE])
    sizes = [SIZE + 1] if count == 1 else [1, 1]
    with pytest.raises(ProtocolError):
        book.settle(1, [output(entry.segment, size) for size in sizes], {})


def test_memory_of_a_dead_worker(writer: Writer) -> None:
    """Idle and granted memory goes at once, what is being read at its release."""
    with no_descriptor_left():
        book = OutputBook()
        held, idle = (settled(book, writer, number, [SIZE])[0] for number in (1, 2))
        book.release(idle.id)
        book.grant(3, [SIZE])
        book.close()
        assert (book.in_use_bytes, book.idle_bytes) == (SIZE, 0)
        assert len(held.view) == SIZE
        book.release(held.id)
        assert (book.in_use_bytes, book.idle_bytes) == (0, 0)
        for segment in writer.made:
            segment.close()
        writer.made.clear()


def test_unsealed_memory_is_attached_neither_alone_nor_with_others() -> None:
    """One bad segment among good ones: none is kept, every descriptor is closed."""
    with no_descriptor_left():
        good = Segment.create(new_segment_id(), SIZE)
        unsealed = os.memfd_create("unsealed")
        os.truncate(unsealed, SIZE)
        entries = [Attachment(number, SIZE) for number in (1, 2, 3)]
        with pytest.raises(IntegrityError):
            attach_all(entries, [os.dup(good.fd), os.dup(unsealed), os.dup(good.fd)])
        good.close()
        os.close(unsealed)
