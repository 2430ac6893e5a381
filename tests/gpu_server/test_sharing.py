"""Many artists at one server: lanes, leases, limits, shared work and whose turn it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.gate import ALICE, BOB, EVE, TERMS, Gate, content, job_id
from filmgate.errors import ModelError
from filmgate.wire.messages import JobAccepted, JobEnded, JobProgress, JobReady, JobRefused
from filmgate_server.jobs.admission import HUNGRY_S, RETRY_MS_MAX, RETRY_MS_MIN
from filmgate_server.jobs.table import Owner
from filmgate_server.store.segments import capacity_for

PLATES = [content(number) for number in range(12)]
CLEAN = content(100)
CAPACITY = capacity_for(len(CLEAN))


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Return a server whose worker takes one execution at a time."""
    return Gate(tmp_path, slots=1)


def start(gate: Gate, owner: Owner, number: int, **submit: object) -> None:
    """Submit job *number* on its plate and upload that."""
    gate.submit(owner, job_id(number), PLATES[number], **submit)  # type: ignore[arg-type]
    gate.put(owner, PLATES[number])


def the_running(gate: Gate) -> int:
    """Return the one execution that runs."""
    (execution,) = gate.pool.running
    return execution


def code_of(gate: Gate, number: int) -> str:
    """Return the code with which a job ended; empty while it is open."""
    ends = gate.sent(JobEnded, job_id(number))
    return ends[0].code if ends else ""


# Lanes.


def test_a_newer_frame_takes_the_place_of_older_ones(gate: Gate) -> None:
    """An artist who scrubs has one frame under way: the older ones of the lane end as cancelled."""
    for number in range(5):
        start(gate, ALICE, number, lane="Denoise1")
    gate.pool.stop_cancelled()
    assert [code_of(gate, number) for number in range(5)] == ["superseded"] * 4 + [""]
    assert gate.outcomes(job_id(0)) == {"cancelled"}
    assert gate.dispatcher.started == 2, "frames that were passed over must not run"
    gate.complete(the_running(gate), CLEAN)
    assert len(gate.sent(JobReady, job_id(4))) == 1


def test_a_lane_is_an_artists_own(gate: Gate) -> None:
    """Another artist, another show, another lane and no lane go on."""
    start(gate, ALICE, 0, lane="node")
    start(gate, BOB, 1, lane="node")
    start(gate, Owner(b"alice elsewhere."[:16], "alice", "other"), 2, lane="node")
    start(gate, ALICE, 3, lane="another")
    start(gate, ALICE, 4)
    start(gate, ALICE, 5)
    assert not gate.sent(JobEnded)


def test_a_superseded_job_leaves_shared_work_to_others(gate: Gate) -> None:
    """It detaches one artist's job; the frame goes on for whoever else wants it."""
    gate.submit(ALICE, job_id(0), PLATES[0], lane="node")
    gate.submit(BOB, job_id(1), PLATES[0])
    gate.put(ALICE, PLATES[0])
    start(gate, ALICE, 2, lane="node")
    assert code_of(gate, 0) == "superseded"
    assert gate.pool.cancelled == []
    gate.complete(1, CLEAN)
    assert len(gate.sent(JobReady, job_id(1))) == 1


def test_the_same_frame_again_keeps_its_execution(gate: Gate) -> None:
    """A newer job for the same work joins it before the older one leaves."""
    start(gate, ALICE, 0, lane="node")
    gate.submit(ALICE, job_id(1), PLATES[0], lane="node")
    assert code_of(gate, 0) == "superseded"
    assert gate.pool.cancelled == []
    gate.complete(1, CLEAN)
    assert len(gate.sent(JobReady, job_id(1))) == 1


def test_a_ready_frame_is_not_superseded(gate: Gate) -> None:
    """What the artist has waited for to the end can still be fetched."""
    start(gate, ALICE, 0, lane="node")
    gate.complete(1, CLEAN)
    start(gate, ALICE, 1, lane="node")
    assert not gate.sent(JobEnded)
    gate.broker.acknowledge(ALICE, job_id(0), 0)
    assert gate.outcomes(job_id(0)) == {"result"}


