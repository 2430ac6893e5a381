"""Which work runs next: fair shares, classes, deadlines and the devices' preferences."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.devices import Studio, jain_index
from filmgate_server.scheduling.scheduler import Scheduler
from filmgate_server.scheduling.shares import SKIPS_MAX, SLACK_S
from filmgate_server.scheduling.tickets import Ticket


def ticket(number: int, user: str = "alice", priority: str = "interactive", **more: Any) -> Ticket:
    """Return some work."""
    return Ticket(number, user, "film", priority, more.pop("package", b"p"), **more)


def order(scheduler: Scheduler, now_s: float = 0.0, **wishes: Any) -> list[int]:
    """Start everything that waits, each when the one before has ended; return the order."""
    started: list[int] = []
    while (popped := scheduler.pop(now_s, 0, **wishes)) is not None:
        started.append(popped.execution)
        scheduler.charge(popped.execution, popped.estimate_s)
    return started


def test_one_artists_work_runs_as_it_came() -> None:
    """Without deadlines, first in is first out."""
    scheduler = Scheduler()
    for number in (1, 2, 3):
        scheduler.push(ticket(number))
    assert [scheduler.place(number) for number in (1, 2, 3)] == [0, 1, 2]
    assert order(scheduler) == [1, 2, 3]


def test_what_is_put_back_runs_first() -> None:
    """Work that had its turn and could not run is before its artist's other work, in its order."""
    scheduler = Scheduler()
    for number in (1, 2, 3, 4):
        scheduler.push(ticket(number))
    for number in (1, 2):
        assert scheduler.pop(0.0, 0) == ticket(number)
    for number in (2, 1):
        scheduler.forgive(number)
        scheduler.push_front(ticket(number))
    assert order(scheduler) == [1, 2, 3, 4]


def test_work_can_be_withdrawn() -> None:
    """Withdrawn work does not run; withdrawing it again does nothing."""
    scheduler = Scheduler()
    for number in (1, 2, 3):
        scheduler.push(ticket(number))
    assert scheduler.remove(2)
    assert not scheduler.remove(2)
    assert (len(scheduler), scheduler.place(3)) == (2, 1)
    assert order(scheduler) == [1, 3]


def test_the_earliest_deadline_of_an_artist_is_first() -> None:
    """Deadlines order an artist's own work and give no advantage over another's."""
    scheduler = Scheduler()
    scheduler.push(ticket(1))
    scheduler.push(ticket(2, deadline_s=50.0))
    scheduler.push(ticket(3, deadline_s=20.0))
    scheduler.push(ticket(4, "bob"))
    scheduler.push(ticket(5, "bob"))
    started = order(scheduler)
    assert [number for number in started if number <= 3] == [3, 2, 1]
    assert started == [3, 4, 2, 5, 1]


def test_late_work_is_not_started() -> None:
    """Work whose deadline has passed waits for its end and holds nobody up."""
    scheduler = Scheduler()
    scheduler.push(ticket(1, deadline_s=10.0))
    scheduler.push(ticket(2))
    assert order(scheduler, now_s=10.5) == [2]
    assert len(scheduler) == 1
    assert scheduler.remove(1)
    assert len(scheduler) == 0


def test_five_thousand_frames_delay_nobody() -> None:
    """Each of eight artists with one frame runs among the next nine of one who has thousands."""
    scheduler = Scheduler()
    for number in range(5000):
        scheduler.push(ticket(number, "flood"))
    started = [scheduler.pop(0.0, 0) for _ in range(3)]
    for number in range(8):
        scheduler.push(ticket(10_000 + number, f"artist{number}"))
    assert all(scheduler.place(10_000 + number) <= 8 for number in range(8))
    following = [scheduler.pop(0.0, 0) for _ in range(9)]
    assert {each.user for each in following if each} >= {f"artist{number}" for number in range(8)}
    assert len(started) + len(following) + len(scheduler) == 5008


