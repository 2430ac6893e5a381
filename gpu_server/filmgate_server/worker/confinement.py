"""What a worker gives up before it runs anybody's model: the network."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000  # linux/sched.h
_CLONE_NEWNET = 0x40000000


def leave_network() -> str:
    """Move this process into a network of its own, with nothing in it.

    What it was given stays open. Call it before any thread is started, for one that runs already
    stays where it is; an ordinary user's process may do it only alone.

    Returns:
        Why it could not be done; empty when it was.
    """
    if sys.platform != "linux":
        return "this system has no network namespaces"
    user, group = os.geteuid(), os.getegid()
    if not _unshare(_CLONE_NEWNET):
        return ""
    refusal = _unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    return f"the system does not permit it ({refusal})" if refusal else _keep_name(user, group)


def _unshare(flags: int) -> str:
    """Return why it failed; empty when it did not."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare"):
        return "the C library has no unshare"
    return "" if libc.unshare(flags) == 0 else os.strerror(ctypes.get_errno())


def _keep_name(user: int, group: int) -> str:
    """Keep the user's and the group's number in the new user namespace; see user_namespaces(7)."""
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    except OSError as error:
        return f"the network is gone, but the user has no name ({error.strerror})"
    return ""
