"""Results that are known, while their blobs are there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.gate import Clock, ref_to, store_blob
from filmgate_server.jobs import results as results_module
from filmgate_server.jobs.results import Results
from filmgate_server.jobs.table import Outcome
from filmgate_server.store.content import Store

KEY = b"k" * 32


@pytest.fixture
def store() -> Store:
    """Return an empty store."""
    return Store(1 << 20, Clock(), lambda _: None)


def outcome(*contents: bytes) -> Outcome:
    """Return what an execution gave."""
    return Outcome(
        tuple(ref_to(content) for content in contents), ("a warning",), {"infer": 2}, "array-1"
    )


def test_known_work_is_answered(store: Store) -> None:
    """The same work of the same show gives the same outcome, warnings included."""
    results = Results(store)
    store_blob(store, b"one")
    results.remember("film", KEY, outcome(b"one"))
    assert results.find("film", KEY) == outcome(b"one")
    assert results.find("other", KEY) is None
    assert results.find("film", b"x" * 32) is None


def test_a_result_without_its_blobs_is_forgotten(store: Store) -> None:
    """One output that was evicted makes the work unknown, for good."""
    results = Results(store)
    store_blob(store, b"one")
    store_blob(store, b"two")
    results.remember("film", KEY, outcome(b"one", b"two"))
    store.purge("film")
    store_blob(store, b"one")
    assert results.find("film", KEY) is None
    store_blob(store, b"two")
    assert results.find("film", KEY) is None


def test_asking_keeps_the_blobs_young(store: Store) -> None:
    """Results that are asked for are evicted last."""
    results = Results(store)
    first, _ = store_blob(store, b"one"), store_blob(store, b"two")
    results.remember("film", KEY, outcome(b"one"))
    results.find("film", KEY)
    assert list(store._blobs)[-1] == first.key


def test_the_oldest_is_forgotten(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The book of results does not grow without end."""
    monkeypatch.setattr(results_module, "RESULTS_MAX", 2)
    results = Results(store)
    store_blob(store, b"one")
    for number in range(3):
        results.remember("film", bytes([number]) * 32, replace(outcome(b"one")))
    assert [results.find("film", bytes([n]) * 32) is not None for n in range(3)] == [
        False,
        True,
        True,
    ]
