"""What a worker gives up before it runs anybody's model: the network and its privileges."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000  # linux/sched.h
_CLONE_NEWNET = 0x40000000

_PR_CAPBSET_DROP = 24  # linux/prctl.h
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4

_CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
_CAPABILITIES = 64
_CAPABILITY_WORDS = 6  # effective, permitted, inheritable, for 32 capabilities and again for 32


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


def give_up_privileges() -> str:
    """Give up every capability for good, and forbid that a program brings any back.

    Files that the user owns, or that all may read, are all that is left: root's too, if the server
    runs as root. Another process that has a capability can no longer be looked into. Call it after
    `leave_network`, which needs them, and before any thread is started.

    Returns:
        Why it could not be done; empty when it was.
    """
    if sys.platform != "linux":
        return "this system has no capabilities"
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "prctl") or not hasattr(libc, "capset"):
        return "the C library has no capset"
    for capability in range(_CAPABILITIES):  # may fail: who has none cannot, and has no use for it
        _control(libc, _PR_CAPBSET_DROP, capability)
    _control(libc, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    refused = libc.capset(header, (ctypes.c_uint32 * _CAPABILITY_WORDS)())
    refused = refused or _control(libc, _PR_SET_NO_NEW_PRIVS, 1)
    return f"the system does not permit it ({os.strerror(ctypes.get_errno())})" if refused else ""


def _control(libc: ctypes.CDLL, option: int, argument: int) -> int:
    """Call prctl(2), which takes long arguments."""
    rest = (ctypes.c_ulong(each) for each in (argument, 0, 0, 0))
    return libc.prctl(ctypes.c_int(option), *rest)


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
