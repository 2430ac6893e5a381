"""Whatever clients, workers and time do: no byte is promised twice, no job ends twice or hangs."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from fakes.gate import ALICE, BOB, EVE, Gate, content, job_id
from filmgate.digest import SUM_BYTES, digest_blob
from filmgate.errors import FilmgateError, ModelError
from filmgate.wire.messages import BlobPut, JobAccepted, JobEnded, JobReady
from filmgate_server.config import IN_MEMORY
from filmgate_server.jobs.table import Owner
from filmgate_server.jobs.terms import Terms
from filmgate_server.store.content import Blob
from filmgate_server.store.segments import capacity_for

KIB = 1 << 10
BUDGET_BYTES = 1200 * KIB
PIECE_BYTES = 96 * KIB
CONTENTS = tuple(content(seed, 60_000 + 45_000 * seed) for seed in range(5))
DIGESTS = tuple(digest_blob(data).digest for data in CONTENTS)
OUTPUTS = tuple(content(100 + seed, 20_000 + 150_000 * seed) for seed in range(4))

ALL = (ALICE, BOB, EVE)
owners = st.sampled_from(ALL)
contents = st.integers(0, len(CONTENTS) - 1)
gains = st.sampled_from((1.0, 2.0))


class Admission(RuleBasedStateMachine):
    """Drives broker, dispatcher and store together in any order."""

    jobs: Bundle[bytes] = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        terms = Terms(
            lease_s=60.0,
            batch_lease_s=60.0,
            upload_stall_s=30.0,
            jobs_max=12,
            artist_jobs_max=7,
            artist_bytes_max=BUDGET_BYTES * 3 // 4,
        )
        self.gate = Gate(Path(self._folder.name), BUDGET_BYTES, terms, 2, IN_MEMORY)
        self.gate.pool.express = 1
        self.gate.store.segments_max = 11
        self.owner_of: dict[bytes, Owner] = {}
        self.numbers = 0

    # Clients.

    @initialize(
        target=jobs,
        chosen=st.lists(st.tuples(owners, contents, gains), min_size=2, max_size=4),
    )
    def begin(self, chosen: list[tuple[Owner, int, float]]) -> object:
        """Begin with a few jobs whose inputs are there."""
        return multiple(*[self.submit_and_upload(*each) for each in chosen])

    @rule(
        target=jobs,
        owner=owners,
        main=contents,
        more=st.none() | contents,
        gain=gains,
        deadline_ms=st.sampled_from((0, 0, 20_000)),
        priority=st.sampled_from(("interactive", "batch")),
        lane=st.sampled_from(("", "", "node")),
    )
    def submit(
        self,
        owner: Owner,
        main: int,
        more: int | None,
        gain: float,
        deadline_ms: int,
        priority: str = "interactive",
        lane: str = "",
    ) -> bytes:
        """Submit a new job."""
        self.numbers += 1
        name = job_id(self.numbers)
        inputs = [CONTENTS[main]] if more is None else [CONTENTS[main], CONTENTS[more]]
        self.gate.submit(
            owner,
            name,
            *inputs,
            params={"gain": gain},
            deadline_ms=deadline_ms,
            priority=priority,
            lane=lane,
        )
        self.owner_of[name] = owner
        return name

    @rule(target=jobs, owner=owners, main=contents, gain=gains)
    def submit_and_upload(self, owner: Owner, main: int, gain: float) -> bytes:
        """Submit a new job and send its input at once, as most clients do."""
        name = self.submit(owner, main, None, gain, 0)
        self.put_whole(owner, main)
        return name

    @rule(name=jobs, main=contents)
    def submit_again(self, name: bytes, main: int) -> None:
        """Submit a known job again, perhaps with other work, as a confused client might."""
        self.gate.submit(self.owner_of[name], name, CONTENTS[main])

    @rule(name=jobs, main=contents, number=st.integers(1, 3))
    def submit_from_another_session(self, name: bytes, main: int, number: int) -> None:
        """Submit a known job from a new session of the same artist."""
        owner = self.owner_of[name]
        moved = Owner(owner.session[:-1] + bytes([number]), owner.user, owner.show)
        self.gate.submit(moved, name, CONTENTS[main])
        self.owner_of[name] = moved

    @rule(owner=owners, data=contents, damaged=st.booleans())
    def put_next_piece(self, owner: Owner, data: int, damaged: bool) -> None:
        """Send the next piece that the server lacks, sound or damaged."""
        upload = self.gate.broker.uploads._open.get((owner.session, DIGESTS[data]))
        start = upload.staging.received_bytes if upload and upload.staging else 0
        self._put(owner, CONTENTS[data], start, damaged)

    @rule(owner=owners, data=contents, place=st.integers(0, 4))
    def put_any_piece(self, owner: Owner, data: int, place: int) -> None:
        """Send some piece, wanted or not."""
        whole = CONTENTS[data]
        self._put(owner, whole, min(place * PIECE_BYTES, len(whole) - 1), damaged=False)

    @rule(owner=owners, data=contents)
    def put_whole(self, owner: Owner, data: int) -> None:
        """Send a blob from its beginning to its end."""
        for start in range(0, len(CONTENTS[data]), PIECE_BYTES):
            self._put(owner, CONTENTS[data], start, damaged=False)

    def _put(self, owner: Owner, data: bytes, start: int, damaged: bool) -> None:
        digest, size, sums = digest_blob(data, PIECE_BYTES)
        sum_ = bytes(SUM_BYTES) if damaged else sums[start // PIECE_BYTES]
        piece = memoryview(data)[start : start + PIECE_BYTES]
        self._try(lambda: self.gate.broker.put(owner, BlobPut(digest, size, start, sum_), piece))

    @rule(name=jobs)
    def acknowledge(self, name: bytes) -> None:
        """Acknowledge a job, ready or not."""
        self._try(lambda: self.gate.broker.acknowledge(self.owner_of[name], name, 0))

    @rule(name=jobs)
    def acknowledge_by_another(self, name: bytes) -> None:
        """Acknowledge somebody else's job."""
        mallory = Owner(b"mallory's session"[:16], "mallory", "film")
        self._try(lambda: self.gate.broker.acknowledge(mallory, name, 0))

    @rule(name=consumes(jobs))
    def cancel(self, name: bytes) -> None:
        """Cancel a job."""
        self._try(lambda: self.gate.broker.cancel(self.owner_of[name], name, 0))

    @rule(name=jobs)
    def query(self, name: bytes) -> None:
        """Ask where a job stands."""
        self._try(lambda: self.gate.broker.query(self.owner_of[name], name, 0))

    @rule(owner=owners)
    def leave(self, owner: Owner) -> None:
        """Lose a session's connection."""
        self.gate.broker.session_away(owner.session)

    @rule(owner=owners)
    def come_back(self, owner: Owner) -> None:
        """Resume a session."""
        self.gate.broker.session_back(owner.session)

    # The worker.

    @precondition(lambda self: self.gate.pool.running)
    @rule(place=st.integers(0, len(OUTPUTS) - 1), finish=st.booleans(), first=st.booleans())
    def work(self, place: int, finish: bool, first: bool) -> None:
        """Let an execution ask for memory, and perhaps finish."""
        output = OUTPUTS[place]
        running = list(self.gate.pool.running)
        execution = running[0] if first else running[-1]
        granted = execution in self.gate.pool.granted
        if (granted or self.gate.pool.ask_room(execution, len(output))) and finish:
            size = self.gate.pool.granted[execution][0]
            self.gate.pool.finish(execution, output[:size] or b"empty")

    @precondition(lambda self: self.gate.pool.running)
    @rule(place=st.integers(0, len(OUTPUTS) - 1))
    def work_off(self, place: int) -> None:
        """Let everything that runs ask for memory and finish, with equal outputs."""
        for execution in list(self.gate.pool.running):
            if execution in self.gate.pool.running:
                self.gate.pool.granted.pop(execution, None)
                if self.gate.pool.ask_room(execution, len(OUTPUTS[place])):
                    self.gate.pool.finish(execution, OUTPUTS[place])

    @precondition(lambda self: self.gate.pool.running)
    @rule()
    def work_fails(self) -> None:
        """Let an execution fail."""
        self.gate.pool.fail(next(iter(self.gate.pool.running)), ModelError("It failed."))

    @rule()
    def worker_stops_cancelled(self) -> None:
        """Let the worker notice what was cancelled."""
        self.gate.pool.stop_cancelled()

    @rule()
    def worker_dies(self) -> None:
        """Let the worker die."""
        self.gate.pool.lose()

    # Time and the site.

    @rule(seconds=st.sampled_from((1.0, 12.0, 35.0)))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.gate.advance(seconds)

    @rule()
    def purge(self) -> None:
        """Drop everything of a show that nobody needs."""
        self.gate.store.purge("film")

    def _try(self, call: Callable[[], None]) -> None:
        """Do what may be answered with an error, which must not change what is promised."""
        with contextlib.suppress(FilmgateError):
            call()

    # What always holds.

    @invariant()
    def memory_is_within_the_budget(self) -> None:
        """Bytes used and promised are counted right and stay within the budget."""
        store, uploads = self.gate.store, self.gate.broker.uploads
        used = sum(blob.segment.capacity_bytes for blob in store._blobs.values())
        promised = sum(e.promised_bytes for e in self.gate.table.executions.values())
        for upload in uploads._open.values():
            if upload.staging is not None:
                used += upload.staging.segment.capacity_bytes
            else:
                promised += capacity_for(upload.size_bytes)
        assert (store.used_bytes, store.promised_bytes) == (used, promised)
        assert used + promised <= BUDGET_BYTES

    @invariant()
    def segments_are_counted(self) -> None:
        """Descriptors in use and promised are counted right and stay within their bound."""
        store, uploads = self.gate.store, self.gate.broker.uploads
        promised = sum(e.promised_segments for e in self.gate.table.executions.values())
        assert store.segments == len(store) + len(uploads) + promised
        assert store.segments <= store.segments_max

    @invariant()
    def what_is_still_to_come_is_counted(self) -> None:
        """Of each session's uploads as much is wanted as has not arrived."""
        uploads = self.gate.broker.uploads
        wanted: Counter[bytes] = Counter()
        for (session, _), upload in uploads._open.items():
            received = upload.staging.received_bytes if upload.staging else 0
            wanted[session] += upload.size_bytes - received
        assert all(uploads.wanted_bytes(owner.session) == wanted[owner.session] for owner in ALL)

    @invariant()
    def what_artists_hold_is_what_their_jobs_hold(self) -> None:
        """Bytes counted for an artist are those of open jobs, each thing once."""
        holdings = self.gate.admission.holdings
        for owner in (ALICE, BOB, EVE):
            jobs = [job for job in self.gate.table.jobs.values() if job.owner.user == owner.user]
            names = {name for job in jobs for name in job.held}
            sizes = [holdings._size_bytes[(owner.user, name)] for name in names]
            assert holdings.of(owner.user) == sum(sizes)
            assert self.gate.table.count_of(owner.user) == len(jobs) <= 7

    @invariant()
    def the_queue_is_what_waits(self) -> None:
        """The scheduler has exactly what waits for a worker, each once, under its artist."""
        scheduler, dispatcher = self.gate.scheduler, self.gate.dispatcher
        aside = {*dispatcher._starved, *dispatcher._placement.suspects._waiting}
        executions = self.gate.table.executions.values()
        queued = {e.number: e for e in executions if e.stage == "queued" and e.number not in aside}
        assert sorted(ticket.execution for ticket in scheduler) == sorted(queued)
        for ticket in scheduler:
            execution = queued[ticket.execution]
            users = {job.owner.user for job in execution.jobs.values()}
            classes = {job.priority for job in execution.jobs.values()}
            assert ticket.user in users
            assert ticket.priority == ("interactive" if "interactive" in classes else "batch")
        assert set(scheduler._running) == set(self.gate.pool.running)

    @invariant()
    def a_lane_has_one_job_without_a_result(self) -> None:
        """Of an artist's lane only the newest job is still being worked on."""
        open_jobs = [job for job in self.gate.table.jobs.values() if job.lane and not job.outcome]
        lanes = Counter(
            (job.owner.user, job.owner.show, job.priority, job.lane) for job in open_jobs
        )
        assert all(count == 1 for count in lanes.values())

    @invariant()
    def pins_are_those_of_jobs_and_executions(self) -> None:
        """A blob is kept for exactly the jobs and executions that need it."""
        table = self.gate.table
        holders = [*table.jobs.values(), *table.executions.values()]
        pins = Counter(id(blob) for holder in holders for blob in holder.pins)
        blobs: list[Blob] = list(self.gate.store._blobs.values())
        assert {id(blob): blob.pins for blob in blobs if blob.pins} == dict(pins)

    @invariant()
    def open_jobs_are_alive(self) -> None:
        """An open job waits for an execution that knows it, or can be fetched."""
        for job in self.gate.table.jobs.values():
            if job.outcome is None:
                assert job.execution is not None
                assert job.id in self.gate.table.executions[job.execution].jobs
        for execution in self.gate.table.executions.values():
            assert execution.jobs or execution.number in self.gate.pool.running

    @invariant()
    def missing_inputs_are_expected(self) -> None:
        """What a job lacks, its session is expected to send."""
        open_uploads = self.gate.broker.uploads._open
        for job in self.gate.table.jobs.values():
            if job.execution is not None:
                for digest in self.gate.table.executions[job.execution].missing:
                    assert (job.owner.session, digest) in open_uploads

    @invariant()
    def each_job_has_one_outcome(self) -> None:
        """Every outcome that was told is the one in the journal."""
        for sent in self.gate.outbox.sent:
            if isinstance(sent.message, JobEnded):
                entry = self.gate.journal.find(sent.message.job_id)
                assert entry is not None
                assert entry.ended == sent.message
                asked = sent.message.outcome == "cancelled"
                codes = ("cancelled", "superseded")
                assert asked == (sent.message.code in codes), "nobody asked for this"

    @invariant()
    def journal_and_table_agree(self) -> None:
        """The jobs that are open in the journal are those in the table."""
        assert {name for name, _ in self.gate.journal.open_jobs()} == set(self.gate.table.jobs)

    def teardown(self) -> None:
        """When every client has gone, every job has ended and nothing is left."""
        gate = self.gate
        accepted = {m.job_id for m in [*gate.sent(JobAccepted), *gate.sent(JobReady)]}
        for owner in {job.owner.session: job.owner for job in gate.table.jobs.values()}.values():
            gate.broker.session_away(owner.session)
        gate.advance(61.0)
        gate.pool.stop_cancelled()
        gate.advance(61.0)
        gate.pool.stop_cancelled()
        assert not gate.table.jobs
        assert not gate.table.executions
        assert not gate.pool.running
        assert len(gate.broker.uploads) == 0
        assert gate.store.promised_bytes == 0
        assert all(len(gate.outcomes(name)) == 1 for name in accepted)
        gate.store.purge("film")
        gate.store.purge("other")
        assert gate.store.used_bytes == 0
        assert gate.pool.output_bytes[0] == 0
        gate.journal.close()
        self._folder.cleanup()


TestAdmission = Admission.TestCase
TestAdmission.settings = settings(
    max_examples=80,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
