"""The index of what was computed before."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from filmgate.cache import Cache
from filmgate.digest import digest_bytes
from filmgate.errors import RequestError
from filmgate.host import results as results_module
from filmgate.host.results import Request, Results
from filmgate.job import Output, Result
from filmgate.tensor import TENSOR_MEDIA
from filmgate.wire.records import BlobRef, ColourSpec, Wish

REQUEST = Request(
    package=bytes(range(32)),
    params={"strength": 0.5, "passes": 2, "tint": (1.0, 0.0, 0.0, 1.0), "mode": "fine"},
    layers={"albedo": "diffuse_albedo"},
    inputs=(
        BlobRef("color", digest_bytes(b"plate"), 5, time=1001.0, view="left"),
        BlobRef("albedo", digest_bytes(b"albedo"), 6, time=1001.0, view="left"),
    ),
    wish=Wish("model", depth="float"),
    colour=ColourSpec(working="ACEScg"),
    time=1001.25,
    show="film",
)
GOLDEN = "cd95b75e1146b3e0731c2a07d3f6f70d477b2a2c12f790e9202c145cf6564bf3"
RESULT = Result(
    (
        Output("color", memoryview(b"clean"), time=1001.0, view="left"),
        Output("points", memoryview(b"numbers"), TENSOR_MEDIA),
    ),
    warnings=("3 pixels were not finite.",),
    package_digest=bytes(range(32)),
    work_key=b"w" * 32,
    numerics="torch-2.13/float32/cpu",
)

MANY_PUTS = """
import sys
from pathlib import Path
from filmgate.cache import Cache
from filmgate.host.results import Results
from filmgate.job import Output, Result

folder = Path(sys.argv[1])
results = Results(folder / "results", Cache(folder / "cache", 1 << 20))
for number in range(20):
    outputs = (Output("color", memoryview(b"%d" % number)),)
    results.put(bytes([number]) * 32, Result(outputs))
    assert bytes(results.find(bytes([number]) * 32).outputs[0].data) == b"%d" % number
"""


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Return an empty index beside an empty store."""
    return Results(tmp_path / "results", Cache(tmp_path / "cache", 1 << 20))


def entry_of(results: Results, key: bytes) -> Path:
    """Return the file of an entry."""
    return results.folder / key.hex()[:2] / f"{key.hex()[2:]}.json"


def test_the_key_of_a_request_never_changes() -> None:
    """A release that reads another key out of the same request would forget every result."""
    assert REQUEST.key().hex() == GOLDEN


@pytest.mark.parametrize(
    "change",
    [
        {"package": b"p" * 32},
        {"params": {"strength": 0.5}},
        {"layers": {}},
        {"inputs": REQUEST.inputs[:1]},
        {"inputs": REQUEST.inputs[::-1]},
        {"inputs": (replace(REQUEST.inputs[0], digest=bytes(32)), REQUEST.inputs[1])},
        {"inputs": (replace(REQUEST.inputs[0], time=1002.0), REQUEST.inputs[1])},
        {"inputs": (replace(REQUEST.inputs[0], view="right"), REQUEST.inputs[1])},
        {"inputs": (replace(REQUEST.inputs[0], name="beauty"), REQUEST.inputs[1])},
        {"inputs": (replace(REQUEST.inputs[0], media=TENSOR_MEDIA), REQUEST.inputs[1])},
        {"wish": Wish("merged", depth="float")},
        {"wish": Wish("model", depth="half")},
        {"wish": Wish("model", "zip", "float")},
        {"colour": ColourSpec("ACEScg")},
        {"colour": ColourSpec(working="ACEScg", config="show")},
        {"time": None},
        {"time": 1001.5},
        {"show": "other"},
    ],
)
def test_whatever_may_change_pixels_changes_the_key(change: dict[str, Any]) -> None:
    """Two requests that may differ in a pixel never share a result."""
    assert replace(REQUEST, **change).key() != REQUEST.key()


def test_what_changes_no_pixel_keeps_the_key() -> None:
    """A wish for a preview, the order of names and the sign of zero make no difference."""
    params = dict(reversed(list(REQUEST.params.items())))
    zero = replace(REQUEST, params={"strength": 0.0})
    assert replace(REQUEST, wish=replace(REQUEST.wish, preview=True)).key() == REQUEST.key()
    assert replace(REQUEST, params=params).key() == REQUEST.key()
    assert replace(zero, params={"strength": -0.0}).key() == zero.key()


def test_a_number_that_is_none_is_refused() -> None:
    """NaN equals nothing, not even itself: such a request has no key."""
    with pytest.raises(RequestError, match="finite"):
        replace(REQUEST, params={"strength": float("nan")}).key()