def test_superseding_makes_room(tmp_path: Path) -> None:
    """An artist at a limit can scrub on: the older frame's room is the newer one's."""
    gate = Gate(tmp_path, terms=replace(TERMS, artist_jobs_max=1))
    start(gate, ALICE, 0, lane="node")
    assert isinstance(gate.submit(ALICE, job_id(1), PLATES[1]), JobRefused)
    start(gate, ALICE, 2, lane="node")
    assert code_of(gate, 0) == "superseded"
    assert len(gate.sent(JobAccepted, job_id(2))) == 1


def test_a_lane_has_one_class(gate: Gate) -> None:
    """What a farm does for an artist ends nothing of what they look at, and the other way round."""
    start(gate, ALICE, 0, lane="node")
    start(gate, ALICE, 1, lane="node", priority="batch")
    start(gate, ALICE, 2, lane="node")
    assert [code_of(gate, number) for number in range(3)] == ["superseded", "", ""]


def test_a_newer_frame_without_room_costs_no_older_one(tmp_path: Path) -> None:
    """What a worker has in hand keeps its memory for a while: it ends only if that is enough."""
    gate = Gate(tmp_path, budget_bytes=3 * CAPACITY)
    start(gate, ALICE, 0, lane="node")
    refused = gate.submit(ALICE, job_id(1), PLATES[1], lane="node")
    assert isinstance(refused, JobRefused)
    assert not gate.sent(JobEnded)
    gate.complete(the_running(gate), CLEAN)
    assert len(gate.sent(JobReady, job_id(0))) == 1


@pytest.mark.parametrize("uploaded", [True, False])
def test_room_that_a_waiting_frame_leaves_is_the_newer_ones(tmp_path: Path, uploaded: bool) -> None:
    """The memory of a frame that has not started is free at once, its plate's included."""
    gate = Gate(tmp_path, budget_bytes=3 * CAPACITY, slots=0)
    gate.submit(ALICE, job_id(0), PLATES[0], lane="node")
    if uploaded:
        gate.put(ALICE, PLATES[0])
    assert isinstance(gate.submit(BOB, job_id(1), PLATES[1], lane="node"), JobRefused)
    gate.submit(ALICE, job_id(2), PLATES[2], lane="node")
    assert code_of(gate, 0) == "superseded"
    assert len(gate.sent(JobAccepted, job_id(2))) == 1


def test_a_plate_that_both_frames_need_is_counted_once(tmp_path: Path) -> None:
    """A newer frame of the same plate needs room for its outputs alone."""
    gate = Gate(tmp_path, budget_bytes=2 * CAPACITY, slots=0)
    start(gate, ALICE, 0, lane="node")
    gate.submit(ALICE, job_id(1), PLATES[0], params={"gain": 2.0}, lane="node")
    assert code_of(gate, 0) == "superseded"
    assert len(gate.sent(JobAccepted, job_id(1))) == 1


# Leases.


def test_interactive_work_of_a_lost_client_ends_soon_and_batch_work_goes_on(tmp_path: Path) -> None:
    """Nobody waits for the one; the results of the other wait for their client's return."""
    gate = Gate(tmp_path, terms=replace(TERMS, lease_s=10.0, batch_lease_s=3600.0))
    start(gate, ALICE, 0)
    start(gate, ALICE, 1, priority="batch")
    start(gate, ALICE, 2, lease_ms=100_000)
    gate.broker.session_away(ALICE.session)
    gate.advance(11.0)
    gate.pool.stop_cancelled()
    assert [gate.outcomes(job_id(number)) for number in range(3)] == [{"expired"}, set(), set()]
    gate.advance(600.0)
    assert gate.outcomes(job_id(2)) == {"expired"}
    gate.complete(2, CLEAN)
    back = gate.submit(ALICE, job_id(1), PLATES[1], priority="batch")
    assert isinstance(back, JobReady)


def test_a_short_absence_costs_nothing(tmp_path: Path) -> None:
    """A client that is back within a few seconds finds its frame as it was."""
    gate = Gate(tmp_path, terms=replace(TERMS, lease_s=10.0))
    start(gate, ALICE, 0)
    gate.broker.session_away(ALICE.session)
    gate.advance(5.0)
    gate.broker.session_back(ALICE.session)
    gate.advance(60.0)
    gate.complete(1, CLEAN)
    assert len(gate.sent(JobReady, job_id(0))) == 1


