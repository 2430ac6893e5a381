"""Raw pyzmq in 1 MiB messages to a server that holds the whole frame before it answers.

This is what a gateway must at least do that hands a frame to a model: nothing can leave before
everything has arrived. It verifies nothing and computes nothing.
"""

from __future__ import annotations

from bench.peers.chunks import bound_port, open_socket, receive_frame, send_frame
from bench.peers.process import ServerProcess, announce, watch_parent

SIZE_BYTES = 8


class ZmqStoreForward:
    """Sends a frame in pieces, then receives it in pieces into a warm buffer.

    Args:
        size_bytes: the frame's length.
    """

    def __init__(self, size_bytes: int) -> None:
        self._warm = memoryview(bytearray(size_bytes))
        self._server = ServerProcess(__name__)
        self._socket = open_socket(self._server.port)
        self._socket.send(size_bytes.to_bytes(SIZE_BYTES, "little"))

    def round_trip(self, frame: memoryview) -> memoryview:
        """Send all of the frame, then take all of it back."""
        send_frame(self._socket, frame)
        receive_frame(self._socket, self._warm)
        return self._warm

    def close(self) -> None:
        """Stop the server."""
        self._socket.close()
        self._server.close()


def main() -> None:
    """Store and forward frames of one size until the parent ends."""
    watch_parent()
    socket = open_socket()
    announce(bound_port(socket))
    held = memoryview(bytearray(int.from_bytes(socket.recv(), "little")))
    while True:
        receive_frame(socket, held)
        send_frame(socket, held)


if __name__ == "__main__":
    main()
