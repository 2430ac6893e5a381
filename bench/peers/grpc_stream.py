"""gRPC with the frame as a stream of 1 MiB messages, each echoed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc

from bench.peers.chunks import CHUNK_BYTES, pieces
from bench.peers.process import ANSWER_TIMEOUT_S, ServerProcess, announce, watch_parent

SERVICE = "bench.Frames"
METHOD = "Echo"
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class GrpcStream:
    """Streams a frame up while its echo streams down into a warm buffer.

    Args:
        size_bytes: the frame's length.
    """

    def __init__(self, size_bytes: int) -> None:
        self._warm = memoryview(bytearray(size_bytes))
        self._server = ServerProcess(__name__)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self._server.port}", OPTIONS)
        self._echo = self._channel.stream_stream(f"/{SERVICE}/{METHOD}")

    def round_trip(self, frame: memoryview) -> memoryview:
        """Stream the frame through the server; gRPC takes only `bytes`, hence the copies."""
        messages = (bytes(piece) for piece in pieces(frame, CHUNK_BYTES))
        answers = self._echo(messages, timeout=ANSWER_TIMEOUT_S)
        for place, answer in zip(pieces(self._warm, CHUNK_BYTES), answers, strict=True):
            place[:] = answer
        return self._warm

    def close(self) -> None:
        """Stop the server."""
        self._channel.close()
        self._server.close()


def _echo(messages: Iterable[bytes], _context: grpc.ServicerContext) -> Iterator[bytes]:
    yield from messages


def main() -> None:
    """Echo streams until the parent ends."""
    watch_parent()
    server = grpc.server(ThreadPoolExecutor(max_workers=2), options=OPTIONS)
    methods = {METHOD: grpc.stream_stream_rpc_method_handler(_echo)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    announce(port)
    threading.Event().wait()


if __name__ == "__main__":
    main()