# Limits.


def test_one_artist_at_his_limit_blocks_nobody(tmp_path: Path) -> None:
    """Jobs are bounded for each artist; others are taken, and the refusal says when to ask."""
    gate = Gate(tmp_path, terms=replace(TERMS, artist_jobs_max=2))
    start(gate, ALICE, 0)
    start(gate, ALICE, 1)
    refused = gate.submit(ALICE, job_id(2), PLATES[2])
    assert isinstance(refused, JobRefused)
    assert refused.code == "busy"
    assert RETRY_MS_MIN <= refused.retry_after_ms <= RETRY_MS_MAX
    assert isinstance(gate.submit(BOB, job_id(3), PLATES[3]), JobAccepted)
    gate.broker.cancel(ALICE, job_id(0), 0)
    assert isinstance(gate.submit(ALICE, job_id(2), PLATES[2]), JobAccepted)


def test_an_artists_memory_is_bounded(tmp_path: Path) -> None:
    """Half of the store is one artist's at most, counted once where jobs share a plate."""
    gate = Gate(tmp_path, budget_bytes=8 * CAPACITY, terms=replace(TERMS, artist_bytes_max=0))
    start(gate, ALICE, 0)
    start(gate, ALICE, 1)
    assert isinstance(gate.submit(ALICE, job_id(2), PLATES[2]), JobRefused)
    assert isinstance(gate.submit(BOB, job_id(3), PLATES[3]), JobAccepted)
    gate.broker.cancel(ALICE, job_id(1), 0)
    again = gate.submit(ALICE, job_id(4), PLATES[0], params={"gain": 2.0})
    assert isinstance(again, JobAccepted), "a second output of the same plate is one frame more"
    assert gate.admission.holdings.of("alice") == 3 * CAPACITY


def test_one_frame_is_let_in_however_large(tmp_path: Path) -> None:
    """An artist without open jobs may use more than half of the store for one."""
    gate = Gate(tmp_path, budget_bytes=8 * CAPACITY, terms=replace(TERMS, artist_bytes_max=0))
    large = content(1, 4 * len(CLEAN))
    assert isinstance(gate.submit(ALICE, job_id(0), large), JobAccepted)
    assert isinstance(gate.submit(ALICE, job_id(1), PLATES[1]), JobRefused)


def test_what_is_held_is_given_back(gate: Gate) -> None:
    """However a job ends, nothing stays counted for its artist."""
    start(gate, ALICE, 0)
    gate.complete(1, CLEAN)
    assert gate.admission.holdings.of("alice") == CAPACITY
    gate.broker.acknowledge(ALICE, job_id(0), 0)
    start(gate, ALICE, 1)
    gate.pool.fail(the_running(gate), ModelError("It failed."))
    start(gate, ALICE, 2)
    gate.broker.cancel(ALICE, job_id(2), 0)
    assert gate.admission.holdings.of("alice") == 0


def test_room_is_kept_for_who_was_refused(tmp_path: Path) -> None:
    """Who has most of the store does not get what another waits for, however often they ask."""
    gate = Gate(tmp_path, budget_bytes=8 * CAPACITY)
    for number in range(4):
        start(gate, ALICE, number)
    assert isinstance(gate.submit(BOB, job_id(8), PLATES[8]), JobRefused)
    gate.broker.cancel(ALICE, job_id(3), 0)
    gate.store.purge("film")
    assert isinstance(gate.submit(ALICE, job_id(4), PLATES[4]), JobRefused)
    assert isinstance(gate.submit(BOB, job_id(8), PLATES[8]), JobAccepted)


def test_room_is_not_kept_for_ever(tmp_path: Path) -> None:
    """Who was refused and does not ask again holds nobody up."""
    gate = Gate(tmp_path, budget_bytes=8 * CAPACITY)
    for number in range(4):
        start(gate, ALICE, number)
    gate.submit(BOB, job_id(8), PLATES[8])
    gate.broker.cancel(ALICE, job_id(3), 0)
    gate.pool.stop_cancelled()
    gate.advance(HUNGRY_S + 1.0)
    assert isinstance(gate.submit(ALICE, job_id(4), PLATES[4]), JobAccepted)


