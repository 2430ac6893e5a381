"""Everything that can happen to a server, in any order: whatever it is, no job is lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fakes.ledger import Entry, Ledger
from fakes.loads import load
from fakes.models import GATED, write_model
from fakes.peer import Peer
from fakes.plates import negate_tensor
from fakes.relay import Relay
from fakes.service import TOKEN, Service
from filmgate.client import Client

STEPS = 20
LONG_LEASE_S = 30.0
"""Longer than any restart: jobs of clients that stay do not expire."""

DRAIN_S = 0.3
"""Enough for some of the frames under way to end before a reload, and not for all."""

ARTISTS = ("ann", "bob")
SHOWS = ("film", "series")
SHAPES = ((16, 16, 3), (5, 7, 3), (200, 200, 3))


@dataclass
class Artist:
    """A client behind a line of its own.

    Attributes:
        client: it.
        relay: the line.
        stays: whether it is there to the end; its jobs then have a long lease.
    """

    client: Client
    relay: Relay
    stays: bool


@dataclass
class Machine:
    """The server of all traces, its gate, and the clients of one of them."""

    service: Service
    gate: Path
    artists: list[Artist] = field(default_factory=list[Artist])


class Traffic(RuleBasedStateMachine):
    """One trace; `teardown` lets all of it come to an end and asserts the invariant.

    Args:
        machine: where it happens.
    """

    artists: Bundle[Artist] = Bundle("artists")
    jobs: Bundle[Entry] = Bundle("jobs")

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.machine = machine
        self.ledger = Ledger()
        self.sure: list[Entry] = []
        self.deaths = 0
        self.kills = 0
        self.reloads = 0
        machine.gate.unlink(missing_ok=True)

    @rule(
        target=artists,
        user=st.sampled_from(ARTISTS),
        show=st.sampled_from(SHOWS),
        stays=st.booleans(),
        handoff=st.booleans(),
    )
    def come(self, user: str, show: str, stays: bool, handoff: bool) -> Artist:
        """Let an artist connect who stays, or who may leave at any time."""
        relay = Relay(self.machine.service.port)
        address = f"tcp://127.0.0.1:{relay.port}"
        client = Client(address, user=user, show=show, token=TOKEN, handoff=handoff)
        artist = Artist(client, relay, stays)
        self.machine.artists.append(artist)
        return artist

    @rule(
        target=jobs,
        artist=artists,
        seed=st.integers(0, 9),
        shape=st.sampled_from(SHAPES),
        model=st.sampled_from(("negate", "gated")),
        priority=st.sampled_from(("interactive", "batch")),
        lane=st.sampled_from(("", "", "node")),
        count=st.integers(1, 4),
    )
    def submit(self, artist, seed, shape, model, priority, lane, count):
        """Let an artist ask for frames, some of them asked for before."""
        entries = [
            self.ledger.submit(
                artist.client,
                *negate_tensor(seed + place, shape, model),
                priority=priority,
                lane=lane,
                lease_s=LONG_LEASE_S if artist.stays else 0.0,
            )
            for place in range(count)
        ]
        if artist.stays and not lane:
            self.sure += entries
        return multiple(*entries)

    @rule(target=jobs, artist=artists, seed=st.integers(0, 9))
    def submit_in_a_hurry(self, artist: Artist, seed: int) -> Entry:
        """Let an artist ask for a frame that is of no use a moment later."""
        work = negate_tensor(seed, model="gated")
        return self.ledger.submit(artist.client, *work, deadline_s=0.05)

    @rule(entry=consumes(jobs))
    def cancel(self, entry: Entry) -> None:
        """Let an artist think better of it."""
        entry.job.cancel()
        self.sure = [sure for sure in self.sure if sure is not entry]

    @rule(artist=artists)
    def cut(self, artist: Artist) -> None:
        """Cut a line; the client connects again."""
        artist.relay.cut()

    @rule(artist=consumes(artists).filter(lambda artist: not artist.stays))
    def leave(self, artist: Artist) -> None:
        """Let an artist go, whatever is under way."""
        artist.client.close()

    @rule(seed=st.integers(0, 9))
    def stray(self, seed: int) -> None:
        """Let somebody begin an upload and vanish."""
        work, _ = negate_tensor(seed, SHAPES[2])
        with Peer(self.machine.service.port, user="stray", show=SHOWS[0]) as peer:
            peer.submit(work)
            peer.put(bytes(work.inputs[0].data), sum=bytes(16))

    @rule(open_it=st.booleans())
    def turn_the_gate(self, open_it: bool) -> None:
        """Let gated frames through, or hold them up."""
        if open_it:
            self.machine.gate.touch()
        else:
            self.machine.gate.unlink(missing_ok=True)

    @precondition(lambda self: self.deaths < 3)
    @rule()
    def kill_a_worker(self) -> None:
        """Kill a worker in the middle of whatever it does."""
        self.deaths += 1
        for worker in self.machine.service.workers[:1]:
            with suppress(psutil.NoSuchProcess):
                worker.send_signal(signal.SIGKILL)

    @precondition(lambda self: self.kills < 1)
    @rule()
    def kill_the_server(self) -> None:
        """Kill the server and start it again."""
        self.kills += 1
        self.machine.service.restart()

    @precondition(lambda self: self.reloads < 1)
    @rule()
    def reload_the_server(self) -> None:
        """Stop the server in good order and start it again; what is held up outlasts the drain."""
        self.reloads += 1
        self.machine.service.drain()
        assert self.machine.service.wait_exit() == 0, self.machine.service.log[-4000:]
        self.machine.service.restart()

    def teardown(self) -> None:
        """Let everything end, and assert that it ended once and right."""
        self.machine.gate.touch()
        try:
            self.ledger.settle()
        finally:
            for artist in self.machine.artists:
                artist.client.close()
                artist.relay.__exit__(None, None, None)
            self.machine.artists.clear()
        self.ledger.audit(self.machine.service)
        if self.deaths < 2:
            assert {entry.outcome for entry in self.sure} <= {"result"}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Run one server for all traces."""
    folder = tmp_path_factory.mktemp("machine")
    models, gate = folder / "models", folder / "gate"
    write_model(models, "gated", GATED, gate=gate)
    terms = {f"{name}_lease_s": 0.5 for name in ("job", "batch", "restart")}
    terms |= {"upload_stall_s": 1.0, "drain_s": DRAIN_S}
    with Service(folder, models=[str(models)], **terms) as service:
        yield Machine(service, gate)


@load("traces", usual=6, nightly=500)
def test_any_order_of_events_ends_every_job_once(machine: Machine, traces: int) -> None:
    """Submit, cancel, leave, cut, kill and reload, as they come: the invariant holds."""
    run_state_machine_as_test(
        lambda: Traffic(machine),
        settings=settings(
            max_examples=traces,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],  # a race cannot be shrunk
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert "Traceback" not in machine.service.log, machine.service.log[-4000:]
