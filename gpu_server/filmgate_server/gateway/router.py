"""The server's socket: a ROUTER that trusts nothing its peers say about themselves."""

from __future__ import annotations

from collections.abc import Callable

import zmq

from filmgate.errors import ConfigError

ROUTE_BYTES = 5
"""ZeroMQ's own routing ids: a zero byte and a random number; any other was chosen by a client."""
HWM_MESSAGES = 4096
HEARTBEAT_MS = 5_000
HEARTBEAT_TIMEOUT_MS = 20_000
HANDSHAKE_MS = 10_000
HEADER_BYTES_MAX = 65536
ENCRYPTION_BYTES = 64
"""What CURVE adds to a part (33 bytes): ZeroMQ's limit counts what travels."""


def bind_router(
    context: zmq.Context[zmq.Socket[bytes]],
    address: str,
    chunk_bytes: int,
    lock: Callable[[zmq.Socket[bytes]], None],
) -> zmq.Socket[bytes]:
    """Open the socket and listen.

    Args:
        context: to make it in.
        address: where to bind, for example ``tcp://127.0.0.1:5700``; port 0 takes any.
        chunk_bytes: the size of a piece of a blob; no part of a message may be larger.
        lock: sets what encrypts it.

    Raises:
        ConfigError: the address is taken or not this machine's.
    """
    socket = context.socket(zmq.ROUTER)
    options = {
        zmq.LINGER: 0,
        zmq.ROUTER_MANDATORY: 1,
        zmq.ROUTER_HANDOVER: 0,
        zmq.SNDHWM: HWM_MESSAGES,
        zmq.RCVHWM: 64,
        zmq.MAXMSGSIZE: max(chunk_bytes, HEADER_BYTES_MAX) + ENCRYPTION_BYTES,
        zmq.HEARTBEAT_IVL: HEARTBEAT_MS,
        zmq.HEARTBEAT_TIMEOUT: HEARTBEAT_TIMEOUT_MS,
        zmq.HEARTBEAT_TTL: HEARTBEAT_TIMEOUT_MS,
        zmq.HANDSHAKE_IVL: HANDSHAKE_MS,
        zmq.BACKLOG: 256,
    }
    for option, value in options.items():
        socket.setsockopt(option, value)
    lock(socket)
    try:
        socket.bind(address)
    except zmq.ZMQError as error:
        socket.close(0)
        raise ConfigError(f"The server cannot listen on {address}: {error}.") from error
    return socket


def port_of(socket: zmq.Socket[bytes]) -> int:
    """Return the port that a socket is bound to."""
    return int(socket.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2])


def key_of(frame: zmq.Frame) -> str:
    """Return the public key, as Z85 text, of a message's sender; empty without encryption."""
    try:
        return str(frame.get("User-Id"))
    except zmq.ZMQError:
        return ""


def address_of(frame: zmq.Frame) -> str:
    """Return where a message came from."""
    try:
        return str(frame.get("Peer-Address"))
    except zmq.ZMQError:
        return ""


def source_of(frame: zmq.Frame) -> int | None:
    """Return the connection that a frame came by; noise taken for ZMTP 1.0 does not tell."""
    try:
        return int(frame.get(zmq.SRCFD))  # type: ignore[call-overload]
    except zmq.ZMQError:
        return None


def is_chosen(route: bytes) -> bool:
    """Say whether a routing id was chosen by the client instead of being made by the socket."""
    return len(route) != ROUTE_BYTES or route[0] != 0
