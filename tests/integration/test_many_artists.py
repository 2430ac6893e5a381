"""Many artists on one server: each gets every frame, in the order that is fair, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fakes.ledger import Ledger
from fakes.loads import load
from fakes.models import GATED, write_model
from fakes.plates import negate_tensor, random_tensor
from fakes.service import MIB, Service, counters
from fakes.stages import Reached
from fakes.waiting import wait_until
from filmgate.errors import SupersededError
from filmgate.job import Job

CLIENTS = 32
ARTISTS = 8
BATCH = 100
IN_FLIGHT = 4
"""More than one worker takes at a time: so many frames may be run that nobody wants any more."""


ACCEPTED = {"queued", "decode", "infer", "encode"}
"""The stages of a job whose input has arrived."""

NOTING = """
class Model:
    def infer(self, inputs, params, step):
        step(0, 1)
        with open({notes!r}, "a") as notes:
            notes.write(f"{{float(inputs['color'][0, 0, 0])!r}}\\n")
        return {{"color": -inputs["color"]}}
"""
"""Writes down in which order frames are computed, by their first value."""


class Arrivals:
    """A progress listener that remembers which jobs have arrived at the server."""

    def __init__(self) -> None:
        self._jobs: set[bytes] = set()

    def __call__(self, job: Job) -> None:
        """Note where a job is; what `Client.submit` calls."""
        if job.progress.stage in ACCEPTED:
            self._jobs.add(job.id)

    def wait(self, count: int) -> None:
        """Return once so many jobs are there."""
        wait_until(lambda: len(self._jobs) >= count, f"{count} jobs at the server")


def computed(notes: Path) -> list[int]:
    """Return the seeds of the frames that the model `NOTING` has computed, in that order."""
    seeds = {float(random_tensor(seed)[0, 0, 0]): seed for seed in range(BATCH + 5 * ARTISTS)}
    return [seeds[float(line)] for line in notes.read_text(encoding="utf-8").split()]


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Return the file that lets the model ``gated`` go on; it is not there."""
    return tmp_path / "gate"


@pytest.fixture
def gated(make_service, gate: Path, tmp_path: Path, ledger: Ledger) -> Iterator[Service]:
    """Run a server with the models ``gated`` and ``noting``; at the end the invariant holds."""
    write_model(tmp_path / "models", "gated", GATED, gate=gate)
    write_model(tmp_path / "models", "noting", NOTING, notes=tmp_path / "notes")
    service = make_service(models=[str(tmp_path / "models")])
    yield service
    gate.touch()
    ledger.audit(service)


@load("frames", usual=(4, (64, 64, 3)), nightly=(200, (410, 426, 3)))
def test_many_clients_get_every_frame(
    make_service, ledger: Ledger, frames: tuple[int, tuple[int, int, int]]
):
    """Thirty-two clients at once, at night with 2 MB a frame: each gets each of its frames."""
    count, shape = frames
    service = make_service(workers=2)
    with ExitStack() as stack:
        clients = [
            stack.enter_context(service.client(user=f"artist {number}"))
            for number in range(CLIENTS)
        ]
        for frame in range(count):
            for place, client in enumerate(clients):
                ledger.submit(client, *negate_tensor(CLIENTS * frame + place, shape))
            ledger.retire(keep=2 * CLIENTS)
        ledger.all_end("result")
    ledger.audit(service)


def test_artists_come_before_a_batch_that_was_there_first(
    gated: Service, gate: Path, tmp_path: Path, ledger: Ledger
):
    """Eight artists' frames pass most of a batch, and take turns whatever each is measured at.

    Everybody's first frame runs before anybody's second, but for what workers had in hand.
    """
    arrivals, reached = Arrivals(), Reached("infer")
    with ExitStack() as stack:
        farm = stack.enter_context(gated.client(user="farm"))
        ledger.submit(farm, *negate_tensor(0, model="gated"), reached, priority="batch")
        reached.wait()
        for seed in range(1, BATCH):
            ledger.submit(farm, *negate_tensor(seed, model="noting"), arrivals, priority="batch")
        for place in range(ARTISTS):
            artist = stack.enter_context(gated.client(user=f"artist {place}"))
            for seed in range(BATCH + 5 * place, BATCH + 5 * (place + 1)):
                ledger.submit(artist, *negate_tensor(seed, model="noting"), arrivals)
        arrivals.wait(BATCH - 1 + 5 * ARTISTS)
        gate.touch()
        ledger.all_end("result")
    order = computed(tmp_path / "notes")
    ranks = [order.index(seed) for seed in range(BATCH, BATCH + 5 * ARTISTS)]
    assert max(ranks) < BATCH
    firsts = [min(ranks[5 * place : 5 * (place + 1)]) for place in range(ARTISTS)]
    assert max(firsts) < ARTISTS + IN_FLIGHT


