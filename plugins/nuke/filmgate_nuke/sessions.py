"""The sessions of the script's nodes, found by the identity that each node carries."""

from __future__ import annotations

from functools import lru_cache, partial
from math import floor
from typing import TYPE_CHECKING, Optional

import nuke

from filmgate.errors import FilmgateError
from filmgate.frames import parse_frames
from filmgate.host.bake import check_plain
from filmgate.host.hub import Hub
from filmgate.host.node import parse_node_state
from filmgate.host.port import Moment
from filmgate.host.roster import Entry, Roster
from filmgate.host.session import HostSession
from filmgate.host.state import State
from filmgate_nuke import guard, threads
from filmgate_nuke.host import MODEL_KNOB, SERVER_KNOB, STATE_KNOB, NukeHost

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

__all__ = ["MODEL_KNOB", "SERVER_KNOB"]


def _opened(host: NukeHost, session: HostSession) -> None:
    host.bind(session.patterns, partial(_check_inputs, host.group))


def _check(hub: Hub) -> None:
    """Refuse a place where a Read would not find its takes."""
    check_plain(hub.folder.as_posix(), "cache")


_roster: Roster[nuke.Group, NukeHost] = Roster(NukeHost, _opened, _check)

given = _roster.given
"""Settings that count more than files and environment: those of a command line."""


def is_ours(group: nuke.Node) -> TypeGuard[nuke.Group]:
    """Return whether a node is one of Filmgate's."""
    return group.Class() == "Group" and group.knob(STATE_KNOB) is not None


def hub(server: str = "") -> Hub:
    """Return what all nodes of a server share; opens no connection.

    Args:
        server: an address of the node's own; empty for the configured one.

    Raises:
        ConfigError: a setting cannot be used, or a path holds code or frame numbers.
        StorageError: the folder of the cache cannot be made.
    """
    return _roster.hub(server)


def session(group: nuke.Group) -> HostSession:
    """Return the session of a Filmgate Group; made at the first call, never with a network call.

    Raises:
        ConfigError: a setting cannot be used.
    """
    return _roster.session(group)


def host(group: nuke.Group) -> NukeHost:
    """Return a node's side of the seam."""
    return adopt(group).seat


def adopt(group: nuke.Group) -> Entry[NukeHost]:
    """Take notice of a node; a copy, which has the identity of another, is given one of its own.

    Raises:
        ConfigError: the node is a copy, and a setting cannot be used.
    """
    return _roster.adopt(group)


def known(group: nuke.Group) -> Optional[HostSession]:
    """Return the session of a node that has one already."""
    entry = _roster.find(group)
    return None if entry is None else entry.session


def is_adopted(group: nuke.Group) -> bool:
    """Return whether the node was seen complete: while a script sets its knobs, it was not."""
    return _roster.find(group) is not None


def watched() -> list[guard.Watched]:
    """Return every Filmgate node of the script, with what tells the state of its frames."""
    groups = [entry.seat.group for entry in _roster.alive()]
    return [guard.Watched(group, partial(_state_at, group)) for group in groups]


def forget(group: nuke.Group) -> None:
    """Close the session of a node that is being deleted; undo brings the node back as it was."""
    _roster.forget(group)


def close_all() -> None:
    """Cancel what runs and forget every node: the script closes."""
    _roster.close_all()
    threads.drop_all()


def close_hubs() -> None:
    """End the connections too: Nuke ends."""
    close_all()
    _roster.close_hubs()


def server_of(group: nuke.Group) -> str:
    """Return the server of the node's own; empty for the configured one."""
    return host(group).server()


def _state_at(group: nuke.Group, moment: Moment) -> State:
    """Return a frame's state; a baked one needs neither settings nor a place for the cache."""
    kept = parse_node_state(host(group).load_state())
    if kept.baked and floor(moment.time) in _frames(kept.bake_frames):
        return State.BAKED
    return session(group).state_at(moment)


@lru_cache(maxsize=32)
def _frames(text: str) -> frozenset[int]:
    try:
        return frozenset(parse_frames(text) if text else ())
    except FilmgateError:  # written by hand
        return frozenset()


def _check_inputs(group: nuke.Group, moment: Moment) -> None:
    guard.check_inputs(watched(), group, moment)