def test_the_refusal_tells_an_honest_time(tmp_path: Path) -> None:
    """Long frames and many artists make it longer, within bounds and what is really open."""
    gate = Gate(tmp_path, terms=replace(TERMS, artist_jobs_max=2))
    start(gate, ALICE, 0)
    start(gate, ALICE, 9)
    gate.estimates.learn(b"p", 1000, 0.01)
    refused = [gate.submit(ALICE, job_id(1), PLATES[1])]
    for _ in range(100):
        gate.estimates.learn(b"p", 1000, 3.0)
    refused.append(gate.submit(ALICE, job_id(1), PLATES[1]))
    dave = Owner(b"d" * 16, "dave", "film")
    for number, owner in enumerate((BOB, EVE, dave)):
        gate.submit(owner, job_id(2 + number), PLATES[2])
    refused.append(gate.submit(ALICE, job_id(1), PLATES[1]))
    for number, owner in enumerate((BOB, EVE, dave)):
        gate.submit(owner, job_id(5 + number), PLATES[3])
    refused.append(gate.submit(ALICE, job_id(1), PLATES[1], params={"gain": 2.0}))
    times = [each.retry_after_ms for each in refused if isinstance(each, JobRefused)]
    assert times[0] == RETRY_MS_MIN
    assert times[1] == pytest.approx(3000, rel=0.05)
    assert times[2] == pytest.approx(6000, rel=0.05), "four executions for five jobs"
    assert times[3] == pytest.approx(9000, rel=0.05)


def test_an_idle_server_is_asked_again_at_once(tmp_path: Path) -> None:
    """Where nothing is computed nobody who was refused sleeps for other artists' sake."""
    gate = Gate(tmp_path, terms=replace(TERMS, artist_jobs_max=1))
    for _ in range(100):
        gate.estimates.learn(b"p", 1000, 3.0)
    start(gate, ALICE, 0)
    gate.submit(BOB, job_id(1), PLATES[0])
    gate.complete(the_running(gate), CLEAN)
    refused = gate.submit(ALICE, job_id(2), PLATES[2])
    assert isinstance(refused, JobRefused)
    assert refused.retry_after_ms == RETRY_MS_MIN


def test_descriptors_bound_what_is_open(tmp_path: Path) -> None:
    """Where segments run out jobs are refused for now, and those that were taken get through."""
    gate = Gate(tmp_path, slots=3)
    gate.store.segments_max = 4
    start(gate, ALICE, 0)
    start(gate, ALICE, 1)
    refused = gate.submit(ALICE, job_id(2), PLATES[2])
    assert isinstance(refused, JobRefused)
    assert refused.code == "busy"
    for execution in list(gate.pool.running):
        gate.complete(execution, content(200 + execution))
    for number in (0, 1):
        gate.broker.acknowledge(ALICE, job_id(number), 0)
    assert isinstance(gate.submit(ALICE, job_id(2), PLATES[2]), JobAccepted)


def ready_and_away(gate: Gate, *numbers: int) -> None:
    """Let batch frames become ready whose client has gone."""
    for number in numbers:
        start(gate, ALICE, number, priority="batch")
        gate.complete(the_running(gate), content(200 + number))
    gate.broker.session_away(ALICE.session)


def test_results_that_nobody_fetches_make_room(tmp_path: Path) -> None:
    """Under memory pressure the oldest result of a client that is away goes, and no other."""
    gate = Gate(tmp_path, budget_bytes=8 * CAPACITY, slots=1)
    ready_and_away(gate, 0, 1, 2, 3)
    for number in (8, 9):
        assert isinstance(gate.submit(BOB, job_id(number), PLATES[number]), JobAccepted)
    kept = [bool(gate.table.jobs[job_id(number)].pins) for number in range(4)]
    assert kept == [True, True, True, True], "the plates that nobody needs go first"
    assert isinstance(gate.submit(BOB, job_id(10), PLATES[10]), JobAccepted)
    kept = [bool(gate.table.jobs[job_id(number)].pins) for number in range(4)]
    assert kept == [False, False, True, True]
    assert gate.admission.holdings.of("alice") == 2 * CAPACITY