def test_measured_time_counts_not_the_estimate() -> None:
    """An artist whose frames take longer than estimated gets fewer of them."""
    scheduler = Scheduler()
    for number in range(0, 60, 2):
        scheduler.push(ticket(number, "slow", estimate_s=1.0))
        scheduler.push(ticket(number + 1, "fast", estimate_s=1.0))
    had: Counter[str] = Counter()
    device_s: Counter[str] = Counter()
    for _ in range(24):
        popped = scheduler.pop(0.0, 0)
        assert popped is not None
        took_s = 5 if popped.user == "slow" else 1
        device_s[popped.user] += took_s
        scheduler.charge(popped.execution, took_s)
        had[popped.user] += 1
    assert had == {"slow": 4, "fast": 20}
    assert abs(device_s["slow"] - device_s["fast"]) <= 5


def test_idleness_earns_nothing() -> None:
    """One who comes back after a long pause takes turns; nobody waits for the pause."""
    scheduler = Scheduler()
    scheduler.push(ticket(1, "idle"))
    assert order(scheduler) == [1]
    for number in range(100, 200):
        scheduler.push(ticket(number, "busy"))
    for number in range(100, 150):
        scheduler.pop(0.0, 0)
        scheduler.charge(number, 1.0)
    for number in range(2, 12):
        scheduler.push(ticket(number, "idle"))
    users = ["idle" if number < 100 else "busy" for number in order(scheduler)[:20]]
    assert Counter(users) == {"idle": 10, "busy": 10}


@pytest.mark.parametrize("estimate_s", [0.0, 0.25, 30.0])
def test_a_wrong_estimate_gives_nobody_a_lead(estimate_s: float) -> None:
    """Who comes while the first frames run, which take far less or more than was thought, is level.

    Artists who always have work get frames in turns; only what was in hand is beyond that.
    """
    scheduler = Scheduler()
    artists = [f"artist{place}" for place in range(8)]
    numbers = itertools.count()
    in_hand: list[Ticket] = []
    for user in artists:
        for _ in range(20):
            scheduler.push(ticket(next(numbers), user, estimate_s=estimate_s))
            if len(in_hand) < 3 and (popped := scheduler.pop(0.0, 0)):
                in_hand.append(popped)
    had: Counter[str] = Counter()
    for _ in range(100):
        ended = in_hand.pop(0)
        scheduler.charge(ended.execution, 0.001)
        had[ended.user] += 1
        if (popped := scheduler.pop(0.0, 0)) is not None:
            in_hand.append(popped)
    assert max(had.values()) - min(had[user] for user in artists) <= 3


IN_HAND = 3
LONGEST_S = 1.0
seconds = st.floats(0.0, LONGEST_S)


@given(st.lists(st.tuples(seconds, seconds), min_size=80, max_size=80), st.integers(2, 4))
def test_artists_are_level_but_for_what_is_in_hand(
    frames: list[tuple[float, float]], artists: int
) -> None:
    """Whatever was estimated and measured, those who always have work get the same device time.

    The bound is that of start-time fair queueing with several requests under way.
    """
    scheduler = Scheduler()
    in_hand: list[Ticket] = []
    for number, (estimate_s, _) in enumerate(frames):
        scheduler.push(ticket(number, f"artist{number % artists}", estimate_s=estimate_s))
        if len(in_hand) < IN_HAND and (popped := scheduler.pop(0.0, 0)):
            in_hand.append(popped)
    had_s = {f"artist{place}": 0.0 for place in range(artists)}
    while {each.user for each in scheduler} == set(had_s):
        ended = in_hand.pop(0)
        took_s = frames[ended.execution][1]
        scheduler.charge(ended.execution, took_s)
        had_s[ended.user] += took_s
        in_hand.extend(each for each in [scheduler.pop(0.0, 0)] if each)
        assert max(had_s.values()) - min(had_s.values()) <= 2 * (IN_HAND + 1) * LONGEST_S


