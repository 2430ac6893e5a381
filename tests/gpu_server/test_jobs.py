"""Jobs, executions and the work key."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.gate import ALICE, BOB, EVE, job_id, make_models
from filmgate.manifest import Temporal
from filmgate.params import resolve_parameters
from filmgate.wire.records import BlobRef, Wish
from filmgate_server.jobs.table import Job, JobTable, Work
from filmgate_server.pool.messages import ColourOrder
from filmgate_server.registry.local import LocalRegistry, Package

MAIN = BlobRef("color", b"\xa1" * 32, 10, "image/x-exr", 1001.0)
ALBEDO = BlobRef("albedo", b"\xb2" * 32, 10, "image/x-exr", 1001.0)


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """Return a small package."""
    make_models(tmp_path)
    return LocalRegistry([tmp_path / "models"]).resolve("negate")


@pytest.fixture
def work(package: Package) -> Work:
    """Return resolved work on two inputs."""
    params = resolve_parameters(package.manifest.params, {})
    return Work("film", package, params, (MAIN, ALBEDO), {}, Wish(), "array-1/float32/cpu")


def test_work_key_is_golden(work: Work, repository: Path) -> None:
    """The key of a known work is the golden digest."""
    golden = json.loads((repository / "tests/golden/work_key.json").read_text(encoding="utf-8"))
    written = golden["work"]
    package = replace(work.package, digest=bytes.fromhex(written["package"]["hex"]))
    made = replace(
        work,
        package=package,
        params=written["params"],
        layers=written["layers"],
        wish=Wish("merged", "zip", "half", False),
        numerics=written["numerics"],
    )
    colours = replace(package.manifest.main_input, role="color")
    manifest = replace(package.manifest, inputs=(colours,))
    space, working, default, config = written["colour"]
    colour = ColourOrder(space, working, default, config, "/elsewhere.ocioz", "studio")
    made = replace(made, package=replace(package, manifest=manifest), colour=colour)
    assert made.key().hex() == golden["key"]


@pytest.mark.parametrize(
    "change",
    [
        {"show": "other"},
        {"params": {"gain": 2.0}},
        {"inputs": (MAIN,)},
        {"inputs": (ALBEDO, MAIN)},
        {"inputs": (replace(MAIN, digest=b"\xff" * 32), ALBEDO)},
        {"inputs": (replace(MAIN, time=1002.0), ALBEDO)},
        {"inputs": (replace(MAIN, view="left"), ALBEDO)},
        {"inputs": (replace(MAIN, media="application/x-tensor"), ALBEDO)},
        {"inputs": (replace(MAIN, name="beauty"), ALBEDO)},
        {"layers": {"albedo": "Diffuse"}},
        {"wish": Wish(mode="merged")},
        {"wish": Wish(compression="zip")},
        {"wish": Wish(depth="half")},
        {"wish": Wish(preview=True)},
        {"numerics": "array-2/float32/cpu"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_changes_the_pixels_changes_the_key(work: Work, change: dict[str, Any]) -> None:
    """No two works that may differ in a pixel share a key."""
    assert replace(work, **change).key() != work.key()


def test_what_means_the_same_has_the_same_key(work: Work, package: Package) -> None:
    """1, 1.0 and the default are the same parameter; the claimed size of an input says nothing."""
    for given in ({}, {"gain": 1}, {"gain": 1.0}):
        params = resolve_parameters(package.manifest.params, given)
        assert replace(work, params=params).key() == work.key()
    assert replace(work, inputs=(replace(MAIN, size=11), ALBEDO)).key() == work.key()


COLOUR = ColourOrder("", "ACEScg", "", "ocio://one", "", "")


@pytest.mark.parametrize(
    "change",
    [{"space": "ACEScct"}, {"working": ""}, {"default": "ACEScg"}, {"config": "ocio://two"}],
    ids=lambda change: next(iter(change)),
)
def test_colours_count_where_a_model_takes_them(work: Work, change: dict[str, Any]) -> None:
    """Another space or config is another result; where the config lies and what it is called, not.

    A model of data has the same result whatever the colours would have been.
    """
    colours = replace(work.package.manifest.main_input, role="color")
    manifest = replace(work.package.manifest, inputs=(colours,))
    taken = replace(work, package=replace(work.package, manifest=manifest), colour=COLOUR)
    assert replace(taken, colour=replace(COLOUR, **change)).key() != taken.key()
    moved = replace(COLOUR, path="/elsewhere.ocioz", named="one")
    assert replace(taken, colour=moved).key() == taken.key()
    data = replace(work, colour=COLOUR)
    assert replace(data, colour=replace(COLOUR, **change)).key() == data.key()


def test_the_time_counts_where_a_model_takes_several_frames(work: Work) -> None:
    """Two times between the same two frames are two results; for one frame the time is its own."""
    assert replace(work, time=1001.5).key() == work.key()
    temporal = replace(work.package.manifest, temporal=Temporal("between"))
    moving = replace(work, package=replace(work.package, manifest=temporal))
    assert replace(moving, time=1001.5).key() != replace(moving, time=1001.25).key()


def job(number: int, work: Work, owner: Any = ALICE) -> Job:
    """Return an open job."""
    return Job(job_id(number), owner, work, work.key(), 60.0)


def test_executions_are_shared_by_work_and_show(work: Work) -> None:
    """The same work of the same show is found, until it is retired or closed."""
    table = JobTable()
    execution = table.new_execution(job(1, work), [MAIN.digest])
    assert table.execution_for("film", work.key()) is execution
    assert table.execution_for("other", work.key()) is None
    table.retire_execution(execution)
    assert table.execution_for("film", work.key()) is None
    assert table.executions == {execution.number: execution}
    successor = table.new_execution(job(2, work), [])
    table.close_execution(execution)
    assert table.execution_for("film", work.key()) is successor
    table.close_execution(successor)
    assert table.execution_for("film", work.key()) is None
    assert table.executions == {}


def test_jobs_are_found_by_session(work: Work) -> None:
    """Each session sees its own jobs."""
    table = JobTable()
    for number, owner in enumerate((ALICE, BOB, ALICE)):
        table.add(job(number, work, owner))
    assert [found.id for found in table.jobs_of(ALICE.session)] == [job_id(0), job_id(2)]
    assert table.jobs_of(EVE.session) == []


def test_executions_are_found_by_what_they_lack(work: Work) -> None:
    """A blob that arrives reaches the executions of its show that wait for it."""
    table = JobTable()
    waiting = table.new_execution(job(1, work), [MAIN.digest])
    table.new_execution(job(2, replace(work, show="other")), [MAIN.digest])
    table.new_execution(job(3, replace(work, numerics="x")), [ALBEDO.digest])
    assert table.waiting_for("film", MAIN.digest) == [waiting]
