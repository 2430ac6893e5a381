"""Frames cut into messages of 1 MiB, and the sockets that carry them."""

from __future__ import annotations

from collections.abc import Iterator

import zmq

from bench.peers.process import ANSWER_TIMEOUT_S

CHUNK_BYTES = 1 << 20
WINDOW = 8
"""Messages on their way at once; more would only fill buffers."""


def pieces(frame: memoryview, chunk_bytes: int) -> Iterator[memoryview]:
    """Yield *frame* in order, cut every *chunk_bytes*."""
    for start in range(0, len(frame), chunk_bytes):
        yield frame[start : start + chunk_bytes]


def open_socket(port: int | None = None) -> zmq.Socket[bytes]:
    """Return a socket on the loopback: connected to *port*, or bound to a free one."""
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.linger = 0
    socket.sndhwm = socket.rcvhwm = WINDOW
    if port is None:
        socket.bind("tcp://127.0.0.1:*")
        return socket
    socket.rcvtimeo = socket.sndtimeo = int(ANSWER_TIMEOUT_S * 1000)
    socket.connect(f"tcp://127.0.0.1:{port}")
    return socket


def bound_port(socket: zmq.Socket[bytes]) -> int:
    """Return the port that `open_socket` bound."""
    return int(socket.last_endpoint.rsplit(b":", 1)[1])


def send_frame(socket: zmq.Socket[bytes], frame: memoryview) -> None:
    """Send *frame* in pieces, without copying them first."""
    for piece in pieces(frame, CHUNK_BYTES):
        socket.send(piece, copy=False)


def receive_frame(socket: zmq.Socket[bytes], room: memoryview) -> None:
    """Fill *room* with the pieces of one frame."""
    for place in pieces(room, CHUNK_BYTES):
        place[:] = socket.recv(copy=False).buffer
