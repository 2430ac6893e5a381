"""A client in a process of its own that gets half way and waits to be killed.

Run as ``python -m fakes.vanishing upload|download PORT SEED``; it says a line once it is there.
"""

from __future__ import annotations

import signal
import sys

from fakes.peer import Peer
from fakes.plates import negate_tensor
from filmgate.digest import CHUNK_BYTES
from filmgate.wire.messages import BlobData, BlobGet, JobAccepted, JobReady

SHAPE = (800, 800, 3)


def main(where: str, port: int, seed: int) -> None:
    """Go half way through an upload or a download."""
    work, _ = negate_tensor(seed, SHAPE)
    content = bytes(work.inputs[0].data)
    with Peer(port) as peer:
        peer.submit(work)
        peer.expect(JobAccepted)
        if where == "upload":
            peer.put(content, 0, 3 * CHUNK_BYTES)
        else:
            peer.put(content)
            output = peer.expect(JobReady).outputs[0]
            peer.grant(2 * CHUNK_BYTES)
            peer.send(BlobGet(output.digest))
            peer.expect(BlobData)
        sys.stdout.write("half way\n")
        sys.stdout.flush()
        signal.pause()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