def test_a_result_is_found_again(results: Results) -> None:
    """Everything that a host needs comes back, bit for bit, from another instance too."""
    results.put(REQUEST.key(), RESULT)
    found = Results(results.folder, results.cache).find(REQUEST.key())
    assert found is not None
    assert found.outputs == RESULT.outputs
    assert (found.work_key, found.numerics) == (RESULT.work_key, RESULT.numerics)
    assert found.warnings == RESULT.warnings


def test_what_was_never_computed_is_not_found(results: Results) -> None:
    """Another request finds nothing."""
    results.put(REQUEST.key(), RESULT)
    assert results.find(b"k" * 32) is None


@pytest.mark.parametrize("place", [0, 1])
def test_a_result_of_which_a_part_was_evicted_is_no_hit(results: Results, place: int) -> None:
    """One output that the store no longer has makes the whole result missing."""
    results.put(REQUEST.key(), RESULT)
    path = results.cache.find(digest_bytes(RESULT.outputs[place].data))
    assert path is not None
    path.unlink()
    assert results.find(REQUEST.key()) is None


def test_a_damaged_picture_is_no_hit(results: Results) -> None:
    """Bytes that are not what their digest says never reach a node, and are computed again."""
    results.put(REQUEST.key(), RESULT)
    path = results.cache.find(digest_bytes(b"clean"))
    assert path is not None
    path.chmod(0o644)
    path.write_bytes(b"dirty")
    assert results.find(REQUEST.key()) is None
    results.put(REQUEST.key(), RESULT)
    assert results.find(REQUEST.key()) is not None


@pytest.mark.parametrize("damage", [b"", b"\n", b"{}", b"\xff" * 100])
def test_a_damaged_entry_is_no_hit_and_is_replaced(results: Results, damage: bytes) -> None:
    """A disk that was full or failing leaves nothing that stays broken."""
    results.put(REQUEST.key(), RESULT)
    path = entry_of(results, REQUEST.key())
    path.chmod(0o644)
    path.write_bytes(damage)
    assert results.find(REQUEST.key()) is None
    results.put(REQUEST.key(), RESULT)
    assert results.find(REQUEST.key()) is not None


def test_an_entry_that_is_cut_off_is_no_hit(results: Results) -> None:
    """Any prefix of an entry is damaged."""
    results.put(REQUEST.key(), RESULT)
    path = entry_of(results, REQUEST.key())
    whole = path.read_bytes()
    path.chmod(0o644)
    for length in range(0, len(whole), 17):
        path.write_bytes(whole[:length])
        assert results.find(REQUEST.key()) is None


@pytest.mark.parametrize(
    "body",
    [b"1", b"{}", b'{"schema": 1}', b'{"schema": 0}', b'{"schema": 1, "outputs": [{"digest": 7}]}'],
)
def test_an_entry_of_another_form_is_no_hit(results: Results, body: bytes) -> None:
    """What a stranger or another version has written is nobody's result."""
    results.put(REQUEST.key(), RESULT)
    path = entry_of(results, REQUEST.key())
    path.chmod(0o644)
    path.write_bytes(digest_bytes(body).hex().encode() + b"\n" + body)
    assert results.find(REQUEST.key()) is None


def test_an_index_that_was_removed_is_made_again(results: Results) -> None:
    """Whoever empties the folder for caches ends nobody's session."""
    results.put(REQUEST.key(), RESULT)
    shutil.rmtree(results.folder)
    assert results.find(REQUEST.key()) is None
    results.put(REQUEST.key(), RESULT)
    assert results.find(REQUEST.key()) is not None


def test_whoever_reads_an_entry_keeps_it(results: Results) -> None:
    """A newer result gets a new file; an open one is never written to."""
    results.put(REQUEST.key(), RESULT)
    path = entry_of(results, REQUEST.key())
    before = path.read_bytes()
    with path.open("rb") as reader:
        results.put(REQUEST.key(), replace(RESULT, numerics="another"))
        assert reader.read() == before
    found = results.find(REQUEST.key())
    assert found is not None
    assert found.numerics == "another"


def test_a_full_folder_loses_what_was_not_used(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index is bounded; what was asked for last stays."""
    monkeypatch.setattr(results_module, "FOLDER_ENTRIES_MAX", 4)
    keys = [b"\x00" + bytes([number]) * 31 for number in range(5)]
    for number, key in enumerate(keys[:4]):
        results.put(key, RESULT)
        os.utime(entry_of(results, key), (number, number))
    assert results.find(keys[0]) is not None
    results.put(keys[4], RESULT)
    assert [results.find(key) is not None for key in keys] == [True, False, False, True, True]


def test_a_key_has_its_length(results: Results) -> None:
    """What is no key never becomes a path."""
    with pytest.raises(RequestError, match="32 bytes"):
        results.find(b"short")


def test_processes_share_an_index(tmp_path: Path) -> None:
    """Two that put and find the same requests at once never see a broken one."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", MANY_PUTS, str(tmp_path)]
    processes = [subprocess.Popen(command, env=environ) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert list((tmp_path / "results").glob("*/.*")) == []
