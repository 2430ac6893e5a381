"""Raw pyzmq in 1 MiB messages, each echoed at once, a few of them on their way."""

from __future__ import annotations

import itertools

from bench.peers.chunks import CHUNK_BYTES, WINDOW, open_socket, pieces
from bench.peers.process import ServerProcess

ECHO_MODULE = "bench.peers.zmq_message"


class ZmqChunks:
    """Keeps at most `WINDOW` messages under way; the echo lands in a warm buffer.

    Args:
        size_bytes: the frame's length.
    """

    def __init__(self, size_bytes: int) -> None:
        self._warm = memoryview(bytearray(size_bytes))
        self._server = ServerProcess(ECHO_MODULE)
        self._socket = open_socket(self._server.port)

    def round_trip(self, frame: memoryview) -> memoryview:
        """Send and receive piece by piece."""
        unsent = pieces(frame, CHUNK_BYTES)
        for piece in itertools.islice(unsent, WINDOW):
            self._socket.send(piece, copy=False)
        for place in pieces(self._warm, CHUNK_BYTES):
            place[:] = self._socket.recv(copy=False).buffer
            for piece in itertools.islice(unsent, 1):
                self._socket.send(piece, copy=False)
        return self._warm

    def close(self) -> None:
        """Stop the echo server."""
        self._socket.close()
        self._server.close()