def test_work_that_could_not_run_is_not_charged() -> None:
    """What a dead worker had in hand costs its artist no turn."""
    scheduler = Scheduler()
    scheduler.push(ticket(1, "alice", estimate_s=100.0))
    scheduler.push(ticket(2, "bob"))
    scheduler.push(ticket(3, "bob"))
    assert scheduler.pop(0.0, 0) == ticket(1, "alice", estimate_s=100.0)
    scheduler.forgive(1)
    scheduler.push_front(ticket(1, "alice", estimate_s=100.0))
    assert order(scheduler)[:2] in ([1, 2], [2, 1])


def test_interactive_work_goes_first() -> None:
    """Batch work is handed out when nothing interactive waits, as long as its share is small."""
    scheduler = Scheduler()
    for number in range(3):
        scheduler.push(ticket(number, priority="batch", estimate_s=0.1))
        scheduler.push(ticket(10 + number, "bob", estimate_s=0.1))
    assert scheduler.place(0) == 3
    assert order(scheduler) == [10, 11, 12, 0, 1, 2]


def test_one_batch_frame_fills_the_gaps() -> None:
    """Beside interactive work a worker has one batch frame in hand, and no second."""
    scheduler = Scheduler()
    for number in range(5):
        scheduler.push(ticket(number, priority="batch"))
        scheduler.push(ticket(10 + number, "bob"))
    hands = [scheduler.pop(0.0, 0) for _ in range(4)]
    assert [each.priority for each in hands if each] == [
        "interactive",
        "batch",
        "interactive",
        "interactive",
    ]


def test_express_room_is_for_interactive_work() -> None:
    """Batch work never takes the slot that is kept for artists who wait."""
    scheduler = Scheduler()
    scheduler.push(ticket(1, priority="batch"))
    assert scheduler.pop(0.0, 0, express=True) is None
    scheduler.push(ticket(2))
    assert scheduler.pop(0.0, 0, express=True) == ticket(2)


def test_a_loaded_model_is_preferred_while_shares_are_even() -> None:
    """Among artists who have had about the same, the one whose model is there goes first."""
    scheduler = Scheduler()
    scheduler.push(ticket(1, "alice", package=b"a"))
    scheduler.push(ticket(2, "bob", package=b"b"))
    popped = scheduler.pop(0.0, 0, residents=frozenset({b"b"}))
    assert popped is not None
    assert popped.user == "bob"
    scheduler.charge(2, SLACK_S + 1.0)
    scheduler.push(ticket(3, "bob", package=b"b"))
    popped = scheduler.pop(0.0, 0, residents=frozenset({b"b"}))
    assert popped is not None
    assert popped.user == "alice"


def test_the_preference_starves_nobody() -> None:
    """Frames that take almost nothing pass another only a bounded number of times."""
    scheduler = Scheduler()
    scheduler.push(ticket(1, "alice", package=b"a", estimate_s=1e-6))
    for number in range(2, 100):
        scheduler.push(ticket(number, "bob", package=b"b", estimate_s=1e-6))
    started = order(scheduler, residents=frozenset({b"b"}))
    assert started.index(1) == SKIPS_MAX


def test_companions_are_of_one_group() -> None:
    """What may be computed together follows its first, whoever it is for; other work does not."""
    scheduler = Scheduler()
    for number, (user, group) in enumerate(
        [("alice", b"x"), ("alice", b"x"), ("bob", b"y"), ("carol", b"x"), ("dave", b"")]
    ):
        scheduler.push(ticket(number, user, group=group, batch_max=4))
    first = scheduler.pop(0.0, 0)
    assert first is not None
    companions = [scheduler.pop_companion(0.0, 0, first) for _ in range(3)]
    assert {each.execution for each in companions if each} == {1, 3}
    alone = replace(first, group=b"")
    assert scheduler.pop_companion(0.0, 0, alone) is None


def test_artists_get_even_shares_whatever_their_frames_take() -> None:
    """Over device seconds in virtual time, Jain's index of six greedy artists is at least 0.9."""
    studio = Studio(devices=2)
    for place in range(6):
        for _ in range(400):
            studio.submit(f"artist{place}", 0.05 * (1 + place), estimate_s=1.0)
    studio.run(40.0)
    assert jain_index(studio.device_s.values()) >= 0.9


