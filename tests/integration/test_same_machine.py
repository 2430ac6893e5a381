"""Client and server on one machine: the pixels stay off the wire, or go over it; always right."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fakes.accounts import SHARED_MEMORY
from fakes.ledger import Ledger
from fakes.neighbour import SHAPE
from fakes.plates import negate_exr, negate_tensor
from fakes.relay import Relay, Stream
from fakes.service import MIB, TOKEN, Service, counters, wait_idle
from fakes.waiting import wait_until
from filmgate.client import Client
from filmgate.descriptors import is_possible

if not is_possible():
    pytest.skip("this system lacks what a handoff needs", allow_module_level=True)

TESTS = Path(__file__).parents[1]
FRAME_BYTES = 4 * SHAPE[0] * SHAPE[1] * SHAPE[2]
TALK_BYTES = 256 << 10
"""More than all that is said about a few frames, less than one frame."""

RING = "memfd:filmgate-handoff"


class Tally:
    """Counts what passes through a relay."""

    def __init__(self) -> None:
        self.bytes = 0

    def __call__(self, piece: bytes, stream: Stream) -> bytes:
        """Pass a piece on."""
        self.bytes += len(piece)
        return piece


class Line:
    """A line to a server on which every byte is counted."""

    def __init__(self, relay: Relay, up: Tally, down: Tally) -> None:
        self.port = relay.port
        self._up, self._down = up, down

    @property
    def sent_bytes(self) -> int:
        """What clients have sent over it."""
        return self._up.bytes

    @property
    def received_bytes(self) -> int:
        """What clients have got over it."""
        return self._down.bytes

    def client(self, handoff: bool = True) -> Client:
        """Return a client at its end."""
        return Client(f"tcp://127.0.0.1:{self.port}", token=TOKEN, handoff=handoff)

    def carried_pixels(self) -> bool:
        """Return whether a frame went over it, both ways; it is one or the other."""
        both = (self.sent_bytes > FRAME_BYTES, self.received_bytes > FRAME_BYTES)
        assert both[0] == both[1]
        assert both[0] or self.sent_bytes + self.received_bytes < TALK_BYTES
        return both[0]


@pytest.fixture
def line(server: Service) -> Iterator[Line]:
    """Return a line to the shared server."""
    up, down = Tally(), Tally()
    with Relay(server.port, upward=[up], downward=[down]) as relay:
        yield Line(relay, up, down)


def rings(pid: int) -> int:
    """Return how many clients' rings a process has open."""
    folder = Path(f"/proc/{pid}/fd")
    return sum(RING in str(entry.readlink()) for entry in folder.iterdir() if entry.is_symlink())


