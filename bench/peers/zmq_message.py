"""Raw pyzmq with the whole frame as one message, echoed."""

from __future__ import annotations

from bench.peers.chunks import bound_port, open_socket
from bench.peers.process import ServerProcess, announce, watch_parent


class ZmqMessage:
    """Sends one message and takes the echo as it comes, without a copy."""

    def __init__(self) -> None:
        self._server = ServerProcess(__name__)
        self._socket = open_socket(self._server.port)

    def round_trip(self, frame: memoryview) -> memoryview:
        """Send the frame, receive its echo."""
        self._socket.send(frame, copy=False)
        return self._socket.recv(copy=False).buffer

    def close(self) -> None:
        """Stop the echo server."""
        self._socket.close()
        self._server.close()


def main() -> None:
    """Echo messages until the parent ends."""
    watch_parent()
    socket = open_socket()
    announce(bound_port(socket))
    while True:
        socket.send(socket.recv(copy=False), copy=False)


if __name__ == "__main__":
    main()