def test_shares_are_even_inside_the_batch_class() -> None:
    """Farm work is shared by artist as interactive work is, across shows."""
    studio = Studio()
    for place in range(4):
        for _ in range(300):
            studio.submit(f"artist{place}", 0.1 * (1 + place), "batch", estimate_s=0.3)
    studio.run(60.0)
    assert jain_index(studio.device_s.values()) >= 0.9


@pytest.mark.parametrize("batch_frame_s", [0.02, 0.3, 8.0], ids=["small", "usual", "8K"])
def test_batch_work_gets_its_floor(batch_frame_s: float) -> None:
    """Where interactive work never ends, batch work still gets about its tenth, and no more."""
    studio = Studio()
    for _ in range(5000):
        studio.submit("farm", batch_frame_s, "batch")
    for place in range(8):
        studio.loop(f"artist{place}", 0.05, 10_000)
    studio.run(120.0)
    interactive = [studio.device_s[f"artist{place}"] for place in range(8)]
    assert 0.1 <= studio.batch_s / 120.0 <= 0.2
    assert jain_index(interactive) >= 0.9


def test_a_large_batch_client_delays_artists_little() -> None:
    """With 5,000 batch frames in line an artist's wait stays below twice the wait without."""
    waits: list[float] = []
    for batch in (0, 5000):
        studio = Studio()
        for _ in range(batch):
            studio.submit("farm", 0.1, "batch")
        for place in range(8):
            studio.loop(f"artist{place}", 0.05, 100)
        studio.run(60.0)
        every = sorted(wait for place in range(8) for wait in studio.waits[f"artist{place}"])
        waits.append(every[int(0.95 * len(every))])
    assert waits[1] <= 2 * waits[0]


def test_a_batch_frame_that_cannot_be_interrupted_takes_no_more() -> None:
    """Where a batch frame is one tile of a second, artists still get their nine tenths."""
    studio = Studio(tile_s=1.0)
    for _ in range(1000):
        studio.submit("farm", 1.0, "batch")
    for place in range(8):
        studio.loop(f"artist{place}", 0.05, 10_000)
    studio.run(120.0)
    assert 0.1 <= studio.batch_s / 120.0 <= 0.2


def test_without_a_floor_batch_work_waits() -> None:
    """A floor of 0 gives batch work what interactive work leaves: nothing here."""
    studio = Studio(Scheduler(batch_floor=0.0))
    studio.submit("farm", 1.0, "batch")
    for place in range(8):
        studio.loop(f"artist{place}", 0.05, 10_000)
    studio.run(20.0)
    assert studio.batch_s == 0.0


def test_batch_work_alone_has_the_device() -> None:
    """The floor is no ceiling, and time that nobody else wanted is not held against anybody."""
    studio = Studio()
    for _ in range(100):
        studio.submit("farm", 0.1, "batch")
    studio.run(11.0)
    assert studio.batch_s == pytest.approx(10.0)


def test_counts_are_those_of_what_waits() -> None:
    """What waits is counted anew each time: by artist, by class, in all."""
    scheduler = Scheduler()
    scheduler.push(ticket(1))
    scheduler.push(ticket(2, priority="batch"))
    scheduler.push(ticket(3, "bob"))
    assert scheduler.waiting_by_user() == {
        ("alice", "film", "interactive"): 1,
        ("alice", "film", "batch"): 1,
        ("bob", "film", "interactive"): 1,
    }
    assert scheduler.waiting_by_class() == {"interactive": 2, "batch": 1}
    assert order(scheduler)
    assert not scheduler.waiting_by_user()
    assert scheduler.waiting_by_class() == {"interactive": 0, "batch": 0}


users = st.sampled_from(["alice", "bob", "carol"])
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("push"),
            users,
            st.sampled_from(["interactive", "batch"]),
            st.none() | st.floats(0.0, 20.0),
            st.sampled_from([0.01, 1.0, 30.0]),
        ),
        st.tuples(st.just("pop"), st.integers(0, 1), st.booleans()),
        st.tuples(st.just("end"), st.integers(0, 3), st.sampled_from(["charge", "back"])),
        st.tuples(st.just("remove"), st.integers(0, 30)),
        st.tuples(st.just("wait"), st.floats(0.0, 3.0)),
    ),
    max_size=60,
)