def neighbour(
    port: int, seed: int, how: str = "plain", launcher: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """Start a client in a process of its own."""
    return subprocess.Popen(
        [*launcher, sys.executable, "-m", "fakes.neighbour", str(port), str(seed), how],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("handoff", [True, False], ids=["shared memory", "wire"])
def test_pixels_are_right_either_way(line: Line, ledger: Ledger, handoff: bool):
    """Tensors and files come back exactly, and nobody but the line's counter can tell how."""
    with line.client(handoff) as client:
        before = counters(client)["uploaded_bytes"]
        work, check = negate_tensor(10 + handoff, SHAPE)
        ledger.submit(client, work, check)
        ledger.submit(client, *negate_exr(12))
        ledger.all_end("result")
        assert counters(client)["uploaded_bytes"] - before >= FRAME_BYTES
    assert line.carried_pixels() != handoff


def test_what_the_server_has_is_not_handed_over_again(client: Client, ledger: Ledger):
    """The same frame and work again costs no pixel, however the first came."""
    work, check = negate_tensor(21, SHAPE)
    ledger.submit(client, work, check)
    ledger.all_end("result")
    before = counters(client)["uploaded_bytes"]
    again = client.run(work)
    check(again)
    assert again.uploaded_bytes == 0
    assert counters(client)["uploaded_bytes"] == before


def test_many_frames_at_once_are_right(client: Client, ledger: Ledger):
    """Frames that share a ring, some of them equal, do not mix."""
    for seed in range(12):
        ledger.submit(client, *negate_tensor(30 + seed // 2, (600, 600, 3)))
    ledger.all_end("result")


def test_a_server_may_keep_to_the_wire(make_service, ledger: Ledger):
    """A site can switch it off."""
    service = make_service(handoff=False)
    up, down = Tally(), Tally()
    with Relay(service.port, upward=[up], downward=[down]) as relay:
        line = Line(relay, up, down)
        with line.client() as client:
            ledger.submit(client, *negate_tensor(41, SHAPE))
            ledger.all_end("result")
        assert line.carried_pixels()
    ledger.audit(service)


def test_another_space_of_processes_gets_the_wire(line: Line):
    """A client in a container whose processes are its own is served all the same."""
    launcher = ("unshare", "-Urpf", "--mount-proc")
    allowed = subprocess.run([*launcher, "true"], capture_output=True, text=True, check=False)
    if allowed.returncode:
        pytest.skip(f"namespaces are not permitted here: {allowed.stderr.strip()}")
    process = neighbour(line.port, 51, launcher=launcher)
    assert process.communicate(timeout=60)[0] == "right\n"
    assert line.carried_pixels()


def test_another_user_gets_the_wire(line: Line):
    """A client of somebody else is served all the same."""
    if os.geteuid():
        pytest.skip("only root can start a client as another user")
    process = neighbour(line.port, 61, "stranger")
    assert process.communicate(timeout=60)[0] == "right\n"
    assert line.carried_pixels()


def test_a_process_of_its_own_hands_over(line: Line):
    """What the two tests before compare with: the same client as the same user."""
    process = neighbour(line.port, 71)
    assert process.communicate(timeout=60)[0] == "right\n"
    assert not line.carried_pixels()


def test_a_client_killed_half_way_leaves_nothing(make_service, ledger: Ledger):
    """Its ring, its channel and the memory for its frame go; others finish the frame."""
    service = make_service(job_lease_s=0.5)
    with service.client() as client:
        process = neighbour(service.port, 81, "stops")
        assert process.stdout is not None
        assert process.stdout.readline() == "half way\n"
        assert rings(service.process.pid) == 2
        process.kill()
        process.communicate()
        wait_until(lambda: rings(service.process.pid) == 1, "its ring to be closed")
        ledger.submit(client, *negate_tensor(81, SHAPE))
        ledger.all_end("result")
        wait_idle(client)
        assert counters(client)["store_promised_bytes"] == 0
    wait_until(lambda: rings(service.process.pid) == 0, "every ring to be closed")
    ledger.audit(service)


def test_a_server_killed_half_way_leaves_nothing(make_service, ledger: Ledger):
    """Frames that were half-way are handed to the next server; no name stays in shared memory."""
    service = make_service()
    names = {path.name for path in SHARED_MEMORY.iterdir()}
    with service.client() as client:
        for seed in range(6):
            ledger.submit(client, *negate_tensor(90 + seed, SHAPE))
        service.process.send_signal(signal.SIGKILL)
        service.restart()
        ledger.all_end("result")
        wait_idle(client)
    assert {path.name for path in SHARED_MEMORY.iterdir()} <= names
    ledger.audit(service)


def test_clients_that_come_and_go_leave_no_descriptor(make_service):
    """Each brings a channel and a ring, and takes them along."""
    service = make_service()
    for seed in range(10):
        with service.client() as client:
            work, check = negate_tensor(100 + seed, (400, 400, 3))
            check(client.run(work))
    wait_until(lambda: rings(service.process.pid) == 0, "every ring to be closed")
    service.audit()


def test_the_budget_holds_whatever_way_pixels_come(make_service, ledger: Ledger):
    """More frames than the store holds are handed over at once; all end, within the budget."""
    service = make_service(store_bytes=64 * MIB)
    with service.client() as client:
        for seed in range(8):
            ledger.submit(client, *negate_tensor(120 + seed, SHAPE))
        while not all(entry.ends for entry in ledger.entries):
            page = counters(client)
            assert page["store_used_bytes"] + page["store_promised_bytes"] <= 64 * MIB
        ledger.all_end("result")
    ledger.audit(service)
