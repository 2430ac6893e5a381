"""What Linux alone can do between two processes: pass descriptors, vouch for peers, share memory.

On other systems everything here but `is_possible` raises `OSError`.
"""

from __future__ import annotations

import array
import os
import socket
import struct
import sys
from collections.abc import Sequence

FDS_MAX = 4
PEER = struct.Struct("3i")
"""Process, user and group of a peer: ``struct ucred`` (linux/socket.h)."""

_NEEDED = (
    sys.platform == "linux",
    hasattr(socket, "SOCK_SEQPACKET"),
    hasattr(os, "memfd_create"),
    hasattr(os, "preadv"),
)


def is_possible() -> bool:
    """Return whether this system has all that a handoff needs."""
    return all(_NEEDED)


def dial(name: str) -> socket.socket:
    """Connect to a socket of this machine that has an abstract name; never waits."""
    if sys.platform != "linux":
        raise _unsupported()
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        peer.settimeout(0)
        peer.connect("\0" + name)
    except OSError:
        peer.close()
        raise
    return peer


def is_own(peer: socket.socket) -> bool:
    """Return whether the kernel says that the peer is of our user and among our processes."""
    if sys.platform != "linux":
        raise _unsupported()
    pid, user, _ = PEER.unpack(credentials(peer))
    return pid != 0 and user == os.geteuid()


def credentials(peer: socket.socket) -> bytes:
    """Return what the kernel says of a peer, as `PEER` reads it."""
    if sys.platform != "linux":
        raise _unsupported()
    return peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)


def send(peer: socket.socket, content: bytes, fds: Sequence[int]) -> None:
    """Send one packet, with descriptors."""
    if sys.platform != "linux":
        raise _unsupported()
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    peer.sendmsg([content], rights, socket.MSG_NOSIGNAL)


def receive(peer: socket.socket, size_max: int) -> tuple[bytes, list[int], bool]:
    """Return the next packet, the descriptors that came with it, and whether it came whole."""
    if sys.platform != "linux":
        raise _unsupported()
    room = socket.CMSG_SPACE(FDS_MAX * array.array("i").itemsize)
    content, rights, flags, _ = peer.recvmsg(size_max, room, socket.MSG_CMSG_CLOEXEC)
    fds = array.array("i")
    for level, kind, data in rights:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return content, list(fds), not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)


def close_all(fds: Sequence[int]) -> None:
    """Close descriptors that nobody wants."""
    for fd in fds:
        os.close(fd)


def new_memory(size_bytes: int) -> int:
    """Return a descriptor of new shared memory without a name."""
    if sys.platform != "linux":
        raise _unsupported()
    fd = os.memfd_create("filmgate-handoff", os.MFD_CLOEXEC)
    os.ftruncate(fd, size_bytes)
    return fd


def read_into(fd: int, target: memoryview, start: int) -> int:
    """Read from byte *start* of a descriptor; return how many bytes there were."""
    if sys.platform != "linux":
        raise _unsupported()
    return os.preadv(fd, [target], start)


def _unsupported() -> OSError:
    return OSError("only Linux hands pixels over")