def test_a_result_that_made_room_is_computed_again(tmp_path: Path) -> None:
    """Its client comes back, asks for the job again and gets it; what is left is kept."""
    gate = Gate(tmp_path, budget_bytes=8 * CAPACITY, slots=1)
    ready_and_away(gate, 0, 1, 2, 3)
    for number in (8, 9, 10):
        gate.submit(BOB, job_id(number), PLATES[number])
    for number in (8, 9, 10):
        gate.broker.cancel(BOB, job_id(number), 0)
    gate.broker.session_back(ALICE.session)
    where = [type(gate.where(ALICE, job_id(number))) for number in range(4)]
    assert where == [JobAccepted, JobAccepted, JobReady, JobReady]
    assert gate.admission.holdings.of("alice") == 6 * CAPACITY
    gate.put(ALICE, PLATES[0])
    gate.complete(the_running(gate), content(200))
    assert isinstance(gate.where(ALICE, job_id(0)), JobReady)
    assert not gate.sent(JobEnded, job_id(0))


def test_results_of_clients_that_are_there_stay(tmp_path: Path) -> None:
    """Whoever may be fetching a result loses nothing to others."""
    gate = Gate(tmp_path, budget_bytes=8 * CAPACITY, slots=1)
    ready_and_away(gate, 0, 1, 2, 3)
    gate.broker.session_back(ALICE.session)
    for number in (8, 9):
        gate.submit(BOB, job_id(number), PLATES[number])
    assert isinstance(gate.submit(BOB, job_id(10), PLATES[10]), JobRefused)
    assert all(gate.table.jobs[job_id(number)].pins for number in range(4))


def test_known_results_count_for_their_artist(tmp_path: Path) -> None:
    """What was computed before takes memory all the same while it waits to be fetched."""
    terms = replace(TERMS, artist_bytes_max=2 * CAPACITY)
    gate = Gate(tmp_path, terms=terms, slots=1)
    for number in range(3):
        start(gate, BOB, number)
        gate.complete(the_running(gate), content(200 + number))
        gate.broker.acknowledge(BOB, job_id(number), 0)
    answers = [gate.submit(ALICE, job_id(10 + number), PLATES[number]) for number in range(3)]
    assert [type(answer) for answer in answers] == [JobAccepted, JobAccepted, JobRefused]
    gate.broker.acknowledge(ALICE, job_id(10), 0)
    assert isinstance(gate.submit(ALICE, job_id(12), PLATES[2]), JobAccepted)


# Whose turn it is.


def test_a_thousand_frames_of_one_artist_do_not_delay_another(tmp_path: Path) -> None:
    """Eight artists with a frame each are served among the next frames of one with many."""
    gate = Gate(tmp_path, slots=1)
    for number in range(40):
        gate.submit(ALICE, job_id(number), PLATES[0], params={"gain": 1.0 + number / 100})
    gate.put(ALICE, PLATES[0])
    others = [Owner(bytes([65 + n]) * 16, f"artist{n}", "film") for n in range(8)]
    for number, owner in enumerate(others):
        gate.submit(owner, job_id(100 + number), PLATES[0], params={"gain": 3.0 + number / 100})
    served: Counter[str] = Counter()
    for _ in range(10):
        execution = the_running(gate)
        served[gate.table.executions[execution].user] += 1
        gate.complete(execution, CLEAN)
    assert {name: served[name] for name in served if name != "alice"} == {
        owner.user: 1 for owner in others
    }


def test_failed_work_is_charged_too(tmp_path: Path) -> None:
    """Device time counts however the frame ends: one whose frames fail gets no more than others."""
    gate = Gate(tmp_path, slots=1)
    for number in range(6):
        start(gate, ALICE if number % 2 else BOB, number)
    served: list[str] = []
    for _ in range(4):
        execution = the_running(gate)
        user = gate.table.executions[execution].user
        served.append(user)
        if user == "alice":
            gate.pool.fail(execution, ModelError("It failed."), infer_s=10.0)
        else:
            gate.pool.ask_room(execution, len(CLEAN))
            gate.pool.finish(execution, CLEAN, infer_s=1.0)
    assert served == ["bob", "alice", "bob", "bob"]
    assert gate.dispatcher.usage.charged_s[("alice", "film")] == 10.0