@load("count", usual=1000, nightly=5000)
def test_scrubbed_jobs_cost_almost_nothing(gated: Service, gate: Path, ledger: Ledger, count: int):
    """Of a thousand jobs all but ten are cancelled before their turn: few more than ten are run."""
    with gated.client() as client:
        reached = Reached("infer")
        for seed in range(count):
            ledger.submit(client, *negate_tensor(seed, model="gated"), reached, priority="batch")
        reached.wait()
        cancelled = ledger.entries[5:-5]
        for entry in cancelled:
            entry.job.cancel()
        for entry in cancelled:
            entry.wait(40)
        gate.touch()
        assert ledger.settle() == {"cancelled": count - 10, "result": 10}
        assert counters(client)["executions_run"] <= 10 + IN_FLIGHT


def test_scrubbing_keeps_only_the_newest(gated: Service, gate: Path, ledger: Ledger):
    """In one lane each job ends the one before; another artist's and another lane's stay."""
    with gated.client(user="ann") as ann, gated.client(user="bob") as bob:
        reached = Reached("infer")
        first = ledger.submit(ann, *negate_tensor(0, model="gated"), reached, lane="Denoise1")
        reached.wait()
        bobs = ledger.submit(bob, *negate_tensor(1, model="gated"), lane="Denoise1")
        other = ledger.submit(ann, *negate_tensor(2, model="gated"), lane="Denoise2")
        scrubbed = [
            ledger.submit(ann, *negate_tensor(seed, model="gated"), lane="Denoise1")
            for seed in range(3, 1000)
        ]
        for entry in (first, *scrubbed[:-1]):
            entry.wait(40)
            assert isinstance(entry.error, SupersededError)
        gate.touch()
        ledger.settle()
        assert [entry.outcome for entry in (bobs, other, scrubbed[-1])] == ["result"] * 3
        assert counters(ann)["executions_run"] <= 4 + IN_FLIGHT


def test_jobs_of_a_lane_that_share_work_with_others_do_not_end_it(
    gated: Service, gate: Path, ledger: Ledger
):
    """What one artist scrubs over, another still waits for: it is run, and he gets it."""
    with gated.client(user="ann") as ann, gated.client(user="bob") as bob:
        reached = Reached("infer")
        shared = negate_tensor(0, model="gated")
        anns = ledger.submit(ann, *shared, reached, lane="Denoise1")
        reached.wait()
        bobs = ledger.submit(bob, *shared)
        ledger.submit(ann, *negate_tensor(1, model="gated"), lane="Denoise1")
        anns.wait(40)
        assert isinstance(anns.error, SupersededError)
        gate.touch()
        ledger.settle()
        assert bobs.outcome == "result"


def test_artists_frame_is_done_within_a_batch_frame(gated: Service, gate: Path, ledger: Ledger):
    """While a large frame of a batch is half done, an artist's frame is done; no tile is lost."""
    with gated.client(user="farm") as farm, gated.client(user="ann") as ann:
        reached = Reached("infer")
        work, check = negate_tensor(0, (1024, 1024, 3), model="gated")
        batch = ledger.submit(farm, work, check, reached, priority="batch")
        reached.wait()
        for seed in range(1, 6):
            frame = ledger.submit(ann, *negate_tensor(seed))
            frame.wait(40)
            assert frame.outcome == "result"
            assert not batch.job.done()
        assert not gate.exists()
        gate.touch()
        ledger.all_end("result")
        assert len(batch.job.result().output("color").data) > 12 * MIB
        assert counters(ann)["executions_run"] == 6
