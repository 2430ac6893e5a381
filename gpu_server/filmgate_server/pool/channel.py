"""The channel between gateway and worker: whole messages and descriptors over a socket pair.

The sockets are of the SEQPACKET kind: a message arrives whole or not at all, descriptors arrive
with the message that names them, and the end of the other process is the end of the stream.
"""

from __future__ import annotations

import array
import os
import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgpack

from filmgate.errors import ConfigError, FilmgateError, ProtocolError
from filmgate.wire.fields import LIST_MAX, MAP_MAX, TEXT_MAX, read_fields, write_fields
from filmgate_server.pool.messages import POOL_MESSAGES, SUMS_BYTES_MAX, PoolMessage

MESSAGE_BYTES_MAX = 128 << 10
"""A socket's buffer holds at least one message of this size."""

FDS_MAX = 250
"""The kernel takes 253 descriptors with a message."""

OUTBOX_MESSAGES_MAX = 4096
_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class Parcel:
    """A message with the descriptors that came with it; the receiver owns them."""

    message: PoolMessage
    fds: tuple[int, ...] = ()

    def close_fds(self) -> None:
        """Close what came along: nobody wants it."""
        for fd in self.fds:
            os.close(fd)


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a new channel's socket.

    Raises:
        ConfigError: this system has no such sockets.
    """
    if not hasattr(socket, "SOCK_SEQPACKET") or not hasattr(socket, "AF_UNIX"):
        raise ConfigError("This system lacks the sockets that workers are spoken to with.")
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    return ends


class Channel:
    """One end of a channel. `send` waits, `post` never does; use one of the two on an end."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._outbox: deque[tuple[bytes, tuple[int, ...]]] = deque()

    def fileno(self) -> int:
        """The socket's descriptor, for a poller."""
        return self._socket.fileno()

    def send(self, message: PoolMessage, fds: Sequence[int] = ()) -> None:
        """Send *message*, waiting until the other side has room.

        Raises:
            ProtocolError: the message is too long, or carries too many descriptors.
            OSError: the other side has gone.
        """
        _send(self._socket, pack(message, fds), fds, flags=0)

    def post(self, message: PoolMessage, fds: Sequence[int] = ()) -> None:
        """Send *message* without waiting; what finds no room is kept for `flush`.

        Raises:
            ProtocolError: the message is too long, or carries too many descriptors.
            OSError: the other side has gone, or has not read for very long.
        """
        content = pack(message, fds)
        self.flush()
        if not self._outbox and self._sent(content, fds):
            return
        if len(self._outbox) >= OUTBOX_MESSAGES_MAX:
            raise TimeoutError("it does not read its messages")
        self._outbox.append((content, tuple(os.dup(fd) for fd in fds)))  # the owner may close its

    def flush(self) -> None:
        """Send what `post` kept, as far as there is room.

        Raises:
            OSError: the other side has gone.
        """
        while self._outbox and self._sent(*self._outbox[0]):
            _, fds = self._outbox.popleft()
            for fd in fds:
                os.close(fd)

    def receive(self, wait: bool = True) -> Parcel | None:
        """Return the next message, or None when the other side has gone.

        Raises:
            BlockingIOError: there is none and *wait* is false.
            ProtocolError: what came is no message.
        """
        flags = socket.MSG_CMSG_CLOEXEC | (0 if wait else socket.MSG_DONTWAIT)
        try:
            content, fds, cut = _receive(self._socket, flags)
        except ConnectionResetError:
            return None
        if not content and not fds:
            return None
        try:
            if cut & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
                raise ProtocolError("A message on a worker's channel is too long.")
            return Parcel(unpack(content), tuple(fds))
        except ProtocolError:
            for fd in fds:
                os.close(fd)
            raise

    def close(self) -> None:
        """Close the socket and everything kept for it."""
        self._socket.close()
        for _, fds in self._outbox:
            for fd in fds:
                os.close(fd)
        self._outbox.clear()

    def _sent(self, content: bytes, fds: Sequence[int]) -> bool:
        try:
            _send(self._socket, content, fds, flags=socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        return True


def _send(end: socket.socket, content: bytes, fds: Sequence[int], flags: int) -> None:
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    end.sendmsg([content], rights, flags | socket.MSG_NOSIGNAL)


def _receive(end: socket.socket, flags: int) -> tuple[bytes, list[int], int]:
    """Do what `socket.recv_fds` does; that one ignores its flags (Python 3.11)."""
    room = socket.CMSG_LEN(FDS_MAX * array.array("i").itemsize)
    content, rights, cut, _ = end.recvmsg(MESSAGE_BYTES_MAX, room, flags)
    fds = array.array("i")
    for level, kind, data in rights:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return content, list(fds), cut


def pack(message: PoolMessage, fds: Sequence[int] = ()) -> bytes:
    """Write *message* as one msgpack map.

    Raises:
        ProtocolError: it is too long, or *fds* are too many.
    """
    document: dict[str, Any] = {"kind": message.kind, **write_fields(message)}
    content = bytes(msgpack.packb(document, use_bin_type=True))
    if len(content) > MESSAGE_BYTES_MAX or len(fds) > FDS_MAX:
        raise ProtocolError(f"A {message.kind} message to or from a worker is too long.")
    return content


def unpack(content: bytes) -> PoolMessage:
    """Read what `pack` wrote; any other bytes give a typed error.

    Raises:
        ProtocolError: the bytes are no message of this channel.
    """
    try:
        document = msgpack.unpackb(
            content,
            raw=False,
            strict_map_key=True,
            max_array_len=LIST_MAX,
            max_map_len=MAP_MAX,
            max_str_len=TEXT_MAX,
            max_bin_len=SUMS_BYTES_MAX,
            max_ext_len=0,
        )
    except (ValueError, RecursionError, TypeError, msgpack.UnpackException) as error:
        raise ProtocolError(f"A worker's message is not msgpack: {type(error).__name__}.") from None
    document = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in POOL_MESSAGES:
        raise ProtocolError("A worker's message is of no known kind.")
    try:
        return read_fields(POOL_MESSAGES[kind], document)
    except FilmgateError as error:
        raise ProtocolError(f"A worker's message does not fit: {error.text}") from None