def test_interactive_work_passes_batch_work(tmp_path: Path) -> None:
    """What an artist waits for starts before a farm's frames that came earlier."""
    gate = Gate(tmp_path, slots=1)
    for number in range(4):
        start(gate, ALICE, number, priority="batch")
    start(gate, BOB, 4)
    gate.complete(the_running(gate), CLEAN)
    assert gate.table.executions[the_running(gate)].user == "bob"


def test_interactive_work_has_room_beside_batch_work(tmp_path: Path) -> None:
    """A worker that is full of batch frames still takes an artist's frame, and no further batch."""
    gate = Gate(tmp_path, slots=2)
    gate.pool.express = 1
    for number in range(4):
        start(gate, ALICE, number, priority="batch")
    assert len(gate.pool.running) == 2
    start(gate, BOB, 4)
    priorities = [assignment.priority for assignment in gate.pool.running.values()]
    assert priorities == ["batch", "batch", "interactive"]


def test_an_artist_who_wants_a_batch_frame_now_gets_it_first(gate: Gate) -> None:
    """A waiting frame of a farm that somebody asks for interactively becomes interactive."""
    for number in range(4):
        start(gate, ALICE, number, priority="batch")
    gate.submit(BOB, job_id(9), PLATES[3])
    gate.complete(the_running(gate), CLEAN)
    assert gate.pool.running[the_running(gate)].inputs[0].size_bytes == len(PLATES[3])
    assert gate.pool.running[the_running(gate)].priority == "interactive"
    gate.broker.cancel(BOB, job_id(9), 0)
    gate.complete(the_running(gate), CLEAN)
    assert gate.pool.running[the_running(gate)].priority == "batch"


def test_shared_work_is_charged_to_who_still_wants_it(gate: Gate) -> None:
    """When the artist who asked first leaves, the one who stays pays."""
    start(gate, ALICE, 0)
    start(gate, ALICE, 1)
    gate.submit(BOB, job_id(2), PLATES[1])
    gate.broker.cancel(ALICE, job_id(1), 0)
    assert gate.scheduler.waiting_by_user() == {("bob", "film", "interactive"): 1}


def served_before(gate: Gate, gain: float, turns: int) -> list[str]:
    """Run *turns* frames; return whose they were before the one with this *gain*."""
    users: list[str] = []
    for _ in range(turns):
        execution = the_running(gate)
        if gate.pool.running[execution].params["gain"] == gain:
            return users
        users.append(gate.table.executions[execution].user)
        gate.complete(execution, CLEAN)
    return users


def queue_of_alice(gate: Gate, frames: int) -> None:
    """Let an artist have many frames of one plate wait, told apart by their gain."""
    for number in range(frames):
        gate.submit(ALICE, job_id(number), PLATES[0], params={"gain": 1.0 + number / 100})
    gate.put(ALICE, PLATES[0])


def test_joining_anothers_queued_work_costs_no_share(gate: Gate) -> None:
    """Who wants the last of another's frames has it when a frame of their own would come."""
    queue_of_alice(gate, 30)
    gate.submit(BOB, job_id(100), PLATES[0], params={"gain": 1.29})
    assert served_before(gate, 1.29, 10) == ["alice"]


def test_who_joins_and_leaves_takes_no_place_away(gate: Gate) -> None:
    """Work that goes back into the first artist's line is where it was."""
    queue_of_alice(gate, 10)
    gate.submit(BOB, job_id(100), PLATES[0], params={"gain": 1.02})
    gate.broker.cancel(BOB, job_id(100), 0)
    assert served_before(gate, 1.02, 10) == ["alice", "alice"]


