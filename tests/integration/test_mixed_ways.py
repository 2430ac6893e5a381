"""Clients on the wire and clients with shared memory on one small store: each has his turn."""

from __future__ import annotations

from contextlib import ExitStack

from fakes.ledger import Ledger
from fakes.plates import negate_tensor
from fakes.service import MIB, wait_idle

CLIENTS, FRAMES = 6, 3


def test_wire_and_shared_memory_share_a_small_store(make_service, ledger: Ledger) -> None:
    """What one way no longer needs holds up nobody on the other."""
    service = make_service(store_bytes=96 * MIB, workers=1)
    with ExitStack() as stack:
        clients = [
            stack.enter_context(service.client(user=f"artist{number}", handoff=bool(number % 2)))
            for number in range(CLIENTS)
        ]
        for frame in range(FRAMES):
            for number, client in enumerate(clients):
                seed = frame * CLIENTS + number
                ledger.submit(client, *negate_tensor(seed, (600, 700, 3)))
        ledger.all_end("result")
        for client in clients:
            wait_idle(client)
    ledger.audit(service)
