"""Shared memory: one writer, many readers, nothing that has a name."""

from __future__ import annotations

import fcntl
import mmap
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.descriptors import no_descriptor_left
from filmgate.errors import ConfigError, IntegrityError, StorageError
from filmgate_server.jobs.intake import INPUTS_MAX
from filmgate_server.store import segments
from filmgate_server.store.segments import (
    OTHER_DESCRIPTORS,
    SEGMENT_BYTES_MIN,
    SEGMENTS_MIN,
    Arena,
    Segment,
    allow_many_segments,
    capacity_for,
    new_segment_id,
    segments_allowed,
)

CAPACITY = SEGMENT_BYTES_MIN


@contextmanager
def limited_files(size_bytes: int) -> Iterator[None]:
    """Let the kernel refuse files, those in memory included, of more than *size_bytes*."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def written() -> Iterator[Segment]:
    """Return a segment of this process."""
    segment = Segment.create(new_segment_id(), CAPACITY)
    yield segment
    segment.close()


def attach(segment: Segment) -> Segment:
    """Map *segment* as a process does that got its descriptor."""
    return Segment.attach(segment.id, os.dup(segment.fd), segment.capacity_bytes)


@given(size_bytes=st.integers(0, 1 << 40))
def test_capacity_wastes_at_most_an_eighth(size_bytes: int) -> None:
    """A size class holds its blobs and rounds up by an eighth at most, above the smallest class."""
    capacity = capacity_for(size_bytes)
    assert max(size_bytes, SEGMENT_BYTES_MIN) <= capacity
    assert capacity <= max(size_bytes * 9 / 8, SEGMENT_BYTES_MIN)
    assert capacity % mmap.PAGESIZE == 0
    assert capacity_for(capacity) == capacity


def test_reader_sees_what_the_writer_writes(written: Segment) -> None:
    """Both map the same pages: nothing is copied."""
    reader = attach(written)
    written.view[:5] = b"plate"
    assert bytes(reader.view[:5]) == b"plate"
    reader.close()


def test_reader_cannot_write(written: Segment) -> None:
    """A reader's view is read-only, and the kernel refuses every way around that."""
    reader = attach(written)
    with pytest.raises(TypeError):
        reader.view[0] = 1
    with pytest.raises(PermissionError):
        mmap.mmap(reader.fd, CAPACITY, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    with pytest.raises(PermissionError):
        os.pwrite(reader.fd, b"x", 0)
    with pytest.raises(PermissionError):
        os.truncate(reader.fd, 0)
    reader.close()


def test_unsealed_memory_is_refused() -> None:
    """A writer that could cut the memory off, and crash its readers, is not trusted."""
    fd = os.memfd_create("unsealed", os.MFD_ALLOW_SEALING)
    os.truncate(fd, CAPACITY)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    with no_descriptor_left(), pytest.raises(IntegrityError):
        Segment.attach(1, os.dup(fd), CAPACITY)
    os.close(fd)


def test_short_memory_is_refused(written: Segment) -> None:
    """A segment that is smaller than promised would fault when its end is read."""
    with no_descriptor_left(), pytest.raises(IntegrityError):
        Segment.attach(written.id, os.dup(written.fd), 2 * CAPACITY)


def test_descriptor_that_is_no_memory_is_refused() -> None:
    """A pipe in the place of a segment is a typed error."""
    reading, writing = os.pipe()
    with pytest.raises(IntegrityError):
        Segment.attach(1, reading, CAPACITY)
    os.close(writing)


def test_full_memory_is_a_storage_error() -> None:
    """Pages are taken when a segment is made, so that a full memory never kills a writer later."""
    with no_descriptor_left(), limited_files(CAPACITY), pytest.raises(StorageError):
        Segment.create(1, 2 * CAPACITY)


def test_no_descriptor_for_memory_is_a_storage_error() -> None:
    """Running out of descriptors is a typed error too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(StorageError):
            Segment.create(1, CAPACITY)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_many_segments_are_allowed() -> None:
    """The limit on descriptors is as high as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard // 2, hard))
    try:
        allow_many_segments()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_limit_that_no_large_job_fits_is_told_at_the_start() -> None:
    """A server that could only turn its artists' inputs down does not start, and says why."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = OTHER_DESCRIPTORS + 4 * SEGMENTS_MIN
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
        assert segments_allowed() == SEGMENTS_MIN > INPUTS_MAX
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed - 1, hard))
        with pytest.raises(ConfigError) as caught:
            segments_allowed()
        assert str(needed) in caught.value.remedy
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_closing_returns_everything() -> None:
    """A closed segment leaves no descriptor."""
    with no_descriptor_left():
        segment = Segment.create(new_segment_id(), CAPACITY)
        attach(segment).close()
        segment.close()


def test_closing_under_a_reader_keeps_the_bytes() -> None:
    """Whoever holds a view when a segment is closed goes on reading the same bytes."""
    segment = Segment.create(new_segment_id(), CAPACITY)
    segment.view[:5] = b"plate"
    view = segment.view[:5]
    segment.close()
    assert bytes(view) == b"plate"


def test_arena_reuses_by_size_class() -> None:
    """A returned segment serves the next blob of its class, and no other."""
    arena = Arena()
    first = arena.take(CAPACITY)
    arena.give_back(first)
    larger, same = arena.take(2 * CAPACITY), arena.take(CAPACITY - 1)
    assert same is first
    assert larger.id != first.id
    for segment in (larger, same):
        arena.give_back(segment)
    arena.trim(0)


def test_arena_counts_what_it_holds() -> None:
    """The counters add up to the segments that exist."""
    arena = Arena()
    held = [arena.take(CAPACITY), arena.take(3 * CAPACITY)]
    assert (arena.in_use_bytes, arena.idle_bytes) == (4 * CAPACITY, 0)
    arena.give_back(held[1])
    assert (arena.in_use_bytes, arena.idle_bytes) == (CAPACITY, 3 * CAPACITY)
    arena.give_back(held[0])
    assert arena.trim(CAPACITY) == [held[1].id]
    assert (arena.in_use_bytes, arena.idle_bytes) == (0, CAPACITY)
    assert arena.trim(0) == [held[0].id]


def test_ids_are_never_given_twice() -> None:
    """Mappings are remembered by id: a reused number would show another blob's bytes."""
    arena = Arena()
    ids: set[int] = set()
    for _ in range(3):
        segment = arena.take(1)
        ids.add(segment.id)
        arena.give_back(segment)
        arena.trim(0)
    assert len(ids) == 3


def test_system_without_memfd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A temporary file without a name takes its place, behind the same class."""
    monkeypatch.setattr(segments, "_HAS_MEMFD", False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with no_descriptor_left():
        segment = Segment.create(new_segment_id(), CAPACITY)
        reader = attach(segment)
        segment.view[-1] = 7
        assert reader.view[-1] == 7
        assert list(tmp_path.iterdir()) == []
        reader.close()
        segment.close()