def test_joining_takes_no_earlier_turn_away(gate: Gate) -> None:
    """Work stays with the artist whose turn comes first, however many want it."""
    queue_of_alice(gate, 3)
    for number in range(5):
        gate.submit(BOB, job_id(50 + number), PLATES[0], params={"gain": 2.0 + number / 100})
    gate.submit(BOB, job_id(100), PLATES[0], params={"gain": 1.01}, deadline_ms=600_000)
    gate.submit(BOB, job_id(101), PLATES[0], params={"gain": 1.02})
    users = {e.work.params["gain"]: e.user for e in gate.table.executions.values()}
    assert (users[1.01], users[2.0]) == ("bob", "bob")
    assert "alice" in served_before(gate, 1.02, 10)


def test_the_earliest_deadline_counts_for_all(gate: Gate) -> None:
    """Shared work is early enough for whoever needs it first, and outlives their job."""
    queue_of_alice(gate, 4)
    gate.submit(ALICE, job_id(100), PLATES[0], params={"gain": 1.03}, deadline_ms=5000)
    assert served_before(gate, 1.03, 4) == ["alice"]
    gate.advance(6.0)
    assert gate.outcomes(job_id(100)) == {"expired"}
    gate.complete(the_running(gate), CLEAN)
    assert gate.sent(JobReady, job_id(3))


def test_late_work_is_never_started(gate: Gate) -> None:
    """A frame whose deadline passes while it waits ends as expired and does not run."""
    start(gate, ALICE, 0)
    start(gate, ALICE, 1, deadline_ms=5000)
    start(gate, ALICE, 2)
    gate.clock.now_s += 6.0
    gate.complete(1, CLEAN)
    assert gate.pool.running[the_running(gate)].execution == 3
    gate.advance(0.1)
    assert gate.outcomes(job_id(1)) == {"expired"}
    assert len(gate.scheduler) == 0


# What is told.


def test_other_numerics_are_told_and_not_remembered(gate: Gate) -> None:
    """A result that was computed otherwise than asked for is delivered; the next is computed."""
    start(gate, ALICE, 0)
    gate.pool.ask_room(1, len(CLEAN))
    gate.pool.finish(1, CLEAN, ("A smaller tile was used.",), numerics="array/tile-512")
    (ready,) = gate.sent(JobReady)
    assert (ready.numerics, ready.warnings) == ("array/tile-512", ("A smaller tile was used.",))
    gate.broker.acknowledge(ALICE, job_id(0), 0)
    accepted = gate.submit(ALICE, job_id(1), PLATES[0])
    assert isinstance(accepted, JobAccepted)
    gate.complete(the_running(gate), CLEAN)
    assert gate.sent(JobReady, job_id(1))[0].numerics == accepted.numerics
    assert gate.dispatcher.started == 2


def test_a_place_that_changes_is_told_again(gate: Gate) -> None:
    """Whoever waits hears that work before them is done, not oftener than a few times a second."""
    for number in range(4):
        start(gate, ALICE, number)
    gate.complete(1, CLEAN)
    gate.advance(0.1)
    places = [m.place for m in gate.sent(JobProgress, job_id(3))]
    assert places == [2]
    gate.advance(0.3)
    gate.advance(0.3)
    places = [m.place for m in gate.sent(JobProgress, job_id(3))]
    assert places == [2, 1]


def test_no_time_is_told_before_a_frame_was_measured(gate: Gate) -> None:
    """What the server counts frames with meanwhile is a guess that nobody is told."""
    for number in range(3):
        start(gate, ALICE, number)
    gate.dispatcher.progress(the_running(gate), "infer", 1, 4)
    assert {told.eta_ms for told in gate.sent(JobProgress)} == {0}


def test_the_time_to_wait_is_told(gate: Gate) -> None:
    """From what frames have taken: those before it, half of what runs, and its own."""
    start(gate, ALICE, 0)
    gate.pool.ask_room(1, len(CLEAN))
    gate.pool.finish(1, CLEAN, infer_s=2.0)
    for number in range(1, 4):
        start(gate, ALICE, number)
    told = {m.job_id: m for m in gate.sent(JobProgress) if m.stage == "queued"}
    assert told[job_id(3)].eta_ms == pytest.approx(2000 * (0.5 + 1 + 1), rel=0.01)
    gate.dispatcher.progress(the_running(gate), "infer", 3, 4)
    assert gate.sent(JobProgress, job_id(1))[-1].eta_ms == pytest.approx(500, rel=0.01)