@given(steps)
def test_nothing_is_lost_or_run_twice(steps: list[tuple[Any, ...]]) -> None:
    """Whatever is pushed comes out once or was withdrawn, and places are within the queue."""
    run = Run()
    for step, *values in steps:
        getattr(run, step)(*values)
        run.check()
    run.drain()


class Run:
    """A scheduler beside what it should hold."""

    def __init__(self) -> None:
        self.scheduler = Scheduler()
        self.now_s = 0.0
        self.waiting: dict[int, Ticket] = {}
        self.running: dict[int, Ticket] = {}
        self.count = 0

    def push(self, user: str, priority: str, deadline_s: float | None, estimate_s: float) -> None:
        """Push a ticket."""
        self.count += 1
        made = ticket(self.count, user, priority, deadline_s=deadline_s, estimate_s=estimate_s)
        self.waiting[self.count] = made
        self.scheduler.push(made)

    def pop(self, worker: int, express: bool) -> None:
        """Start one, if one may start."""
        popped = self.scheduler.pop(self.now_s, worker, express=express)
        if popped is not None:
            assert not popped.is_late(self.now_s)
            assert not (express and popped.priority == "batch")
            assert self.waiting.pop(popped.execution) == popped
            self.running[popped.execution] = popped

    def end(self, place: int, how: str) -> None:
        """End one that runs: charged, or put back."""
        for number in list(self.running)[place : place + 1]:
            taken = self.running.pop(number)
            if how == "charge":
                self.scheduler.charge(number, 2.0 * taken.estimate_s)
            else:
                self.scheduler.forgive(number)
                self.scheduler.push_front(taken)
                self.waiting[number] = taken

    def remove(self, number: int) -> None:
        """Withdraw one that waits, or another."""
        assert self.scheduler.remove(number) == (self.waiting.pop(number, None) is not None)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds

    def check(self) -> None:
        """Compare what waits with what should."""
        assert len(self.scheduler) == len(self.waiting)
        assert {each.execution for each in self.scheduler} == set(self.waiting)
        assert sum(self.scheduler.waiting_by_user().values()) == len(self.waiting)
        for number in self.waiting:
            assert 0 <= self.scheduler.place(number) < len(self.waiting)
        for priority in ("interactive", "batch"):
            for user in ("alice", "bob", "carol"):
                self._check_line(user, priority)

    def _check_line(self, user: str, priority: str) -> None:
        mine = [n for n, t in self.waiting.items() if (t.user, t.priority) == (user, priority)]
        places = [self.scheduler.place(number) for number in mine]
        late = [number for number in mine if self.waiting[number].is_late(self.now_s)]
        assert late or len(set(places)) == len(places), "two tickets of one line share a place"

    def drain(self) -> None:
        """End everything; only what is late stays."""
        for number in list(self.running):
            self.running.pop(number)
            self.scheduler.charge(number, 1.0)
        for _ in range(2 * self.count + 2):
            self.now_s += 1e-3
            before = len(self.running)
            self.pop(0, False)
            for number in list(self.running):
                self.running.pop(number)
                self.scheduler.charge(number, 1.0)
            if before == len(self.running) and not self.waiting:
                break
        late = [each for each in self.waiting.values() if each.is_late(self.now_s)]
        assert len(late) == len(self.waiting), "what is not late must run"


def test_equal_frames_run_in_the_places_they_were_told() -> None:
    """With equal frames, the place that was told is the place in which work starts."""
    scheduler = Scheduler()
    for number in range(30):
        scheduler.push(ticket(number, ("alice", "bob", "carol")[number * number % 3]))
    told = {number: scheduler.place(number) for number in range(30)}
    assert [told[number] for number in order(scheduler)] == list(range(30))
