"""Clients that do not take what they asked for: the server's memory stays what it was."""

from __future__ import annotations

from contextlib import ExitStack

import psutil

from fakes.ledger import Ledger
from fakes.loads import load
from fakes.peer import Peer
from fakes.plates import negate_tensor
from fakes.service import MIB, TOKEN, Service
from fakes.zmtp import Wire
from filmgate.wire.codec import encode
from filmgate.wire.messages import BlobGet, Credit, Hello, JobReady

FRAME = (1000, 1000, 3)
"""A tensor of 11.4 MiB, and as much for its result."""

READERS = 8
STORE = 64 * MIB


def anonymous_bytes(service: Service) -> int:
    """Return the gateway's own memory: the store's is shared."""
    memory = psutil.Process(service.process.pid).memory_info()
    return int(memory.rss - memory.shared)


@load("handoff", usual=True, nightly=False)
def test_readers_that_stop_cost_no_more_than_the_windows(
    make_service, ledger: Ledger, handoff: bool
):
    """Eight who ask for results and read none hold little together; an honest client gets his.

    By shared memory he has it at once; over the line, which the eight fill, once they are shut out.
    """
    service = make_service(store_bytes=STORE)
    work, _ = negate_tensor(1, FRAME)
    with Peer(service.port) as owner, ExitStack() as opened:
        owner.submit(work)
        owner.put(bytes(work.inputs[0].data))
        output = owner.expect(JobReady).outputs[0].digest
        before = anonymous_bytes(service)
        for _ in range(READERS):
            wire = opened.enter_context(Wire(service.port))
            wire.send_frame(encode(Hello((1,), user="raw", token=TOKEN), 1))
            wire.receive_frame()
            wire.send_frame(encode(Credit(60 * MIB), 2))
            wire.send_frame(encode(BlobGet(output), 3))
        with service.client(handoff=handoff) as client:
            ledger.submit(client, *negate_tensor(2, (300, 300, 3)))
            ledger.all_end("result")
        assert anonymous_bytes(service) < before + STORE // 10
